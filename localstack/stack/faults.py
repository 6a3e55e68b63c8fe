"""Faults that the proxy injects on demand, and how often it did."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass
class Faults:
    """What goes wrong; nothing by default."""

    #: Services (`dynamodb`, `timestream`, `sqs`, `lambda`, `s3`) that break every connection.
    down: list[str] = field(default_factory=list)
    #: Every n-th call of DynamoDB is throttled; 0 for none.
    throttle_every: int = 0
    #: Every n-th batch is carried out in part, and the rest handed back; 0 for none.
    unprocessed_every: int = 0
    #: Every n-th call is carried out, but its answer is lost; 0 for none.
    lose_every: int = 0
    #: Every call of a store takes so much longer.
    slow_seconds: float = 0.0
    #: Whether each message is sent twice.
    duplicate_sends: bool = False
    #: Messages come up to so many seconds late, and so out of order; 0 for at once.
    delay_seconds: int = 0
    #: The processes of a function that makes the n-th call of a store are killed; 0 for none.
    kill_every: int = 0
    #: Functions whose calls go wrong, by the end of their names; all if empty.
    functions: list[str] = field(default_factory=list)
    #: Of what is drawn.
    seed: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        #: How often each fault was due to, or did, happen.
        self.turns: Counter[str] = Counter()
        self.injected: Counter[str] = Counter()

    @classmethod
    def read(cls, asked: dict[str, Any]) -> Faults:
        """Reads them from JSON; what is unknown is an error."""
        unknown = set(asked) - {f.name for f in fields(cls)}
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        return cls(**asked)

    def concerns(self, function: str) -> bool:
        """Whether calls of a function go wrong."""
        return not self.functions or any(function.endswith(name) for name in self.functions)

    def is_due(self, fault: str, every: int) -> bool:
        """Whether the fault, which comes every so often, is to happen now."""
        if every == 0:
            return False
        self.turns[fault] += 1
        return self.turns[fault] % every == 0

    def note(self, fault: str) -> str:
        """Counts a fault that happens."""
        self.injected[fault] += 1
        return fault

"""What goes wrong on demand, and how often it has."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass
class Faults:
    """What goes wrong; nothing by default."""

    #: Whether connections break.
    down: bool = False
    #: Every n-th call is throttled; 0 for none.
    throttle_every: int = 0
    #: Every n-th call fails inside; 0 for none.
    internal_error_every: int = 0
    #: Every n-th call is carried out, but its answer is lost; 0 for none.
    lose_every: int = 0
    #: Every n-th record is refused; 0 for none.
    reject_every: int = 0
    #: Every n-th NextToken is refused, as one that expired is; 0 for none.
    expire_every: int = 0
    #: Calls take so many milliseconds longer.
    slow: int = 0
    #: Queries see what is written so many seconds later.
    delay_visibility: float = 0.0
    #: Reports of rejections in the magnetic store come so many seconds late.
    late_reports: float = 0.0
    #: Queries must restrict the partition key to values.
    require_partition_key: bool = False
    #: The operations whose calls go wrong or are slow (`WriteRecords`, `Query`); all if empty.
    operations: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        #: How often each fault was due to, or did, happen.
        self.turns: Counter[str] = Counter()
        self.injected: Counter[str] = Counter()

    @classmethod
    def read(cls, asked: dict[str, Any]) -> Faults:
        """Reads them from JSON; what is unknown, or of another type, is an error."""
        defaults = {one.name: getattr(cls(), one.name) for one in fields(cls)}
        for name, value in asked.items():
            if name not in defaults:
                raise ValueError(f"unknown: {name}")
            kind = type(defaults[name])
            if not isinstance(value, kind) and not (kind is float and type(value) is int):
                raise ValueError(f"{name}: not of type {kind.__name__}")
        return cls(**asked)

    def concerns(self, operation: str) -> bool:
        """Whether calls of an operation go wrong."""
        return not self.operations or operation in self.operations

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

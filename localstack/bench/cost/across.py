"""How many calls of DynamoDB a question across series takes, and how many units it reads."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.stack import Stack
from load import START
from prices import PRICES

#: What a batch of one series holds at the most: it is a chunk.
CHUNK = 4000


@dataclass(frozen=True)
class Load:
    """Series of the same length."""

    title: str
    prefix: str
    series: int
    points: int
    #: How many seconds points are apart.
    step: int

    def bodies(self) -> Iterator[list[dict[str, Any]]]:
        """Bodies of `POST /api`, each of one chunk of some series."""
        rng, together = random.Random(1), max(1, CHUNK // self.points)
        for series in parts(self.series, together):
            for points in parts(self.points, CHUNK):
                yield [
                    {
                        "name": f"{self.prefix}.{one}",
                        "t": START + i * self.step,
                        "v": round(20 + rng.gauss(0, 1), 3),
                    }
                    for one in series
                    for i in points
                ]

    def question(self, every: str) -> str:
        """Averages of all of them together."""
        return f"/aggregate?match={self.prefix}.*&every={every}&stats=avg"


def parts(whole: int, most: int) -> Iterator[range]:
    """The numbers below `whole`, so many at a time."""
    for begin in range(0, whole, most):
        yield range(begin, min(begin + most, whole))


DAY, QUARTER = 86_400, 900
LOADS = [
    Load("a point", "point", 100, 1, QUARTER),
    Load("a day by quarter-hours", "day", 100, DAY // QUARTER, QUARTER),
    Load("31 days by quarter-hours", "month", 100, 31 * DAY // QUARTER, QUARTER),
    Load("a day by seconds", "second", 10, DAY, 1),
]


@dataclass
class Asked:
    """What a question took."""

    load: Load
    question: str
    catalog: int
    points: int
    read: float
    invoked: int

    def row(self) -> str:
        """As a row of the table."""
        dollars = PRICES["read"].of(self.read)
        cells = [
            f"{self.load.series} of {self.load.title}",
            f"`{self.question.partition('?')[2]}`",
            str(self.catalog),
            str(self.points),
            f"{self.read:.0f}",
            str(self.invoked),
            f"{dollars:.6f}",
        ]
        return f"| {' | '.join(cells)} |"


HEAD = [
    "series",
    "`GET /aggregate?`",
    "queries of the catalog",
    "of points",
    "read units",
    "calculations",
    "dollars of reading",
]


def across(stack: Stack) -> list[Asked]:
    """What questions take about what was loaded, each asked once."""
    for load in LOADS:
        for body in load.bodies():
            stack.ask("POST", "/api", body)
        stack.wait_until_idle()
    found = []
    for load in LOADS:
        question = load.question("1d" if load.points > DAY // QUARTER else "1h")
        before = len(stack.calls())
        rows = stack.ask("GET", question)
        assert rows, question
        assert all(row["contributing"] == load.series for row in rows), rows
        calls = stack.calls()[before:]
        found.append(
            Asked(
                load,
                question,
                queries(calls, stack.described["CatalogTable"]),
                queries(calls, stack.described["PointsTable"]),
                sum(call["billed"].get("read", 0) for call in calls),
                sum(call["operation"] == "Invoke" for call in calls),
            )
        )
    return found


def queries(calls: list[dict[str, Any]], table: str) -> int:
    """How many of the calls query a table."""
    return sum(["dynamodb:Query", f"table/{table}"] in call["uses"] for call in calls)


def show_across(asked: list[Asked]) -> None:
    """Prints it, as Markdown."""
    print(f"\n| {' | '.join(HEAD)} |")
    print("|---" * len(HEAD) + "|")
    for one in asked:
        print(one.row())

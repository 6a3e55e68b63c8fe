"""The queries that Tidemark asks, as they were reviewed, against a naive computation in Python."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from clock import DAY, SECOND
from table import TestTable, multi, values

REVIEWED = "functions/shared/aws/src/timestream/sql/reviewed.sql"
BATCH = 100
#: More than the limit of a query of points.
MANY = 12_000
ZURICH = ZoneInfo("Europe/Zurich")


def reviewed() -> dict[str, str]:
    """The queries by their titles, with `{}` for the table."""
    found = {}
    text = (Path(__file__).resolve().parents[3] / REVIEWED).read_text()
    for query in text.split(";\n\n")[:-1]:
        title, sql = query.removeprefix("-- ").split("\n")
        found[title] = sql.replace('"tidemark"."points"', "{}")
        assert found[title].count("{}") == 1, title
    return found


def at(text: str) -> int:
    """A whole second."""
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


QUERIES = reviewed()
#: What they ask about; points in `HIDDEN` that were received until `DELETED` are deleted.
SERIES = "local/sensor-1"
#: Another, about which some ask as well, and of which nothing is deleted.
OTHER = "local/sensor-2"
FROM, TO = at("2023-02-01T00:00Z"), at("2023-05-15T12:00Z")
HIDDEN = at("2023-02-03T00:00Z"), at("2023-02-04T00:00Z")
DELETED = at("2023-02-05T06:07:08Z") + 9000
#: Where slots meet: months, and days of 24 and 23 hours.
MEET = [at(f"2023-{day}Z") for day in ("03-01T00:00", "03-25T23:00", "03-26T22:00", "04-01T00:00")]
EDGES = [FROM, TO, *HIDDEN, *MEET]


class Point(NamedTuple):
    """A point, as Tidemark stores it."""

    time: int
    value: float
    tags: str
    received: int
    batch: str
    place: int


def draw(seed: int) -> list[Point]:
    """Points at edges, just beside those, and in bursts there and anywhere."""
    drawn = random.Random(seed)
    times = {edge + near for edge in EDGES for near in (-1, 0, 1)}
    anywhere = [drawn.randint(FROM, TO) for _ in range(20)]
    for begin in [*(edge - 5 * SECOND for edge in EDGES), *anywhere]:
        time = begin
        for _ in range(15):
            time += drawn.choice([1, 999, 1_000_001, SECOND, 3 * SECOND])
            times.add(time)
    return [
        Point(
            time,
            drawn.choice([0.0, -0.0, 1.5, drawn.gauss(0, 1e3)]),
            drawn.choice(["[]", '["a","b"]', '["ä\'"]']),
            DELETED + drawn.randint(-1, 1),
            f"b{number // 7}",
            number,
        )
        for number, time in enumerate(sorted(times))
    ]


def others() -> list[Point]:
    """The points of the other series."""
    return draw(9)


def call(table: TestTable, series: str, points: list[Point]) -> dict[str, Any]:
    """The call that writes points."""
    records = [
        {
            "Time": str(point.time),
            "MeasureValues": multi(
                point.time,
                {name: value for name, value in point._asdict().items() if name != "time"},
            )["MeasureValues"],
        }
        for point in points
    ]
    common = {
        "Dimensions": [{"Name": "series", "Value": series}],
        "MeasureName": "point",
        "MeasureValueType": "MULTI",
        "TimeUnit": "NANOSECONDS",
    }
    return {**table.names, "Records": records, "CommonAttributes": common}


@pytest.fixture(params=[1, 2, 3])
def points(old: TestTable, request: pytest.FixtureRequest) -> list[Point]:
    """Those of the series, which are written, with others of another one."""
    drawn = draw(request.param)
    for series, of in ((SERIES, drawn), (OTHER, others())):
        for start in range(0, len(of), BATCH):
            old.running.write.write_records(**call(old, series, of[start : start + BATCH]))
    return drawn


def seen(points: list[Point]) -> list[Point]:
    """Those in the range that are not deleted."""

    def is_deleted(point: Point) -> bool:
        return HIDDEN[0] <= point.time <= HIDDEN[1] and point.received <= DELETED

    return [point for point in points if FROM <= point.time <= TO and not is_deleted(point)]


#: What is asked for of points.
ROWS: dict[str, Callable[[list[Point]], list[tuple[Any, ...]]]] = {
    "points": lambda points: [point[:3] for point in seen(points)],
    "points, the latest first": lambda points: [point[:3] for point in seen(points)[:-3:-1]],
    "points to be summarized here": lambda points: [point[:2] for point in seen(points)],
    "how much there is": lambda points: [
        (seen(points)[0].time, seen(points)[-1].time, len(seen(points)))
    ],
    "writes that were met": lambda points: [
        (SERIES, point.time, point.received, point.batch, point.place)
        for point in points
        if point.time in {FROM, TO}
    ],
    "points to be moved": lambda points: list(seen(points)),
}


def midnight(time: int, zone: tzinfo, day: int | None = None) -> int:
    """When a day began, or another of its month."""
    now = datetime.fromtimestamp(time // SECOND, zone)
    began = now.replace(day=day or now.day, hour=0, minute=0, second=0)
    return int(began.timestamp()) * SECOND


#: The slot of a time.
SLOTS: dict[str, Callable[[int], int]] = {
    "a summary": lambda _: 0,
    "a summary with moments": lambda _: 0,
    "buckets of a fixed width": lambda time: time - time % (900 * SECOND),
    "buckets of days, where clocks change": lambda time: midnight(time, ZURICH),
    "buckets of months": lambda time: midnight(time, UTC, day=1),
}


#: What is asked of both series, and how much later the range of the other one begins.
EXTENTS = "how much there is of several"
SUMMARIES = {"summaries of several": 0, "summaries of several, of other ranges": 1}


def typed(row: list[str | None], like: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row, with the types of another."""
    return tuple(type(one)(cell) for cell, one in zip(row, like, strict=True))


def test_every_query_is_asked() -> None:
    assert QUERIES.keys() == ROWS.keys() | SLOTS.keys() | SUMMARIES.keys() | {EXTENTS}


def test_points(old: TestTable, points: list[Point]) -> None:
    assert len(points) > len(seen(points)) > 2
    for title, rows in ROWS.items():
        found, wanted = old.rows(QUERIES[title]), rows(points)
        if "ORDER BY" not in QUERIES[title]:
            found.sort(key=str)
        assert len(found) == len(wanted), title
        # To the sign of a zero.
        told = [repr(typed(row, like)) for row, like in zip(found, wanted, strict=True)]
        assert told == [repr(tuple(row)) for row in wanted], title


def summary(slot: int, inside: list[Point]) -> tuple[Any, ...]:
    """What is told of a slot, but for sums."""
    low = min(inside, key=lambda point: (point.value, point.time))
    high = max(inside, key=lambda point: (point.value, -point.time))
    ends = (point[:2] for point in (low, high, inside[0], inside[-1]))
    return (slot, len(inside), *(part for end in ends for part in end))


def test_summaries(old: TestTable, points: list[Point]) -> None:
    for title, slot_of in SLOTS.items():
        slots: dict[int, list[Point]] = {}
        for point in seen(points):
            slots.setdefault(slot_of(point.time), []).append(point)
        rows = old.rows(QUERIES[title])
        assert len(rows) == len(slots), title
        for row, (slot, inside) in zip(rows, slots.items(), strict=True):
            wanted = summary(slot, inside)
            # To the sign of a zero.
            assert repr(typed(row[:2] + row[3:11], wanted)) == repr(wanted), title
            total = math.fsum(point.value for point in inside)
            scale = max(abs(point.value) for point in inside) + 1
            for power, sum_ in enumerate([row[2], *row[11:]]):
                mean = total / len(inside)
                exact = math.fsum((point.value - mean) ** power for point in inside)
                tolerance = 1e-12 * len(inside) * scale ** max(power, 1)
                expected = exact if power else total
                assert float(str(sum_)) == pytest.approx(expected, abs=tolerance), (title, power)
        assert len(rows[0]) == (15 if "fourth_power" in QUERIES[title] else 11), title


def within(points: list[Point], begin: int = FROM) -> list[Point]:
    """Those in the range, or in what of it comes from then on."""
    return [point for point in points if begin <= point.time <= TO]


def test_several_series(old: TestTable, points: list[Point]) -> None:
    extents = [
        (series, of[0].time, of[-1].time, len(of))
        for series, of in ((SERIES, within(points)), (OTHER, within(others())))
    ]
    found = sorted(old.rows(QUERIES[EXTENTS]), key=str)
    assert [typed(row, like) for row, like in zip(found, extents, strict=True)] == extents
    for title, later in SUMMARIES.items():
        held = {SERIES: seen(points), OTHER: within(others(), FROM + later)}
        rows = old.rows(QUERIES[title])
        assert [row[0] for row in rows] == list(held), title
        for row, inside in zip(rows, held.values(), strict=True):
            wanted = summary(0, inside)
            # To the sign of a zero.
            assert repr(typed(row[1:3] + row[4:12], wanted)) == repr(wanted), title
            scale = max(abs(point.value) for point in inside) + 1
            total = math.fsum(point.value for point in inside)
            assert float(str(row[3])) == pytest.approx(total, abs=1e-12 * len(inside) * scale)


@pytest.mark.usefixtures("points")
def test_a_series_without_points(old: TestTable) -> None:
    for title in ROWS.keys() | SLOTS.keys():
        sql = QUERIES[title]
        wanted = [[None, None, "0"]] if title == "how much there is" else []
        assert old.rows(sql.replace(SERIES, "local/none")) == wanted, title


def test_more_points_than_a_query_of_points_may_answer(old: TestTable) -> None:
    begin = HIDDEN[1] + DAY
    for start in range(0, MANY, BATCH):
        numbers = range(start, start + BATCH)
        points = [Point(begin + n * SECOND, n / 7, "[]", n, "b", n) for n in numbers]
        old.running.write.write_records(**call(old, SERIES, points))
    assert old.rows("SELECT count(*) FROM {}") == [[str(MANY)]]
    found = old.rows(QUERIES["buckets of days, where clocks change"])
    assert sum(int(str(row[1])) for row in found) == MANY
    pages = old.pages(QUERIES["points"])
    assert pages[0]["Rows"] == []
    assert sum(len(page["Rows"]) for page in pages) == 10_001
    assert values(pages[1]["Rows"][1]) == [str(begin + SECOND), repr(1 / 7), "[]"]

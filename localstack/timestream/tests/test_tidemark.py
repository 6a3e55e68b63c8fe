"""Queries like those that Tidemark asks, against a naive computation in Python. The very ones are
asked by the conformance suite of its store."""

from __future__ import annotations

import json
import math
import random
import time
from http.client import HTTPConnection
from typing import Any

import pytest

from clock import DAY, SECOND
from table import TestTable, multi, values

BATCH = 100
#: Time, value, tags, received, batch, index.
Row = tuple[int, float, str, int, str, int]


class Points:
    """Points of some series, as Tidemark stores them."""

    def __init__(self, table: TestTable, seed: int, number: int) -> None:
        self.table = table
        self.drawn = random.Random(seed)
        self.begin = table.now - 20 * DAY
        self.rows: list[Row] = []
        self.series = f"local/it's {seed}"
        for name in (self.series, "local/other"):
            time = self.begin
            rows = []
            for index in range(number):
                time += self.drawn.choice([1, 999, 1_000_001, SECOND, 3 * SECOND])
                value = self.drawn.choice([0.0, -0.0, 1.5, self.drawn.gauss(0, 1e3)])
                tags = self.drawn.choice(["-", "a,b", "ä\"'"])
                received = time + self.drawn.randint(0, 5)
                rows.append((time, value, tags, received, f"b{index // 7}", index))
            self.write(name, rows)
            if name == self.series:
                self.rows = rows

    def write(self, series: str, rows: list[Row]) -> None:
        for start in range(0, len(rows), BATCH):
            call = self.call(series, rows[start : start + BATCH])
            self.table.running.write.write_records(**call)

    def call(self, series: str, rows: list[Row]) -> dict[str, Any]:
        records = [
            {
                "Time": str(time),
                "MeasureValues": multi(
                    time,
                    {
                        "value": value,
                        "tags": tags,
                        "received": received,
                        "batch": batch,
                        "index": index,
                    },
                )["MeasureValues"],
            }
            for time, value, tags, received, batch, index in rows
        ]
        common = {
            "Dimensions": [{"Name": "series", "Value": series}],
            "MeasureName": "point",
            "MeasureValueType": "MULTI",
            "TimeUnit": "NANOSECONDS",
        }
        return {**self.table.names, "Records": records, "CommonAttributes": common}

    def where(self, first: int, last: int) -> str:
        series = self.series.replace("'", "''")
        return (
            f"series = '{series}' AND time BETWEEN from_nanoseconds({first}) "
            f"AND from_nanoseconds({last})"
        )


@pytest.fixture(params=[1, 2, 3])
def points(old: TestTable, request: pytest.FixtureRequest) -> Points:
    return Points(old, request.param, 400)


def between(points: Points) -> tuple[int, int]:
    """A range whose ends are points, or near one."""
    low, high = sorted(points.drawn.sample([row[0] for row in points.rows], 2))
    return low + points.drawn.randint(-1, 1), high + points.drawn.randint(-1, 1)


def test_points_without_those_that_are_deleted(points: Points) -> None:
    for _ in range(5):
        first, last = between(points)
        tombstones = [(*between(points), points.begin + points.drawn.randint(0, 10**12))]
        tombstones.append((*between(points), tombstones[0][2]))
        sql = "SELECT to_nanoseconds(time) AS t, value, tags FROM {} WHERE "
        sql += points.where(first, last)
        for low, high, deleted in tombstones:
            sql += (
                f" AND NOT (time BETWEEN from_nanoseconds({low}) AND from_nanoseconds({high})"
                f" AND received <= {deleted})"
            )
        wanted = [
            (time, value, tags)
            for time, value, tags, received, _, _ in points.rows
            if first <= time <= last
            and not any(
                low <= time <= high and received <= deleted for low, high, deleted in tombstones
            )
        ]
        for order, expected in (("ASC", wanted), ("DESC", wanted[::-1])):
            rows = points.table.rows(f"{sql} ORDER BY time {order} LIMIT 10001")
            found = [(int(str(t)), float(str(v)), str(tags)) for t, v, tags in rows]
            assert [repr(row) for row in found] == [repr(row) for row in expected]


def test_the_first_the_last_and_how_many(points: Points) -> None:
    first, last = between(points)
    sql = (
        "SELECT min(to_nanoseconds(time)) AS t0, max(to_nanoseconds(time)) AS t1, count(*) AS n "
        f"FROM {{}} WHERE {points.where(first, last)}"
    )
    times = [row[0] for row in points.rows if first <= row[0] <= last]
    found = points.table.rows(sql)
    assert found == [[str(min(times)), str(max(times)), str(len(times))]]
    assert points.table.rows(sql.replace("local/it", "local/no")) == [[None, None, "0"]]
    whole = sql.replace(str(first), "0").replace(str(last), str(2**63 - 1))
    assert points.table.rows(whole)[0][2] == str(len(points.rows))


def test_single_points(points: Points) -> None:
    asked = points.drawn.sample(points.rows, 20)
    times = ", ".join(f"from_nanoseconds({row[0] + n})" for n, row in enumerate(asked))
    wanted = {row[0] + n for n, row in enumerate(asked)}
    series = points.series.replace("'", "''")
    sql = (
        'SELECT to_nanoseconds(time) AS t, received, batch, "index" FROM {} '
        f"WHERE series = '{series}' AND time IN ({times})"
    )
    assert sorted(points.table.rows(sql)) == sorted(
        [str(row[0]), str(row[3]), row[4], str(row[5])] for row in points.rows if row[0] in wanted
    )


def buckets(where: str, first: int, middle: int, long: int, short: int) -> str:
    """Buckets of one length until a time, and of another from it on."""
    return f"""
        WITH p AS (
            SELECT to_nanoseconds(time) AS t, value,
                CASE WHEN to_nanoseconds(time) < {middle}
                    THEN {first} + (to_nanoseconds(time) - {first}) / {long} * {long}
                    ELSE {middle} + (to_nanoseconds(time) - {middle}) / {short} * {short}
                END AS slot
            FROM {{}} WHERE {where}),
        c AS (
            SELECT t, value, slot, avg(value) OVER (PARTITION BY slot) AS mean,
                min(value) OVER (PARTITION BY slot) AS lo, max(value) OVER (PARTITION BY slot) AS hi
            FROM p)
        SELECT slot, count(*) AS n, sum(value) AS sum, sum(value - mean) AS m1,
            sum((value - mean) * (value - mean)) AS m2,
            sum((value - mean) * (value - mean) * (value - mean)) AS m3,
            min(CASE WHEN value = lo THEN t END) AS lo_t,
            min_by(value, CASE WHEN value = lo THEN t END) AS lo_v,
            min(CASE WHEN value = hi THEN t END) AS hi_t,
            min_by(value, CASE WHEN value = hi THEN t END) AS hi_v,
            min(t), max(t), min_by(value, t), max_by(value, t)
        FROM c GROUP BY slot ORDER BY slot LIMIT 1000"""


def summary(slot: int, inside: list[tuple[int, float]]) -> list[Any]:
    """The same of one bucket, without SQL."""
    found = [value for _, value in inside]
    mean = math.fsum(found) / len(found)
    low = min(inside, key=lambda point: (point[1], point[0]))
    high = max(inside, key=lambda point: (point[1], -point[0]))
    return [
        slot,
        len(found),
        math.fsum(found),
        0.0,
        math.fsum((value - mean) ** 2 for value in found),
        math.fsum((value - mean) ** 3 for value in found),
        *low,
        *high,
        inside[0][0],
        inside[-1][0],
        inside[0][1],
        inside[-1][1],
    ]


def test_buckets(points: Points) -> None:
    first, last = between(points)
    middle = (first + last) // 2
    long, short = 60 * SECOND, 7 * SECOND + 1
    sql = buckets(points.where(first, last), first, middle, long, short)
    inside: dict[int, list[tuple[int, float]]] = {}
    for time_, value, *_ in points.rows:
        if first <= time_ <= last:
            begin, length = (first, long) if time_ < middle else (middle, short)
            slot = begin + (time_ - begin) // length * length
            inside.setdefault(slot, []).append((time_, value))
    rows = points.table.rows(sql)
    assert len(rows) == len(inside)
    for row, (slot, of) in zip(rows, sorted(inside.items()), strict=True):
        wanted = summary(slot, of)
        assert [int(str(row[n])) for n in (0, 1, 6, 8, 10, 11)] == [
            wanted[n] for n in (0, 1, 6, 8, 10, 11)
        ]
        # What is one of the values is that value, to the sign of its zero.
        assert [float(str(row[n])).hex() for n in (7, 9, 12, 13)] == [
            float(wanted[n]).hex() for n in (7, 9, 12, 13)
        ]
        scale = max(abs(value) for _, value in of) + 1
        for n, power in ((2, 1), (3, 1), (4, 2), (5, 3)):
            tolerance = 1e-12 * len(of) * scale**power
            assert float(str(row[n])) == pytest.approx(wanted[n], abs=tolerance)


def test_it_is_fast_enough(old: TestTable) -> None:
    """100 000 points of a series: written by some thousand a second, summarized in well under one.
    The bounds are wide, for busy machines."""
    number = 100_000
    points = Points(old, 9, 0)
    calls = []
    for start in range(0, number, BATCH):
        rows = ((n, n / 7, "a", n, "b", n) for n in range(start, start + BATCH))
        calls.append(json.dumps(points.call(points.series, [moved(points, row) for row in rows])))
    began = time.monotonic()
    # Not by boto3, which takes longer than the emulator does.
    host = old.running.emulator.url.removeprefix("http://")
    connection = HTTPConnection(host)
    for call in calls:
        headers = {"x-amz-target": "Timestream_20181101.WriteRecords"}
        connection.request("POST", "/", call, headers)
        answer = connection.getresponse()
        assert (answer.status, answer.read()[:1]) == (200, b"{")
    assert number / (time.monotonic() - began) > 2000
    assert old.rows("SELECT count(*) FROM {}") == [[str(number)]]
    flushed = time.monotonic()
    where = points.where(points.begin, points.begin + 2 * DAY)
    sql = buckets(where, points.begin, points.begin + DAY, 600 * SECOND, 300 * SECOND)
    found = old.rows(sql)
    assert time.monotonic() - flushed < 2
    assert sum(int(str(row[1])) for row in found) == number
    pages = old.pages("SELECT to_nanoseconds(time) AS t, value FROM {} ORDER BY t LIMIT 20001")
    assert pages[0]["Rows"] == []
    assert sum(len(page["Rows"]) for page in pages) == 20001
    assert values(pages[1]["Rows"][1]) == [str(points.begin + SECOND), repr(1 / 7)]


def moved(points: Points, row: Row) -> Row:
    """A point so many seconds after the first."""
    return (points.begin + row[0] * SECOND, *row[1:])

"""Energy meters: `/meterdata/measurement`, and a year of hours as CSV."""

import json
import math
import random
import re
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from harness.client import Client, Point, accepted, eventually
from harness.generators import (
    EXPORT_OBIS,
    FEBRUARY_2023,
    IMPORT_OBIS,
    QUARTER,
    exported,
    hourly_csv,
    imported,
    meter_rows,
)
from harness.sums import sum_of

pytestmark = pytest.mark.points

METERS = [
    pytest.param(IMPORT_OBIS, imported(), "2023-02-20T15:00:00Z", id="import"),
    pytest.param(EXPORT_OBIS, exported(), "2023-02-21T12:00:00Z", id="export"),
]
Rows = list[dict[str, Any]]


def post_rows(api: Client, body: object, points: int) -> None:
    answer = accepted(api.post(body, path="/meterdata/measurement"))
    assert (answer["accepted"], answer["rejected"]) == (points, 0)


def measurements(api: Client, meter: str, **query: object) -> Rows:
    rows: Rows = api.json("/meterdata/measurement", muid=meter, measurement="energy", **query)[
        "data"
    ]
    return rows


@pytest.mark.parametrize(("obis", "values", "peak"), METERS)
def test_a_meter_s_february_is_summed_to_the_last_digit(
    api: Client, name: str, obis: str, values: list[float], peak: str
) -> None:
    post_rows(api, {"data": meter_rows(name, obis, values)}, 2688)
    stats = "sum,count,max,max_time,min,first_time,last_time"
    expected = {
        "sum": sum_of(values),
        "count": 2688,
        "max": max(values),
        "max_time": peak,
        "min": min(values),
        "first_time": "2023-02-01T00:00:00Z",
        "last_time": "2023-02-28T23:45:00Z",
    }

    def check() -> None:
        assert api.json(f"/api/energy:{name}:{obis}", stats=stats) == expected

    eventually(check)
    # Otherwise the sum would show nothing.
    in_file_order = 0.0
    for value in reversed(values):
        in_file_order += value
    assert in_file_order != math.fsum(values)


@pytest.mark.parametrize(("obis", "values", "peak"), METERS)
def test_a_utc_february_touches_29_days_in_zurich(
    api: Client, name: str, obis: str, values: list[float], peak: str
) -> None:
    post_rows(api, {"data": meter_rows(name, obis, values)}, 2688)
    # The first day begins at 01:00 local time, the last one ends at 01:00.
    edges = [0, *range(92, 2688, 96), 2688]
    days = list(pairwise(edges))

    def check() -> None:
        buckets = api.json(
            f"/api/energy:{name}:{obis}/buckets", every="1d", tz="Europe/Zurich", stats="sum,count"
        )
        assert len(buckets) == 29
        assert [b["count"] for b in buckets] == [end - start for start, end in days]
        assert [b["sum"] for b in buckets] == [sum_of(values[s:e]) for s, e in days]
        assert (buckets[0]["start"], buckets[0]["end"]) == (
            "2023-01-31T23:00:00Z",
            "2023-02-01T23:00:00Z",
        )

    eventually(check)


@pytest.mark.parametrize(("obis", "values", "peak"), METERS)
def test_the_rows_come_back_as_they_were_sent(
    api: Client, name: str, obis: str, values: list[float], peak: str
) -> None:
    rows = meter_rows(name, obis, values)
    post_rows(api, {"data": rows}, 2688)

    def check() -> None:
        assert measurements(api, name) == rows

    eventually(check)


def test_limit_stop_and_start_choose_rows(api: Client, name: str) -> None:
    rows = meter_rows(name, IMPORT_OBIS, imported()[:8])
    post_rows(api, rows, 8)

    def check() -> None:
        assert measurements(api, name) == rows

    eventually(check)
    assert measurements(api, name, limit=3) == rows[:3]
    # `stop` is exclusive, `start` is not.
    first, last = rows[-1]["timestamp"], rows[0]["timestamp"]
    assert measurements(api, name, start=first, stop=last) == rows[1:]
    assert measurements(api, name, start=last) == rows[:1]
    assert measurements(api, name, stop=first) == []


def test_pages_of_rows_neither_repeat_nor_miss_one(api: Client, name: str) -> None:
    rows = meter_rows(name, IMPORT_OBIS, imported()[:50])
    post_rows(api, rows, 50)

    def check() -> None:
        pages = api.pages("/meterdata/measurement", muid=name, measurement="energy", limit=7)
        paged = [page["data"] for page in pages]
        assert [len(page) for page in paged] == [7] * 7 + [1]
        assert [row for page in paged for row in page] == rows

    eventually(check)


def test_a_row_holds_every_obis_code_of_its_time(api: Client, name: str) -> None:
    rows = meter_rows(name, IMPORT_OBIS, [0.5, 0.25, 1.0])
    rows[1][EXPORT_OBIS] = 0.125
    post_rows(api, rows, 4)

    def check() -> None:
        assert measurements(api, name) == rows
        assert api.json(f"/api/energy:{name}:{EXPORT_OBIS}/points") == [
            {
                "time": "2023-02-01T00:15:00Z",
                "value": 0.125,
                "tags": ["quality=measured"],
            }
        ]

    eventually(check)


def test_timestamps_have_milliseconds_always(api: Client, name: str) -> None:
    start = FEBRUARY_2023 + QUARTER
    series = f"energy:{name}:{IMPORT_OBIS}"
    api.store(
        [
            {"name": series, "t": start, "v": 1, "tags": ["quality=measured"]},
            {"name": series, "t": start + 0.25, "v": 2},
        ]
    )
    times = [row["timestamp"] for row in measurements(api, name)]
    assert times == ["2023-02-01T00:15:00.250Z", "2023-02-01T00:15:00.000Z"]


def test_a_wrong_row_is_rejected_alone(api: Client, name: str) -> None:
    rows = meter_rows(name, IMPORT_OBIS, [0.5, 0.25, 1.0])
    wrong: Rows = [dict(row) for row in rows]
    wrong[1][IMPORT_OBIS] = "much"
    answer = accepted(api.post({"data": wrong}, path="/meterdata/measurement"))
    assert (answer["accepted"], answer["rejected"]) == (2, 1)
    assert [(e["pointer"], e["reason"]) for e in answer["errors"]] == [
        (f"/data/1/{IMPORT_OBIS}", "malformed")
    ]

    def check() -> None:
        assert measurements(api, name) == [rows[0], rows[2]]

    eventually(check)


def test_a_meter_that_never_reported_has_no_rows(api: Client, name: str) -> None:
    response = api.get("/meterdata/measurement", muid=name, measurement="energy")
    assert (response.status_code, response.json()) == (200, {"data": []})


def test_a_year_of_hours_as_csv(api: Client, name: str) -> None:
    answer = accepted(api.post(hourly_csv(name), content_type="text/csv"))
    assert (answer["accepted"], answer["rejected"]) == (8760, 0)

    def check() -> None:
        assert api.json(f"/api/{name}", stats="sum,count") == {"sum": 78840000, "count": 8760}
        july = api.json(f"/api/{name}", from_="2025-07-01", to="2025-07-31T23:00:00Z", stats="sum")
        assert july == {"sum": 6696000}
        months = api.json(f"/api/{name}/buckets", every="1mo", stats="sum")
        assert [month["sum"] for month in months] == [
            days * 24 * 9000 for days in (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
        ]

    eventually(check)


#: One code, in hexadecimal digits and as meters print it.
SPELLINGS = ["0100011D00FF", "1-0:1.29.0*255", "1-0:1.29.0", "1-0:1.29.0&255"]


@pytest.mark.parametrize("code", SPELLINGS)
def test_a_code_is_read_as_meters_print_it(api: Client, name: str, code: str) -> None:
    post_rows(api, meter_rows(name, code, [0.5, 0.25]), 2)

    def check() -> None:
        assert measurements(api, name) == meter_rows(name, "0100011D00FF", [0.5, 0.25])

    eventually(check)
    listed = api.json("/api", prefix=f"energy:{name}:")["series"]
    assert [series["name"] for series in listed] == [f"energy:{name}:0100011D00FF"]


def test_two_spellings_of_a_code_stand_twice(api: Client, name: str) -> None:
    rows = meter_rows(name, IMPORT_OBIS, [0.5])
    rows[0] |= {"1-0:1.8.0*255": 1, "0100010800FF": 2, "1-0:1.8.0*256": 3}
    answer = accepted(api.post(rows, path="/meterdata/measurement"))
    assert (answer["accepted"], answer["rejected"]) == (1, 3)
    assert {e["pointer"]: e["detail"] for e in answer["errors"]} == {
        "/0/1-0:1.8.0*255": "`1-0:1.8.0*255` stands twice: as `0100010800FF` too",
        "/0/0100010800FF": "`0100010800FF` stands twice: as `1-0:1.8.0*255` too",
        "/0/1-0:1.8.0*256": "`1-0:1.8.0*256` is no OBIS code: 1 to 80 ASCII letters, digits and"
        " . _ : -, or A-B:C.D.E*F of numbers from 0 to 255",
    }


def test_rows_with_a_byte_order_mark_are_read(api: Client, name: str) -> None:
    rows = meter_rows(name, IMPORT_OBIS, [0.5])
    post_rows(api, "\ufeff" + json.dumps({"data": rows}), 1)

    def check() -> None:
        assert measurements(api, name) == rows

    eventually(check)


def test_an_answer_that_is_posted_back_changes_nothing(api: Client, name: str) -> None:
    draw = random.Random(2023)
    #: Some of the rows are of one time, some have other tags.
    times = [FEBRUARY_2023 * 10**9 + draw.randrange(10**15) for _ in range(20)]
    rows = []
    for nanos in times:
        for code in draw.sample([*SPELLINGS[:1], EXPORT_OBIS, "1-0:2.8.0*255", "other"], k=2):
            seconds, fraction = divmod(nanos, 10**9)
            time = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
            tags = draw.choice([{}, {"quality": "measured"}, {"quality": "estimated", "a": "=b"}])
            digits = draw.choice([f".{fraction:09}", f".{fraction // 10**6:03}", ""])
            rows.append(
                {
                    "measurement": "energy",
                    "timestamp": f"{time}{digits}Z",
                    "tags": {"muid": name, **tags},
                    code: draw.uniform(-1e9, 1e9),
                }
            )
    post_rows(api, rows, len(rows))

    def points() -> dict[str, list[Point]]:
        listed = api.json("/api", prefix=f"energy:{name}:")["series"]
        return {series["name"]: api.points(series["name"]) for series in listed}

    def all_stored() -> dict[str, list[Point]]:
        stored = points()
        assert sum(map(len, stored.values())) == len(rows)
        return stored

    before = eventually(all_stored)
    answer = measurements(api, name)
    assert all(re.search(r"\.\d{3,9}Z$", row["timestamp"]) for row in answer)
    post_rows(api, {"data": answer}, len(rows))

    def check() -> None:
        assert measurements(api, name) == answer
        assert points() == before

    eventually(check)

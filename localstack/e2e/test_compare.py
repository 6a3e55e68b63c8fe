"""Two series side by side: what both have, how they correlate, at which lag."""

from __future__ import annotations

import math
import random
import statistics

import numpy as np
import pytest

from harness.client import Client, Json, accepted, eventually, instant
from harness.generators import (
    DAY,
    EXPORT_OBIS,
    HOUR,
    IMPORT_OBIS,
    QUARTER,
    exported,
    imported,
    meter_rows,
    series,
)
from harness.guarded import Guarded, new_tenant
from sweeps import sweep

pytestmark = pytest.mark.points

#: 2023-11-14T00:00:00Z, a Tuesday.
START = 1_699_920_000

Values = dict[int, float]


def near(expected: Json) -> Json:
    return pytest.approx(expected, rel=1e-12, abs=1e-12)


def best_lag(a: Values, b: Values, slots: int, max_lag: int) -> dict[str, Json]:
    """Of values by slot: the greatest correlation of `a` with `b` later, by the definition."""
    pairs = {
        lag: [(a[slot], b[slot + lag]) for slot in range(slots) if slot in a and slot + lag in b]
        for lag in range(-max_lag, max_lag + 1)
    }
    most = max(len(pairs[lag]) for lag in pairs)
    best: dict[str, Json] = {"lag": None, "correlation": -2.0}
    for lag in sorted(pairs, key=lambda lag: (abs(lag), -lag)):
        if len(pairs[lag]) < 3 or 2 * len(pairs[lag]) < most:
            continue
        value = statistics.correlation(*zip(*pairs[lag], strict=True))
        if value > best["correlation"] + 1e-12:
            best = {"lag": lag, "correlation": value}
    return best


def compared(api: Client, one: str, other: str, **query: Json) -> dict[str, Json]:
    answer: dict[str, Json] = api.json("/compare", series=f"{one},{other}", **query)
    return answer


def test_what_a_house_draws_and_its_roof_gives(api: Client, name: str) -> None:
    draws, gives = imported(), exported()
    for obis, values in ((IMPORT_OBIS, draws), (EXPORT_OBIS, gives)):
        body = {"data": meter_rows(name, obis, values)}
        assert accepted(api.post(body, path="/meterdata/measurement"))["accepted"] == 2688
    one, other = f"energy:{name}:{IMPORT_OBIS}", f"energy:{name}:{EXPORT_OBIS}"

    def check() -> dict[str, Json]:
        answer = compared(api, one, other, every="15m", stat="sum", max_lag=96)
        assert answer["both"] == 2688
        return answer

    answer = eventually(check)
    overlap = math.fsum(map(min, draws, gives))
    assert list(answer) == [
        "slots",
        "both",
        "a",
        "b",
        "overlap",
        "only_a",
        "only_b",
        "overlap_share_a",
        "overlap_share_b",
        "correlation",
        "best_lag",
    ]
    assert answer["slots"] == 2688
    assert answer["a"] == {"series": one, "total": near(math.fsum(draws))}
    assert answer["b"] == {"series": other, "total": near(math.fsum(gives))}
    assert answer["overlap"] == near(overlap)
    assert answer["only_a"] == near(math.fsum(draws) - overlap)
    assert answer["only_b"] == near(math.fsum(gives) - overlap)
    # Self-sufficiency, and self-consumption.
    assert answer["overlap_share_a"] == near(overlap / math.fsum(draws))
    assert answer["overlap_share_b"] == near(overlap / math.fsum(gives))
    assert answer["correlation"] == near(statistics.correlation(draws, gives))
    assert answer["correlation"] == near(float(np.corrcoef(draws, gives)[0, 1]))
    expected = best_lag(dict(enumerate(draws)), dict(enumerate(gives)), 2688, 96)
    assert answer["best_lag"] == near(expected)
    # What is the default.
    assert compared(api, one, other, every="15m") == answer
    # By day it is more: what is drawn at night is given by day.
    assert compared(api, one, other, every="1d")["overlap"] > 1.1 * overlap


def test_one_series_follows_the_other(api: Client, name: str) -> None:
    rng = random.Random(5)
    values = [round(rng.gauss(2, 1), 3) for _ in range(500)]
    early, late = f"{name}.early", f"{name}.late"
    api.store(
        series(early, values, START, QUARTER) + series(late, values, START + 4 * QUARTER, 900)
    )
    answer = compared(api, early, late, every="15m", stat="avg")
    assert (answer["slots"], answer["both"]) == (504, 496)
    assert answer["best_lag"] == {"lag": 4, "correlation": near(1)}
    assert abs(answer["correlation"]) < 0.5
    assert compared(api, late, early, every="15m", stat="avg")["best_lag"]["lag"] == -4
    # It is not within reach.
    assert compared(api, early, late, every="15m", max_lag=3)["best_lag"]["correlation"] < 0.5
    at_once = compared(api, early, late, every="15m", max_lag=0)
    assert at_once["best_lag"] == {"lag": 0, "correlation": at_once["correlation"]}


def test_slots_that_only_one_has_are_counted_and_not_correlated(api: Client, name: str) -> None:
    rng = random.Random(6)
    one, other = f"{name}.a", f"{name}.b"
    a = {slot: rng.randrange(1, 100) / 8 for slot in range(0, 200) if rng.random() < 0.8}
    b = {slot: rng.randrange(1, 100) / 8 for slot in range(40, 260) if rng.random() < 0.8}
    api.store(
        [
            {"name": series_name, "t": START + slot * QUARTER, "v": value}
            for series_name, values in ((one, a), (other, b))
            for slot, value in values.items()
        ]
    )
    answer = compared(api, one, other, every="15m", max_lag=20)
    both = sorted(a.keys() & b.keys())
    assert answer["slots"] == len(a.keys() | b.keys())
    assert answer["both"] == len(both)
    overlap = math.fsum(min(a[slot], b[slot]) for slot in both)
    assert answer["overlap"] == near(overlap)
    assert answer["only_b"] == near(math.fsum(b.values()) - overlap)
    pairs = [a[slot] for slot in both], [b[slot] for slot in both]
    assert answer["correlation"] == near(statistics.correlation(*pairs))
    assert answer["best_lag"] == near(best_lag(a, b, 260, 20))


def test_the_slots_themselves_come_in_pages(api: Client, name: str) -> None:
    one, other = f"{name}.a", f"{name}.b"
    api.store(series(one, [1, 2, 3, 4], START, QUARTER))
    points = series(other, [5, 6, 0, 7], START + 3 * QUARTER, QUARTER)
    api.store([point for point in points if point["v"]])
    query = {"series": f"{one},{other}", "every": "15m", "rows": "true"}
    rows = api.json("/compare", **query)
    assert [(row["a"], row["b"]) for row in rows] == [
        (1, None),
        (2, None),
        (3, None),
        (4, 5),
        (None, 6),
        (None, 7),
    ]
    slots = [0, 1, 2, 3, 4, 6]
    assert [row["start"] for row in rows] == [instant(START + slot * QUARTER) for slot in slots]
    assert [row["end"] for row in rows] == [instant(START + (slot + 1) * QUARTER) for slot in slots]
    pages = list(api.pages("/compare", limit=4, **query))
    assert [len(page) for page in pages] == [4, 2]
    assert [row for page in pages for row in page] == rows
    # A cursor belongs to its query.
    link = api.get("/compare", limit=2, **query).links["next"]["url"]
    refused = api.http.get(link.replace("rows=true", "rows=false"))
    assert refused.status_code == 400
    assert refused.json()["type"] == "/docs#invalid-cursor"


def test_a_range_and_a_zone_cut_the_slots(api: Client, name: str) -> None:
    one, other = f"{name}.a", f"{name}.b"
    # 2023-03-24T23:00:00Z: the first instant of the 25th in Zurich, a day before clocks change.
    start = 1_679_698_800
    for series_name in (one, other):
        api.store(series(series_name, [1] * 72, start, HOUR))
    query = {"every": "1d", "tz": "Europe/Zurich", "stat": "count"}
    rows = api.json("/compare", series=f"{one},{other}", rows="true", **query)
    assert [(row["a"], row["b"]) for row in rows] == [(24, 24), (23, 23), (24, 24), (1, 1)]
    answer = compared(api, one, other, from_="2023-03-26", to="2023-03-27", **query)
    assert answer["a"]["total"] == answer["overlap"] == 24
    assert answer["slots"] == 2
    # Without variance there is no correlation.
    answer = compared(api, one, other, every="1h")
    assert (answer["correlation"], answer["best_lag"]) == (None, None)


def test_a_negative_slot_leaves_no_overlap(api: Client, name: str) -> None:
    one, other = f"{name}.a", f"{name}.b"
    api.store(series(one, [1, -2, 4], START, HOUR) + series(other, [2, 1, 9], START, HOUR))
    answer = compared(api, one, other, every="1h", decimals=3)
    assert (answer["a"]["total"], answer["b"]["total"]) == (3, 12)
    for key in ("overlap", "only_a", "only_b", "overlap_share_a", "overlap_share_b"):
        assert answer[key] is None
    assert answer["correlation"] == round(statistics.correlation([1, -2, 4], [2, 1, 9]), 3)
    # By day they are all positive.
    answer = compared(api, one, other, every="1d")
    assert (answer["overlap"], answer["overlap_share_a"]) == (3, 1)


def test_slots_finer_than_a_step_are_refused(api: Client, name: str) -> None:
    minutes, quarters = f"{name}.minutes", f"{name}.quarters"
    api.store(series(minutes, [1, 2] * 30, START, 60))
    api.store(series(quarters, [1, 2, 3, 4], START, QUARTER))
    for pair in (f"{minutes},{quarters}", f"{quarters},{minutes}"):
        for rows in ("false", "true"):
            response = api.get("/compare", series=pair, every="1m", rows=rows)
            assert response.status_code == 422, response.text
            problem = response.json()
            assert problem["type"] == "/docs#unsuitable-series"
            assert f"`{quarters}`" in problem["detail"]
            assert "900 s apart: choose `15m` or wider" in problem["detail"]
    assert compared(api, minutes, quarters, every="15m")["both"] == 4


@pytest.mark.parametrize(
    "query",
    sweep(
        [
            "",
            "series={0},{1}",
            "every=1h",
            "every=1h&series={0}",
            "every=1h&series={0},{1},{0}",
            "every=1h&series={0},",
            "every=1h&series=a/b,{1}",
            "every=2d&series={0},{1}",
            "every=1h&series={0},{1}&stat=mean",
            "every=1h&series={0},{1}&stat=min_time",
            "every=1h&series={0},{1}&max_lag=1001",
            "every=1h&series={0},{1}&max_lag=-1",
            "every=1h&series={0},{1}&rows=yes",
            "every=1h&series={0},{1}&fill=zero",
        ],
        "every=1h&series={0}",
    ),
)
def test_wrong_parameters_are_refused(api: Client, name: str, query: str) -> None:
    names = [f"{name}.a", f"{name}.b"]
    api.store([point for each in names for point in series(each, [1], START)])
    response = api.get(f"/compare?{query.format(*names)}")
    assert response.status_code == 400, response.text
    assert response.json()["type"] == "/docs#invalid-parameter"


def test_too_many_slots_are_refused(api: Client, name: str) -> None:
    one, other = f"{name}.a", f"{name}.b"
    api.store(series(one, [1], START) + series(other, [1], START + 12 * DAY))
    response = api.get("/compare", series=f"{one},{other}", every="1s")
    assert response.status_code == 400
    assert "into 1036801 slots" in response.json()["detail"]
    response = api.get("/compare", series=f"{one},{other}", every="2s", max_lag=500)
    assert response.status_code == 400
    assert "choose a smaller `max_lag`" in response.json()["detail"]


def test_unknown_series_are_named(api: Client, name: str) -> None:
    api.store(series(name, [1, 2], START, HOUR))
    for pair in (f"{name},{name}.unknown", f"{name}.unknown,{name}"):
        response = api.get("/compare", series=pair, every="1h")
        assert response.status_code == 404
        assert response.json()["type"] == "/docs#unknown-series"
        assert f"`{name}.unknown`" in response.json()["detail"]
    assert compared(api, name, name, every="1h")["overlap_share_b"] == 1


def test_another_tenant_s_series_are_unknown(guarded: Guarded, name: str) -> None:
    owner, other = guarded.client(new_tenant("owner")), guarded.client(new_tenant("other"))
    owner.post(series(name, [1, 2], START, HOUR))
    other.post(series(f"{name}.own", [1, 2], START, HOUR))
    pair = f"{name}.own,{name}"

    def check() -> None:
        response = other.get("/compare", series=pair, every="1h")
        assert response.status_code == 404
        assert f"no series `{name}`" in response.json()["detail"]

    eventually(check)


def test_a_comparison_is_in_the_history(api: Client, name: str) -> None:
    api.store(series(name, [1, 2], START, HOUR))
    # Which is nobody else's.
    start = START - random.randrange(1, 10**6)
    compared(api, name, name, every="1h", from_=start)

    def check() -> None:
        rows = api.json("/history", limit=2000)
        found = [row for row in rows if row["from"] == instant(start)]
        assert [(row["path"], row["series"], row["to"]) for row in found] == [
            ("/compare", None, None)
        ]

    eventually(check, 240.0)

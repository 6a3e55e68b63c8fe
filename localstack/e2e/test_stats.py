"""Statistics of a range."""

from __future__ import annotations

import math
import random
import statistics

import pytest

from harness.client import IN_TIMESTREAM, Client, Json, accepted, eventually, instant
from harness.generators import series
from harness.sums import sum_of
from sweeps import sweep

pytestmark = pytest.mark.points

#: More points than a shard has. With Timestream, whose emulator tells some ten thousand a second at
#: the best, the stack of the tests has shards of 5000.
MANY = 18_000 if IN_TIMESTREAM else 600_000

ALL = (
    "avg,sum,count,min,max,range,first,last,median,p90,p95,p99,variance,stddev,rms,peak,"
    "peak_to_peak,crest_factor,skewness,kurtosis,min_time,max_time,first_time,last_time,duration"
).split(",")
#: Those for which API.md allows 1e-12.
ROUNDED = {"variance", "stddev", "rms", "crest_factor", "skewness", "kurtosis", "avg"}
ROUNDED |= {"median", "p90", "p95", "p99"}


def quantile(values: list[float], share: float) -> float:
    """numpy's default: linear between the neighbours."""
    place = share * (len(values) - 1)
    low = math.floor(place)
    ordered = sorted(values)
    high = min(low + 1, len(values) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def reference(values: list[float]) -> dict[str, float]:
    """By the definitions, in the simplest way."""
    mean, n = math.fsum(values) / len(values), len(values)
    moment = {k: math.fsum((v - mean) ** k for v in values) / n for k in (2, 3, 4)}
    rms = math.sqrt(math.fsum(v * v for v in values) / n)
    peak = max(abs(v) for v in values)
    return {
        "avg": mean,
        "sum": math.fsum(values),
        "count": n,
        "min": min(values),
        "max": max(values),
        "range": max(values) - min(values),
        "first": values[0],
        "last": values[-1],
        "median": statistics.median(values),
        "p90": quantile(values, 0.90),
        "p95": quantile(values, 0.95),
        "p99": quantile(values, 0.99),
        "variance": moment[2],
        "stddev": math.sqrt(moment[2]),
        "rms": rms,
        "peak": peak,
        "peak_to_peak": max(values) - min(values),
        "crest_factor": peak / rms,
        "skewness": moment[3] / moment[2] ** 1.5,
        "kurtosis": moment[4] / moment[2] ** 2,
    }


@pytest.mark.parametrize("seed", range(4))
def test_every_statistic_is_as_defined(api: Client, name: str, seed: int) -> None:
    rng = random.Random(seed)
    values = [round(rng.gauss(0.5, 3), 3) for _ in range(rng.choice([5, 200, 3000]))]
    api.store(series(name, values))
    answer = api.json(f"/api/{name}", stats="all")
    expected = reference(values)
    for stat, value in expected.items():
        if stat in ROUNDED:
            assert answer[stat] == pytest.approx(value, rel=1e-11), stat
        else:
            assert answer[stat] == value, stat


def test_all_means_all_in_the_order_of_the_contract(api: Client, name: str) -> None:
    api.store(series(name, [1, 2, 4]))
    answer = api.json(f"/api/{name}", stats="all")
    assert list(answer) == ALL
    assert answer == api.json(f"/api/{name}", stats=",".join(ALL))


def test_the_answer_has_what_was_asked_for_in_that_order(api: Client, name: str) -> None:
    api.store(series(name, [3, 1, 2]))
    response = api.get(f"/api/{name}", stats="max,count,min_time,avg")
    assert response.text == '{"max":3,"count":3,"min_time":"1970-01-01T00:00:01Z","avg":2}'


def test_times_are_of_the_earliest_of_several_equal_extremes(api: Client, name: str) -> None:
    api.store(series(name, [2, 1, 3, 1, 3, 2], 1_700_000_000))
    stats = "min_time,max_time,first_time,last_time,duration"
    assert api.json(f"/api/{name}", stats=stats) == {
        "min_time": "2023-11-14T22:13:21Z",
        "max_time": "2023-11-14T22:13:22Z",
        "first_time": "2023-11-14T22:13:20Z",
        "last_time": "2023-11-14T22:13:25Z",
        "duration": 5,
    }


@pytest.mark.parametrize(
    ("decimals", "avg"),
    [(0, "1"), (1, "1.4"), (3, "1.429"), (15, "1.428571428571429")],
)
def test_decimals_round(api: Client, name: str, decimals: int, avg: str) -> None:
    api.store(series(name, [1, 1, 1, 1, 2, 2, 2]))
    response = api.get(f"/api/{name}", decimals=decimals)
    assert response.text == f'{{"avg":{avg},"sum":10}}'


@pytest.mark.parametrize(
    "query",
    sweep(
        [
            "decimals=16",
            "decimals=-1",
            "decimals=",
            "decimals=two",
            "stats=",
            "stats=mean",
            "stats=sum,,avg",
        ],
        "stats=mean",
    ),
)
def test_wrong_parameters_are_refused(api: Client, name: str, query: str) -> None:
    api.store(series(name, [1]))
    response = api.get(f"/api/{name}?{query}")
    assert response.status_code == 400, response.text
    assert response.json()["type"] == "/docs#invalid-parameter"


def test_without_points_count_and_sum_are_zero_and_the_rest_is_null(api: Client, name: str) -> None:
    api.store(series(name, [1]))
    nothing: dict[str, Json] = dict.fromkeys(ALL)
    nothing |= {"count": 0, "sum": 0}
    assert api.json(f"/api/{name}", stats="all", from_=2) == nothing


def test_without_variance_skewness_and_kurtosis_are_null(api: Client, name: str) -> None:
    api.store(series(name, [0.1] * 10))
    answer = api.json(f"/api/{name}", stats="variance,stddev,skewness,kurtosis,crest_factor")
    assert answer == {
        "variance": 0,
        "stddev": 0,
        "skewness": None,
        "kurtosis": None,
        "crest_factor": pytest.approx(1),
    }


def test_without_rms_the_crest_factor_is_null(api: Client, name: str) -> None:
    api.store(series(name, [0, 0]))
    answer = api.json(f"/api/{name}", stats="rms,peak,crest_factor")
    assert answer == {"rms": 0, "peak": 0, "crest_factor": None}


def test_a_sum_beyond_all_floats_is_null_with_a_warning(api: Client, name: str) -> None:
    huge = 1.7976931348623157e308
    api.store(series(name, [huge, huge, -huge]))
    response = api.get(f"/api/{name}", stats="sum,max", to=1)
    assert response.json() == {"sum": None, "max": huge}
    assert response.headers["warning"]
    whole = api.get(f"/api/{name}", stats="sum")
    assert whole.json() == {"sum": huge}
    assert "warning" not in whole.headers


@pytest.mark.parametrize("value", [5e-324, -5e-324, 2.2250738585072014e-308, 0.1, 1e300, 2**53 + 1])
def test_values_keep_every_bit(api: Client, name: str, value: float) -> None:
    api.store(series(name, [value]))
    answer = api.json(f"/api/{name}", stats="sum,min,max,first,last,avg")
    assert set(answer.values()) == {float(value)}
    assert api.points(name)[0]["value"] == float(value)


def test_whole_numbers_print_without_a_fraction(api: Client, name: str) -> None:
    api.store(series(name, [7.0, -7.0, 1e15]))
    assert api.get(f"/api/{name}", stats="first,sum").text == '{"first":7,"sum":1000000000000000}'


def test_an_unknown_series_is_not_found(api: Client, name: str) -> None:
    response = api.get(f"/api/{name}")
    assert (response.status_code, response.json()["type"]) == (404, "/docs#unknown-series")


@pytest.mark.slow
def test_a_range_that_is_calculated_in_parts_has_the_same_answer(api: Client, name: str) -> None:
    # A short name, so that a body has less than 4 MiB.
    name = f"e2e.{name[-10:]}"
    rng = random.Random(11)
    values = [rng.choice([1e16, -1e16, 0.1, 2.5, 3.0]) for _ in range(MANY)]
    for first in range(0, len(values), MANY // 6):
        rows = [f"{name},{t},{values[t]}" for t in range(first, first + MANY // 6)]
        accepted(api.post("\n".join(["name,t,v", *rows]), content_type="text/csv"))

    def check() -> None:
        assert api.json(f"/api/{name}", stats="count") == {"count": len(values)}

    eventually(check, 600)
    # Timestream computes all of them but the median, for which its points are read.
    assert api.json(f"/api/{name}", stats="sum,min_time,last,median") == {
        "sum": sum_of(values),
        "min_time": instant(values.index(min(values))),
        "last": values[-1],
        "median": pytest.approx(2.5, rel=0.004),
    }

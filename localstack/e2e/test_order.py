"""Order does not matter: shuffled, repeated, split in any way, a stream leaves the same series."""

from __future__ import annotations

import math
import random
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate

import pytest

from harness.client import IN_TIMESTREAM, Client, Json, Point, accepted, eventually
from harness.generators import cancelling, series
from harness.sums import average_of, sum_of

pytestmark = pytest.mark.points

VALUES = cancelling(5000)
EXACT = "sum,count,avg,min,max,range,first,last,min_time,max_time,first_time,last_time,duration"
QUANTILES = "median,p90,p95,p99"
MOMENTS = "variance,stddev,rms,skewness,kurtosis"


def shuffled_batches(points: list[Point], rng: random.Random) -> list[list[Point]]:
    """Every point at least once, a third of them twice, in batches of any size."""
    points = points + rng.sample(points, len(points) // 3)
    rng.shuffle(points)
    batches = []
    while points:
        size = rng.choice([1, 2, 7, 50, 400, 1000])
        batches.append(points[:size])
        points = points[size:]
    return batches


def post_all(api: Client, batches: list[list[Point]]) -> None:
    """From several clients at once."""
    with ThreadPoolExecutor(4) as pool:
        for response in pool.map(api.post, batches):
            accepted(response)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_shuffled_repeated_split_stream_leaves_the_same_series(
    api: Client, name: str, seed: int
) -> None:
    plain, mixed = f"{name}.plain", f"{name}.mixed"
    api.store(series(plain, VALUES))
    post_all(api, shuffled_batches(series(mixed, VALUES), random.Random(seed)))

    def check() -> None:
        assert api.points(mixed) == api.points(plain)

    eventually(check)
    for query, values in (({}, VALUES), ({"from_": 1111, "to": 3333}, VALUES[1111:3334])):
        exact = ask(api, plain, EXACT, query)
        if IN_TIMESTREAM:
            exact |= {"sum": sum_of(values), "avg": average_of(values)}
        assert ask(api, mixed, EXACT, query) == exact
        assert ask(api, mixed, QUANTILES, query) == ask(api, plain, QUANTILES, query)
        moments = ask(api, plain, MOMENTS, query)
        assert ask(api, mixed, MOMENTS, query) == pytest.approx(moments, rel=1e-12)
    buckets = {"every": "7m", "stats": "sum,avg,min,max,count"}
    rows = api.rows(f"/api/{plain}/buckets", **buckets)
    if IN_TIMESTREAM:
        cuts = [VALUES[start : start + 420] for start in range(0, len(VALUES), 420)]
        for row, cut in zip(rows, cuts, strict=True):
            row |= {"sum": sum_of(cut), "avg": average_of(cut)}
    assert api.rows(f"/api/{mixed}/buckets", **buckets) == rows


def ask(api: Client, name: str, stats: str, query: dict[str, Json]) -> Json:
    return api.json(f"/api/{name}", stats=stats, **query)


def test_sums_are_correctly_rounded_over_any_range(api: Client, name: str) -> None:
    api.store(series(name, VALUES))
    rng = random.Random(9)
    ranges = [(0, len(VALUES) - 1), (0, 0), (4999, 4999)]
    for _ in range(50):
        start, end = sorted(rng.choices(range(len(VALUES)), k=2))
        ranges.append((start, end))
    naive = 0
    for start, end in ranges:
        answer = api.json(f"/api/{name}", from_=start, to=end)
        values = VALUES[start : end + 1]
        assert answer["sum"] == sum_of(values), (start, end)
        assert answer["avg"] == average_of(values)
        *_, in_order = accumulate(values)
        naive += in_order == math.fsum(values)
    # Otherwise the sums would show nothing.
    assert naive < len(ranges) / 2


def test_sums_of_buckets_are_correctly_rounded(api: Client, name: str) -> None:
    api.store(series(name, VALUES))
    buckets = api.rows(f"/api/{name}/buckets", every="97s", stats="sum,count")
    cuts = [VALUES[start : start + 97] for start in range(0, len(VALUES), 97)]
    assert [b["sum"] for b in buckets] == [sum_of(cut) for cut in cuts]
    assert [b["count"] for b in buckets] == [len(cut) for cut in cuts]


def test_the_last_write_to_a_point_counts(api: Client, name: str) -> None:
    api.store([{"name": name, "t": 1, "v": 1, "tags": ["old"]}, {"name": name, "t": 2, "v": 2}])
    api.store([{"name": name, "t": 1, "v": 10}])

    def check() -> None:
        assert api.points(name) == [
            {"time": "1970-01-01T00:00:01Z", "value": 10},
            {"time": "1970-01-01T00:00:02Z", "value": 2},
        ]
        assert api.json(f"/api/{name}", stats="sum,count") == {"sum": 12, "count": 2}

    eventually(check)


def test_the_last_of_equal_times_in_a_body_counts(api: Client, name: str) -> None:
    answer = accepted(api.post([{"name": name, "t": 1, "v": value} for value in (1, 3, 2)]))
    assert (answer["accepted"], answer["rejected"]) == (3, 0)

    def check() -> None:
        assert api.json(f"/api/{name}", stats="sum,count") == {"sum": 2, "count": 1}

    eventually(check)


def test_the_same_time_written_differently_is_the_same_point(api: Client, name: str) -> None:
    times = [1700000000, 1.7e9, "2023-11-14T22:13:20Z", "2023-11-14T23:13:20+01:00"]
    answer = accepted(api.post([{"name": name, "t": t, "v": i} for i, t in enumerate(times)]))
    assert answer["accepted"] == 4

    def check() -> None:
        assert api.points(name) == [{"time": "2023-11-14T22:13:20Z", "value": 3}]

    eventually(check)

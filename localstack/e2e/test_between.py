"""Statistics of what lies between points, and any quantile: held against numpy and pandas."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from harness.client import IN_TIMESTREAM, Client, Json, accepted, eventually, instant
from harness.generators import DAY, FEBRUARY_2023, HOUR, QUARTER, series
from sweeps import sweep

pytestmark = pytest.mark.points

MANY = 400 if IN_TIMESTREAM else 5000
SECOND = 1_000_000_000
BETWEEN = "integral,twa,increase,rate"
REGISTER = "0100010800FF"

Floats = npt.NDArray[np.float64]


def irregular(rng: random.Random, count: int) -> tuple[list[int], list[float]]:
    """Times in milliseconds, some far apart, and a counter that falls now and then."""
    times, values = [FEBRUARY_2023 * 1000], [round(rng.uniform(-1, 50), 3)]
    for _ in range(count - 1):
        apart = rng.choice([1, 250, 1000, 1000, 1000, rng.randrange(1, 90_000), 7_200_000])
        times.append(times[-1] + apart)
        rise = rng.choice([0, 0, rng.uniform(0, 3), -rng.uniform(0, 60)])
        values.append(round(values[-1] + rise, 3))
    return times, values


def store(api: Client, name: str, times: list[int], values: list[float]) -> None:
    points = [
        {"name": name, "t": time / 1000, "v": value}
        for time, value in zip(times, values, strict=True)
    ]
    api.store(points)


class Reference:
    """What numpy and pandas make of points, with times in seconds after the first."""

    def __init__(self, times: list[int], values: list[float]) -> None:
        self.at: Floats = (np.array(times) - times[0]) / 1000
        self.values: Floats = np.array(values)
        counter = pd.Series(self.values)
        rises = counter.diff()
        # As for a counter that began anew at zero.
        self.rises: Floats = rises.where(rises >= 0, counter).to_numpy()[1:]

    def between(self, start: float, end: float, previous: bool) -> tuple[float, float, float]:
        """Integral, increase, and what the integral would be if nothing cancelled."""
        edges = np.array([max(start, self.at[0]), min(end, self.at[-1])])
        inside = self.at[(self.at > edges[0]) & (self.at < edges[1])]
        at = np.concatenate([edges[:1], inside, edges[1:]])
        if previous:
            levels = self.values[np.searchsorted(self.at, at[:-1], side="right") - 1]
            area = np.sum(levels * np.diff(at))
        else:
            area = np.trapezoid(np.interp(at, self.at, self.values), at)
        risen = np.interp(edges, self.at, np.concatenate([[0], np.cumsum(self.rises)]))
        scale = np.max(np.abs(self.values)) * (edges[1] - edges[0])
        return float(area), float(risen[1] - risen[0]), float(scale)


def near(found: Json, expected: float, scale: float) -> bool:
    return abs(float(found) - expected) <= 1e-12 * max(scale, 1e-3)


@pytest.mark.parametrize("previous", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_numpy_and_pandas_agree(api: Client, name: str, seed: int, previous: bool) -> None:
    rng = random.Random(seed)
    times, values = irregular(rng, rng.choice([2, 40, MANY]))
    store(api, name, times, values)
    reference, way = Reference(times, values), "previous" if previous else "linear"
    quantiles = ["p0", "p0.1", "p12.5", "p50", "p90", "p99.9", "p99.999", "p100"]
    stats = f"{BETWEEN},delta,mode_step,{','.join(quantiles)}"
    answer = api.json(f"/api/{name}", stats=stats, interpolate=way)

    # To the last digit.
    assert answer["delta"] == values[-1] - values[0]
    steps = pd.Series(times).diff().dropna().mode()
    assert answer["mode_step"] == steps.iloc[0] / 1000
    for quantile in quantiles:
        share = float(f"{quantile[1:]}e-2")
        assert answer[quantile] == np.quantile(reference.values, share), quantile

    covered = float(reference.at[-1])
    area, rise, scale = reference.between(0, covered, previous)
    risen = float(np.sum(np.abs(reference.rises)))
    assert near(answer["integral"], area, scale)
    assert near(answer["twa"], area / covered, scale / covered)
    assert near(answer["increase"], rise, risen)
    assert near(answer["rate"], rise / covered, risen / covered)
    for unit, seconds in [("m", 60), ("h", 3600)]:
        by = api.json(f"/api/{name}", stats="integral", interpolate=way, unit=unit)
        assert near(by["integral"], area / seconds, scale / seconds)

    # And hour by hour, of which many are empty.
    rows = api.rows(
        f"/api/{name}/buckets", every="1h", stats=f"count,{BETWEEN}", interpolate=way, limit=1000
    )
    hours = pd.Series(np.floor(reference.at / HOUR).astype(int)).value_counts()
    for number, row in enumerate(rows):
        start, end = number * HOUR, min((number + 1) * HOUR, covered)
        assert row["start"] == instant(FEBRUARY_2023 + start)
        assert row["count"] == hours.get(number, 0)
        area, rise, _ = reference.between(start, end, previous)
        assert near(row["integral"], area, scale)
        assert near(row["increase"], rise, risen)
        if end > start:
            assert near(row["twa"], area / (end - start), scale)
            assert near(row["rate"], rise / (end - start), risen)
    assert len(rows) == int(covered // HOUR) + 1
    for stat, whole in [("integral", scale), ("increase", risen)]:
        assert near(answer[stat], sum(row[stat] for row in rows), whole)


@pytest.mark.parametrize("values", [[3.5], [2, 2, 2, 2]])
def test_what_does_not_change(api: Client, name: str, values: list[float]) -> None:
    api.store(series(name, values, FEBRUARY_2023, 10))
    several = len(values) > 1
    assert api.json(f"/api/{name}", stats=f"count,delta,mode_step,{BETWEEN},p99.9") == {
        "count": len(values),
        "delta": 0,
        "mode_step": 10 if several else None,
        "integral": 60 if several else 0,
        "twa": 2 if several else None,
        "increase": 0,
        "rate": 0 if several else None,
        "p99.9": values[0],
    }


def test_a_range_between_two_points_has_its_part(api: Client, name: str) -> None:
    points = [
        {"name": name, "t": FEBRUARY_2023, "v": 10},
        {"name": name, "t": FEBRUARY_2023 + HOUR, "v": 30},
    ]
    api.store(points)
    inside = {"from_": FEBRUARY_2023 + QUARTER, "to": FEBRUARY_2023 + 2 * QUARTER}
    answer = api.json(f"/api/{name}", stats=f"count,{BETWEEN},avg", unit="h", **inside)
    assert answer == {
        "count": 0,
        "integral": 4.375,
        "twa": 17.5,
        "increase": 5,
        "rate": 5 / 900,
        "avg": None,
    }
    row = {"count": 0, "max": None, "integral": 4.375, "increase": 5}
    rows = api.rows(
        f"/api/{name}/buckets", every="15m", stats="count,max,integral,increase", unit="h", **inside
    )
    start, end = (instant(FEBRUARY_2023 + at) for at in (QUARTER, 2 * QUARTER))
    assert rows == [{"start": start, "end": end} | row]


def test_a_register_that_was_replaced_tells_what_was_used_each_day(api: Client, name: str) -> None:
    """OBIS 1.8.0 counts all energy there ever was. A quarter-hour's use is the rise between two
    readings; a new register begins at zero."""
    rng = random.Random(8)
    quarters = 28 * 96
    # In Wh, so that nothing is rounded but what is read.
    used = [rng.randrange(0, 900) for _ in range(quarters)]
    replaced = 13 * 96 + 50
    reading, readings = 123_456_789, [123_456_789]
    for number, energy in enumerate(used):
        reading = energy if number == replaced else reading + energy
        readings.append(reading)
    rows = [
        {
            "measurement": "energy",
            "timestamp": instant(FEBRUARY_2023 + number * QUARTER),
            "tags": {"muid": name, "quality": "measured"},
            "1-0:1.8.0": wh / 1000,
        }
        for number, wh in enumerate(readings)
    ]
    answer = accepted(api.post({"data": rows}, path="/meterdata/measurement"))
    assert answer["accepted"] == quarters + 1
    # Midnight in Zurich is 23:00 UTC of the day before.
    edges = [0, *range(92, quarters, 96), quarters]
    expected = [sum(used[start:end]) / 1000 for start, end in pairwise(edges)]

    def check() -> None:
        path = f"/api/energy:{name}:{REGISTER}"
        whole = api.json(path, stats="count,increase,delta")
        assert whole["count"] == quarters + 1
        assert whole["increase"] == pytest.approx(sum(used) / 1000, rel=1e-12)
        assert whole["delta"] == readings[-1] / 1000 - readings[0] / 1000
        days = api.rows(
            f"{path}/buckets", every="1d", tz="Europe/Zurich", stats="increase", limit=10
        )
        assert [day["increase"] for day in days] == pytest.approx(expected, rel=1e-9)
        assert sum(day["increase"] for day in days) == pytest.approx(sum(used) / 1000, rel=1e-12)

    eventually(check)


def vibration(rng: random.Random) -> tuple[list[int], list[float]]:
    """A sensor that sends every four hours, and each second while the machine shakes."""
    times, values = [], []
    for day in range(6 * 7):
        start = (FEBRUARY_2023 + day * 4 * HOUR) * 1000
        times.append(start)
        values.append(0.02)
        if day % 6 == 3:
            for second in range(1, rng.randrange(20, 90)):
                times.append(start + 1000 * second + rng.randrange(-200, 200))
                values.append(round(rng.uniform(2, 6), 2))
            times.append(times[-1] + 1000)
            values.append(0.02)
    return times, values


def test_an_irregular_sensor_s_average_is_not_that_over_time(api: Client, name: str) -> None:
    times, values = vibration(random.Random(9))
    store(api, name, times, values)
    answer = api.json(f"/api/{name}", stats="avg,twa")
    reference = Reference(times, values)
    covered = float(reference.at[-1])
    area, _, scale = reference.between(0, covered, previous=False)
    assert near(answer["twa"], area / covered, scale)
    # Most of the points are of a few minutes in a week.
    assert answer["avg"] > 3
    assert answer["twa"] < 0.05


@pytest.mark.parametrize(
    "query",
    sweep(
        [
            "stats=p",
            "stats=p101",
            "stats=p100.1",
            "stats=p-1",
            "stats=p99.",
            "stats=p1.0000000001",
            "stats=integral&unit=d",
            "stats=integral&unit=",
            "stats=twa&interpolate=cubic",
        ],
        "stats=p101",
    ),
)
def test_wrong_parameters_are_refused(api: Client, name: str, query: str) -> None:
    api.store(series(name, [1]))
    response = api.get(f"/api/{name}?{query}")
    assert response.status_code == 400, response.text
    assert response.json()["type"] == "/docs#invalid-parameter"


def test_all_means_what_it_meant(api: Client, name: str) -> None:
    api.store(series(name, [1, 2], FEBRUARY_2023, DAY))
    assert len(api.json(f"/api/{name}", stats="all")) == 25
    answer = api.json(f"/api/{name}", stats="p99.90,p99,p99.0")
    assert list(answer) == ["p99.9", "p99"]

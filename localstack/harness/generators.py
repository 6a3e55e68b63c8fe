"""Look-alikes of real input, the same at every run."""

from __future__ import annotations

import math
import random
from typing import Any

from harness.client import instant

QUARTER = 15 * 60
HOUR = 3600
DAY = 24 * HOUR
#: 2023-02-01T00:00:00Z and what follows it.
FEBRUARY_2023 = 1_675_209_600
FEBRUARY_QUARTERS = 28 * 96
#: 2025-01-01T00:00:00Z
YEAR_2025 = 1_735_689_600

IMPORT_OBIS = "0100011D00FF"
EXPORT_OBIS = "0100021D00FF"


def quarter(day: int, hour: int) -> int:
    """Which quarter-hour of February that is."""
    return (day - 1) * 96 + hour * 4


def imported(seed: int = 1) -> list[float]:
    """What a household draws, in kWh: four decimals, no season, one peak on the 20th at 15:00."""
    rng = random.Random(seed)
    values = [round(0.0114 + rng.expovariate(45), 4) for _ in range(FEBRUARY_QUARTERS)]
    values = [min(value, 0.9) for value in values]
    values[quarter(20, 15)] = 0.9612
    return values


def exported(seed: int = 2) -> list[float]:
    """What a roof feeds in, in kWh: five decimals, zero for 15 hours of the day, one peak on the
    21st at 12:00."""
    rng = random.Random(seed)
    values = []
    for number in range(FEBRUARY_QUARTERS):
        hour = number % 96 / 4
        sun = math.sin((hour - 7.5) / 9 * math.pi) if 7.5 <= hour < 16.5 else 0.0
        values.append(round(0.15 * sun * rng.uniform(0.1, 1.0), 5))
    values[quarter(21, 12)] = 0.17325
    return values


def meter_rows(meter: str, obis: str, values: list[float]) -> list[dict[str, Any]]:
    """Quarter-hours of February 2023 as the meters' own service sends them: newest first."""
    rows = [
        {
            "measurement": "energy",
            "timestamp": instant(FEBRUARY_2023 + number * QUARTER).replace("Z", ".000Z"),
            "tags": {"muid": meter, "quality": "measured"},
            obis: value,
        }
        for number, value in enumerate(values)
    ]
    return rows[::-1]


def hourly_csv(name: str, value: int = 9000) -> str:
    """Every hour of 2025 with the same value, as CSV."""
    rows = [f"{name},{instant(YEAR_2025 + hour * HOUR)},{value}" for hour in range(365 * 24)]
    return "\n".join(["name,t,v", *rows]) + "\n"


def series(name: str, values: list[float], start: int = 0, step: int = 1) -> list[dict[str, Any]]:
    """Points of one series, `step` seconds apart."""
    return [{"name": name, "t": start + i * step, "v": value} for i, value in enumerate(values)]


def cancelling(count: int, seed: int = 3) -> list[float]:
    """Values whose sum in the order of arrival is wrong: large ones that cancel, and small ones."""
    rng = random.Random(seed)
    values = []
    for _ in range(count // 5):
        values += [1e16, 1.0, -1e16, rng.uniform(-1, 1), rng.uniform(-1, 1) * 1e-9]
    return values

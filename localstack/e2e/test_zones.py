"""Days on the clocks of all time zones, held against Python's `zoneinfo`."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones, reset_tzpath

import pytest

from harness import zones
from harness.client import IN_TIMESTREAM, IS_DEPLOYED, Client, Json

#: What the Rust tests hold every clock against.
GOLDEN = Path(__file__).parents[2] / "functions/shared/core/src/zone/tests/zoneinfo.txt"

# The release that is pinned, not the machine's.
reset_tzpath(())

NAMES = sorted(available_timezones() - {zones.NOWHERE})
#: Zones whose rules differ: both hemispheres, half an hour, Ramadan, winter time that is "summer".
ODD = [
    "Africa/Casablanca",
    "America/New_York",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Europe/Helsinki",
]

#: Noons and midnights before the tables begin, while they go, and after they end.
TIMES = [
    "1700-03-01T12:00:00Z",
    "1923-07-01T12:00:00Z",
    "1985-10-01T00:00:00Z",
    "2026-07-01T12:00:00Z",
    "2100-07-01T12:00:00Z",
    "2107-04-06T00:00:00Z",
    "2120-07-01T12:00:00Z",
    "2199-12-31T23:59:59Z",
    "2261-07-01T12:00:00Z",
]


def start_of_day(at: datetime, zone: ZoneInfo) -> datetime:
    """When the clock first shows the midnight of a day, or is set over it."""
    day: date = at.astimezone(zone).date()
    # The earlier of two, and for one that is skipped what comes before it.
    midnight = datetime.combine(day, time(), zone).replace(fold=0).astimezone(UTC)
    while midnight.astimezone(zone).date() < day:
        midnight += timedelta(seconds=1)
    while (midnight - timedelta(seconds=1)).astimezone(zone).date() == day:
        midnight -= timedelta(seconds=1)
    return midnight


@pytest.fixture(scope="module")
def points(api: Client) -> str:
    """A series with a point at each of the times."""
    name = f"zones-{random.randrange(2**32):08x}"
    api.store([{"name": name, "t": at, "v": 1} for at in TIMES])
    return name


@pytest.mark.skipif(IN_TIMESTREAM, reason="it takes no points before 1970 or after today")
@pytest.mark.points
@pytest.mark.parametrize("name", ODD if IS_DEPLOYED else NAMES)
def test_days_begin_as_zoneinfo_says(api: Client, points: str, name: str) -> None:
    rows = api.rows(f"/api/{points}/buckets", every="1d", tz=name, stats="count")
    starts = [datetime.fromisoformat(row["start"]) for row in rows]
    zone = ZoneInfo(name)
    assert starts == [start_of_day(datetime.fromisoformat(at), zone) for at in TIMES]


@pytest.mark.parsing
def test_a_zone_is_named_as_the_database_does(api: Client, points: str) -> None:
    for wrong in ("europe/zurich", "Europe/Nowhere", "Factory", "+01:00", "CET-1"):
        response = api.get(f"/api/{points}/buckets", every="1d", tz=wrong)
        assert response.status_code == 400, wrong


@pytest.mark.parsing
def test_the_file_that_clocks_are_held_against_is_what_zoneinfo_says() -> None:
    lines: dict[str, Json] = {}
    for line in GOLDEN.read_text(encoding="utf-8").splitlines():
        lines[line.split()[0]] = line + "\n"
    assert lines.pop("#") == zones.title()
    assert list(lines) == NAMES
    for name in ["Europe/Helsinki", *random.sample(NAMES, 8)]:
        assert lines[name] == zones.line(name, list(zones.changes(ZoneInfo(name))))

"""Writes what the clocks of all time zones show, as Python's `zoneinfo` tells it.

Run it where the release of `tzdata` is installed that the Rust code holds:

    python localstack/harness/zones.py functions/shared/core/src/zone/tests/zoneinfo.txt

Each line of the file names a zone, its offset from UTC in seconds at the beginning
of time, how often that changes until the end of time, the last change, and the
SHA-256 of all changes: lines of the first second with a new offset and the offset.

`zoneinfo` is asked for offsets alone: its search for a change is by halving, so
that it does not share its reading of tables and rules with those who are tested.
"""

import hashlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones, reset_tzpath

FIRST, LAST = -(2**63) // 10**9, (2**63 - 1) // 10**9
"""The seconds of the first and the last instant that 64-bit nanoseconds name."""

QUIET = 2 * 86400
"""No zone changes its clock twice in so short a time."""

NOWHERE = "Factory"
"""What a system shows before somebody tells it where it is."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def changes(zone: ZoneInfo) -> Iterator[tuple[int, int]]:
    """The first second with each offset, and the offset in seconds."""

    def offset(at: int) -> int:
        local = (EPOCH + timedelta(seconds=at)).astimezone(zone)
        told = local.utcoffset()
        assert told is not None
        return round(told.total_seconds())

    before = offset(FIRST)
    yield FIRST, before
    for start in range(FIRST, LAST, QUIET):
        old, new = start, min(start + QUIET, LAST)
        after = offset(new)
        if after == before:
            continue
        while new - old > 1:
            middle = (old + new) // 2
            if offset(middle) == before:
                old = middle
            else:
                new = middle
        yield new, after
        before = after


def line(name: str, found: list[tuple[int, int]]) -> str:
    """What the file says of a zone."""
    lines = "".join(f"{at} {offset}\n" for at, offset in found[1:])
    digest = hashlib.sha256(lines.encode()).hexdigest()
    at, offset = found[-1]
    return f"{name} {found[0][1]} {len(found) - 1} {at} {offset} {digest}\n"


def title() -> str:
    """The first line: the release, as the database calls it."""
    year, number = version("tzdata").split(".")
    return f"# tzdata {year}{chr(ord('a') + int(number) - 1)}\n"


def main() -> None:
    reset_tzpath(())
    names = sorted(available_timezones() - {NOWHERE})
    lines = [line(name, list(changes(ZoneInfo(name)))) for name in names]
    Path(sys.argv[1]).write_text("".join([title(), *lines]), encoding="utf-8")


if __name__ == "__main__":
    main()

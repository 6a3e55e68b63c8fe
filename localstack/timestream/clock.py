"""The time, which tests shift."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

SECOND = 1_000_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND
#: The last nanosecond that a timestamp can tell: 2262-04-11 23:47:16.854775807.
LAST = 2**63 - 1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock:
    """Nanoseconds since 1970."""

    def __init__(self) -> None:
        #: What is added to the time of the machine.
        self.shift = 0

    def now(self) -> int:
        """The time."""
        return time.time_ns() + self.shift


def milliseconds_text(time: int) -> str:
    """A time as the reasons of rejections tell it."""
    at = EPOCH + timedelta(milliseconds=time // 1_000_000)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"

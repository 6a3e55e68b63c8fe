"""Accounts for what a data server gave away: each message is a point or a discard, once."""

from __future__ import annotations

import json
import struct
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from harness.client import Client, Json, nanos
from harness.process import Served

#: How long it may take until a data server is drained, at the most: a deployment asks it once a
#: minute, and the machine may do much else.
LONG_SECONDS = 900.0


@dataclass(frozen=True)
class Drained:
    """A data server that was drained, and what Tidemark made of it."""

    api: Client
    served: list[Served]
    points: list[Json]
    discards: list[Json]

    def kept(self) -> list[Served]:
        """What is to be a point."""
        return [message for message in self.served if not message.reasons]


def drain(
    api: Client, served: Callable[[], list[Served]], count: int, seconds: float = LONG_SECONDS
) -> Drained:
    """Waits until `count` messages went out, and each is a point or a discard."""
    deadline = time.monotonic() + seconds
    while True:
        out = served()
        drained = account(api, out) if len(out) == count else None
        if drained and len(drained.points) + len(drained.discards) >= count:
            return drained
        stored = (
            f"{len(drained.points)} stored, {len(drained.discards)} discarded" if drained else ""
        )
        assert time.monotonic() < deadline, f"of {count} messages {len(out)} were served, {stored}"
        time.sleep(0.25)


def account(api: Client, served: list[Served], series: str = "data-server") -> Drained:
    """What there is now of messages that were fetched for a series."""
    is_known = api.get(f"/api/{series}").status_code == 200
    return Drained(api, served, api.points(series) if is_known else [], fetched(api, series))


def fetched(api: Client, series: str = "data-server") -> list[Json]:
    """All discards of what was fetched for a series."""
    return api.rows("/admin/discards", source="data-server", series=series, limit=1000)


def payload(discard: Json) -> bytes:
    """What came, byte for byte."""
    if "payload_base64" in discard:
        assert "payload" not in discard
        return b64decode(discard["payload_base64"], validate=True)
    text: str = discard["payload"]
    return text.encode()


def decode(message: Served) -> tuple[int, float, list[str]]:
    """Time in nanoseconds, value and tags of a message that is well-formed."""
    content = json.loads(message.payload, parse_float=Decimal)
    value = content["value"]
    if isinstance(value, list):
        (number,) = struct.unpack("<f", bytes(value))
    else:
        number = float(value)
    return int(content["time"] * 10**9), number, sorted(content["tags"])


def check_each_once(drained: Drained) -> None:
    """Each message is a point or a discard; none is both, or twice, or missing."""
    assert len(drained.points) == len(drained.kept())
    assert len(drained.points) + len(drained.discards) == len(drained.served)
    ids = {discard["id"] for discard in drained.discards}
    assert len(ids) == len(drained.discards)


def check_points(drained: Drained) -> None:
    """Points have their message's time, value and tags."""
    points = [(nanos(p["time"]), p["value"], p.get("tags", [])) for p in drained.points]
    assert points == sorted(decode(message) for message in drained.kept())


def check_discards(drained: Drained) -> None:
    """Discards have all their reasons, and their message byte for byte."""
    served = Counter((m.payload, m.reasons) for m in drained.served if m.reasons)
    discarded = Counter((payload(d), tuple(d["reasons"])) for d in drained.discards)
    assert discarded == served


def check(drained: Drained) -> None:
    """All of the above."""
    check_each_once(drained)
    check_points(drained)
    check_discards(drained)

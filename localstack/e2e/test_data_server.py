"""What is fetched from the data server: kept, or discarded with all reasons, each message once.

By default 3000 messages at 200 a second; TIDEMARK_E2E_MESSAGES=12000 makes it the full minute.
"""

from __future__ import annotations

import json
import os
import struct
import time
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import pytest

from client import Client, Json, nanos
from process import DataServer, Served, Tidemark

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("needs_own_process")]

MESSAGES = int(os.environ.get("TIDEMARK_E2E_MESSAGES", "3000"))
#: Draining goes on for this long after the last message became ready, at most.
GRACE_SECONDS = 60


@dataclass(frozen=True)
class Drained:
    """A data server that was drained, and what Tidemark made of it."""

    api: Client
    served: list[Served]
    points: list[Json]
    discards: list[Json]

    def kept(self) -> list[Served]:
        return [message for message in self.served if not message.reasons]


@pytest.fixture(scope="module")
def drained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drained]:
    with (
        DataServer(
            tmp_path_factory.mktemp("data-server"),
            rate=200,
            count=MESSAGES,
            seed=42,
            system=0.1,
            suspect=0.1,
            both=0.1,
            too_old=0.1,
            too_old_suspect=0.1,
            malformed=0.1,
            other_tags=0.1,
            plain=0.3,
            errors=0.004,
            stalls=0.002,
            stall_ms=1500,
        ) as source,
        Tidemark(tmp_path_factory.mktemp("fetching"), source=source.url) as process,
    ):
        api = Client(process.url)
        wait_until_drained(api, source, MESSAGES, MESSAGES / 200 + GRACE_SECONDS)
        yield Drained(api, source.served(), api.points("data-server"), fetched_discards(api))


def wait_until_drained(api: Client, source: DataServer, count: int, seconds: float) -> None:
    """Until every message went out and is a point or a discard."""
    deadline = time.monotonic() + seconds
    while True:
        served = len(source.served())
        stored = stored_points(api)
        discarded = api.json("/admin/discards/summary")["count"]
        if served == count and stored + discarded >= count:
            return
        assert time.monotonic() < deadline, (
            f"of {count} messages {served} were served, {stored} stored, {discarded} discarded"
        )
        time.sleep(0.25)


def stored_points(api: Client) -> int:
    response = api.get("/api/data-server", stats="count")
    return 0 if response.status_code == 404 else int(response.json()["count"])


def fetched_discards(api: Client) -> list[Json]:
    return api.rows("/admin/discards", source="data-server", limit=1000)


def payload(discard: Json) -> bytes:
    """What came, byte for byte."""
    if "payload_base64" in discard:
        assert "payload" not in discard
        return b64decode(discard["payload_base64"], validate=True)
    text: str = discard["payload"]
    return text.encode()


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def decode(message: Served) -> tuple[int, float, list[str]]:
    """Time in nanoseconds, value and tags of a message that is well-formed."""
    content = json.loads(message.payload, parse_float=Decimal)
    value = content["value"]
    if isinstance(value, list):
        (number,) = struct.unpack("<f", bytes(value))
    else:
        number = float(value)
    return int(content["time"] * 10**9), number, sorted(content["tags"])


def test_the_messages_are_of_every_kind(drained: Drained) -> None:
    kinds = Counter(message.kind for message in drained.served)
    assert len(kinds) == 8
    assert min(kinds.values()) > MESSAGES / 20
    assert any(not is_utf8(message.payload) for message in drained.served)


def test_each_message_is_a_point_or_a_discard_and_none_is_both_or_twice(drained: Drained) -> None:
    assert len(drained.served) == MESSAGES
    assert len(drained.points) == len(drained.kept())
    assert len(drained.points) + len(drained.discards) == MESSAGES
    ids = {discard["id"] for discard in drained.discards}
    assert len(ids) == len(drained.discards)


def test_kept_points_have_the_message_s_time_value_and_tags(drained: Drained) -> None:
    points = [(nanos(p["time"]), p["value"], p.get("tags", [])) for p in drained.points]
    assert points == sorted(decode(message) for message in drained.kept())
    assert any(tags for _, _, tags in points)


def test_each_discard_has_all_its_reasons_and_its_payload_byte_for_byte(drained: Drained) -> None:
    served = Counter((m.payload, m.reasons) for m in drained.served if m.reasons)
    discarded = Counter((payload(d), tuple(d["reasons"])) for d in drained.discards)
    assert discarded == served


def test_payloads_are_base64_only_where_they_are_not_utf_8(drained: Drained) -> None:
    for discard in drained.discards:
        assert ("payload_base64" in discard) is not is_utf8(payload(discard)), discard


def test_too_old_and_suspect_names_both(drained: Drained) -> None:
    both = [m.payload for m in drained.served if m.kind == "too_old_suspect"]
    named = [payload(d) for d in drained.discards if d["reasons"] == ["too_old", "suspect"]]
    assert both
    assert sorted(named) == sorted(both)


def test_a_discard_tells_source_series_time_and_value(drained: Drained) -> None:
    well_formed = {m.payload: decode(m) for m in drained.served if m.kind != "malformed"}
    seen = 0
    for discard in drained.discards:
        assert discard["source"] == "data-server"
        assert discard["detail"]
        assert discard["replayed"] is None
        if payload(discard) in well_formed:
            moment, value, _ = well_formed[payload(discard)]
            assert discard["series"] == "data-server"
            assert (nanos(discard["time"]), discard["value"]) == (moment, value)
            seen += 1
    assert seen > MESSAGES / 4


def test_discards_come_newest_first(drained: Drained) -> None:
    received = [nanos(discard["received"]) for discard in drained.discards]
    assert received == sorted(received, reverse=True)


def test_age_is_judged_at_receipt(drained: Drained) -> None:
    hour = 3600 * 10**9
    for discard in drained.discards:
        if discard["time"] is not None and "out_of_range" not in discard["reasons"]:
            age = nanos(discard["received"]) - nanos(discard["time"])
            assert (age > hour) is ("too_old" in discard["reasons"]), discard


@pytest.mark.parametrize(
    "reason", ["too_old", "system", "suspect", "malformed", "not_finite", "out_of_range"]
)
def test_a_filter_by_reason_matches_any_of_the_reasons(drained: Drained, reason: str) -> None:
    rows = drained.api.rows("/admin/discards", reason=reason, limit=1000)
    assert rows
    assert rows == [d for d in drained.discards if reason in d["reasons"]]


def test_filters_by_time_of_receipt_are_inclusive(drained: Drained) -> None:
    times = [discard["received"] for discard in drained.discards]
    start, end = times[len(times) * 3 // 4], times[len(times) // 4]
    rows = drained.api.rows("/admin/discards", from_=start, to=end, limit=1000)
    expected = [d for d in drained.discards if nanos(start) <= nanos(d["received"]) <= nanos(end)]
    assert rows == expected


def test_the_summary_counts_by_reason_and_source(drained: Drained) -> None:
    reasons = Counter(reason for d in drained.discards for reason in d["reasons"])
    count = len(drained.discards)
    assert drained.api.json("/admin/discards/summary") == {
        "count": count,
        "by_reason": reasons,
        "by_source": {"data-server": {"count": count, "by_reason": reasons}},
    }

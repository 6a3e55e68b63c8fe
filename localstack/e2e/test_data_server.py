"""What is fetched from the data server: kept, or discarded with all reasons, each message once."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

import pytest

from harness.accounting import (
    Drained,
    check_discards,
    check_each_once,
    check_points,
    decode,
    drain,
    payload,
)
from harness.client import IS_DEPLOYED, Client, nanos
from harness.process import MESSAGES, MIXED, DataServer, Tidemark, served_by_deployment

#: `test_replay` uses up what is looked at here, and comes after it.
pytestmark = [pytest.mark.slow, pytest.mark.points, pytest.mark.xdist_group("data-server")]


@pytest.fixture(scope="module")
def drained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drained]:
    """The data server of the deployment that is tested, or one of our own, when it is drained."""
    if IS_DEPLOYED:
        yield drain(Client(os.environ["TIDEMARK_URL"]), served_by_deployment, MESSAGES)
        return
    with (
        DataServer(tmp_path_factory.mktemp("data-server"), **MIXED) as source,
        Tidemark(tmp_path_factory.mktemp("fetching"), source=source.url) as process,
    ):
        yield drain(Client(process.url), source.served, MESSAGES)


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_the_messages_are_of_every_kind(drained: Drained) -> None:
    kinds = Counter(message.kind for message in drained.served)
    assert len(kinds) == 8
    assert min(kinds.values()) > MESSAGES / 20
    assert any(not is_utf8(message.payload) for message in drained.served)


def test_each_message_is_a_point_or_a_discard_and_none_is_both_or_twice(drained: Drained) -> None:
    assert len(drained.served) == MESSAGES
    check_each_once(drained)


def test_kept_points_have_the_message_s_time_value_and_tags(drained: Drained) -> None:
    check_points(drained)
    assert any("tags" in point for point in drained.points)


def test_each_discard_has_all_its_reasons_and_its_payload_byte_for_byte(drained: Drained) -> None:
    check_discards(drained)


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
    rows = drained.api.rows("/admin/discards", reason=reason, source="data-server", limit=1000)
    assert rows
    assert rows == [d for d in drained.discards if reason in d["reasons"]]


def test_filters_by_time_of_receipt_are_inclusive(drained: Drained) -> None:
    times = [discard["received"] for discard in drained.discards]
    start, end = times[len(times) * 3 // 4], times[len(times) // 4]
    rows = drained.api.rows(
        "/admin/discards", source="data-server", from_=start, to=end, limit=1000
    )
    expected = [d for d in drained.discards if nanos(start) <= nanos(d["received"]) <= nanos(end)]
    assert rows == expected


def test_the_summary_counts_by_reason_and_source(drained: Drained) -> None:
    reasons = Counter(reason for d in drained.discards for reason in d["reasons"])
    counted = {"count": len(drained.discards), "by_reason": reasons}
    summary = drained.api.json("/admin/discards/summary")
    assert summary["by_source"]["data-server"] == counted
    if not IS_DEPLOYED:
        # There is nothing else.
        assert summary == {**counted, "by_source": {"data-server": counted}}

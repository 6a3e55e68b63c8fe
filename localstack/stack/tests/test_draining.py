"""The data server, drained through fetcher, queue and validator, accounts as on one machine,
whatever goes wrong on the way."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from harness import accounting
from harness.process import DataServer, Served
from harness.stack import Stack, eventually, timestream_only

pytestmark = pytest.mark.points

MESSAGES = 400
SHARES = dict.fromkeys(["system", "suspect", "both", "too_old", "too_old_suspect"], 0.08)
#: Pauses cut what is fetched into many batches.
PAUSES = {"stalls": 0.1, "stall_ms": 60}

#: After how long the latest writes are seen.
LATE_SECONDS = 3600

#: What the proxy does wrong.
FAULTS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "twice, and out of order": {"duplicate_sends": True, "delay_seconds": 6},
    # More calls than those make that run at once: otherwise none would come to its end.
    "a validator that dies": {"kill_every": 251, "functions": ["validator"]},
    "a table that is busy": {"throttle_every": 3, "unprocessed_every": 2, "lose_every": 7},
}
#: How often each fault has to have happened at the least.
INJECTED = {"duplicate": 10, "delay": 10, "kill": 1, "throttle": 20, "unprocessed": 5, "lose": 10}
CAUSED = {
    "nothing": set(),
    "twice, and out of order": {"duplicate", "delay"},
    "a validator that dies": {"kill"},
    "a table that is busy": {"throttle", "unprocessed", "lose"},
}
#: What Timestream does wrong, with messages that come twice.
BUSY = {"throttle_every": 3, "internal_error_every": 8, "lose_every": 7}


@pytest.mark.parametrize("fault", FAULTS)
def test_with_faults(faulty: Stack, tmp_path: Path, fault: str) -> None:
    name = "drained-" + "-".join(fault.replace(",", "").split())
    faulty.faults(**FAULTS[fault])
    served = fetch(faulty, tmp_path, name, seed=list(FAULTS).index(fault))
    injected = faulty.injected()
    assert set(injected) == CAUSED[fault]
    assert all(injected[kind] >= INJECTED[kind] for kind in injected), injected
    faulty.end_faults()
    accounting.check(accounting.account(faulty.api(), served, name))


@timestream_only
def test_while_timestream_is_busy(faulty: Stack, tmp_path: Path) -> None:
    faulty.faults(duplicate_sends=True, delay_seconds=6)
    faulty.timestream_faults(**BUSY)
    served = fetch(faulty, tmp_path, "drained-into-a-busy-timestream", seed=9)
    injected = faulty.timestream_injected()
    assert injected["throttle"] >= 10
    assert set(injected) == {"throttle", "internal_error", "lose"}
    faulty.end_faults()
    api = faulty.api()
    accounting.check(accounting.account(api, served, "drained-into-a-busy-timestream"))


@timestream_only
def test_what_timestream_rejects_is_a_discard(faulty: Stack) -> None:
    name, count = "rejected-now-and-then", 300
    faulty.timestream_faults(reject_every=10)
    for first in range(0, count, 50):
        faulty.ask(
            "POST", "/api", [{"name": name, "t": t, "v": t} for t in range(first, first + 50)]
        )
    faulty.wait_until_idle()
    rejected = faulty.timestream_injected()["reject"]
    faulty.end_faults()
    assert rejected == count / 10
    api = faulty.api()
    discards = api.rows("/admin/discards", series=name, limit=1000)
    assert len(discards) == rejected
    assert {tuple(discard["reasons"]) for discard in discards} == {("store_rejected",)}
    # What Timestream says.
    assert all(discard["detail"] for discard in discards)
    kept = [point["value"] for point in api.points(name)]
    assert sorted(kept + [float(discard["value"]) for discard in discards]) == list(range(count))


@timestream_only
def test_what_lost_to_a_write_that_cannot_be_seen_yet_is_no_discard(faulty: Stack) -> None:
    name, first = "lost-to-what-is-not-seen", 1_600_000_000
    faulty.faults(duplicate_sends=True, delay_seconds=6)
    # Later than anybody waits.
    faulty.timestream_faults(delay_visibility=LATE_SECONDS)
    for value in range(20):
        faulty.ask("POST", "/api", [{"name": name, "t": first, "v": value}])
    faulty.wait_until_idle()

    def are_reported() -> None:
        assert faulty.reports() > 0

    eventually(are_reported)
    faulty.tick("validator")
    api = faulty.api()
    assert api.rows("/admin/discards", series=name) == []
    # They wait.
    assert faulty.reports() > 0
    faulty.end_faults()
    faulty.put_timestream_forward(LATE_SECONDS)
    faulty.read_reports()
    assert api.rows("/admin/discards", series=name) == []
    assert [point["value"] for point in api.points(name)] == [19]


def fetch(stack: Stack, folder: Path, series: str, seed: int) -> list[Served]:
    """Has a data server drained, and what was fetched handled."""
    flags = SHARES | PAUSES | {"malformed": 0.1, "other_tags": 0.1, "plain": 0.3}
    with DataServer(folder, rate=0, backlog=MESSAGES, seed=seed, **flags) as source:
        stack.fetch_from(source.url, series)
        stack.tick("fetcher")
        served = source.served()
    assert len(served) == MESSAGES
    stack.wait_until_idle()
    return served


@pytest.mark.parametrize("days_ago", [0.01, 1000])
def test_the_last_write_counts_however_late_and_often_it_comes(
    faulty: Stack, days_ago: float
) -> None:
    faulty.faults(duplicate_sends=True, delay_seconds=6)
    # With Timestream, the memory store and the magnetic one.
    first = int(time.time() - days_ago * 24 * 3600)
    name, last = f"written-over-{days_ago}", 30
    for value in range(last + 1):
        points = [{"name": name, "t": first + t, "v": value} for t in range(value % 3, 50)]
        faulty.ask("POST", "/api", points)
    faulty.wait_until_idle()
    assert faulty.injected()["delay"] > last
    faulty.faults()
    points = faulty.api().points(name)
    assert [point["value"] for point in points] == [last] * 50
    if faulty.store == "timestream":
        faulty.read_reports()
    # What was only superseded is none.
    assert faulty.api().rows("/admin/discards", series=name) == []

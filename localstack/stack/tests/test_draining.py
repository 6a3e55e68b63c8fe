"""The data server, drained through fetcher, queue and validator, accounts as on one machine,
whatever goes wrong on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import accounting
from client import Client
from process import DataServer
from stack import Stack

MESSAGES = 400
SHARES = dict.fromkeys(["system", "suspect", "both", "too_old", "too_old_suspect"], 0.08)
#: Pauses cut what is fetched into many batches.
PAUSES = {"stalls": 0.1, "stall_ms": 60}

FAULTS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "twice, and out of order": {"duplicate_sends": True, "delay_seconds": 6},
    # More calls than one invocation makes: otherwise none would come to its end.
    "a validator that dies": {"kill_every": 101, "functions": ["validator"]},
    "a table that is busy": {"throttle_every": 3, "unprocessed_every": 2, "lose_every": 7},
}
#: How often each fault has to have happened at the least.
INJECTED = {"duplicate": 10, "delay": 10, "kill": 2, "throttle": 20, "unprocessed": 5, "lose": 10}
CAUSED = {
    "nothing": set(),
    "twice, and out of order": {"duplicate", "delay"},
    "a validator that dies": {"kill"},
    "a table that is busy": {"throttle", "unprocessed", "lose"},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_with_faults(faulty: Stack, tmp_path: Path, fault: str) -> None:
    name = "drained-" + "-".join(fault.replace(",", "").split())
    seed = list(FAULTS).index(fault)
    flags = SHARES | PAUSES | {"malformed": 0.1, "other_tags": 0.1, "plain": 0.3}
    with DataServer(tmp_path, rate=0, backlog=MESSAGES, seed=seed, **flags) as source:
        faulty.fetch_from(source.url, name)
        faulty.faults(**FAULTS[fault])
        faulty.tick("fetcher")
        served = source.served()
    assert len(served) == MESSAGES
    faulty.wait_until_idle()
    injected = faulty.injected()
    assert set(injected) == CAUSED[fault]
    assert all(injected[kind] >= INJECTED[kind] for kind in injected), injected
    faulty.faults()
    accounting.check(accounting.account(Client(faulty.url), served, name))


def test_the_last_write_counts_however_late_and_often_it_comes(faulty: Stack) -> None:
    faulty.faults(duplicate_sends=True, delay_seconds=6)
    name, last = "written-over", 30
    for value in range(last + 1):
        points = [{"name": name, "t": t, "v": value} for t in range(value % 3, 50)]
        faulty.ask("POST", "/api", points)
    faulty.wait_until_idle()
    assert faulty.injected()["delay"] > last
    faulty.faults()
    points = Client(faulty.url).points(name)
    assert [point["value"] for point in points] == [last] * 50

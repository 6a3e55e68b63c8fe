"""What was answered 201 is stored, whatever is down meanwhile, and however long it takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from harness.client import Client, accepted
from harness.stack import Stack, timestream_only

OUTAGE_SECONDS = 60
BATCH = 20


class Writer(threading.Thread):
    """Posts a batch after the other, each with a wrong point, until it is told to end."""

    def __init__(self, api: Client, series: str) -> None:
        super().__init__()
        self.api, self.series = api, series
        self.batches: list[str] = []
        #: How many were answered 503: nobody could say whose they were.
        self.refused = 0
        self.failure: BaseException | None = None
        self.told = threading.Event()
        self.http = httpx.Client(base_url=api.url, headers=api.http.headers, timeout=60)

    def run(self) -> None:
        try:
            while not self.told.wait(0.3):
                first = len(self.batches) * BATCH
                points = [
                    {"name": self.series, "t": t, "v": t} for t in range(first, first + BATCH)
                ]
                body = [*points, {"name": self.series, "v": "no time"}]
                # Not by its client, which wants no answer to be a 5xx.
                answered = self.http.post("/api", json=body)
                if answered.status_code == 503:
                    assert answered.headers["retry-after"]
                    self.refused += 1
                    continue
                answer = accepted(answered)
                assert (answer["accepted"], answer["rejected"]) == (BATCH, 1)
                self.batches.append(answer["batch"])
        except BaseException as failure:
            self.failure = failure


@contextmanager
def writing(api: Client, series: str) -> Iterator[Writer]:
    """Writes for as long as it is left."""
    writer = Writer(api, series)
    writer.start()
    try:
        yield writer
    finally:
        writer.told.set()
        writer.join()
    if writer.failure is not None:
        raise writer.failure


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("while-validators-die", {"kill_every": 1, "functions": ["validator"]}),
        ("while-dynamodb-is-down", {"down": ["dynamodb"]}),
        pytest.param(
            "while-timestream-is-down",
            {"down": ["timestream"]},
            marks=[timestream_only, pytest.mark.points],
        ),
    ],
)
def test_a_minute_s_outage_loses_nothing(faulty: Stack, name: str, fault: dict[str, Any]) -> None:
    with writing(faulty.api(), name) as writer:
        time.sleep(2)
        faulty.faults(**fault)
        before = len(writer.batches)
        time.sleep(OUTAGE_SECONDS)
        # Ingest needs the queue alone, and a key that is not a minute old.
        taken = len(writer.batches) - before
        if "dynamodb" in fault.get("down", []):
            assert taken > 0
        else:
            assert taken > OUTAGE_SECONDS
            assert writer.refused == 0
        (injected,) = faulty.injected().values()
        assert injected > 20
        assert faulty.waiting() >= taken
        faulty.faults()
        time.sleep(2)
    faulty.wait_until_idle()
    assert faulty.dead_letters() == []
    api, times = writer.api, range(len(writer.batches) * BATCH)
    assert [point["value"] for point in api.points(name)] == list(times)
    discards = api.rows("/admin/discards", series=name, limit=1000)
    assert sorted(d["id"] for d in discards) == sorted(f"{b}-{BATCH}" for b in writer.batches)

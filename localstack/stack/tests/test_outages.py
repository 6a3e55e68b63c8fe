"""What was answered 201 is stored, whatever is down meanwhile, and however long it takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from client import Client, accepted
from stack import Stack, timestream_only

OUTAGE_SECONDS = 60
BATCH = 20


class Writer(threading.Thread):
    """Posts a batch after the other, each with a wrong point, until it is told to end."""

    def __init__(self, url: str, series: str) -> None:
        super().__init__()
        self.api, self.series = Client(url), series
        self.batches: list[str] = []
        self.failure: BaseException | None = None
        self.told = threading.Event()

    def run(self) -> None:
        try:
            while not self.told.wait(0.3):
                first = len(self.batches) * BATCH
                points = [
                    {"name": self.series, "t": t, "v": t} for t in range(first, first + BATCH)
                ]
                answer = accepted(self.api.post([*points, {"name": self.series, "v": "no time"}]))
                assert (answer["accepted"], answer["rejected"]) == (BATCH, 1)
                self.batches.append(answer["batch"])
        except BaseException as failure:
            self.failure = failure


@contextmanager
def writing(url: str, series: str) -> Iterator[Writer]:
    """Writes for as long as it is left."""
    writer = Writer(url, series)
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
    with writing(faulty.url, name) as writer:
        time.sleep(2)
        faulty.faults(**fault)
        before = len(writer.batches)
        time.sleep(OUTAGE_SECONDS)
        # Ingest needs the queue alone.
        assert len(writer.batches) - before > OUTAGE_SECONDS
        (injected,) = faulty.injected().values()
        assert injected > 20
        assert faulty.waiting() >= len(writer.batches) - before
        faulty.faults()
        time.sleep(2)
    faulty.wait_until_idle()
    assert faulty.dead_letters() == []
    api, times = writer.api, range(len(writer.batches) * BATCH)
    assert [point["value"] for point in api.points(name)] == list(times)
    discards = api.rows("/admin/discards", series=name, limit=1000)
    assert sorted(d["id"] for d in discards) == sorted(f"{b}-{BATCH}" for b in writer.batches)

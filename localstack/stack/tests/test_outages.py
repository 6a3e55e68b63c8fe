"""What was answered 201 is stored, whatever is down meanwhile, and however often that is tried in
vain."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from harness.client import Client, accepted
from harness.stack import Stack, eventually, timestream_only

BATCH = 20
#: An outage goes on until so many batches were answered 201 meanwhile,
TAKEN = 30
#: and so many calls have failed: messages were delivered in vain, again and again.
FAILED = 30


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
        self.http = httpx.Client(base_url=api.url, headers=api.http.headers, timeout=120)

    def wait_for_more(self, batches: int) -> None:
        """Waits until so many more are answered 201."""
        wanted = len(self.batches) + batches

        def are_answered() -> None:
            assert self.failure is not None or len(self.batches) >= wanted

        eventually(are_answered)

    def run(self) -> None:
        try:
            while not self.told.wait(0.1):
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
def test_an_outage_loses_nothing(faulty: Stack, name: str, fault: dict[str, Any]) -> None:
    with writing(faulty.api(), name) as writer:
        writer.wait_for_more(3)
        faulty.faults(**fault)
        before = len(writer.batches)

        def has_lasted() -> None:
            if writer.failure is not None:
                raise RuntimeError("nothing is written any more") from writer.failure
            assert sum(faulty.injected().values()) >= FAILED
            # Ingest needs the queue alone, and a key that is not a minute old.
            assert len(writer.batches) - before >= TAKEN or writer.refused

        eventually(has_lasted, 600)
        taken = len(writer.batches) - before
        assert taken > 0
        if "dynamodb" not in fault.get("down", []):
            assert writer.refused == 0
        assert len(faulty.injected()) == 1
        assert faulty.waiting() >= taken
        faulty.faults()
        writer.wait_for_more(3)
    faulty.wait_until_idle()
    assert faulty.dead_letters() == []
    api, times = writer.api, range(len(writer.batches) * BATCH)
    assert [point["value"] for point in api.points(name)] == list(times)
    discards = api.rows("/admin/discards", series=name, limit=1000)
    assert sorted(d["id"] for d in discards) == sorted(f"{b}-{BATCH}" for b in writer.batches)

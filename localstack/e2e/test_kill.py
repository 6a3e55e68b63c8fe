"""Killed in the middle of a load, again and again: what was answered 201 is there afterwards."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from harness.client import Client
from harness.process import Tidemark

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("needs_own_process")]

ROUNDS = 10
WRITERS = 4
BATCH = 20
#: How many batches are answered at the most before a kill.
MOST_BATCHES = 60


@dataclass
class Writer:
    """Posts batches one after the other until the connection breaks.

    Each batch holds points of a series of the writer's own and of one that all share, and a
    wrong point. A point's value is its time, so that a point tells whether it is right.
    """

    number: int
    next: int = 0
    answered: set[int] = field(default_factory=set)
    batches: set[str] = field(default_factory=set)

    @property
    def series(self) -> str:
        return f"writer-{self.number}"

    def run(self, url: str) -> None:
        with httpx.Client(base_url=url, timeout=120) as http:
            while True:
                # Writers never share a time.
                times = [(self.next + i) * WRITERS + self.number for i in range(BATCH)]
                self.next += BATCH
                points = [
                    {"name": name, "t": t, "v": t} for t in times for name in (self.series, "all")
                ]
                try:
                    response = http.post("/api", json=[*points, {"name": self.series}])
                except httpx.TransportError:
                    return
                assert response.status_code == 201, response.text
                answer = response.json()
                assert (answer["accepted"], answer["rejected"]) == (2 * BATCH, 1)
                self.answered.update(times)
                self.batches.add(answer["batch"])


def load_until_killed(process: Tidemark, writers: list[Writer], batches: int) -> None:
    """Kills the process while it is written to, once so many batches more are answered."""
    failures: list[BaseException] = []

    def run(writer: Writer) -> None:
        try:
            writer.run(process.url)
        except BaseException as e:
            failures.append(e)

    def answered() -> int:
        return sum(len(writer.batches) for writer in writers)

    wanted, deadline = answered() + batches, time.monotonic() + 240
    threads = [threading.Thread(target=run, args=[writer]) for writer in writers]
    for thread in threads:
        thread.start()
    while answered() < wanted and not failures and time.monotonic() < deadline:
        time.sleep(0.001)
    process.kill()
    for thread in threads:
        thread.join()
    assert not failures, failures
    assert answered() >= wanted, "too little was answered"


def check_all_is_there(api: Client, writers: list[Writer]) -> None:
    for writer in writers:
        times = stored(api, writer.series)
        assert writer.answered <= times, f"lost: {sorted(writer.answered - times)[:10]}"
    everything = stored(api, "all")
    for writer in writers:
        assert writer.answered <= everything
    discards = api.rows("/admin/discards", limit=50000)
    batches = {discard["id"].rsplit("-", 1)[0] for discard in discards}
    assert len({discard["id"] for discard in discards}) == len(discards)
    for writer in writers:
        assert writer.batches <= batches


def stored(api: Client, series: str) -> set[int]:
    """The times of a series, each of which its value repeats."""
    response = api.get(f"/api/{series}", stats="count")
    if response.status_code == 404:
        return set()
    times = [int(point["value"]) for point in api.points(series)]
    assert len(set(times)) == len(times) == response.json()["count"]
    return set(times)


def test_no_answered_point_is_lost_in_ten_kills(tmp_path: Path) -> None:
    rng = random.Random(5)
    writers = [Writer(number) for number in range(WRITERS)]
    process = Tidemark(tmp_path)
    with process:
        for _ in range(ROUNDS):
            load_until_killed(process, writers, rng.randint(1, MOST_BATCHES))
            process.start()
            check_all_is_there(Client(process.url), writers)


def test_an_orderly_end_keeps_everything_and_is_no_failure(tmp_path: Path) -> None:
    with Tidemark(tmp_path) as process:
        api = Client(process.url)
        api.store([{"name": "kept", "t": 1, "v": 0.1}, {"name": "gone", "t": 1, "v": 1}])
        assert api.request("DELETE", "/api/gone").status_code == 204
        assert process.stop() == 0
        process.start()
        assert api.json("/api/kept/points") == [{"time": "1970-01-01T00:00:01Z", "value": 0.1}]
        assert api.get("/api/gone").status_code == 404
        assert [series["name"] for series in api.json("/api")["series"]] == ["kept"]

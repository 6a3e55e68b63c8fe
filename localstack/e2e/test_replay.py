"""Discards that are validated again, overlooking some of their reasons."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.accounting import drain
from harness.client import IS_DEPLOYED, Client, Json, accepted, eventually, nanos, only
from harness.process import MESSAGES, DataServer, Tidemark, served_by_deployment

#: On a deployment they are those that `test_data_server` looks at, before they are used up here.
pytestmark = [pytest.mark.slow, pytest.mark.points, pytest.mark.xdist_group("data-server")]


@dataclass
class Archive:
    """Discards of every kind, each of which can be used up once."""

    api: Client
    discards: list[Json]
    #: What a process of our own logs.
    log: Path | None = None

    def take(self, *reasons: str) -> Json:
        """One that has exactly these reasons."""
        for number, discard in enumerate(self.discards):
            if discard["reasons"] == list(reasons):
                return self.discards.pop(number)
        raise AssertionError(f"no discard is left for {reasons}")

    def replay(self, discard: Json, query: str = "") -> tuple[int, Json]:
        response = self.api.request("POST", f"/admin/discards/{discard['id']}/replay{query}")
        return response.status_code, response.json()

    def read(self, discard: Json) -> Json:
        """The same discard as it is told now."""
        received = discard["received"]
        rows = self.api.rows("/admin/discards", from_=received, to=received)
        (row,) = [row for row in rows if row["id"] == discard["id"]]
        return row

    def read_replayed(self, discard: Json) -> Json:
        """The same discard, once it is told to be replayed."""

        def check() -> Json:
            row = self.read(discard)
            assert row["replayed"] is not None
            return row

        return eventually(check)

    def values_at(self, time: str) -> list[Json]:
        response = self.api.get("/api/data-server/points", from_=time, to=time)
        return [] if response.status_code == 404 else [p["value"] for p in response.json()]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    if IS_DEPLOYED:
        api = Client(os.environ["TIDEMARK_URL"])
        yield Archive(api, drain(api, served_by_deployment, MESSAGES).discards)
        return
    with (
        DataServer(
            tmp_path_factory.mktemp("data-server"),
            rate=0,
            backlog=400,
            seed=7,
            system=0.1,
            suspect=0.1,
            both=0.1,
            too_old=0.2,
            too_old_suspect=0.2,
            malformed=0.2,
        ) as source,
        Tidemark(tmp_path_factory.mktemp("replaying"), source=source.url) as process,
    ):
        api = Client(process.url)
        yield Archive(api, drain(api, source.served, 400).discards, process.log)


def test_a_waived_reason_lets_the_point_in_and_the_discard_stays_marked(archive: Archive) -> None:
    discard = archive.take("too_old")
    assert archive.values_at(discard["time"]) == []
    assert archive.replay(discard, "?waive=too_old") == (200, {"accepted": True})
    assert archive.values_at(discard["time"]) == [discard["value"]]
    marked = archive.read_replayed(discard)
    assert nanos(marked["replayed"]) > nanos(discard["received"])
    assert marked | {"replayed": None} == discard
    if archive.log:
        line = f'act="discard_replayed" who="anyone" tenant="local" discard={discard["id"]}'
        assert line in archive.log.read_text()


def test_replaying_twice_is_a_conflict(archive: Archive) -> None:
    discard = archive.take("system")
    assert archive.replay(discard, "?waive=system")[0] == 200
    marked = archive.read_replayed(discard)
    status, problem = archive.replay(discard, "?waive=system")
    assert (status, problem["type"]) == (409, "/docs#already-replayed")
    assert archive.read(discard) == marked


def test_without_a_waiver_the_point_is_still_invalid(archive: Archive) -> None:
    discard = archive.take("too_old")
    status, problem = archive.replay(discard)
    assert (status, problem["type"]) == (422, "/docs#still-invalid")
    assert [error["reason"] for error in problem["errors"]] == ["too_old"]
    assert archive.values_at(discard["time"]) == []
    assert archive.read(discard) == discard


def test_every_reason_must_be_waived(archive: Archive) -> None:
    discard = archive.take("too_old", "suspect")
    status, problem = archive.replay(discard, "?waive=too_old")
    assert status == 422
    assert [error["reason"] for error in problem["errors"]] == ["suspect"]
    assert archive.replay(discard, "?waive=too_old,suspect") == (200, {"accepted": True})
    assert archive.values_at(discard["time"]) == [discard["value"]]


def test_the_tags_of_a_replayed_point_stay_with_it(archive: Archive) -> None:
    discard = archive.take("system", "suspect")
    assert archive.replay(discard, "?waive=suspect,system")[0] == 200
    (point,) = archive.api.json(
        "/api/data-server/points", from_=discard["time"], to=discard["time"]
    )
    assert point["tags"] == ["suspect", "system"]


def test_what_cannot_be_read_cannot_be_waived(archive: Archive) -> None:
    discard = archive.take("malformed")
    status, problem = archive.replay(discard)
    assert status == 422
    assert {error["reason"] for error in problem["errors"]} == {"malformed"}
    assert archive.replay(discard, "?waive=malformed")[0] == 400
    assert archive.read(discard) == discard


@pytest.mark.parametrize("waive", ["", "old", "too_old,", "too_old&waive=system"])
def test_a_wrong_waiver_is_refused(archive: Archive, waive: str) -> None:
    status, problem = archive.replay(archive.discards[0], f"?waive={waive}")
    assert (status, problem["type"]) == (400, "/docs#invalid-parameter")


def test_a_client_s_discard_is_replayed_too(archive: Archive, name: str) -> None:
    good = {"name": name, "t": 1, "v": 1}
    answer = accepted(archive.api.post([good, good | {"v": "1"}]))
    assert answer["rejected"] == 1
    discard = eventually(lambda: only(archive.api.rows("/admin/discards", series=name)))
    status, problem = archive.replay(discard)
    assert status == 422
    assert [(e["pointer"], e["reason"]) for e in problem["errors"]] == [("/v", "malformed")]


def test_an_unknown_discard_is_not_found(archive: Archive) -> None:
    unknown = {"id": f"{'0' * 32}-0"}
    status, problem = archive.replay(unknown)
    assert (status, problem["type"]) == (404, "/docs#unknown-discard")
    status, problem = archive.replay({"id": "none"})
    assert (status, problem["type"]) == (400, "/docs#invalid-path")

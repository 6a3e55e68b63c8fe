"""How much a tenant may ask and send. On a deployment each process counts by itself."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from harness.client import Client, Point, eventually
from harness.guarded import Guarded, new_tenant


def points(name: str, count: int) -> list[Point]:
    return [{"name": name, "t": t, "v": 1} for t in range(count)]


def until_refused(ask: Callable[[], httpx.Response], tries: int) -> httpx.Response:
    """An answer that is 429; the others are successes. Several ask at once, as one alone may be
    answered too slowly to be too fast."""
    with ThreadPoolExecutor(8) as pool:
        for _ in range(0, tries, 8):
            answers = list(pool.map(lambda _: ask(), range(8)))
            assert all(a.status_code == 429 or a.is_success for a in answers), answers
            for answer in answers:
                if answer.status_code == 429:
                    return answer
    raise AssertionError(f"{tries} requests were answered")


def check_refused(response: httpx.Response, most: int) -> int:
    """After how many seconds to try again."""
    problem = response.json()
    assert (problem["type"], problem["status"]) == ("/docs#too-many-requests", 429)
    wait = int(response.headers["retry-after"])
    assert 1 <= wait <= most
    return wait


def test_requests_are_counted_by_tenant(guarded: Guarded) -> None:
    flooding = guarded.client(new_tenant("flooding"), requests_per_second=1)
    other = guarded.client(new_tenant("other"), requests_per_second=1)
    refused = until_refused(lambda: flooding.get("/api"), 100)
    assert other.get("/api").status_code == 200
    check_refused(refused, 2)

    def is_admitted() -> None:
        assert flooding.get("/api").status_code == 200

    eventually(is_admitted, 240)


def test_points_are_counted_by_tenant(guarded: Guarded, name: str) -> None:
    flooding = guarded.client(new_tenant("flooding"), points_per_second=10)
    other = guarded.client(new_tenant("other"), points_per_second=10)
    too_many = flooding.post(points(name, 101))
    assert too_many.status_code == 413
    assert "101 points are more than the 100" in too_many.json()["detail"]
    refused = until_refused(lambda: flooding.post(points(name, 100)), 100)
    check_refused(refused, 10)
    assert other.post(points(name, 100)).status_code == 201


def test_series_are_counted_by_tenant(guarded: Guarded) -> None:
    few = guarded.client(new_tenant("few"), series=3)

    def post(api: Client, *names: str) -> httpx.Response:
        return api.post([{"name": name, "t": 1, "v": 1} for name in names])

    assert post(few, "a", "b", "c", "d").status_code == 429
    assert post(few, "a", "b", "c").status_code == 201

    def is_there() -> None:
        assert few.json("/api")["count"] == 3

    eventually(is_there)
    check_refused(post(few, "d"), 60)
    check_refused(post(few, "a", "d"), 60)
    assert post(few, "a", "c").status_code == 201
    assert few.json("/api")["count"] == 3
    assert few.request("DELETE", "/api/b").status_code == 204

    def is_room() -> None:
        assert post(few, "d").status_code == 201

    eventually(is_room)

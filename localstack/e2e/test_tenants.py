"""Tenants that have series of the same names, at the same time, never meet."""

from __future__ import annotations

import math
import random
import threading
from concurrent.futures import ThreadPoolExecutor, wait

import httpx
import pytest

from harness.client import IS_DEPLOYED, Client, Json, accepted, eventually, instant, only
from harness.guarded import Guarded, new_tenant

NAMES = ["a", "b", "c"]
BATCHES, BATCH = 10, 50

#: Those that look at the same two tenants, who do what they do once.
of_two = pytest.mark.xdist_group("two-tenants")


def fraction(number: int) -> float:
    """By which a tenant's values are told from another's."""
    return 0.25 * (number + 1)


def send(client: Client, number: int) -> None:
    """Sends what the tenant has, a batch at a time, with some that is wrong."""
    for batch in range(BATCHES):
        times = range(batch * BATCH, (batch + 1) * BATCH)
        points: list[Json] = [
            {"name": name, "t": t, "v": t + fraction(number)} for t in times for name in NAMES
        ]
        points += [{"name": "a", "t": batch, "v": f"wrong-{number}"}] * (number + 1)
        accepted(client.post(points))


def roam(client: Client, number: int, is_over: threading.Event) -> None:
    """Reads page by page, lists and deletes, and never sees anything that is not the tenant's."""
    while not is_over.is_set():
        path: str | None = "/api/a/points?limit=40"
        while path:
            page = client.get(path)
            assert page.status_code in (200, 404), page.text
            if page.status_code == 200:
                assert {point["value"] % 1 for point in page.json()} <= {fraction(number)}
            path = page.links.get("next", {}).get("url")
        payloads = [row["payload"] for row in client.rows("/admin/discards")]
        assert all(f"wrong-{number}" in payload for payload in payloads)
        assert {series["name"] for series in client.json("/api")["series"]} <= {*NAMES, "brief"}
        accepted(client.post([{"name": "brief", "t": 1, "v": fraction(number)}]))
        # What is not there yet cannot be deleted.
        eventually(lambda: only(client.points("brief")))
        assert client.request("DELETE", "/api/brief").status_code == 204
        assert client.get("/api/brief").status_code == 404
        client.get("/api/a", from_=number)
        asked = [row["from"] for row in client.json("/history") if row["path"] == "/api/a"]
        assert set(asked) <= {instant(number)}


@pytest.fixture(scope="module")
def two(guarded: Guarded) -> tuple[Client, Client]:
    """Two tenants, who have sent different values to the same series at once, all mixed up, with
    different discards among them, while each read and deleted."""
    clients = [guarded.client(new_tenant(f"tenant-{i}")) for i in range(2)]
    is_over = threading.Event()
    with ThreadPoolExecutor() as pool:
        # Each sends everything twice: again, it changes nothing but adds discards.
        senders = [
            pool.submit(send, client, number)
            for number, client in enumerate(clients)
            for _ in range(2)
        ]
        roamers = [
            pool.submit(roam, client, number, is_over) for number, client in enumerate(clients)
        ]
        wait(senders)
        is_over.set()
    for done in (*senders, *roamers):
        done.result()
    return clients[0], clients[1]


@pytest.mark.points
@of_two
def test_counts_lists_and_sums_do_not_cross(two: tuple[Client, Client]) -> None:
    count = BATCHES * BATCH
    for number, client in enumerate(two):
        values = [t + fraction(number) for t in range(count)]

        def check(client: Client = client, values: list[float] = values) -> None:
            listed = client.json("/api")
            assert (listed["count"], [s["name"] for s in listed["series"]]) == (3, NAMES)
            for name in NAMES:
                stats = client.json(f"/api/{name}", stats="count,sum,min,max")
                expected = {"count": count, "min": min(values), "max": max(values)}
                assert stats == expected | {"sum": math.fsum(values)}
                assert [p["value"] for p in client.points(name)] == values

        eventually(check)


@of_two
def test_discards_do_not_cross(two: tuple[Client, Client]) -> None:
    for number, client in enumerate(two):

        def check(client: Client = client, number: int = number) -> None:
            rows = client.rows("/admin/discards")
            assert len(rows) == 2 * BATCHES * (number + 1)
            assert all(f"wrong-{number}" in row["payload"] for row in rows)
            summary = client.json("/admin/discards/summary")
            assert f"{len(rows)}" in str(summary)

        eventually(check)
    discard = two[0].rows("/admin/discards")[0]["id"]
    answer = two[1].request("POST", f"/admin/discards/{discard}/replay")
    assert (answer.status_code, answer.json()["type"]) == (404, "/docs#unknown-discard")


@of_two
def test_cursors_do_not_cross(two: tuple[Client, Client]) -> None:
    for path in ("/api/a/points?limit=2", "/api?limit=1", "/admin/discards?limit=2"):

        def next_page(path: str = path) -> str:
            return two[0].get(path).links["next"]["url"]

        link = eventually(next_page) if not IS_DEPLOYED else eventually(lambda: found(next_page))
        assert two[0].get(link).status_code == 200
        foreign = two[1].get(link)
        assert (foreign.status_code, foreign.json()["type"]) == (400, "/docs#invalid-cursor")


def found(look: object) -> str:
    """What is found, or an assertion that can be tried again."""
    assert callable(look)
    try:
        link: str = look()
    except KeyError:
        raise AssertionError("there is no next page yet") from None
    return link


def test_history_does_not_cross(guarded: Guarded) -> None:
    one, other = (guarded.client(new_tenant("history")) for _ in range(2))
    for client, count in ((one, 1), (other, 2)):
        accepted(client.post([{"name": "a", "t": t, "v": t} for t in range(count)]))

        def is_asked(client: Client = client) -> None:
            assert client.get("/api/a").status_code == 200

        eventually(is_asked)

    def check() -> None:
        (first, second) = (client.json("/history") for client in (one, other))
        assert {row["path"] for row in first} == {row["path"] for row in second} == {"/api/a"}
        times = [{row["time"] for row in rows} for rows in (first, second)]
        assert times[0].isdisjoint(times[1])

    eventually(check)
    fresh = guarded.client(new_tenant("history"))
    assert fresh.json("/history") == []


@pytest.mark.points
def test_deletes_do_not_cross(guarded: Guarded) -> None:
    one, other = (guarded.client(new_tenant("deletes")) for _ in range(2))
    for client in (one, other):
        accepted(client.post([{"name": "a", "t": t, "v": 1} for t in range(10)]))

        def is_there(client: Client = client) -> None:
            assert client.json("/api/a", stats="count") == {"count": 10}

        eventually(is_there)
    assert one.request("DELETE", "/api/a?from=0&to=4").status_code == 204
    assert one.json("/api/a", stats="count") == {"count": 5}
    assert other.json("/api/a", stats="count") == {"count": 10}
    assert one.request("DELETE", "/api/a").status_code == 204
    assert one.get("/api/a").status_code == 404
    assert other.json("/api/a", stats="count") == {"count": 10}
    assert only(other.json("/api")["series"])["name"] == "a"


@pytest.mark.points
@pytest.mark.parametrize("seed", range(2 if IS_DEPLOYED else 12))
def test_whatever_they_do_each_sees_its_own(guarded: Guarded, seed: int) -> None:
    """Held against a model that is a dictionary a tenant."""
    dice = random.Random(seed)
    clients = [guarded.client(new_tenant(f"model-{i}")) for i in range(3)]
    models: list[dict[str, dict[int, float]]] = [{} for _ in clients]
    for step in range(12 if IS_DEPLOYED else 60):
        number = dice.randrange(len(clients))
        client, model, name = clients[number], models[number], dice.choice(NAMES)
        match dice.choice(["post", "post", "post", "delete", "range"]):
            case "post":
                points = {dice.randrange(30): float(step) for _ in range(dice.randrange(1, 8))}
                body = [{"name": name, "t": t, "v": v} for t, v in points.items()]
                accepted(client.post(body))
                model[name] = model.get(name, {}) | points
            case "delete":
                response = client.request("DELETE", f"/api/{name}")
                check_existed(response, name in model)
                model.pop(name, None)
            case "range":
                start = dice.randrange(30)
                response = client.request("DELETE", f"/api/{name}?from={start}&to={start + 5}")
                check_existed(response, name in model)
                if name in model:
                    kept = {t: v for t, v in model[name].items() if not start <= t <= start + 5}
                    model[name] = kept

        def check(step: int = step) -> None:
            # Of all tenants, whoever did something.
            for client, model in zip(clients, models, strict=True):
                check_model(client, model, f"seed {seed}, step {step}")

        eventually(check)


def check_existed(response: httpx.Response, existed: bool) -> None:
    assert response.status_code == (204 if existed else 404), response.text


def check_model(client: Client, model: dict[str, dict[int, float]], where: str) -> None:
    """A tenant sees what its model has."""
    listed = client.json("/api")
    assert [series["name"] for series in listed["series"]] == sorted(model), where
    assert listed["count"] == len(model), where
    for name, points in model.items():
        stats = client.json(f"/api/{name}", stats="count,sum")
        assert stats == {"count": len(points), "sum": math.fsum(points.values())}, where
        values = [point["value"] for point in client.points(name)]
        assert values == [points[t] for t in sorted(points)], where
    for name in set(NAMES) - set(model):
        assert client.get(f"/api/{name}").status_code == 404, where

"""Who may ask what: every route, with every kind of credential."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest

from harness.client import Client, Json, accepted, eventually, only
from harness.evidence import secret
from harness.guarded import OF_TWO_FUNCTIONS, Guarded, new_tenant

#: Those that look at what one owner has, which is made once.
of_owner = pytest.mark.xdist_group("owner")
#: How long it may take until a key is refused that is no longer valid.
LONG_SECONDS = 300.0
#: Of the owner alone: in points, and in what was discarded.
TAG = secret("tag-of-the-owner")
PAYLOAD = secret("payload-of-the-owner")
SERIES = "meter"
POINTS = [{"name": SERIES, "t": t, "v": 7.25, "tags": [TAG]} for t in range(3)]
ABOUT = {"title": TAG, "unit": "kWh", "note": None}
WRONG = {"name": SERIES, "t": 9, "v": PAYLOAD}
METERS = {"muid": "m", "measurement": "energy"}
PAIR = {"series": f"{SERIES},{SERIES}", "every": "1d"}
METER = {
    "measurement": "energy",
    "timestamp": "2023-02-01T00:00:00.000Z",
    "tags": {"muid": "m", "quality": "measured"},
    "0100011D00FF": 0.5,
}


@dataclass(frozen=True)
class Row:
    """A route, what it wants, and a request of it."""

    operation: str
    method: str
    path: str
    scope: str | None
    #: What the owner is answered.
    own: int
    #: What another tenant is answered, who has all scopes.
    other: int
    query: dict[str, Json] = field(default_factory=dict)
    body: Json = None


ROWS = [
    Row("postPoints", "POST", "/api", "write", 201, 201, body=POINTS),
    Row("listSeries", "GET", "/api", "read", 200, 200),
    Row("getStats", "GET", "/api/{name}", "read", 200, 404),
    Row("getPoints", "GET", "/api/{name}/points", "read", 200, 404),
    Row("getBuckets", "GET", "/api/{name}/buckets", "read", 200, 404, {"every": "1d"}),
    Row("getAbout", "GET", "/api/{name}/about", "read", 200, 404),
    Row("putAbout", "PUT", "/api/{name}/about", "write", 204, 404, body=ABOUT),
    Row("getComparison", "GET", "/compare", "read", 200, 404, PAIR),
    # Of another tenant's series none matches; what is asked says nothing of whether there are any.
    Row("aggregate", "GET", "/aggregate", "read", 200, 200, {"match": "**", "by": "series"}),
    # A range with nothing in it.
    Row("deleteSeries", "DELETE", "/api/{name}", "write", 204, 404, {"from": 50, "to": 60}),
    Row("postMeasurements", "POST", "/meterdata/measurement", "write", 201, 201, body=[METER]),
    Row("getMeasurements", "GET", "/meterdata/measurement", "read", 200, 200, METERS),
    Row("getHistory", "GET", "/history", "read", 200, 200),
    Row("listDiscards", "GET", "/admin/discards", "admin", 200, 200),
    Row("summarizeDiscards", "GET", "/admin/discards/summary", "admin", 200, 200),
    # What is wrong with it stays wrong.
    Row("replayDiscard", "POST", "/admin/discards/{id}/replay", "admin", 422, 404),
    Row("getHealth", "GET", "/health", None, 200, 200),
    Row("getOpenapi", "GET", "/openapi.json", None, 200, 200),
    Row("getDocs", "GET", "/docs", None, 200, 200),
]
#: What they send who may not: done all the same, it would be seen.
HARM: dict[str, Json] = {
    "postPoints": [{"name": SERIES, "t": 100, "v": 1}, {"name": "intruder", "t": 1, "v": 1}],
    "putAbout": {"title": "harm", "unit": None, "note": "harm"},
    "postMeasurements": [METER | {"timestamp": "2023-02-02T00:00:00.000Z"}],
}
WHO = ["nobody", "reader", "writer", "administrator", "other", "expired", "revoked", "malformed"]
SCOPE = {"reader": "read", "writer": "write", "administrator": "admin"}

UNAUTHENTICATED = {
    "type": "/docs#unauthenticated",
    "title": "Credentials are missing or wrong",
    "status": 401,
    "detail": "send one valid API key or token: `Authorization: Bearer <key or token>`, or "
    "`X-Api-Key: <key>`",
}


def forbidden(scope: str) -> dict[str, Json]:
    return {
        "type": "/docs#forbidden",
        "title": "The credentials do not suffice",
        "status": 403,
        "detail": f"this needs the scope `{scope}`, which the credentials do not have",
    }


@dataclass
class World:
    """What the owner has, and everybody's clients."""

    owner: Client
    clients: dict[str, Client]
    discard: str
    state: Json

    def ask(self, row: Row, who: str, *, is_welcome: bool) -> httpx.Response:
        path = row.path.replace("{name}", SERIES).replace("{id}", self.discard)
        body = row.body if is_welcome else HARM.get(row.operation)
        # All of the series.
        query = row.query if is_welcome or row.method != "DELETE" else {}
        if who == "other" and row.operation == "postPoints":
            # Else there would be a series of this name, of its own.
            body = [{"name": "others", "t": 1, "v": 1}]
        return self.clients[who].request(row.method, path, params=query or None, json=body)


def state_of(owner: Client) -> Json:
    """All that could have been changed."""
    return {
        "series": [series["name"] for series in owner.json("/api")["series"]],
        "points": owner.points(SERIES),
        "stats": owner.json(f"/api/{SERIES}", stats="all"),
        "about": owner.json(f"/api/{SERIES}/about"),
        "discards": owner.rows("/admin/discards"),
        "summary": owner.json("/admin/discards/summary"),
        "meters": owner.json("/meterdata/measurement", **METERS),
    }


@pytest.fixture(scope="module")
def world(guarded: Guarded) -> World:
    tenant, keys = new_tenant("owner"), guarded.keys
    expired = expiring(guarded, tenant)
    shown = {who: keys.make(tenant, scope) for who, scope in SCOPE.items()}
    shown |= {"nobody": "", "malformed": secret("tm_" + "x" * 43), "expired": expired}
    shown["other"] = keys.make(new_tenant("other"))
    shown["revoked"] = keys.make(tenant)
    keys.revoke(shown["revoked"])
    owner = guarded.client(tenant)
    owner.post([*POINTS, WRONG])
    owner.post([METER], path="/meterdata/measurement")

    def is_there() -> Json:
        assert len(owner.points(SERIES)) == 3
        assert owner.json("/meterdata/measurement", **METERS)["data"]
        assert owner.json("/api")["count"] == 2
        return only(owner.rows("/admin/discards"))

    discard = eventually(is_there)
    said = owner.request("PUT", f"/api/{SERIES}/about", json=ABOUT)
    assert said.status_code == 204, said.text
    assert PAYLOAD in discard["payload"]
    clients = {who: guarded.shows(key) for who, key in shown.items()}
    for who in ("expired", "revoked"):
        eventually(partial(check_refused, clients[who]), LONG_SECONDS)
    return World(owner, clients, discard["id"], state_of(owner))


def expiring(guarded: Guarded, tenant: str) -> str:
    """A key that expires soon, but not before it is made."""
    for seconds in (3, 30, 120):
        end = datetime.now(UTC) + timedelta(seconds=seconds)
        try:
            return guarded.keys.make(tenant, expires=end.isoformat())
        except AssertionError as error:
            if "in the past" not in str(error):
                raise
    raise AssertionError("it takes more than two minutes to make a key")


def check_refused(client: Client) -> None:
    """Neither of two functions takes the client's key."""
    for path in OF_TWO_FUNCTIONS:
        assert client.get(path).status_code == 401, path


def test_every_route_has_a_row(guarded: Guarded) -> None:
    document = guarded.shows("").json("/openapi.json")
    documented = {
        (operation["operationId"], method.upper(), path, scope_of(operation))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert {(row.operation, row.method, row.path, row.scope) for row in ROWS} == documented


def scope_of(operation: Json) -> str | None:
    """The one scope that an operation wants, by whichever scheme."""
    wanted = {scope for way in operation.get("security", []) for s in way.values() for scope in s}
    assert len(wanted) <= 1, operation
    return next(iter(wanted), None)


@of_owner
@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation)
def test_who_may_ask(world: World, row: Row, who: str) -> None:
    if row.scope is None:
        expected: Any = row.own
    elif who == "other":
        expected = row.other
    elif who in SCOPE:
        expected = row.own if SCOPE[who] == row.scope else forbidden(row.scope)
    else:
        expected = UNAUTHENTICATED
    response = world.ask(row, who, is_welcome=expected == row.own and who != "other")
    check(response, row, who, expected)
    if response.status_code >= 400 or who == "other":
        # Nothing leaks, and nothing is changed.
        told = f"{response.text} {dict(response.headers)}"
        assert TAG not in told
        assert PAYLOAD not in told
        assert "7.25" not in told
        if row.method != "GET":
            eventually(partial(check_state, world))


def check(response: httpx.Response, row: Row, who: str, expected: Any) -> None:
    """An answer is what it should be: a status, or a problem to the last word."""
    challenge = response.headers.get("www-authenticate")
    if isinstance(expected, int):
        assert response.status_code == expected, response.text
        assert challenge is None
    else:
        assert response.json() == expected
        assert response.status_code == expected["status"]
        if expected["status"] == 401:
            wrong = "" if who == "nobody" else ', error="invalid_token"'
            assert challenge == f'Bearer realm="tidemark"{wrong}'
    stored = response.headers.get("cache-control")
    assert stored == "no-store" if row.scope else stored != "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"


def check_state(world: World) -> None:
    assert state_of(world.owner) == world.state


@of_owner
def test_nothing_comes_of_what_was_refused(world: World) -> None:
    # What was sent before this point would be there, too.
    accepted(world.owner.post([{"name": "last", "t": 1, "v": 1}]))
    eventually(lambda: only(world.owner.points("last")))
    assert world.owner.request("DELETE", "/api/last").status_code == 204
    check_state(world)


@of_owner
def test_a_key_may_be_sent_in_a_header_of_its_own(world: World) -> None:
    key = world.clients["reader"].key
    anyone = Client(world.owner.url, "")
    for header in ({"x-api-key": key}, {"authorization": f"bearer {key}"}):
        assert anyone.request("GET", "/api", headers=header).status_code == 200
    both = {"x-api-key": key, "authorization": f"Bearer {key}"}
    basic = {"authorization": f"Basic {key}"}
    for header in (both, basic):
        assert anyone.request("GET", "/api", headers=header).json() == UNAUTHENTICATED


@pytest.mark.slow
@pytest.mark.late
def test_a_key_that_was_in_use_is_refused_some_time_after_it_is_revoked(guarded: Guarded) -> None:
    """Within a minute, of the clock that the tests of `access` in the functions move."""
    eventually(partial(check_refused, guarded.revoked), LONG_SECONDS)

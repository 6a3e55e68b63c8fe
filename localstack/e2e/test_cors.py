"""Pages of other origins: those that are named may ask, others may not."""

from __future__ import annotations

import httpx
import pytest

from harness.client import IS_DEPLOYED, Client
from harness.guarded import ORIGIN, Guarded, new_tenant


def asked(api: Client, origin: str, method: str = "DELETE", path: str = "/api/a") -> httpx.Response:
    """What a browser is answered that asks whether a page may ask."""
    headers = {"origin": origin, "access-control-request-method": method}
    return api.http.request("OPTIONS", path, headers=headers)


@pytest.mark.skipif(IS_DEPLOYED, reason="the emulator's gateway answers OPTIONS itself")
def test_a_browser_may_ask_first(guarded: Guarded) -> None:
    anyone = guarded.shows("")
    answer = asked(anyone, ORIGIN)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD, DELETE"
    assert "authorization" in answer.headers["access-control-allow-headers"]
    for origin in ("https://evil.example.net", f"{ORIGIN}.evil.example.net", "null"):
        refused = asked(anyone, origin)
        assert refused.status_code == 405
        assert "access-control-allow-origin" not in refused.headers
    assert asked(anyone, ORIGIN, path="/nothing").status_code == 404


def test_pages_of_the_origin_see_answers(guarded: Guarded) -> None:
    reader = guarded.client(new_tenant("page"), "read")
    for client, status in ((reader, 200), (guarded.shows(""), 401)):
        answer = client.request("GET", "/api", headers={"origin": ORIGIN})
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "link" in answer.headers["access-control-expose-headers"]
        assert "origin" in answer.headers["vary"].lower()
        assert "access-control-allow-credentials" not in answer.headers
    answer = reader.request("GET", "/api", headers={"origin": "https://evil.example.net"})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.usefixtures("needs_own_process")
def test_where_nobody_shows_who_he_is_others_pages_may_not_ask(api: Client, name: str) -> None:
    # As a page sends what needs no asking first; and as one whose name leads here.
    body = f'[{{"name": "{name}", "t": 1, "v": 1}}]'
    for headers in ({"origin": "https://evil.example.net"}, {"host": "evil.example.net"}):
        refused = api.request("POST", "/api", content=body, headers=headers)
        assert (refused.status_code, refused.json()["type"]) == (403, "/docs#forbidden")
        assert api.request("GET", "/api", headers=headers).status_code == 403
    assert api.get(f"/api/{name}").status_code == 404


@pytest.mark.usefixtures("needs_own_process")
def test_no_origin_is_named_by_default(api: Client) -> None:
    assert asked(api, ORIGIN).status_code == 405
    answer = api.request("GET", "/health", headers={"origin": ORIGIN})
    assert "access-control-allow-origin" not in answer.headers


def test_a_page_is_nobody_s_frame(guarded: Guarded) -> None:
    headers = guarded.shows("").get("/docs").headers
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"

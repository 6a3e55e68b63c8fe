"""Long answers, which come packed to who takes that."""

from __future__ import annotations

import gzip
from urllib.request import Request, urlopen

import pytest

from harness.client import IS_DEPLOYED, Client
from harness.generators import series

#: 2023-11-14T00:00:00Z.
START = 1_699_920_000


def raw(api: Client, path: str, encoding: str, method: str = "GET") -> tuple[dict[str, str], bytes]:
    """Headers and body as they were sent."""
    request = Request(f"{api.http.base_url}".rstrip("/") + path, method=method)
    for name, value in (*api.http.headers.items(), ("accept-encoding", encoding)):
        request.add_header(name, value)
    with urlopen(request, timeout=60) as response:
        headers = {name.lower(): value for name, value in response.headers.items()}
        return headers, response.read()


@pytest.fixture(scope="module")
def page(api: Client) -> str:
    """A page of many points."""
    name = "e2e.compression"
    api.store(series(name, list(range(2000)), START))
    return f"/api/{name}/points?limit=1000"


def test_a_packed_answer_is_the_plain_one(api: Client, page: str) -> None:
    for path in [page, "/openapi.json", "/docs"]:
        plain_headers, plain = raw(api, path, "identity")
        packed_headers, packed = raw(api, path, "gzip")
        assert "content-encoding" not in plain_headers
        assert packed_headers["content-encoding"] == "gzip"
        assert int(packed_headers["content-length"]) == len(packed)
        assert len(packed) < len(plain) / 2
        assert gzip.decompress(packed) == plain
        for headers in (plain_headers, packed_headers):
            assert "accept-encoding" in headers["vary"].lower()


def test_a_short_answer_is_not_packed(api: Client) -> None:
    headers, body = raw(api, "/health", "gzip")
    assert "content-encoding" not in headers
    assert body.startswith(b'{"status":"ok"')


@pytest.mark.skipif(IS_DEPLOYED, reason="the gateway tells no length of an answer to HEAD")
def test_head_tells_the_length_of_the_packed_answer(api: Client, page: str) -> None:
    got, _ = raw(api, page, "gzip")
    told, body = raw(api, page, "gzip", "HEAD")
    assert body == b""
    assert told["content-length"] == got["content-length"]
    assert told["content-encoding"] == "gzip"

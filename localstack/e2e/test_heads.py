"""Heads that HTTP does not allow, byte by byte, and clients that wait with their body."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from urllib.parse import urlsplit

import pytest

from harness.client import PATIENCE_SECONDS, Client

pytestmark = pytest.mark.usefixtures("needs_own_process")

HOST = "Host: localhost\r\n"
#: Bodies that can be read, but hold no point, so that nothing is stored: 422.
READ = "3\r\n[1]\r\n0\r\n\r\n"
#: What is asked after what is tested, to see whether the connection goes on.
NEXT = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


@contextmanager
def connected(api: Client) -> Iterator[socket.socket]:
    place = urlsplit(api.url)
    assert place.hostname
    address = (place.hostname, place.port or 80)
    with socket.create_connection(address, timeout=PATIENCE_SECONDS) as connection:
        yield connection


def status(connection: socket.socket, method: str = "GET") -> int | None:
    """The status of the next answer, which is read to its end; none if there is none."""
    try:
        answer = HTTPResponse(connection, method=method)
        answer.begin()
        answer.read()
    except (ConnectionError, OSError):
        return None
    return answer.status


def seen(api: Client, sent: str) -> tuple[int | None, bool]:
    """The status of the answer, and whether the connection goes on after it."""
    with connected(api) as connection:
        connection.sendall(sent.encode("latin-1"))
        first = status(connection)
        try:
            connection.sendall(NEXT)
        except OSError:
            return first, False
        after = status(connection)
        assert after in (None, 200), "another request was seen in it"
        return first, after == 200


def get(head: str, target: str = "/api") -> str:
    return f"GET {target} HTTP/1.1\r\n{head}\r\n"


def post(rest: str) -> str:
    return f"POST /api HTTP/1.1\r\n{HOST}{rest}"


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (get(HOST), (200, True)),
        (get("Host: LocalHost:3411\r\n"), (200, True)),
        (get("Host: a.net\r\n", "http://localhost/api"), (200, True)),
        (get(HOST).replace("\r\n", "\n"), (200, True)),
        ("GET /api HTTP/1.0\r\n\r\n", (200, False)),
        (get("Host: a.net\r\n"), (403, True)),
        (get(HOST, "http://a.net/api"), (403, True)),
        (get(""), (400, False)),
        (get(HOST + HOST), (400, False)),
        (get("", "http://localhost/api"), (400, False)),
        (get("Host:\r\n"), (400, False)),
        (get("Host: user@localhost\r\n"), (400, False)),
        (get("Host: localhost:http\r\n"), (400, False)),
        (get(HOST, "https://localhost/api"), (400, False)),
        (get(HOST, "api"), (400, False)),
        (get(HOST, "*"), (400, False)),
        (get(HOST).replace("GET /api", "CONNECT localhost:1"), (404, True)),
        (get(HOST).replace("GET /api", "OPTIONS *"), (404, True)),
        (get(HOST, "/api/%zz"), (400, True)),
        (get(HOST + "x: a\r\n b\r\n"), (400, False)),
        (get("Host : localhost\r\n"), (400, False)),
        (get(HOST + "x: a\0b\r\n"), (400, False)),
        (get(HOST).replace("GET", "G@T"), (400, False)),
        (get(HOST).replace("HTTP", "http"), (400, False)),
        (get(HOST + "x: y\r\n" * 100), (431, False)),
        (get(HOST, "/" + "a" * 66_000), (414, False)),
        ("GET /api\r\n\r\n", (400, False)),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (None, False)),
    ],
)
def test_a_head_is_one_or_is_refused(api: Client, sent: str, answer: tuple[int, bool]) -> None:
    assert seen(api, sent) == answer


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (post("Content-Length: 3\r\n\r\n[1]"), (422, True)),
        (post(f"Transfer-Encoding: Chunked\r\n\r\n{READ}"), (422, True)),
        (post("Content-Length: 3\r\nContent-Length: 2\r\n\r\n[1]"), (400, False)),
        (post("Content-Length: +3\r\n\r\n[1]"), (400, False)),
        (post("Content-Length: -3\r\n\r\n[1]"), (400, False)),
        (post("Content-Length: 18446744073709551619\r\n\r\n[1]"), (400, False)),
        (post(f"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n{READ}"), (422, False)),
        (post(f"Transfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n{READ}"), (422, False)),
        (post(f"Transfer-Encoding: gzip, chunked\r\n\r\n{READ}"), (400, False)),
        (post(f"Transfer-Encoding: chunked, chunked\r\n\r\n{READ}"), (400, False)),
        (post(f"Transfer-Encoding: chunked, gzip\r\n\r\n{READ}"), (400, False)),
        (post("Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\n[1]"), (400, False)),
        (post("Transfer-Encoding: chunked\r\n\r\n3\n[1]\n0\n\n"), (400, False)),
        (post("Transfer-Encoding: chunked\r\n\r\n10000000000000003\r\n[1]"), (400, False)),
    ],
)
def test_a_body_ends_where_all_see_it_end(api: Client, sent: str, answer: tuple[int, bool]) -> None:
    assert seen(api, sent) == answer


@pytest.mark.parametrize(
    ("target", "length", "answer"),
    [
        ("POST /api", 99_999_999, b"413"),
        ("GET /api", 99_999_999, b"413"),
        ("POST /nothing", 9, b"404"),
        ("PUT /api", 9, b"405"),
        ("POST http://a.net/api", 9, b"403"),
        ("POST /api", 9, b"100"),
    ],
)
def test_a_body_is_asked_for_only_if_it_is_wanted(
    api: Client, target: str, length: int, answer: bytes
) -> None:
    head = f"{HOST}Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
    with connected(api) as connection:
        connection.sendall(f"{target} HTTP/1.1\r\n{head}".encode())
        lines = connection.makefile("rb")
        assert lines.readline().split()[1] == answer
        if answer != b"100":
            # To the end: the connection is closed.
            assert b"connection: close\r\n" in lines.read()

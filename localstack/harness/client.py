"""A small HTTP client for Tidemark. Whatever it is answered, it checks what holds for every
answer: a request id, no 5xx, errors as problem documents."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx

T = TypeVar("T")
Json = Any
Point = dict[str, Json]

PROBLEM = "application/problem+json"
REASONS = {
    "too_old",
    "too_far_ahead",
    "system",
    "suspect",
    "malformed",
    "not_finite",
    "out_of_range",
    "too_large",
    "store_rejected",
}
#: How long a deployed stack may take until a write is seen, on a machine that does much else.
PATIENCE_SECONDS = 240.0

IS_DEPLOYED = "TIDEMARK_URL" in os.environ
#: Whether a deployment keeps points in Timestream, whose nature shows in some answers.
IN_TIMESTREAM = IS_DEPLOYED and os.environ.get("TIDEMARK_POINT_STORE") == "timestream"


def eventually(check: Callable[[], T], seconds: float | None = None) -> T:
    """What `check` returns once its assertions hold.

    On one machine what was answered is seen by the next request, so it has one try; on a
    deployed stack it has some time. `seconds` gives it time on both, for what API.md lets come
    later everywhere.
    """
    patience = seconds if seconds is not None else PATIENCE_SECONDS if IS_DEPLOYED else 0.0
    deadline = time.monotonic() + patience
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() >= deadline:
                raise
        time.sleep(min(0.2, patience / 20))


def only(rows: list[T]) -> T:
    """The row, of which there is one."""
    assert len(rows) == 1, rows
    return rows[0]


def check_answer(response: httpx.Response) -> None:
    """What holds for every answer."""
    response.read()
    asked = f"{response.request.method} {response.request.url}: {response.text[:300]}"
    assert response.headers.get("x-request-id"), f"no x-request-id: {asked}"
    assert response.status_code < 500, f"{response.status_code}: {asked}"
    if response.status_code >= 400:
        assert response.headers["content-type"] == PROBLEM, asked
        if response.request.method != "HEAD":
            check_problem(response)


def check_problem(response: httpx.Response) -> None:
    """A problem document has the fields of RFC 9457, and `errors` where several things are."""
    problem = response.json()
    assert set(problem) <= {"type", "title", "status", "detail", "errors", "checks"}, problem
    assert problem["status"] == response.status_code
    for field in ("type", "title", "detail"):
        assert isinstance(problem[field], str), problem
        assert problem[field], problem
    for error in problem.get("errors", []):
        assert set(error) <= {"pointer", "reason", "detail"}, error
        assert error["pointer"] == "" or error["pointer"].startswith("/"), error
        assert error["reason"] in REASONS, error


class Client:
    """Asks one Tidemark."""

    def __init__(self, url: str, key: str | None = None) -> None:
        """`key` is that of the environment if it is not told; none if it is empty."""
        key = os.environ.get("TIDEMARK_KEY") if key is None else key
        self.key = key
        self.url = url.rstrip("/")
        self.http = httpx.Client(
            base_url=self.url,
            headers={"authorization": f"Bearer {key}"} if key else {},
            event_hooks={"response": [check_answer]},
            timeout=120,
        )

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Any request; `path` may hold a query."""
        return self.http.request(method, path, **options)

    def get(self, path: str, **query: Json) -> httpx.Response:
        """GET; `from_` stands for `from`."""
        parameters = {key.rstrip("_"): value for key, value in query.items()}
        # httpx lets `params` replace the query of the path, even when empty.
        return self.http.get(path, params=parameters or None)

    def json(self, path: str, **query: Json) -> Json:
        """The body of a GET that must succeed."""
        response = self.get(path, **query)
        assert response.status_code == 200, f"{response.status_code}: {response.text}"
        return response.json()

    def pages(self, path: str, **query: Json) -> Iterator[Json]:
        """The bodies of all pages."""
        response = self.get(path, **query)
        while True:
            assert response.status_code == 200, f"{response.status_code}: {response.text}"
            yield response.json()
            if "next" not in response.links:
                return
            response = self.http.get(response.links["next"]["url"])

    def rows(self, path: str, **query: Json) -> list[Json]:
        """The rows of all pages."""
        return [row for page in self.pages(path, **query) for row in page]

    def points(self, name: str, **query: Json) -> list[Json]:
        """All points of a series."""
        return self.rows(f"/api/{name}/points", limit=50000, **query)

    def post(
        self, body: Json, path: str = "/api", content_type: str = "application/json", **header: str
    ) -> httpx.Response:
        """POST of raw bytes or text, or of anything else as JSON."""
        headers = {"content-type": content_type}
        headers |= {key.replace("_", "-"): value for key, value in header.items()}
        if isinstance(body, bytes | str):
            return self.http.post(path, content=body, headers=headers)
        return self.http.post(path, json=body, headers=headers)

    def store(self, points: list[Point]) -> None:
        """Posts points that must all be taken, and waits until they are seen."""
        answer = accepted(self.post(points))
        assert (answer["accepted"], answer["rejected"]) == (len(points), 0), answer
        if IS_DEPLOYED:
            times: dict[str, set[Json]] = {}
            for point in points:
                times.setdefault(point["name"], set()).add(point["t"])

            def check() -> None:
                for name, distinct in times.items():
                    count = self.json(f"/api/{name}", stats="count")["count"]
                    assert count >= len(distinct)

            eventually(check)


def accepted(response: httpx.Response) -> Json:
    """The body of an answer to a POST that must be 201."""
    assert response.status_code == 201, f"{response.status_code}: {response.text}"
    return response.json()


def nanos(text: str) -> int:
    """Nanoseconds since 1970 of an instant as Tidemark prints it."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", text)
    assert match, text
    seconds = int(datetime.fromisoformat(match[1]).replace(tzinfo=UTC).timestamp())
    return seconds * 10**9 + int((match[2] or "").ljust(9, "0"))


def instant(seconds: int) -> str:
    """An instant of whole seconds since 1970 as Tidemark prints it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

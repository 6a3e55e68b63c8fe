"""The last queries that were asked."""

from __future__ import annotations

import pytest

from harness.client import Client, Json, eventually, nanos
from harness.generators import series

#: A query is recorded without keeping its answer waiting.
SOON = 240.0


@pytest.fixture(scope="module")
def api(own: Client) -> Client:
    """Whose history holds nothing of others."""
    return own


def asked(api: Client, name: str) -> list[Json]:
    return [row for row in api.json("/history", limit=200) if row["series"] == name]


def test_a_query_is_told_with_its_range_and_duration(api: Client, name: str) -> None:
    api.store(series(name, [1, 2]))
    api.json(f"/api/{name}/points", from_=1, to="1970-01-01T00:00:02Z")

    def check() -> Json:
        rows = [row for row in asked(api, name) if row["path"] == f"/api/{name}/points"]
        assert len(rows) == 1
        return rows[0]

    row = eventually(check, SOON)
    assert set(row) == {"time", "series", "path", "from", "to", "duration_ms"}
    assert (row["from"], row["to"]) == ("1970-01-01T00:00:01Z", "1970-01-01T00:00:02Z")
    assert row["duration_ms"] > 0
    assert nanos(row["time"]) > 1_700_000_000 * 10**9


def test_a_query_without_a_range_has_none(api: Client, name: str) -> None:
    api.store(series(name, [1, 2]))
    api.json(f"/api/{name}", stats="max")

    def check() -> Json:
        rows = [row for row in asked(api, name) if row["from"] is None and row["to"] is None]
        assert rows
        return rows[0]

    assert eventually(check, SOON)["path"] == f"/api/{name}"


def test_the_newest_comes_first_and_each_once(api: Client, name: str) -> None:
    api.store(series(name, [1]))
    for start in range(5):
        api.json(f"/api/{name}/points", from_=start)

    def check() -> None:
        starts = [row["from"] for row in asked(api, name) if row["path"].endswith("/points")]
        assert starts == [f"1970-01-01T00:00:0{start}Z" for start in (4, 3, 2, 1, 0)]

    eventually(check, SOON)
    times = [nanos(row["time"]) for row in api.json("/history")]
    assert times == sorted(times, reverse=True)


def test_the_history_is_paged(api: Client, name: str) -> None:
    api.store(series(name, [1]))
    for start in range(6):
        api.json(f"/api/{name}/points", from_=start)

    def check() -> None:
        assert len([row for row in asked(api, name) if row["path"].endswith("/points")]) == 6

    eventually(check, SOON)
    first = api.get("/history", limit=3)
    second = api.http.get(first.links["next"]["url"])
    times = [nanos(row["time"]) for row in first.json() + second.json()]
    assert len(first.json()) == len(second.json()) == 3
    assert len(set(times)) == 6
    assert times == sorted(times, reverse=True)


def test_wrong_parameters_are_refused(api: Client) -> None:
    for query in ("limit=0", "limit=50001", "cursor=x", "series=x"):
        assert api.get(f"/history?{query}").status_code == 400

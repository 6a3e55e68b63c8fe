"""The list of series, and deleting them."""

from __future__ import annotations

import time

import pytest

from harness.client import Client, Json, eventually, nanos
from harness.generators import series
from sweeps import sweep


def listed(api: Client, **query: Json) -> Json:
    return api.json("/api", **query)


def names(api: Client, prefix: str) -> list[str]:
    return [row["name"] for row in listed(api, prefix=prefix)["series"]]


def test_series_are_listed_by_name_with_the_time_of_their_update(api: Client, name: str) -> None:
    before = time.time_ns()
    for end in ("b", "a", "c"):
        api.store(series(f"{name}.{end}", [1]))
    answer = listed(api, prefix=name)
    assert answer["count"] == 3
    assert [row["name"] for row in answer["series"]] == [f"{name}.{end}" for end in "abc"]
    updates = [nanos(row["updated"]) for row in answer["series"]]
    # The clock of a deployed stack may be another.
    minute = 60 * 10**9
    assert all(before - minute <= update <= time.time_ns() + minute for update in updates)
    assert updates[1] < updates[0] < updates[2]


def test_a_prefix_is_of_the_name_s_beginning_and_its_case(api: Client, name: str) -> None:
    api.store(series(f"{name}.x", [1]) + series(f"{name}.xy", [1]) + series(f"{name}.X", [1]))
    assert names(api, f"{name}.x") == [f"{name}.x", f"{name}.xy"]
    assert names(api, name[1:]) == []
    assert listed(api, prefix=f"{name}.z") == {"count": 0, "series": []}


def test_names_are_ordered_by_their_bytes(api: Client, name: str) -> None:
    ends = sorted(["-", ".", "0", ":", "A", "Z", "_", "a", "z", ""])
    api.store([point for end in ends for point in series(name + end, [1])])
    assert names(api, name) == [name + end for end in ends]


def test_pages_of_series_count_all_that_match(api: Client, name: str) -> None:
    api.store([point for i in range(25) for point in series(f"{name}.{i:02}", [1])])
    pages = list(api.pages("/api", prefix=name, limit=10))
    assert [len(page["series"]) for page in pages] == [10, 10, 5]
    assert [page["count"] for page in pages] == [25] * 3
    paged = [row["name"] for page in pages for row in page["series"]]
    assert paged == [f"{name}.{i:02}" for i in range(25)]


@pytest.mark.points
def test_details_add_count_first_and_last(api: Client, name: str) -> None:
    api.store(series(name, [1.5, 2, 3]))
    (row,) = listed(api, prefix=name, details="true")["series"]
    del row["updated"]
    assert row == {
        "name": name,
        "points": 3,
        "first": {"time": "1970-01-01T00:00:00Z", "value": 1.5},
        "last": {"time": "1970-01-01T00:00:02Z", "value": 3},
        "about": {"title": None, "unit": None, "note": None},
    }


@pytest.mark.parametrize(
    "query",
    sweep(
        [
            "details=true&limit=101",
            "details=yes",
            "details=",
            "prefix=",
            "limit=0",
            "limit=50001",
            "cursor=",
            "cursor=x",
            "name=x",
        ],
        "name=x",
    ),
)
def test_wrong_parameters_are_refused(api: Client, query: str) -> None:
    assert api.get(f"/api?{query}").status_code == 400


@pytest.mark.points
def test_a_deleted_series_is_gone_with_all_its_points(api: Client, name: str) -> None:
    other = f"{name}.other"
    api.store(series(name, [1, 2]) + series(other, [1]))
    response = api.request("DELETE", f"/api/{name}")
    assert (response.status_code, response.content) == (204, b"")

    def check() -> None:
        for below in ("", "/points", "/buckets?every=1h"):
            assert api.get(f"/api/{name}{below}").status_code == 404
        assert names(api, name) == [other]

    eventually(check)
    again = api.request("DELETE", f"/api/{name}")
    assert (again.status_code, again.json()["type"]) == (404, "/docs#unknown-series")


@pytest.mark.points
def test_a_deleted_series_can_begin_anew(api: Client, name: str) -> None:
    api.store(series(name, [1, 2, 3]))
    assert api.request("DELETE", f"/api/{name}").status_code == 204
    api.store(series(name, [7], start=1))

    def check() -> None:
        assert api.points(name) == [{"time": "1970-01-01T00:00:01Z", "value": 7}]
        assert api.json(f"/api/{name}", stats="sum,count") == {"sum": 7, "count": 1}

    eventually(check)


@pytest.mark.points
def test_deleting_a_range_includes_both_ends(api: Client, name: str) -> None:
    api.store(series(name, [1, 2, 3, 4, 5]))
    assert api.request("DELETE", f"/api/{name}?from=1&to=3").status_code == 204

    def check() -> None:
        assert [point["value"] for point in api.points(name)] == [1, 5]
        assert api.json(f"/api/{name}", stats="sum,count,max") == {"sum": 6, "count": 2, "max": 5}

    eventually(check)
    # Also where there are none.
    assert api.request("DELETE", f"/api/{name}?from=1&to=3").status_code == 204


@pytest.mark.points
def test_a_range_may_be_open(api: Client, name: str) -> None:
    api.store(series(name, [1, 2, 3, 4, 5]))
    assert api.request("DELETE", f"/api/{name}?from=3").status_code == 204
    assert api.request("DELETE", f"/api/{name}?end=0").status_code == 204

    def check() -> None:
        assert [point["value"] for point in api.points(name)] == [2, 3]

    eventually(check)


@pytest.mark.points
def test_a_series_without_points_is_still_a_series(api: Client, name: str) -> None:
    api.store(series(name, [1]))
    assert api.request("DELETE", f"/api/{name}?from=0&to=9").status_code == 204

    def check() -> None:
        assert api.json(f"/api/{name}") == {"avg": None, "sum": 0}
        assert api.points(name) == []

    eventually(check)
    (row,) = listed(api, prefix=name, details="true")["series"]
    assert (row["points"], row["first"], row["last"]) == (0, None, None)


@pytest.mark.points
def test_a_deleted_point_can_be_written_again(api: Client, name: str) -> None:
    api.store(series(name, [1, 2]))
    assert api.request("DELETE", f"/api/{name}?from=0&to=0").status_code == 204
    api.store(series(name, [9]))

    def check() -> None:
        assert [point["value"] for point in api.points(name)] == [9, 2]

    eventually(check)


@pytest.mark.parametrize(
    "query", sweep(["from=2&to=1", "form=1", "from=", "from=1&start=1", "limit=1"], "form=1")
)
def test_a_wrong_range_deletes_nothing(api: Client, name: str, query: str) -> None:
    api.store(series(name, [1, 2, 3]))
    assert api.request("DELETE", f"/api/{name}?{query}").status_code == 400
    assert len(api.points(name)) == 3


def test_an_unknown_series_cannot_be_deleted(api: Client, name: str) -> None:
    assert api.request("DELETE", f"/api/{name}").status_code == 404
    assert api.request("DELETE", f"/api/{name}?from=1").status_code == 404

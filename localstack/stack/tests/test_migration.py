"""The day Timestream ends, step by step as `infra/README.md` tells it: what the API answers does
not change when the points are in DynamoDB."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from harness.client import Json, accepted
from harness.stack import PROFILE, Stack, eventually
from place import CREDENTIALS, REGION, REPOSITORY, Place

START = 1_700_000_000
#: More than the migration reads at once.
MANY = 20_500
#: Messages of the data server, which belong to another tenant.
FETCHED = 40
LINE = re.compile(r" *(\d+) +(\S+) +(\d+) +(\S+)  (\S+?)(?:  <- (.+))?")


class Row(NamedTuple):
    """What is printed of a series."""

    before: int
    sum_before: float
    after: int
    sum_after: float
    remark: str | None


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that keeps its points in Timestream."""
    messages = ["--rate", "0", "--backlog", str(FETCHED), "--seed", "7"]
    folder = tmp_path_factory.mktemp("timestream")
    with Stack(folder, data_server=messages, store="timestream", SourceTenant="other") as running:
        yield running


def place(stack: Stack) -> Place:
    """Where it is."""

    def port(name: str) -> int:
        return urlsplit(stack.described[name]).port or 0

    ports = (port("Address"), port("Emulator"), port("Proxy"), port("Timestream"))
    return Place(stack.folder, PROFILE, *ports, "tidemark")


def points(name: str, values: list[float], start: int = START, **more: Json) -> list[Json]:
    """Points a second apart."""
    return [{"name": name, "t": start + i, "v": v, **more} for i, v in enumerate(values)]


def post(stack: Stack, batch: list[Json]) -> None:
    """Posts points, and waits until the queue is empty again."""
    told = accepted(stack.api().post(batch))
    assert told["accepted"] == len(batch), told
    stack.wait_until_idle()


def write(stack: Stack) -> None:
    """Writes series of every kind."""
    api = stack.api()
    fractions = [0.1, 0.2, -0.3, 1 / 3, 1e-9]
    exact = [{"name": "exact", "t": "2023-02-01T00:00:00.123456789Z", "v": 7}]
    recent = int(time.time()) - 600
    holed = points("holed", [0.1 * i for i in range(100)])
    post(stack, points("fractions", fractions) + exact + holed)
    post(stack, points("recent", [1.5, 2.5, 3.5], recent, tags=["night", "estimated"]))
    post(stack, points("replaced", [1, 2, 3]) + points("reborn", [1, 2]) + points("gone", [1, 2]))
    post(stack, points("long", [0.01 * (i % 1009) for i in range(MANY)]))
    api.request("DELETE", f"/api/holed?from={START + 20}&to={START + 29}").raise_for_status()
    for name in ("gone", "reborn"):
        api.request("DELETE", f"/api/{name}").raise_for_status()
    post(stack, points("replaced", [20.25, 30.25], START + 1, tags=["again"]))
    post(stack, points("holed", [5.5], START + 25) + points("reborn", [8.5]))
    stack.tick("fetcher")
    stack.wait_until_idle()


def answers(stack: Stack) -> dict[str, tuple[Json, list[Json]]]:
    """What the API tells of each series."""
    api = stack.api()
    names = [series["name"] for series in api.json("/api")["series"]]
    return {name: (api.json(f"/api/{name}", stats="count,sum"), api.points(name)) for name in names}


def check_same(told: dict[str, Any], expected: dict[str, Any]) -> None:
    """Two stores answer alike: the sums of one are not exact."""
    assert list(told) == list(expected)
    for name, (total, found) in expected.items():
        assert told[name][0]["count"] == total["count"], name
        assert told[name][0]["sum"] == pytest.approx(total["sum"], rel=1e-12, abs=1e-12), name
        assert told[name][1] == found, name


def migrate(stack: Stack, *tenants: str, **more: str) -> tuple[int, dict[str, Row], str]:
    """Runs the migration: its status, what it prints of each series, and all that it prints."""
    told = {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": stack.described["Emulator"],
        "AWS_ENDPOINT_URL_TIMESTREAM_WRITE": stack.described["Timestream"],
        "AWS_ENDPOINT_URL_TIMESTREAM_QUERY": stack.described["Timestream"],
        "AWS_REGION": REGION,
        **CREDENTIALS,
        **more,
    }
    script = str(REPOSITORY / "infra/migration.py")
    program = str(place(stack).program("tidemark-migrate"))
    ended = subprocess.run(
        [sys.executable, script, program, *tenants],
        env=told,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    rows, tenant = {}, ""
    for line in ended.stdout.splitlines():
        if found := LINE.fullmatch(line):
            before, sum_before, after, sum_after, name, remark = found.groups()
            row = Row(int(before), float(sum_before), int(after), float(sum_after), remark)
            rows[f"{tenant}/{name}"] = row
        else:
            tenant = line
    return ended.returncode, rows, ended.stdout + ended.stderr


def check_rows(rows: dict[str, Row], expected: dict[str, Any]) -> None:
    """Both stores are said to have what the API tells, and nothing is remarked."""
    assert [name.removeprefix("local/") for name in rows if name.startswith("local/")] == list(
        expected
    )
    for name, (total, _) in expected.items():
        row = rows[f"local/{name}"]
        assert (row.before, row.after, row.remark) == (total["count"], total["count"], None), name
        for told in (row.sum_before, row.sum_after):
            assert told == pytest.approx(total["sum"], rel=1e-12, abs=1e-12), name


def chunks(stack: Stack) -> dict[str, Any]:
    """All that is in DynamoDB of points."""
    table = stack.table("PointsTable")
    pages = [table.scan()]
    while "LastEvaluatedKey" in pages[-1]:
        pages.append(table.scan(ExclusiveStartKey=pages[-1]["LastEvaluatedKey"]))
    return {f"{item['series']} {item['chunk']}": item for page in pages for item in page["Items"]}


def sizes(stack: Stack, series: str) -> list[int]:
    """How many points each chunk of a series has."""
    found = [item for item in chunks(stack).values() if item["series"] == series]
    # What tells which chunks were replaced has none.
    return sorted(int(item["points"]) for item in found if "points" in item)


def enable(stack: Stack, wanted: bool) -> None:
    """Has the validator take batches, or not."""
    functions = stack.client("lambda")
    mapping = the_mapping(stack)["UUID"]
    functions.update_event_source_mapping(UUID=mapping, Enabled=wanted)

    def is_so() -> None:
        assert the_mapping(stack)["State"] == ("Enabled" if wanted else "Disabled")

    eventually(is_so)


def the_mapping(stack: Stack) -> dict[str, Any]:
    """What feeds the validator."""
    name = stack.described["ValidatorFunction"]
    found = stack.client("lambda").list_event_source_mappings(FunctionName=name)
    (mapping,) = found["EventSourceMappings"]
    told: dict[str, Any] = mapping
    return told


def switch(stack: Stack) -> None:
    """Has the functions keep points in DynamoDB, as deploying does. The emulator cannot: it loses
    what it knows of the tables when a parameter of their stack changes."""
    functions = stack.client("lambda")
    for function in ("Validator", "Query", "Calculation", "Eraser", "Admin", "Compactor"):
        name = stack.described[f"{function}Function"]
        known = functions.get_function_configuration(FunctionName=name)["Environment"]
        known["Variables"]["TIDEMARK_POINT_STORE"] = "dynamodb"
        functions.update_function_configuration(FunctionName=name, Environment=known)


def test_the_day_timestream_ends(stack: Stack) -> None:
    write(stack)
    first = answers(stack)
    assert {name: total["count"] for name, (total, _) in first.items()} == {
        "exact": 1,
        "fractions": 5,
        "holed": 91,
        "long": MANY,
        "reborn": 1,
        "recent": 3,
        "replaced": 3,
    }
    assert chunks(stack) == {}

    # A copy while everything runs, and another, which changes nothing.
    copied: dict[str, Any] = {}
    for _ in range(2):
        status, rows, printed = migrate(stack, "local", "other")
        assert status == 0, printed
        check_rows(rows, first)
        fetched = rows["other/data-server"]
        assert (fetched.before, fetched.after, fetched.remark) == (FETCHED, FETCHED, None)
        assert printed.splitlines()[-1].endswith("in DynamoDB: 0 differ")
        assert chunks(stack) == (copied or chunks(stack))
        copied = chunks(stack)

    # What is posted waits, what is deleted is gone at once.
    enable(stack, False)
    api = stack.api()
    late = [{"name": "fractions", "t": START + 100, "v": 0.7}]
    accepted(api.post(late + points("replaced", [9.75])))
    api.request("DELETE", f"/api/holed?from={START + 40}&to={START + 49}").raise_for_status()
    before = answers(stack)
    assert before["holed"][0]["count"] == 81
    assert before["fractions"] == first["fractions"]
    status, rows, printed = migrate(stack, "local", "other")
    assert status == 0, printed
    check_rows(rows, before)

    switch(stack)
    calls = len(stack.calls())
    check_same(answers(stack), before)
    assert {call["service"] for call in stack.calls()[calls:]} == {"dynamodb", "lambda"}
    assert stack.waiting() > 0
    enable(stack, True)
    stack.wait_until_idle()
    after = answers(stack)
    assert after["fractions"][1] == [
        *before["fractions"][1],
        {"time": "2023-11-14T22:15:00Z", "value": 0.7},
    ]
    assert [point["value"] for point in after["replaced"][1]] == [9.75, 20.25, 30.25]
    others = [name for name in before if name not in {"fractions", "replaced"}]
    check_same({name: after[name] for name in others}, {name: before[name] for name in others})

    # What was deleted is removed, now that it can be, and what lies over each other is merged; the
    # old chunks stay a while.
    kept = chunks(stack)
    assert sizes(stack, "local/holed") == [81, 91]
    stack.tick("compactor")
    assert sizes(stack, "local/holed") == [81, 81, 81]
    assert {key.split()[0] for key in chunks(stack).keys() - kept.keys()} == {"local/holed"}
    check_same(answers(stack), after)

    # Newer points may be beside those that are moved; of what was replaced, both cannot be right.
    status, rows, printed = migrate(stack, "local")
    assert status == 1, printed
    assert {name: row.remark for name, row in rows.items() if row.remark} == {
        "local/replaced": "THE SUM DIFFERS"
    }
    assert (rows["local/fractions"].before, rows["local/fractions"].after) == (5, 6)
    check_same(answers(stack), after)


def test_a_tenant_that_is_not_there_is_told(stack: Stack) -> None:
    names = {"TIDEMARK_TIMESTREAM_DATABASE": "any", "TIDEMARK_TIMESTREAM_TABLE": "any"}
    status, rows, printed = migrate(stack, "lcoal", **names)
    assert (status, rows) == (1, {}), printed
    assert "lcoal\n  has no series" in printed
    assert migrate(stack, "a/b", **names)[0] == 2

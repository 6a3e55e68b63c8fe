"""Functions find Timestream where it is, although it moves while Lambda has them frozen.

With the program of the function `calculation`, over TLS: it is told where to ask, as by the SDK's
own rules, and asks there for the address to call.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from certificate import AUTHORITY, with_tls
from clock import SECOND
from emulator_thread import Running
from lambda_function import Function
from table import multi

DATABASE, TABLE, SERIES = "tidemark", "points", "a"
POINTS = 3
#: How long the shortest-lived address is used: a minute, less what a client leaves of it.
USED_SECONDS = 50
#: After how many seconds Timestream closes idle connections: a freeze is longer.
IDLE_SECONDS = 10
JOB = {
    "series": {"tenant": "local", "name": SERIES},
    "tombstones": [],
    "slots": "whole",
    "parts": {"moments": False, "quantiles": False},
    "limit": 1,
    "is_shard": False,
}


class Call(NamedTuple):
    """A call of Timestream."""

    operation: str
    #: The address that was called.
    host: str
    status: int


class Service:
    """Timestream at two addresses, with some points."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        options = replace(with_tls(folder), folder=folder, idle=IDLE_SECONDS)
        self.running = Running(options)

    def start(self) -> None:
        """Has the points written, as Tidemark writes them."""
        port = self.running.emulator.tls_url.rpartition(":")[2]
        self.asked, self.other = f"localhost:{port}", f"127.0.0.1:{port}"
        now = time.time_ns()
        self.event = {"job": JOB | {"range": [now - POINTS * SECOND, now]}}
        write, names = self.running.write, {"DatabaseName": DATABASE, "TableName": TABLE}
        write.create_database(DatabaseName=DATABASE)
        key = {"Type": "DIMENSION", "Name": "series", "EnforcementInRecord": "REQUIRED"}
        write.create_table(**names, Schema={"CompositePartitionKey": [key]})
        write.write_records(
            **names, Records=[record(now - n * SECOND, n, now) for n in range(POINTS)]
        )
        self.read = len(self.lines())

    def tells(self, address: str, minutes: int = 60) -> None:
        """Has it be at one address alone, which is told to whoever asks anywhere."""
        told = {"address": address, "cache_minutes": minutes, "strict": True}
        self.running.control("/_endpoint", "PUT", told)

    def calls(self) -> list[Call]:
        """The calls since it was asked last."""
        lines = self.lines()
        new, self.read = lines[self.read :], len(lines)
        return [Call(*(json.loads(line)[field] for field in Call._fields)) for line in new]

    def lines(self) -> list[str]:
        """What it wrote down of all calls."""
        return (self.folder / "timestream.jsonl").read_text().splitlines()


def record(at: int, index: int, received: int) -> dict[str, Any]:
    """A point as a record."""
    measures = {
        "value": index / 4,
        "tags": "[]",
        "received": received,
        "batch": f"{1:032x}",
        "place": index * 1000,
    }
    series = {"Name": "series", "Value": f"local/{SERIES}"}
    return multi(at, measures, Dimensions=[series], Version=received // 1000 * 1000)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("service"))
    with service.running:
        service.start()
        yield service


@pytest.fixture
def function(service: Service, tmp_path: Path) -> Iterator[Function]:
    """The function, which has not asked for anything yet."""
    asked = f"https://{service.asked}"
    environment = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_CA_BUNDLE": str(service.folder / AUTHORITY),
        "AWS_ENDPOINT_URL_TIMESTREAM_QUERY": asked,
        "AWS_ENDPOINT_URL_TIMESTREAM_WRITE": asked,
        "TIDEMARK_CALCULATION_FUNCTION": "calculation",
        "TIDEMARK_POINT_STORE": "timestream",
        "TIDEMARK_TIMESTREAM_DATABASE": DATABASE,
        "TIDEMARK_TIMESTREAM_DISCOVERY": "true",
        "TIDEMARK_TIMESTREAM_TABLE": TABLE,
    }
    with Function("calculation", tmp_path / "printed.log", **environment) as function:
        yield function


def summary(function: Function, service: Service) -> str:
    """Has the points summarized: what the answer has of them."""
    answer = function.invoke(service.event)
    assert (answer["busy"], answer["rest"]) == (False, None), function.printed()
    assert answer["buckets"], "the points are not found"
    buckets: str = answer["buckets"]
    return buckets


def test_an_address_is_asked_for_once(service: Service, function: Function) -> None:
    service.tells(service.other)
    first = summary(function, service)
    described = Call("DescribeEndpoints", service.asked, 200)
    queried = Call("Query", service.other, 200)
    assert service.calls() == [described, queried]
    with function.frozen():
        pass
    assert summary(function, service) == first
    assert service.calls() == [queried]


def test_where_it_is_not_any_more_the_address_is_asked_for_again(
    service: Service, function: Function
) -> None:
    service.tells(service.other)
    first = summary(function, service)
    service.tells(service.asked)
    service.calls()
    assert summary(function, service) == first
    assert service.calls() == [
        Call("Query", service.other, 421),
        Call("DescribeEndpoints", service.asked, 200),
        Call("Query", service.asked, 200),
    ]


@pytest.mark.slow
def test_an_address_that_expires_in_a_freeze_is_not_called(
    service: Service, function: Function
) -> None:
    """The clock of the system goes on meanwhile, timers of the process do not fire, and what it
    had open is closed. No address is told for less than a minute, and the program has the clock of
    the system alone: that time has to pass, on whatever machine."""
    service.tells(service.other, minutes=1)
    first = summary(function, service)
    service.calls()
    with function.frozen():
        service.tells(service.asked)
        time.sleep(USED_SECONDS + 1)
    assert summary(function, service) == first
    assert service.calls() == [
        Call("DescribeEndpoints", service.asked, 200),
        Call("Query", service.asked, 200),
    ]


def test_no_address_is_an_outage_that_passes(service: Service, function: Function) -> None:
    service.tells("")
    assert function.invoke(service.event) == {"buckets": "", "rest": None, "busy": True}
    assert [call.operation for call in service.calls()] == ["DescribeEndpoints"]
    service.tells(service.other)
    # It has not ended: the same process answers.
    assert function.process.poll() is None
    assert summary(function, service)
    assert [call.host for call in service.calls()] == [service.asked, service.other]

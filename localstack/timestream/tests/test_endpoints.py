"""Endpoint discovery.

Developer guide, "The endpoint discovery pattern": clients ask DescribeEndpoints, put `https://`
before the address, and keep it for as many minutes as it says.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest

from certificate import AUTHORITY, with_tls
from emulator_thread import Running


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Path]]:
    """An emulator with TLS, and the certificate of who vouches for it."""
    folder = tmp_path_factory.mktemp("tls")
    with Running(with_tls(folder)) as running:
        yield running, folder / AUTHORITY


def test_the_endpoint_is_found_over_tls(secure: tuple[Running, Path]) -> None:
    """API reference, DescribeEndpoints, Endpoint; both APIs have it."""
    running, authority = secure
    for service in ("timestream-write", "timestream-query"):
        first = running.client(service, running.emulator.tls_url, verify=str(authority))
        (endpoint,) = first.describe_endpoints()["Endpoints"]
        assert endpoint["CachePeriodInMinutes"] == 1440
        assert endpoint["Address"] == running.emulator.tls_url.removeprefix("https://")
    url = f"https://{endpoint['Address']}"
    query = running.client("timestream-query", url, verify=str(authority))
    assert query.query(QueryString="SELECT 1")["Rows"] == [{"Data": [{"ScalarValue": "1"}]}]


def test_without_tls_the_address_is_the_one_that_was_asked(running: Running) -> None:
    (endpoint,) = running.write.describe_endpoints()["Endpoints"]
    assert endpoint["Address"] == running.emulator.url.removeprefix("http://")


def test_the_endpoint_changes(secure: tuple[Running, Path]) -> None:
    running, authority = secure
    port = running.emulator.tls_url.rpartition(":")[2]
    control = running.control("/_endpoint", "PUT", {"address": f"localhost:{port}"})
    assert control["address"] == f"localhost:{port}"
    before = control["described"]
    running.control("/_endpoint", "PUT", {"address": f"localhost:{port}", "cache_minutes": 1})
    client = running.client("timestream-write", running.emulator.tls_url, verify=str(authority))
    assert client.describe_endpoints()["Endpoints"] == [
        {"Address": f"localhost:{port}", "CachePeriodInMinutes": 1}
    ]
    assert running.control("/_endpoint")["described"] == before + 1
    running.control("/_endpoint", "PUT", {"address": ""})
    assert client.describe_endpoints()["Endpoints"] == []
    running.control("/_endpoint", "DELETE")
    assert len(client.describe_endpoints()["Endpoints"]) == 1


def test_calls_to_another_endpoint_may_be_refused(secure: tuple[Running, Path]) -> None:
    """API reference, InvalidEndpointException; "specific error codes": 421."""
    running, authority = secure
    port = running.emulator.tls_url.rpartition(":")[2]
    here = running.client("timestream-write", running.emulator.tls_url, verify=str(authority))
    there = running.client("timestream-write", f"https://localhost:{port}", verify=str(authority))
    running.control("/_endpoint", "PUT", {"address": f"localhost:{port}", "strict": True})
    with pytest.raises(here.exceptions.InvalidEndpointException) as caught:
        here.list_databases()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 421
    assert here.describe_endpoints()["Endpoints"]
    assert there.list_databases()["Databases"] == []
    running.control("/_endpoint", "DELETE")
    assert here.list_databases()["Databases"] == []


@pytest.mark.parametrize("asked", [{"addres": "a"}, {"cache_minutes": "1"}, {"address": 1}])
def test_unknown_settings_are_refused(running: Running, asked: dict[str, object]) -> None:
    with pytest.raises(HTTPError, match="400"):
        running.control("/_endpoint", "PUT", asked)

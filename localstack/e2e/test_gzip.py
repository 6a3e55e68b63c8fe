"""Bodies whose Content-Type is gzip, which a gateway takes for binary."""

from __future__ import annotations

import gzip
import json

import pytest

from harness.client import Client, accepted, eventually
from harness.generators import IMPORT_OBIS, meter_rows


@pytest.mark.parametrize("media", ["application/gzip", "application/x-gzip"])
@pytest.mark.parametrize(
    ("inner", "body"),
    [
        ("application/json", '[{"name":"NAME","t":1,"v":2}]'),
        ("application/x-ndjson", '{"name":"NAME","t":1,"v":2}\n'),
        ("text/csv", "name,t,v\nNAME,1,2\n"),
    ],
)
def test_gzip_may_be_the_type(api: Client, name: str, media: str, inner: str, body: str) -> None:
    # A gateway hands this on as it was sent.
    for number, kind in enumerate([media, f'{media}; type="{inner}"']):
        packed = gzip.compress(body.replace("NAME", f"{name}.{number}").encode())
        headers = {"content-type": kind}
        response = api.request("POST", "/api", content=packed, headers=headers)
        assert accepted(response)["accepted"] == 1

    def check() -> None:
        for number in range(2):
            points = api.points(f"{name}.{number}")
            assert points == [{"time": "1970-01-01T00:00:01Z", "value": 2}]

    eventually(check)


def test_gzip_is_said_once_and_of_what_is_read(api: Client) -> None:
    packed = gzip.compress(b"[]")
    for headers, detail in [
        (
            {"content-type": "application/gzip", "content-encoding": "gzip"},
            "the body is said to be gzip by `Content-Type` and by `Content-Encoding`; "
            "send one of them",
        ),
        (
            {"content-type": 'application/gzip; type="text/plain"'},
            "text/plain is not read here; send application/json, application/x-ndjson, "
            "text/csv, application/gzip",
        ),
    ]:
        response = api.request("POST", "/api", content=packed, headers=headers)
        assert (response.status_code, response.json()["detail"]) == (415, detail)
    response = api.request(
        "POST", "/api", content=b"name,t,v\nx,1,2\n", headers={"content-type": "application/gzip"}
    )
    assert response.status_code == 400
    assert response.json()["detail"] == "the body is not gzip data: it is corrupt"


@pytest.mark.parametrize("kind", ["application/gzip", 'application/gzip; type="application/json"'])
def test_measurements_may_be_gzip(api: Client, name: str, kind: str) -> None:
    packed = gzip.compress(json.dumps({"data": meter_rows(name, IMPORT_OBIS, [1.0, 2.0])}).encode())
    path, headers = "/meterdata/measurement", {"content-type": kind}
    response = api.request("POST", path, content=packed, headers=headers)
    assert accepted(response)["accepted"] == 2

    def check() -> None:
        assert api.json(f"/api/energy:{name}:{IMPORT_OBIS}")["sum"] == 3

    eventually(check)

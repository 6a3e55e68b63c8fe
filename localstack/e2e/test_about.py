"""What is said of a series: title, unit, note."""

from __future__ import annotations

import gzip
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from harness.client import IS_DEPLOYED, Client, Json, accepted, eventually, only
from harness.generators import IMPORT_OBIS, series
from harness.process import Tidemark
from sweeps import sweep

NOTHING = {"title": None, "unit": None, "note": None}
ALL = {"title": "Main meter", "unit": "kWh", "note": 'In the "cellar".\nÄußerst \U0001f50c.'}
LONGEST = "\U0001f50c" * 256


def say(api: Client, name: str, **texts: Json) -> None:
    """Says something of a series that there is."""

    def check() -> None:
        response = api.request("PUT", f"/api/{name}/about", json=texts)
        assert (response.status_code, response.content) == (204, b""), response.text

    # A deployment may show the points of a new series before the series.
    eventually(check)


def about(api: Client, name: str) -> Json:
    return api.json(f"/api/{name}/about")


def check_said(api: Client, name: str, expected: Json) -> None:
    """It is seen wherever it is shown."""

    def check() -> None:
        assert about(api, name) == expected
        row = only(api.json("/api", prefix=name, details="true", limit=1)["series"])
        assert row["about"] == expected
        (row,) = api.json("/api", prefix=name, limit=1)["series"]
        assert "about" not in row

    eventually(check)


def test_what_is_said_is_shown(api: Client, name: str) -> None:
    api.store(series(name, [1]))
    check_said(api, name, NOTHING)
    say(api, name, **ALL)
    check_said(api, name, ALL)
    say(api, name, unit="Wh")
    check_said(api, name, ALL | {"unit": "Wh"})
    say(api, name, title=None, note=None)
    check_said(api, name, NOTHING | {"unit": "Wh"})
    say(api, name)
    check_said(api, name, NOTHING | {"unit": "Wh"})
    say(api, name, title=LONGEST, unit=LONGEST, note=LONGEST)
    longest = {"title": LONGEST, "unit": LONGEST, "note": LONGEST}
    check_said(api, name, longest)
    # More points change nothing of it.
    api.store(series(name, [1, 2]))
    check_said(api, name, longest)


def test_of_no_series_nothing_is_said(api: Client, name: str) -> None:
    for body in (ALL, {}):
        response = api.request("PUT", f"/api/{name}/about", json=body)
        assert (response.status_code, response.json()["type"]) == (404, "/docs#unknown-series")
    response = api.get(f"/api/{name}/about")
    assert (response.status_code, response.json()["type"]) == (404, "/docs#unknown-series")
    assert api.json("/api", prefix=name)["count"] == 0


@pytest.mark.points
def test_it_is_deleted_with_the_series(api: Client, name: str) -> None:
    api.store(series(name, [1]))
    say(api, name, **ALL)
    # But not with some of its points.
    assert api.request("DELETE", f"/api/{name}?from=0").status_code == 204
    check_said(api, name, ALL)
    assert api.request("DELETE", f"/api/{name}").status_code == 204

    def check() -> None:
        assert api.get(f"/api/{name}/about").status_code == 404
        assert api.request("PUT", f"/api/{name}/about", json=ALL).status_code == 404

    eventually(check)
    api.store(series(name, [1]))
    check_said(api, name, NOTHING)


WRONG = [
    ("a number", {"title": 1}, "/title", "malformed", "`title` is to be a string, not a number"),
    ("an object", {"unit": {}}, "/unit", "malformed", "`unit` is to be a string, not an object"),
    (
        "too long",
        {"note": LONGEST + "a"},
        "/note",
        "too_large",
        "`note`: a text has at most 256 characters, this one has 257",
    ),
    (
        "empty",
        {"title": ""},
        "/title",
        "malformed",
        "`title`: a text must not be blank; null clears it",
    ),
    (
        "blank",
        {"unit": " \u00a0"},
        "/unit",
        "malformed",
        "`unit`: a text must not be blank; null clears it",
    ),
    (
        "a line end in a title",
        {"title": "a\nb"},
        "/title",
        "malformed",
        "`title`: character 1 is a control character",
    ),
    (
        "NUL",
        {"note": "ab\0"},
        "/note",
        "malformed",
        "`note`: character 2 is a control character",
    ),
    (
        "an unknown field",
        {"titel": "x"},
        "/titel",
        "malformed",
        "`titel` is not among title, unit and note",
    ),
]


@pytest.mark.parametrize(
    ("case", "body", "pointer", "reason", "detail"), sweep(WRONG, "too long", "an unknown field")
)
def test_a_wrong_field_is_named_and_changes_nothing(
    api: Client, name: str, case: str, body: dict[str, Json], pointer: str, reason: str, detail: str
) -> None:
    api.store(series(name, [1]))
    say(api, name, **ALL)
    # What stands beside it is right.
    other = {"note": "n"} if "note" not in body else {"title": "t"}
    response = api.request("PUT", f"/api/{name}/about", json=other | body)
    assert response.json() == {
        "type": "/docs#invalid-fields",
        "title": "Fields of the body are wrong",
        "status": 400,
        "detail": detail,
        "errors": [{"pointer": pointer, "reason": reason, "detail": detail}],
    }, case
    check_said(api, name, ALL)


def test_several_wrong_fields_are_all_named(api: Client, name: str) -> None:
    api.store(series(name, [1]))
    body = '{"unit": 1, "x/y": "", "title": "a", "title": "b"}'
    response = put(api, name, body.encode())
    assert response.status_code == 400
    problem = response.json()
    assert problem["detail"] == "3 fields are wrong, so nothing was changed"
    assert [error["pointer"] for error in problem["errors"]] == ["/unit", "/x~1y", "/title"]


def put(api: Client, name: str, body: bytes, **headers: str) -> Any:
    headers = {key.replace("_", "-"): value for key, value in headers.items()}
    return api.request("PUT", f"/api/{name}/about", content=body, headers=headers)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "EOF while parsing a value at line 1 column 0"),
        (b'{"unit": NaN}', "expected value at line 1 column 10"),
        (b"{}{}", "trailing characters at line 1 column 3"),
        (
            b"[]",
            'the body is to be an object: {"title": ..., "unit": ..., "note": ...}',
        ),
    ],
)
def test_what_is_no_object_is_refused(api: Client, name: str, body: bytes, detail: str) -> None:
    api.store(series(name, [1]))
    response = put(api, name, body, content_type="application/json")
    problem = response.json()
    assert (response.status_code, problem["type"]) == (400, "/docs#malformed-body")
    assert problem["detail"] == detail


def test_bodies_are_read_as_elsewhere(api: Client, name: str) -> None:
    api.store(series(name, [1]))
    say(api, name, note="kept")
    packed = gzip.compress(json.dumps({"unit": "m³"}).encode())
    assert put(api, name, packed, content_type="application/gzip").status_code == 204
    check_said(api, name, {"title": None, "unit": "m³", "note": "kept"})
    # Without a type it is JSON, and a byte order mark is skipped.
    assert put(api, name, '\ufeff{"unit":"K"}'.encode()).status_code == 204
    check_said(api, name, {"title": None, "unit": "K", "note": "kept"})
    response = put(api, name, b'{"unit":"W"}', content_type="text/csv")
    assert (response.status_code, response.json()["type"]) == (415, "/docs#unsupported-media-type")
    mebibyte = b" " * 2**20 + b"{}"
    for body, media in (
        (mebibyte, "application/json"),
        (gzip.compress(mebibyte), "application/gzip"),
    ):
        response = put(api, name, body, content_type=media)
        assert (response.status_code, response.json()["type"]) == (413, "/docs#body-too-large")
    response = api.request("PUT", f"/api/{name}/about?unit=W", json={})
    assert (response.status_code, response.json()["type"]) == (400, "/docs#invalid-parameter")
    check_said(api, name, {"title": None, "unit": "K", "note": "kept"})


def test_no_other_method_is_known(api: Client, name: str) -> None:
    response = api.request("DELETE", f"/api/{name}/about")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, PUT"


def test_changes_at_the_same_time_are_all_kept(api: Client, name: str) -> None:
    api.store(series(name, [1]))
    say(api, name)
    rounds, failures = 8, []

    def change(field: str) -> None:
        for number in range(rounds):
            response = api.request("PUT", f"/api/{name}/about", json={field: f"{field} {number}"})
            if response.status_code != 204:
                failures.append(response.text)

    def write() -> None:
        for number in range(rounds):
            accepted(api.post(series(name, [number], start=number)))

    threads = [threading.Thread(target=change, args=[field]) for field in NOTHING]
    threads.append(threading.Thread(target=write))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    check_said(api, name, {field: f"{field} {rounds - 1}" for field in NOTHING})


def row(meter: str, day: int, **values: float) -> Json:
    return {
        "measurement": "energy",
        "timestamp": f"2023-02-{day:02}T00:00:00.000Z",
        "tags": {"muid": meter, "quality": "measured"},
        **values,
    }


def test_energy_of_meters_begins_with_its_unit(api: Client, name: str) -> None:
    meter = name[-60:]
    energy, power, other = IMPORT_OBIS, "0100010700FF", "something"
    names = {code: f"energy:{meter}:{code}" for code in (energy, power, other)}

    def post(day: int) -> None:
        values = dict.fromkeys(names, float(day))
        answer = accepted(api.post([row(meter, day, **values)], path="/meterdata/measurement"))
        assert answer["accepted"] == 3

        def check() -> None:
            for series_name in names.values():
                points = api.json(f"/api/{series_name}", stats="count,last")
                assert points == {"count": day, "last": day}

        eventually(check)

    post(1)
    check_said(api, names[energy], NOTHING | {"unit": "kWh"})
    check_said(api, names[power], NOTHING)
    check_said(api, names[other], NOTHING)
    # What a client says counts, also that it says nothing.
    say(api, names[energy], unit="Wh")
    post(2)
    check_said(api, names[energy], NOTHING | {"unit": "Wh"})
    say(api, names[energy], unit=None)
    post(3)
    check_said(api, names[energy], NOTHING)
    if not IS_DEPLOYED:
        # The rows say nothing else than before.
        answer = api.json("/meterdata/measurement", muid=meter, measurement="energy", limit=1)
        assert answer["data"] == [row(meter, 3, **dict.fromkeys(sorted(names), 3))]


def test_points_of_that_name_alone_have_no_unit(api: Client, name: str) -> None:
    named = f"energy:{name[-60:]}:{IMPORT_OBIS}"
    api.store(series(named, [1]))
    check_said(api, named, NOTHING)


@pytest.mark.usefixtures("needs_own_process")
def test_what_was_said_is_there_after_a_kill_and_after_an_end(tmp_path: Path) -> None:
    with Tidemark(tmp_path) as process:
        api = Client(process.url)
        api.store(series("kept", [1]) + series("gone", [1]) + series("anew", [1]))
        for number in range(3):
            texts = ALL | {"title": f"title {number}"}
            for name in ("kept", "gone", "anew"):
                say(api, name, **texts)
            assert api.request("DELETE", "/api/anew").status_code == 204
            api.store(series("anew", [1]))
            if number == 1:
                assert api.request("DELETE", "/api/gone").status_code == 204
                api.store(series("gone", [2]))
            if number == 2:
                assert api.request("DELETE", "/api/gone").status_code == 204
            if number % 2:
                assert process.stop() == 0
            else:
                process.kill()
            process.start()
            api = Client(process.url)
            check_said(api, "kept", texts)
            check_said(api, "anew", NOTHING)
        assert api.get("/api/gone/about").status_code == 404

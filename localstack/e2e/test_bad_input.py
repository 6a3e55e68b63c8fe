"""Bad input and its exact answers. After each, nothing is half stored and all is healthy."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from client import PROBLEM, Client, Json, accepted, eventually
from generators import series

MALFORMED_BODY = ("/docs#malformed-body", "The body cannot be read")
INVALID_POINTS = ("/docs#invalid-points", "The points are wrong")
TOO_LARGE = ("/docs#body-too-large", "The body is too large")
UNSUPPORTED = ("/docs#unsupported-media-type", "The body comes in a form that is not read here")
INVALID_PARAMETER = ("/docs#invalid-parameter", "A parameter is wrong")
INVALID_PATH = ("/docs#invalid-path", "The path holds what is not a name or an id")
INVALID_CURSOR = ("/docs#invalid-cursor", "The cursor does not belong here")

MIB = 1 << 20

#: A good point, before whatever is wrong: it must not be stored either. NAME is replaced.
GOOD = b'{"name":"NAME","t":1,"v":1}'


@pytest.fixture(autouse=True)
def still_healthy(api: Client) -> Iterator[None]:
    yield
    assert api.json("/health")["status"] == "ok"


@dataclass(frozen=True)
class Case:
    """A body, and the problem that it is answered with."""

    id: str
    body: bytes
    status: int
    kind: tuple[str, str]
    detail: str
    errors: list[dict[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


def check_exact(response: httpx.Response, case: Case) -> None:
    assert response.status_code == case.status, response.text
    assert response.headers["content-type"] == PROBLEM
    expected: dict[str, Any] = {
        "type": case.kind[0],
        "title": case.kind[1],
        "status": case.status,
        "detail": case.detail,
    }
    if case.errors:
        expected["errors"] = case.errors
    assert response.json() == expected


def check_nothing_stored(api: Client, name: str) -> None:
    assert api.get(f"/api/{name}").status_code == 404
    assert api.json("/api", prefix=name)["count"] == 0


def wrong_json(id: str, body: bytes, detail: str) -> Case:
    return Case(id, body, 400, MALFORMED_BODY, detail)


BODIES = [
    # Not JSON: line and column, and nothing stored.
    wrong_json("cut off", b"[" + GOOD + b',{"name":"NAME","t":2', ""),
    wrong_json("broken on line 3", b"[\n" + GOOD + b',\n {"name" "NAME"}]', ""),
    wrong_json("two commas", b"[" + GOOD + b",,]", ""),
    wrong_json("only a comma", b"[,]", ""),
    wrong_json("NaN", b"[" + GOOD + b',{"name":"NAME","t":2,"v":NaN}]', ""),
    wrong_json("Infinity", b"[" + GOOD + b',{"name":"NAME","t":2,"v":Infinity}]', ""),
    wrong_json("-Infinity", b"[" + GOOD + b',{"name":"NAME","t":2,"v":-Infinity}]', ""),
    wrong_json("something after the array", b"[" + GOOD + b"] x", ""),
    wrong_json("invalid UTF-8", b"[" + GOOD + b',\n{"name":"\xff","t":2,"v":1}]', ""),
    wrong_json("half a character", b'[{"name":"\xc3', ""),
    wrong_json("deep, open", b"[" * 100_000, ""),
    wrong_json("deep, closed", b"[" * 100_000 + b"]" * 100_000, ""),
    wrong_json(
        "deep, in a point",
        b"[" + GOOD + b',{"name":"NAME","t":2,"v":' + b"[" * 100_000 + b"]" * 100_000 + b"}]",
        "",
    ),
    wrong_json("deep objects", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, ""),
    # JSON, but no points.
    wrong_json("an empty array", b"[]", ""),
    wrong_json("an object", GOOD, ""),
    wrong_json("a string", b'"NAME"', ""),
    wrong_json("null", b"null", ""),
    wrong_json("nothing", b"", ""),
    wrong_json("white space", b" \n ", ""),
    # Too much.
    Case("5 MiB", b"[" + GOOD + b" " * (5 * MIB) + b"]", 413, TOO_LARGE, ""),
    Case(
        "a gzip bomb",
        gzip.compress(b"[" + GOOD + b" " * (65 * MIB) + b"]"),
        413,
        TOO_LARGE,
        "",
        headers={"content-encoding": "gzip"},
    ),
    # The wrong form.
    Case("XML", b"<a/>", 415, UNSUPPORTED, "", headers={"content-type": "application/xml"}),
    Case(
        "a form",
        b"[" + GOOD + b"]",
        415,
        UNSUPPORTED,
        "",
        headers={"content-type": "application/x-www-form-urlencoded"},
    ),
    Case(
        "a wrong charset",
        b"[" + GOOD + b"]",
        415,
        UNSUPPORTED,
        "",
        headers={"content-type": "application/json; charset=latin1"},
    ),
    Case(
        "a wrong encoding",
        b"[" + GOOD + b"]",
        415,
        UNSUPPORTED,
        "",
        headers={"content-encoding": "br"},
    ),
    Case(
        "no gzip",
        b"[" + GOOD + b"]",
        400,
        MALFORMED_BODY,
        "",
        headers={"content-encoding": "gzip"},
    ),
    Case(
        "half a gzip",
        gzip.compress(b"[" + GOOD + b"]")[:-12],
        400,
        MALFORMED_BODY,
        "",
        headers={"content-encoding": "gzip"},
    ),
    Case(
        "a CSV without its header",
        b"NAME,1,1\n",
        400,
        MALFORMED_BODY,
        "",
        headers={"content-type": "text/csv"},
    ),
    Case(
        "a broken line of NDJSON",
        GOOD + b'\n{"name":\n',
        400,
        MALFORMED_BODY,
        "",
        headers={"content-type": "application/x-ndjson"},
    ),
]


@pytest.mark.parametrize("case", BODIES, ids=lambda case: case.id)
def test_a_body_that_cannot_be_read_is_refused_as_a_whole(
    api: Client, name: str, case: Case
) -> None:
    body = case.body
    if b"NAME" in body:
        body = body.replace(b"NAME", name.encode())
    headers = {"content-type": "application/json"} | case.headers
    response = api.request("POST", "/api", content=body, headers=headers)
    check_exact(response, case)
    check_nothing_stored(api, name)


@dataclass(frozen=True)
class Wrong:
    """A point that is wrong in itself, and how the answer says so."""

    id: str
    point: str
    errors: list[tuple[str, str]]


WRONG = [
    Wrong("beyond all floats", '{"name":"NAME","t":1,"v":1e400}', [("/v", "not_finite")]),
    Wrong("below all floats", '{"name":"NAME","t":1,"v":-1e400}', [("/v", "not_finite")]),
    Wrong("a string as value", '{"name":"NAME","t":1,"v":"1"}', [("/v", "malformed")]),
    Wrong("null as value", '{"name":"NAME","t":1,"v":null}', [("/v", "malformed")]),
    Wrong("true as value", '{"name":"NAME","t":1,"v":true}', [("/v", "malformed")]),
    Wrong("an array as value", '{"name":"NAME","t":1,"v":[1]}', [("/v", "malformed")]),
    Wrong("no name", '{"t":1,"v":1}', [("", "malformed")]),
    Wrong("no time", '{"name":"NAME","v":1}', [("", "malformed")]),
    Wrong("no value", '{"name":"NAME","t":1}', [("", "malformed")]),
    Wrong("an unknown field", '{"name":"NAME","t":1,"v":1,"w":1}', [("/w", "malformed")]),
    Wrong("a field twice", '{"name":"NAME","t":1,"v":1,"v":2}', [("/v", "malformed")]),
    Wrong("an empty name", '{"name":"","t":1,"v":1}', [("/name", "malformed")]),
    Wrong("a name of 257 bytes", f'{{"name":"{"x" * 257}","t":1,"v":1}}', [("/name", "malformed")]),
    Wrong("the name ..", '{"name":"..","t":1,"v":1}', [("/name", "malformed")]),
    Wrong("the name .", '{"name":".","t":1,"v":1}', [("/name", "malformed")]),
    Wrong("a name with a slash", '{"name":"a/b","t":1,"v":1}', [("/name", "malformed")]),
    Wrong("a number as name", '{"name":1,"t":1,"v":1}', [("/name", "malformed")]),
    Wrong("half a surrogate", r'{"name":"\ud800","t":1,"v":1}', [("/name", "malformed")]),
    Wrong("a time in words", '{"name":"NAME","t":"yesterday","v":1}', [("/t", "malformed")]),
    Wrong("no offset", '{"name":"NAME","t":"2023-02-01T00:00:00","v":1}', [("/t", "malformed")]),
    Wrong("a 30 February", '{"name":"NAME","t":"2023-02-30","v":1}', [("/t", "malformed")]),
    Wrong("null as time", '{"name":"NAME","t":null,"v":1}', [("/t", "malformed")]),
    Wrong("a time after 2262", '{"name":"NAME","t":9223372037,"v":1}', [("/t", "out_of_range")]),
    Wrong("a time before 1677", '{"name":"NAME","t":-9223372037,"v":1}', [("/t", "out_of_range")]),
    Wrong("a date in 2500", '{"name":"NAME","t":"2500-01-01","v":1}', [("/t", "out_of_range")]),
    Wrong("a time of 1e400", '{"name":"NAME","t":1e400,"v":1}', [("/t", "out_of_range")]),
    Wrong("tags in one string", '{"name":"NAME","t":1,"v":1,"tags":"a"}', [("/tags", "malformed")]),
    Wrong("an empty tag", '{"name":"NAME","t":1,"v":1,"tags":[""]}', [("/tags", "malformed")]),
    Wrong(
        "17 tags",
        json.dumps({"name": "NAME", "t": 1, "v": 1, "tags": [str(i) for i in range(17)]}),
        [("/tags", "malformed")],
    ),
    Wrong("a number", "1", [("", "malformed")]),
    Wrong("null", "null", [("", "malformed")]),
    Wrong("an array", "[]", [("", "malformed")]),
    Wrong("an empty object", "{}", [("", "malformed")] * 3),
    Wrong(
        "several faults",
        '{"name":"..","t":"soon","v":1e400}',
        [("/name", "malformed"), ("/t", "malformed"), ("/v", "not_finite")],
    ),
]


def listed(errors: list[Json]) -> list[tuple[str, str]]:
    assert all(error.get("detail") for error in errors), errors
    return sorted((error["pointer"], error["reason"]) for error in errors)


def at(prefix: str, wrong: Wrong) -> list[tuple[str, str]]:
    return sorted((prefix + pointer, reason) for pointer, reason in wrong.errors)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.id)
def test_a_wrong_point_is_rejected_alone(api: Client, name: str, wrong: Wrong) -> None:
    good, point = GOOD.decode(), wrong.point.replace("NAME", name)
    answer = accepted(api.post(f"[{good},{point}]".replace("NAME", name)))
    assert (answer["accepted"], answer["rejected"]) == (1, 1)
    assert listed(answer["errors"]) == at("/1", wrong)

    def check() -> None:
        assert api.points(name) == [{"time": "1970-01-01T00:00:01Z", "value": 1}]
        (discard,) = [
            row
            for row in api.rows("/admin/discards", limit=1000)
            if row["id"] == f"{answer['batch']}-1"
        ]
        assert discard["payload"] == point
        assert set(discard["reasons"]) == {reason for _, reason in wrong.errors}

    eventually(check)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.id)
def test_where_all_points_are_wrong_none_is_taken(api: Client, name: str, wrong: Wrong) -> None:
    response = api.post(f"[{wrong.point}]".replace("NAME", name))
    problem = response.json()
    assert response.status_code == 422
    assert (problem["type"], problem["title"]) == INVALID_POINTS
    assert listed(problem["errors"]) == at("/0", wrong)
    check_nothing_stored(api, name)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.id)
def test_strictly_it_is_all_or_nothing(api: Client, name: str, wrong: Wrong) -> None:
    body = f"[{GOOD.decode()},{wrong.point}]".replace("NAME", name)
    response = api.post(body, path="/api?strict=true")
    assert (response.status_code, response.json()["type"]) == (422, "/docs#invalid-points")
    assert listed(response.json()["errors"]) == at("/1", wrong)
    check_nothing_stored(api, name)


def test_strictly_a_good_body_is_taken(api: Client, name: str) -> None:
    assert accepted(api.post(series(name, [1, 2]), path="/api?strict=true"))["accepted"] == 2
    for query in ("strict=", "strict=yes", "strict=true&strict=true", "strict=false&x=1"):
        assert api.post(series(name, [1]), path=f"/api?{query}").status_code == 400


def test_lines_are_pointed_to_in_ndjson_and_csv(api: Client, name: str) -> None:
    good = GOOD.decode()
    lines = f'{good}\n\n{{"name":"NAME","t":2,"v":"x"}}\n{good}\n'.replace("NAME", name)
    answer = accepted(api.post(lines, content_type="application/x-ndjson"))
    assert (answer["accepted"], answer["rejected"]) == (2, 1)
    assert listed(answer["errors"]) == [("/3/v", "malformed")]
    rows = f"name,t,v\r\n{name},1,1\r\n{name},2,NaN\r\n{name},2\r\n"
    answer = accepted(api.post(rows, content_type="text/csv"))
    assert (answer["accepted"], answer["rejected"]) == (1, 2)
    assert listed(answer["errors"]) == [("/3/v", "not_finite"), ("/4", "malformed")]


def test_the_first_hundred_errors_are_listed(api: Client, name: str) -> None:
    wrong = [{"name": name, "t": t, "v": "x"} for t in range(150)]
    answer = accepted(api.post([{"name": name, "t": 0, "v": 0}, *wrong]))
    assert (answer["accepted"], answer["rejected"]) == (1, 150)
    assert [error["pointer"] for error in answer["errors"]] == [f"/{i}/v" for i in range(1, 101)]

    def check() -> None:
        assert len(api.rows("/admin/discards", series=name)) == 150

    eventually(check)


def test_sixty_thousand_points_in_one_body_are_taken(api: Client, name: str) -> None:
    points = series(name, [i % 7 for i in range(60000)])
    api.store(points)
    expected = {"count": 60000, "sum": sum(i % 7 for i in range(60000))}
    assert api.json(f"/api/{name}", stats="count,sum") == expected


def test_a_gzipped_body_is_read(api: Client, name: str) -> None:
    body = gzip.compress(json.dumps(series(name, [1, 2, 3])).encode())
    assert accepted(api.post(body, content_encoding="gzip"))["accepted"] == 3

    def check() -> None:
        assert api.json(f"/api/{name}")["sum"] == 6

    eventually(check)


def test_four_mebibytes_are_not_too_much(api: Client, name: str) -> None:
    body = json.dumps(series(name, [1, 2])).encode()
    body = body[:-1] + b" " * (4 * MIB - len(body)) + b"]"
    assert len(body) == 4 * MIB
    assert accepted(api.post(body))["accepted"] == 2
    over = api.post(body + b" ")
    assert (over.status_code, over.json()["type"]) == (413, "/docs#body-too-large")


def test_a_large_body_of_unknown_length_is_refused_too(api: Client, name: str) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"[" + GOOD.replace(b"NAME", name.encode())
        for _ in range(80):
            yield b" " * (MIB // 16)
        yield b"]"

    response = api.request(
        "POST", "/api", content=chunks(), headers={"content-type": "application/json"}
    )
    assert (response.status_code, response.json()["type"]) == (413, "/docs#body-too-large")
    check_nothing_stored(api, name)


QUERIES = [
    ("unknown=1", INVALID_PARAMETER, ""),
    ("from=2&to=1", INVALID_PARAMETER, ""),
    ("from=2023-02-02&to=2023-02-01", INVALID_PARAMETER, ""),
    ("from=1&start=1", INVALID_PARAMETER, ""),
    ("from=", INVALID_PARAMETER, ""),
    ("from=1&from=1", INVALID_PARAMETER, ""),
    ("from=now", INVALID_PARAMETER, ""),
    ("to=9223372037", INVALID_PARAMETER, ""),
    ("limit=0", INVALID_PARAMETER, ""),
    ("cursor=forged", INVALID_CURSOR, ""),
]


@pytest.mark.parametrize(("query", "kind", "detail"), QUERIES, ids=[q for q, _, _ in QUERIES])
def test_a_wrong_query_is_refused(
    api: Client, name: str, query: str, kind: tuple[str, str], detail: str
) -> None:
    api.store(series(name, [1]))
    response = api.get(f"/api/{name}/points?{query}")
    check_exact(response, Case(query, b"", 400, kind, detail))


PATHS = [
    ("%2e%2e", ""),
    ("%2E", ""),
    ("a%2Fb", ""),
    ("%C3%A9", ""),
    ("a%20b", ""),
    ("x" * 257, ""),
    ("%ff", ""),
    ("%00", ""),
]


@pytest.mark.parametrize(("segment", "detail"), PATHS, ids=[p[:10] for p, _ in PATHS])
def test_a_path_with_a_wrong_name_is_refused(api: Client, segment: str, detail: str) -> None:
    for below in ("", "/points", "/buckets?every=1h"):
        response = api.get(f"/api/{segment}{below}")
        check_exact(response, Case(segment, b"", 400, INVALID_PATH, detail))
    assert api.request("DELETE", f"/api/{segment}").status_code == 400


MEASUREMENTS = [
    ("[]", 400),
    ('{"data":[]}', 400),
    ('{"rows":[]}', 400),
    ('{"data":[{}]', 400),
    ('{"data":[{}]}', 422),
    ('{"data":[1]}', 422),
    ("1", 400),
]


@pytest.mark.parametrize(("body", "status"), MEASUREMENTS, ids=[b for b, _ in MEASUREMENTS])
def test_wrong_measurements_are_refused(api: Client, body: str, status: int) -> None:
    assert api.post(body, path="/meterdata/measurement").status_code == status


METER_ROWS = [
    ({"timestamp": "soon"}, "/timestamp", "malformed"),
    ({"timestamp": "2500-01-01T00:00:00Z"}, "/timestamp", "out_of_range"),
    ({"tags": {"quality": "measured"}}, "/tags", "malformed"),
    ({"measurement": 7}, "/measurement", "malformed"),
    ({"0100011D00FF": "1"}, "/0100011D00FF", "malformed"),
    ({"0100011D00FF": True}, "/0100011D00FF", "malformed"),
]


@pytest.mark.parametrize(("change", "pointer", "reason"), METER_ROWS)
def test_a_wrong_measurement_names_its_field(
    api: Client, name: str, change: dict[str, Json], pointer: str, reason: str
) -> None:
    row = {
        "measurement": "energy",
        "timestamp": "2023-02-01T00:00:00.000Z",
        "tags": {"muid": name, "quality": "measured"},
        "0100011D00FF": 1.0,
    }
    response = api.post({"data": [row | change]}, path="/meterdata/measurement")
    assert response.status_code == 422
    assert listed(response.json()["errors"]) == [(f"/data/0{pointer}", reason)]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "muid=x",
        "measurement=energy",
        "muid=&measurement=energy",
        "muid=x&measurement=energy&to=1",
        "muid=x&measurement=energy&start=2&stop=1",
        "muid=x&measurement=energy&limit=0",
        "muid=x&measurement=energy&cursor=x",
    ],
)
def test_a_wrong_query_for_measurements_is_refused(api: Client, query: str) -> None:
    assert api.get(f"/meterdata/measurement?{query}").status_code == 400

"""Bad input and its exact answers. After each, nothing is half stored and all is healthy."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from harness.client import IS_DEPLOYED, PROBLEM, Client, Json, accepted, eventually, only
from harness.generators import series
from sweeps import sweep

MALFORMED_BODY = ("/docs#malformed-body", "The body cannot be read")
INVALID_POINTS = ("/docs#invalid-points", "The points are wrong")
TOO_LARGE = ("/docs#body-too-large", "The body is too large")
UNSUPPORTED = ("/docs#unsupported-media-type", "The body comes in a form that is not read here")
INVALID_PARAMETER = ("/docs#invalid-parameter", "A parameter is wrong")
INVALID_PATH = ("/docs#invalid-path", "The path holds what is not a name or an id")
INVALID_CURSOR = ("/docs#invalid-cursor", "The cursor does not belong here")

MIB = 1 << 20

#: A good point on a line of its own, before whatever is wrong: it must not be stored either.
#: NAME stands for the name of a series of the test's own.
GOOD = b'{"name":"NAME","t":1,"v":1},\n'
ONE = b"[" + GOOD[:-2] + b"]"

NO_ARRAY = 'the body is to be an array of points: [{"name": ..., "t": ..., "v": ...}]'
READ_HERE = "send application/json, application/x-ndjson, text/csv, application/gzip"
RANGE_OF_TIME = "1677-09-21T00:12:43.145224192Z to 2262-04-11T23:47:16.854775807Z"


@pytest.fixture(scope="module")
def api(own: Client) -> Client:
    """Whose newest discards are none of others."""
    return own


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


def spelled(headers: dict[str, str]) -> dict[str, str]:
    """Names of headers from names of arguments."""
    return {key.replace("_", "-"): value for key, value in headers.items()}


def unreadable(id: str, body: bytes, detail: str, **headers: str) -> Case:
    return Case(id, body, 400, MALFORMED_BODY, detail, headers=spelled(headers))


def too_large(id: str, body: bytes, detail: str, **headers: str) -> Case:
    return Case(id, body, 413, TOO_LARGE, detail, headers=spelled(headers))


def unsupported(id: str, detail: str, **headers: str) -> Case:
    return Case(id, ONE, 415, UNSUPPORTED, detail, headers=spelled(headers))


def broken(id: str, rest: bytes, detail: str) -> Case:
    """No JSON after a good point; lines and columns count from 1, columns in bytes."""
    return unreadable(id, b"[" + GOOD + rest, detail)


BODIES = [
    # No JSON.
    broken("cut off", b'{"name":"x","t":2', "EOF while parsing an object at line 2 column 17"),
    broken("no colon", b'\n {"name" "x"}]', "expected `:` at line 3 column 10"),
    broken("two commas", b",]", "expected value at line 2 column 1"),
    broken("NaN", b'{"name":"x","t":2,"v":NaN}]', "expected value at line 2 column 23"),
    broken("Infinity", b'{"name":"x","t":2,"v":Infinity}]', "expected value at line 2 column 23"),
    broken("-Infinity", b'{"name":"x","t":2,"v":-Infinity}]', "invalid number at line 2 column 24"),
    broken("more after the array", b"] x", "trailing characters at line 2 column 3"),
    broken(
        "invalid UTF-8",
        b'{"name":"\xff","t":2,"v":1}]',
        "the body is not UTF-8 at line 2 column 10",
    ),
    broken("half a character", b'{"name":"\xc3', "the body is not UTF-8 at line 2 column 10"),
    broken(
        "a control character",
        b'{"name":"\x01","t":2,"v":1}]',
        "control character (\\u0000-\\u001F) found while parsing a string at line 2 column 9",
    ),
    unreadable("only a comma", b"[,]", "expected value at line 1 column 2"),
    unreadable(
        "nested 100000 deep",
        b"[" * 100_000,
        "EOF while parsing a list at line 1 column 100000",
    ),
    # JSON, but no points.
    unreadable("objects nested 100000 deep", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, NO_ARRAY),
    unreadable("an object", ONE[1:-1], NO_ARRAY),
    unreadable("a string", b'"NAME"', NO_ARRAY),
    unreadable("null", b"null", NO_ARRAY),
    unreadable("an empty array", b"[]", "the body holds no points"),
    unreadable("nothing", b"", "the body holds no points"),
    unreadable("white space", b" \n ", "the body holds no points"),
    # No points in another form.
    unreadable("no gzip", ONE, "the body is not gzip data: it is corrupt", content_encoding="gzip"),
    unreadable(
        "half a gzip",
        gzip.compress(ONE)[:-12],
        "the body is not gzip data: it ends too early",
        content_encoding="gzip",
    ),
    unreadable(
        "a CSV without its header",
        b"Time (UTC),Quantity kWh\nNAME,1,1\n",
        "the first line of the CSV is to name the columns name, t, v and perhaps tags,"
        " in any order: `Time (UTC)` is none of them",
        content_type="text/csv",
    ),
    unreadable(
        "a broken line of NDJSON",
        ONE[1:-1] + b'\n{"name":\n',
        "EOF while parsing a value at line 2 column 8",
        content_type="application/x-ndjson",
    ),
    # Too much.
    too_large(
        "5 MiB", ONE[:-1] + b" " * (5 * MIB) + b"]", "a body has at most 4194304 bytes as sent"
    ),
    too_large(
        "a gzip bomb",
        gzip.compress(b"[") + gzip.compress(b" " * MIB) * 1000 + gzip.compress(ONE[1:]),
        "the body has more than 67108864 bytes once unpacked",
        content_encoding="gzip",
    ),
    # A form that is not read.
    unsupported(
        "XML",
        f"application/xml is not read here; {READ_HERE}",
        content_type="application/xml",
    ),
    unsupported(
        "a form",
        f"application/x-www-form-urlencoded is not read here; {READ_HERE}",
        content_type="application/x-www-form-urlencoded",
    ),
    unsupported(
        "another charset",
        f"the charset latin1 is not read here; {READ_HERE}",
        content_type="application/json; charset=latin1",
    ),
    unsupported(
        "another encoding",
        "the content encoding br is not read here; send gzip or none",
        content_encoding="br",
    ),
]


#: Of which a gateway, and what lifts its event, has a part; and one of what is no JSON.
ON_ITS_WAY = [
    "cut off",
    "invalid UTF-8",
    "nothing",
    "no gzip",
    "half a gzip",
    "a CSV without its header",
    "5 MiB",
    "a gzip bomb",
    "another charset",
    "another encoding",
]
#: A gateway hands a body on as text if its type says so; without a type it is JSON as well.
NOT_TEXT = {"invalid UTF-8", "half a character", "half a gzip", "a gzip bomb"}


@pytest.mark.parametrize("case", sweep(BODIES, *ON_ITS_WAY))
def test_a_body_that_cannot_be_read_is_refused_as_a_whole(
    api: Client, name: str, case: Case
) -> None:
    body = case.body
    if b"NAME" in body:
        body = body.replace(b"NAME", name.encode())
    headers = {} if case.id in NOT_TEXT else {"content-type": "application/json"}
    response = api.request("POST", "/api", content=body, headers=headers | case.headers)
    check_exact(response, case)
    check_nothing_stored(api, name)


@dataclass(frozen=True)
class Wrong:
    """A point that is wrong in itself, and how the answer says so: pointer (in the point),
    reason, detail."""

    id: str
    point: str
    errors: list[tuple[str, str, str]]


def wrong(id: str, point: str, pointer: str, detail: str, reason: str = "malformed") -> Wrong:
    return Wrong(id, point, [(pointer, reason, detail)])


def wrong_value(id: str, value: str, detail: str, reason: str = "malformed") -> Wrong:
    return wrong(id, f'{{"name":"NAME","t":1,"v":{value}}}', "/v", f"`v` {detail}", reason)


def wrong_name(id: str, name: str, detail: str) -> Wrong:
    return wrong(id, f'{{"name":{name},"t":1,"v":1}}', "/name", f"`name`{detail}")


def wrong_time(id: str, time: str, detail: str, reason: str = "malformed") -> Wrong:
    return wrong(id, f'{{"name":"NAME","t":{time},"v":1}}', "/t", f"`t`{detail}", reason)


def wrong_tags(id: str, tags: str, detail: str) -> Wrong:
    return wrong(id, f'{{"name":"NAME","t":1,"v":1,"tags":{tags}}}', "/tags", f"`tags`{detail}")


NO_OBJECT = 'a point is to be an object: {"name": ..., "t": ..., "v": ...}'
NO_TIME = "not a time: write epoch seconds, RFC 3339 with an offset, or a date"
NO_SUCH_TIME = f"the time is outside {RANGE_OF_TIME}"
TOO_BIG = "is beyond what a 64-bit float can hold"
CHARACTERS = "a name consists of ASCII letters, digits and . _ : - only; byte"

WRONG = [
    wrong_value("beyond all floats", "1e400", TOO_BIG, "not_finite"),
    wrong_value("below all floats", "-1e400", TOO_BIG, "not_finite"),
    wrong_value("a string as value", '"1"', "is to be a number, not a string"),
    wrong_value("null as value", "null", "is to be a number, not null"),
    wrong_value("true as value", "true", "is to be a number, not a boolean"),
    wrong_value("an array as value", "[1]", "is to be a number, not an array"),
    wrong("no name", '{"t":1,"v":1}', "", "`name` is missing"),
    wrong("no time", '{"name":"NAME","v":1}', "", "`t` is missing"),
    wrong("no value", '{"name":"NAME","t":1}', "", "`v` is missing"),
    wrong(
        "an unknown field",
        '{"name":"NAME","t":1,"v":1,"w":1}',
        "/w",
        "`w` is not a field of a point",
    ),
    wrong("a field twice", '{"name":"NAME","t":1,"v":1,"v":2}', "/v", "`v` stands twice"),
    wrong_name("an empty name", '""', ": a name must not be empty"),
    wrong_name(
        "a name of 257 bytes", f'"{"x" * 257}"', ": a name has at most 256 bytes, this one has 257"
    ),
    wrong_name("the name ..", '".."', ": `.` and `..` are not names"),
    wrong_name("the name .", '"."', ": `.` and `..` are not names"),
    wrong_name("a name with a slash", '"a/b"', f": {CHARACTERS} 1 is something else"),
    wrong_name("a number as name", "1", " is to be a string, not a number"),
    wrong_name("half a surrogate", r'"\ud800"', " holds an escape that is no character"),
    wrong_time("a time in words", '"yesterday"', f": {NO_TIME}"),
    wrong_time("no offset", '"2023-02-01T00:00:00"', f": {NO_TIME}"),
    wrong_time("a 30 February", '"2023-02-30"', f": {NO_TIME}"),
    wrong_time("null as time", "null", " is to be a number or a string, not null"),
    wrong_time("a time after 2262", "9223372037", f": {NO_SUCH_TIME}", "out_of_range"),
    wrong_time("a time before 1677", "-9223372037", f": {NO_SUCH_TIME}", "out_of_range"),
    wrong_time("a date in 2500", '"2500-01-01"', f": {NO_SUCH_TIME}", "out_of_range"),
    wrong_time("a time of 1e400", "1e400", f": {NO_SUCH_TIME}", "out_of_range"),
    wrong_tags("tags in one string", '"a"', " is to be an array of strings, not a string"),
    wrong_tags("an empty tag", '[""]', ": a tag has 1 to 128 bytes, one of these has 0"),
    wrong_tags(
        "17 tags",
        json.dumps([str(number) for number in range(17)]),
        ": a point has at most 16 tags, this one has 17",
    ),
    wrong("a number", "1", "", NO_OBJECT),
    wrong("null", "null", "", NO_OBJECT),
    wrong("an array", "[]", "", NO_OBJECT),
    Wrong(
        "an empty object",
        "{}",
        [("", "malformed", f"`{field}` is missing") for field in ("name", "t", "v")],
    ),
    Wrong(
        "several faults",
        '{"name":"..","t":"soon","v":1e400}',
        [
            ("/name", "malformed", "`name`: `.` and `..` are not names"),
            ("/t", "malformed", f"`t`: {NO_TIME}"),
            ("/v", "not_finite", f"`v` {TOO_BIG}"),
        ],
    ),
]


def listed(errors: list[Json]) -> list[tuple[str, str]]:
    """Pointers and reasons."""
    return sorted((error["pointer"], error["reason"]) for error in errors)


def listing(prefix: str, wrong: Wrong) -> list[Json]:
    """How the answer lists a point that stands at `prefix`."""
    return [
        {"pointer": prefix + pointer, "reason": reason, "detail": detail}
        for pointer, reason, detail in wrong.errors
    ]


@pytest.mark.parametrize("wrong", sweep(WRONG, "half a surrogate", "several faults"))
def test_a_wrong_point_is_rejected_alone(api: Client, name: str, wrong: Wrong) -> None:
    point = wrong.point.replace("NAME", name)
    answer = accepted(api.post(f"[{GOOD.decode()}{point}]".replace("NAME", name)))
    assert (answer["accepted"], answer["rejected"]) == (1, 1)
    assert answer["errors"] == listing("/1", wrong)

    def check() -> None:
        assert api.points(name) == [{"time": "1970-01-01T00:00:01Z", "value": 1}]
        newest = api.json("/admin/discards", source="api", limit=200)
        discard = only([row for row in newest if row["id"] == f"{answer['batch']}-1"])
        assert discard["payload"] == point
        assert set(discard["reasons"]) == {reason for _, reason, _ in wrong.errors}

    eventually(check)


@pytest.mark.parametrize("wrong", sweep(WRONG, "half a surrogate", "several faults"))
def test_where_all_points_are_wrong_none_is_taken(api: Client, name: str, wrong: Wrong) -> None:
    response = api.post(f"[{wrong.point}]".replace("NAME", name))
    errors = listing("/0", wrong)
    check_exact(
        response, Case(wrong.id, b"", 422, INVALID_POINTS, "all 1 points are wrong", errors)
    )
    check_nothing_stored(api, name)


@pytest.mark.parametrize("wrong", sweep(WRONG, "half a surrogate", "several faults"))
def test_strictly_it_is_all_or_nothing(api: Client, name: str, wrong: Wrong) -> None:
    body = f"[{GOOD.decode()}{wrong.point}]".replace("NAME", name)
    response = api.post(body, path="/api?strict=true")
    detail = "1 of 2 points are wrong, so none was taken"
    check_exact(response, Case(wrong.id, b"", 422, INVALID_POINTS, detail, listing("/1", wrong)))
    check_nothing_stored(api, name)


def test_strictly_a_good_body_is_taken(api: Client, name: str) -> None:
    assert accepted(api.post(series(name, [1, 2]), path="/api?strict=true"))["accepted"] == 2
    for query in ("strict=", "strict=yes", "strict=true&strict=true", "strict=false&x=1"):
        assert api.post(series(name, [1]), path=f"/api?{query}").status_code == 400


def test_lines_are_pointed_to_in_ndjson_and_csv(api: Client, name: str) -> None:
    good = ONE[1:-1].decode()
    lines = f'{good}\n\n{{"name":"NAME","t":2,"v":"x"}}\n{good}\n'.replace("NAME", name)
    answer = accepted(api.post(lines, content_type="application/x-ndjson"))
    assert (answer["accepted"], answer["rejected"]) == (2, 1)
    assert listed(answer["errors"]) == [("/3/v", "malformed")]
    rows = f"name,t,v\r\n{name},1,1\r\n{name},2,NaN\r\n{name},2\r\n"
    answer = accepted(api.post(rows, content_type="text/csv"))
    assert (answer["accepted"], answer["rejected"]) == (1, 2)
    assert listed(answer["errors"]) == [("/3/v", "not_finite"), ("/4", "malformed")]


def test_a_value_nested_100000_deep_is_rejected_alone(api: Client, name: str) -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    body = b"[" + GOOD + b'{"name":"NAME","t":2,"v":' + deep + b"}," + deep + b"]"
    answer = accepted(api.post(body.replace(b"NAME", name.encode())))
    assert (answer["accepted"], answer["rejected"]) == (1, 2)
    assert listed(answer["errors"]) == [("/1/v", "malformed"), ("/2", "malformed")]


def test_the_first_hundred_errors_are_listed(api: Client, name: str) -> None:
    wrong = [{"name": name, "t": t, "v": "x"} for t in range(150)]
    answer = accepted(api.post([{"name": name, "t": 0, "v": 0}, *wrong]))
    assert (answer["accepted"], answer["rejected"]) == (1, 150)
    assert [error["pointer"] for error in answer["errors"]] == [f"/{i}/v" for i in range(1, 101)]

    def check() -> None:
        assert len(api.rows("/admin/discards", series=name)) == 150

    eventually(check)


def test_sixty_thousand_points_in_one_body_are_taken(api: Client, name: str) -> None:
    # A short name, so that they fit in 4 MiB.
    short = f"e2e.{name[-10:]}"
    api.store(series(short, [i % 7 for i in range(60000)]))
    expected = {"count": 60000, "sum": sum(i % 7 for i in range(60000))}
    assert api.json(f"/api/{short}", stats="count,sum") == expected


def test_a_gzipped_body_is_read(api: Client, name: str) -> None:
    body = gzip.compress(json.dumps(series(name, [1, 2, 3])).encode())
    headers = {"content-encoding": "gzip"}
    if not IS_DEPLOYED:
        # A gateway would hand it on as text.
        labelled = headers | {"content-type": "application/json"}
        assert accepted(api.request("POST", "/api", content=body, headers=labelled))
    response = api.request("POST", "/api", content=body, headers=headers)
    assert accepted(response)["accepted"] == 3

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
        yield ONE[:-1].replace(b"NAME", name.encode())
        for _ in range(80):
            yield b" " * (MIB // 16)
        yield b"]"

    response = api.request(
        "POST", "/api", content=chunks(), headers={"content-type": "application/json"}
    )
    assert (response.status_code, response.json()["type"]) == (413, "/docs#body-too-large")
    check_nothing_stored(api, name)


QUERIES = [
    (
        "unknown=1",
        INVALID_PARAMETER,
        "unknown parameter `unknown`; this path knows `tz`, `from`, `start`, `to`, `end`, `order`,"
        " `decimals`, `limit`, `cursor`",
    ),
    ("from=2&to=1", INVALID_PARAMETER, "`from` is later than `to`"),
    ("from=2023-02-02&to=2023-02-01", INVALID_PARAMETER, "`from` is later than `to`"),
    (
        "from=1&start=1",
        INVALID_PARAMETER,
        "`from` and `start` mean the same: give one of them",
    ),
    ("from=", INVALID_PARAMETER, "`from` is empty"),
    ("from=1&from=1", INVALID_PARAMETER, "`from` is given twice"),
    ("from=now", INVALID_PARAMETER, f"`from` is `now`: {NO_TIME}"),
    (
        "to=9223372037",
        INVALID_PARAMETER,
        f"`to` is `9223372037`: {NO_SUCH_TIME}",
    ),
    (
        "limit=0",
        INVALID_PARAMETER,
        "`limit` must be a whole number from 1 to 50000, not `0`",
    ),
    (
        "cursor=forged",
        INVALID_CURSOR,
        "`cursor` is not one that was answered to this query: take it from the header `Link` of"
        " the page before, and keep all other parameters but `limit`",
    ),
]


@pytest.mark.parametrize(
    ("query", "kind", "detail"), sweep(QUERIES, "unknown=1", "from=1&from=1", "cursor=forged")
)
def test_a_wrong_query_is_refused(
    api: Client, name: str, query: str, kind: tuple[str, str], detail: str
) -> None:
    api.store(series(name, [1]))
    response = api.get(f"/api/{name}/points?{query}")
    check_exact(response, Case(query, b"", 400, kind, detail))


PATHS = [
    ("%2e%2e", "{name}: `.` and `..` are not names"),
    ("%2E", "{name}: `.` and `..` are not names"),
    ("%C3%A9", f"{{name}}: {CHARACTERS} 0 is something else"),
    ("a%20b", f"{{name}}: {CHARACTERS} 1 is something else"),
    ("%00", f"{{name}}: {CHARACTERS} 0 is something else"),
    ("x" * 257, "{name}: a name has at most 256 bytes, this one has 257"),
]


@pytest.mark.parametrize(("segment", "detail"), PATHS, ids=[p[:10] for p, _ in PATHS])
def test_a_path_with_a_wrong_name_is_refused(api: Client, segment: str, detail: str) -> None:
    for below in ("", "/points", "/buckets?every=1h"):
        response = api.get(f"/api/{segment}{below}")
        check_exact(response, Case(segment, b"", 400, INVALID_PATH, detail))
    assert api.request("DELETE", f"/api/{segment}").status_code == 400


@pytest.mark.parametrize(
    ("segment", "detail"),
    [
        ("a%2Fb", f"{{name}}: {CHARACTERS} 1 is something else"),
        ("%ff", "the path is not percent-encoded UTF-8"),
    ],
)
def test_a_path_with_a_wrong_escape_is_refused(api: Client, segment: str, detail: str) -> None:
    response = api.get(f"/api/{segment}")
    if IS_DEPLOYED:
        # A gateway has decoded it before: `a%2Fb` is a longer path, and `%ff` some character.
        assert response.status_code in {400, 404}
    else:
        check_exact(response, Case(segment, b"", 400, INVALID_PATH, detail))


MEASUREMENTS = [
    ("[]", 400),
    ('{"data":[]}', 400),
    ('{"rows":[]}', 400),
    ('{"data":[{}]', 400),
    ('{"data":[{}]}', 422),
    ('{"data":[1]}', 422),
    ("1", 400),
]


@pytest.mark.parametrize(("body", "status"), sweep(MEASUREMENTS, '{"data":[{}]}'))
def test_wrong_measurements_are_refused(api: Client, body: str, status: int) -> None:
    assert api.post(body, path="/meterdata/measurement").status_code == status


METER_ROWS = [
    ({"timestamp": "soon"}, "/timestamp", "malformed"),
    ({"timestamp": "2500-01-01T00:00:00Z"}, "/timestamp", "out_of_range"),
    ({"tags": {"quality": "measured"}}, "", "malformed"),
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
    sweep(
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
        "muid=x",
    ),
)
def test_a_wrong_query_for_measurements_is_refused(api: Client, query: str) -> None:
    assert api.get(f"/meterdata/measurement?{query}").status_code == 400

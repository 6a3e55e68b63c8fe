"""The points of a series: order, ranges, pages, media types."""

from __future__ import annotations

import gzip
import json

import httpx
import pytest

from harness.client import (
    IN_TIMESTREAM,
    IS_DEPLOYED,
    Client,
    Json,
    Point,
    accepted,
    eventually,
    only,
)
from harness.generators import series
from sweeps import sweep

pytestmark = pytest.mark.points

#: Of points in pages, each of which is a request.
COUNT = 20 if IS_DEPLOYED else 100
FIVE = [1.5, 2, -3, 0.1, 5]


def times(response: httpx.Response) -> list[int]:
    """The last digits of each point's time."""
    assert response.status_code == 200, response.text
    return [int(point["time"][-3:-1]) for point in response.json()]


def test_points_are_ascending_unless_asked(api: Client, name: str) -> None:
    api.store(series(name, FIVE)[::-1])
    assert times(api.get(f"/api/{name}/points")) == [0, 1, 2, 3, 4]
    assert times(api.get(f"/api/{name}/points", order="asc")) == [0, 1, 2, 3, 4]
    assert times(api.get(f"/api/{name}/points", order="desc")) == [4, 3, 2, 1, 0]


def test_a_range_includes_both_ends(api: Client, name: str) -> None:
    api.store(series(name, FIVE))
    assert times(api.get(f"/api/{name}/points", from_=1, to=3)) == [1, 2, 3]
    assert times(api.get(f"/api/{name}/points", from_=1, to=1)) == [1]
    assert times(api.get(f"/api/{name}/points", start=2.5)) == [3, 4]
    assert times(api.get(f"/api/{name}/points", end="1970-01-01")) == [0]
    assert times(api.get(f"/api/{name}/points", from_=5)) == []


@pytest.mark.parametrize(
    ("time", "printed"),
    [
        (13515551, "1970-06-06T10:19:11Z"),
        (1700000000.25, "2023-11-14T22:13:20.25Z"),
        ("2023-02-01T00:00:00.123456789Z", "2023-02-01T00:00:00.123456789Z"),
        ("2023-02-01T01:00:00+01:00", "2023-02-01T00:00:00Z"),
        ("2023-02-01", "2023-02-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59Z"),
        ("2262-04-11T23:47:16.854775807Z", "2262-04-11T23:47:16.854775807Z"),
        ("1677-09-21T00:12:43.145224192Z", "1677-09-21T00:12:43.145224192Z"),
    ],
)
def test_instants_go_in_and_come_out(
    api: Client, name: str, time: float | str, printed: str
) -> None:
    # Timestream takes what is between 1970 and a quarter of an hour from now.
    if IN_TIMESTREAM and not "1970" <= printed < "2100":
        accepted(api.post([{"name": name, "t": time, "v": 1}]))
        discards = eventually(lambda: [only(api.rows("/admin/discards", series=name))])
        assert [(d["time"], d["reasons"]) for d in discards] == [(printed, ["store_rejected"])]
        return
    api.store([{"name": name, "t": time, "v": 1}])
    assert api.points(name) == [{"time": printed, "value": 1}]
    assert api.points(name, from_=printed, to=printed) == [{"time": printed, "value": 1}]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 7, COUNT, COUNT + 1])
def test_pages_neither_repeat_nor_miss_a_point(
    api: Client, name: str, order: str, limit: int
) -> None:
    api.store(series(name, [i / 8 for i in range(COUNT)]))
    whole = api.json(f"/api/{name}/points", order=order)
    pages = list(api.pages(f"/api/{name}/points", order=order, limit=limit))
    assert len(pages) == -(-COUNT // limit)
    assert [point for page in pages for point in page] == whole
    assert len(whole) == COUNT


def test_the_last_page_has_no_next(api: Client, name: str) -> None:
    api.store(series(name, FIVE))
    assert "link" not in api.get(f"/api/{name}/points", limit=5).headers
    first = api.get(f"/api/{name}/points", limit=4)
    assert set(first.links) == {"next"}
    second = api.http.get(first.links["next"]["url"])
    assert times(second) == [4]
    assert "link" not in second.headers


def test_sixty_thousand_points_are_read_in_pages(api: Client, name: str) -> None:
    # A short name, so that they fit in one body.
    short = f"e2e.{name[-10:]}"
    api.store(series(short, [i % 10 for i in range(60000)]))
    pages = [len(page) for page in api.pages(f"/api/{short}/points", limit=50000)]
    assert pages == [50000, 10000]
    assert len(api.json(f"/api/{short}/points")) == 10000


def test_a_page_has_at_most_four_mebibytes(api: Client, name: str) -> None:
    tags = [f"{i:02}-" + "x" * 120 for i in range(8)]
    points = [point | {"tags": tags} for point in series(name, [1] * 5000)]
    # A body may not have more than 4 MiB either.
    for start in range(0, 5000, 1000):
        api.store(points[start : start + 1000])
    response = api.get(f"/api/{name}/points", limit=50000)
    assert len(response.content) <= 4 << 20
    assert "next" in response.links
    assert len(api.points(name)) == 5000


def test_a_cursor_belongs_to_its_query(api: Client, name: str) -> None:
    other = f"{name}.other"
    api.store(series(name, FIVE) + series(other, FIVE))
    url = httpx.URL(api.get(f"/api/{name}/points", limit=2).links["next"]["url"])
    cursor = url.params["cursor"]
    elsewhere: list[tuple[str, dict[str, Json]]] = [
        (f"/api/{other}/points", {}),
        (f"/api/{name}/points", {"order": "desc"}),
        (f"/api/{name}/points", {"from_": 1}),
        (f"/api/{name}/buckets", {"every": "1s"}),
        ("/api", {}),
    ]
    for path, query in elsewhere:
        response = api.get(path, limit=2, cursor=cursor, **query)
        assert response.status_code == 400, (path, query)
        assert response.json()["type"] == "/docs#invalid-cursor"


@pytest.mark.parametrize("cursor", sweep(["x", "AAAA", "..", "e30", "%00", "0" * 5000], "AAAA"))
def test_a_forged_cursor_is_refused(api: Client, name: str, cursor: str) -> None:
    api.store(series(name, FIVE))
    response = api.get(f"/api/{name}/points?cursor={cursor}")
    assert (response.status_code, response.json()["type"]) == (400, "/docs#invalid-cursor")


def test_a_changed_cursor_is_refused(api: Client, name: str) -> None:
    api.store(series(name, FIVE))
    url = httpx.URL(api.get(f"/api/{name}/points", limit=2).links["next"]["url"])
    cursor = url.params["cursor"]
    for place in range(len(cursor)):
        changed = "A" if cursor[place] != "A" else "B"
        forged = cursor[:place] + changed + cursor[place + 1 :]
        response = api.get(f"/api/{name}/points", limit=2, cursor=forged)
        assert response.status_code == 400, (cursor, forged)


@pytest.mark.parametrize(
    "query",
    sweep(
        [
            "limit=0",
            "limit=50001",
            "limit=ten",
            "limit=",
            "limit=1&limit=2",
            "order=up",
            "from=2&to=1",
            "from=yesterday",
            "from=2023-02-01T00:00:00",
            "from=9223372037",
            "from=1&start=1",
            "to=1&end=1",
            "unknown=1",
            "Limit=1",
        ],
        "limit=0",
    ),
)
def test_wrong_parameters_are_refused(api: Client, name: str, query: str) -> None:
    api.store(series(name, FIVE))
    response = api.get(f"/api/{name}/points?{query}")
    assert response.status_code == 400, response.text
    assert response.json()["type"] == "/docs#invalid-parameter"


TAGGED: list[Point] = [
    {"t": 1, "v": 1.5},
    {"t": 2, "v": -2, "tags": ["night", "a b"]},
    {"t": 3.5, "v": 1e300, "tags": ['say "x", or y']},
]


def test_tags_are_a_set_and_only_where_there_are_some(api: Client, name: str) -> None:
    api.store([{"name": name, "t": 1, "v": 1}, {"name": name, "t": 2, "v": 1, "tags": []}])
    api.store([{"name": name, "t": 3, "v": 1, "tags": ["b", "a", "b"]}])
    assert [point.get("tags") for point in api.points(name)] == [None, None, ["a", "b"]]


def test_points_as_csv(api: Client, name: str) -> None:
    api.store([{"name": name, **point} for point in TAGGED])
    response = api.http.get(f"/api/{name}/points", headers={"accept": "text/csv"})
    assert response.headers["content-type"].startswith("text/csv")
    assert response.text == (
        "time,value,tags\r\n"
        "1970-01-01T00:00:01Z,1.5,\r\n"
        "1970-01-01T00:00:02Z,-2,a b;night\r\n"
        '1970-01-01T00:00:03.5Z,1e+300,"say ""x"", or y"\r\n'
    )


def test_points_as_ndjson(api: Client, name: str) -> None:
    api.store([{"name": name, **point} for point in TAGGED])
    response = api.http.get(f"/api/{name}/points", headers={"accept": "application/x-ndjson"})
    assert response.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in response.text.splitlines()] == api.points(name)


def test_pages_are_of_one_media_type(api: Client, name: str) -> None:
    api.store(series(name, FIVE))
    headers = {"accept": "application/x-ndjson"}
    first = api.http.get(f"/api/{name}/points", params={"limit": 3}, headers=headers)
    second = api.http.get(first.links["next"]["url"], headers=headers)
    lines = first.text.splitlines() + second.text.splitlines()
    assert [json.loads(line) for line in lines] == api.points(name)


def test_a_media_type_that_is_not_offered_is_not_acceptable(api: Client, name: str) -> None:
    api.store(series(name, FIVE))
    response = api.http.get(f"/api/{name}/points", headers={"accept": "image/png"})
    assert (response.status_code, response.json()["type"]) == (406, "/docs#not-acceptable")


def test_ndjson_and_csv_go_in(api: Client, name: str) -> None:
    lines = "".join(json.dumps({"name": name, **point}) + "\n" for point in TAGGED)
    rows = f'name,t,v,tags\n{name},4,4,\n{name},5,5,b;a\n{name},6,6,"x,y"\n'
    for body, media in [(lines, "application/x-ndjson"), (rows, "text/csv")]:
        answer = api.post(body, content_type=media).json()
        assert (answer["accepted"], answer["rejected"]) == (3, 0)

    def check() -> None:
        points = api.points(name)
        assert [point["value"] for point in points] == [1.5, -2, 1e300, 4, 5, 6]
        assert [point.get("tags") for point in points[3:]] == [None, ["a", "b"], ["x,y"]]

    eventually(check)


def test_a_line_end_inside_quotes_belongs_to_the_field(api: Client, name: str) -> None:
    rows = f'name,t,v,tags\n{name},1,2,"note\n{name},5,6,x\n"\n{name},9,9,\n'
    for body in (rows, rows.replace("\n", "\r\n")):
        answer = accepted(api.post(body, content_type="text/csv"))
        assert (answer["accepted"], answer["rejected"]) == (1, 1)
        # The record is pointed to by its first line.
        assert [(e["pointer"], e["reason"]) for e in answer["errors"]] == [("/2/tags", "malformed")]
        batch = answer["batch"]
        record = body[body.index("\n") + 1 : body.rindex('"') + 1]

        def check(batch: str = batch, record: str = record) -> None:
            assert api.points(name) == [{"time": "1970-01-01T00:00:09Z", "value": 9}]
            rows = api.rows("/admin/discards", series=name)
            discard = only([row for row in rows if row["id"] == f"{batch}-0"])
            assert discard["payload"] == record

        eventually(check)


def test_quotes_that_do_not_match_reject_their_record_alone(api: Client, name: str) -> None:
    wrong = [f'"{name}"x,2,2,', f'{name},3,3,say "x"', f'{name},4,4,"open\n{name},5,5,\n']
    rows = "\n".join(["name,t,v,tags", f"{name},1,1,", *wrong])
    answer = accepted(api.post(rows, content_type="text/csv"))
    assert (answer["accepted"], answer["rejected"]) == (1, 3)
    assert [(e["pointer"], e["detail"]) for e in answer["errors"]] == [
        ("/3", "after a closing quote there is more than a comma"),
        ("/4", "there is a quote in a field that does not begin with one"),
        ("/5", "a quote is left open"),
    ]

    def check() -> None:
        assert api.points(name) == [{"time": "1970-01-01T00:00:01Z", "value": 1}]

    eventually(check)


@pytest.mark.parametrize(
    "columns", ["name,t,v,tags", "v,t,name", "tags,name,v,t", "t,tags,v,name", "v,name,t"]
)
def test_columns_stand_in_any_order(api: Client, name: str, columns: str) -> None:
    good = {"name": name, "t": "1", "v": "2", "tags": '"b;a"'}
    # As a record of name, t and v it would be good in another order.
    wrong = {"name": "5", "t": "9", "v": name, "tags": ""}
    order = columns.split(",")
    records = [",".join(row[column] for column in order) for row in (good, wrong)]
    for header in (columns, ",".join(f'"{column}"' for column in order)):
        answer = accepted(api.post("\n".join([header, *records]), content_type="text/csv"))
        assert (answer["accepted"], answer["rejected"]) == (1, 1)
        assert [(e["pointer"], e["reason"]) for e in answer["errors"]] == [("/3/v", "malformed")]

    def check() -> None:
        tags = {"tags": ["a", "b"]} if "tags" in order else {}
        assert api.points(name) == [{"time": "1970-01-01T00:00:01Z", "value": 2, **tags}]

    eventually(check)

    def replay() -> None:
        response = api.request("POST", f"/admin/discards/{answer['batch']}-1/replay")
        assert response.status_code == 422, response.text
        assert [error["pointer"] for error in response.json()["errors"]] == ["/v"]

    eventually(replay)


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ("name,t,v,unit", "`unit` is none of them"),
        ("name,t,v,t", "`t` stands twice"),
        ("v,t,tags", "`name` is missing"),
    ],
)
def test_a_wrong_header_names_the_column(api: Client, name: str, header: str, what: str) -> None:
    response = api.post(f"{header}\n{name},1,2,3\n", content_type="text/csv")
    assert (response.status_code, response.json()["type"]) == (400, "/docs#malformed-body")
    assert response.json()["detail"].endswith(f"in any order: {what}")


MARK = "\ufeff"


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/json", '[{"name":"NAME","t":1,"v":2}]'),
        ("application/x-ndjson", '{"name":"NAME","t":1,"v":2}\n'),
        ("text/csv", "name,t,v\nNAME,1,2\n"),
    ],
)
def test_a_byte_order_mark_is_skipped(api: Client, name: str, media: str, body: str) -> None:
    body = MARK + body.replace("NAME", name)
    assert accepted(api.post(body, content_type=media))["accepted"] == 1
    # A gateway hands a body on as text if its type says so.
    if media == "application/json" or not IS_DEPLOYED:
        headers = {"content-encoding": "gzip"} | ({} if IS_DEPLOYED else {"content-type": media})
        packed = gzip.compress(body.encode())
        assert accepted(api.request("POST", "/api", content=packed, headers=headers))

    def check() -> None:
        assert api.points(name) == [{"time": "1970-01-01T00:00:01Z", "value": 2}]

    eventually(check)
    nothing = api.post(MARK, content_type=media)
    assert (nothing.status_code, nothing.json()["detail"]) == (400, "the body holds no points")

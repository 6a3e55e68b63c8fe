"""Statistics across series: groups, slots, pages, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.client import Client, Json, eventually, instant
from harness.generators import (
    DAY,
    EXPORT_OBIS,
    FEBRUARY_QUARTERS,
    HOUR,
    IMPORT_OBIS,
    QUARTER,
    exported,
    imported,
    meter_rows,
    series,
)
from harness.guarded import Guarded, new_tenant
from harness.process import Tidemark
from harness.sums import sum_of
from sweeps import sweep

pytestmark = pytest.mark.points

#: 2023-11-14T00:00:00Z, a Tuesday.
START = 1_699_920_000
#: Of what the series of `plant` begin with.
UNITS = {"u1": ("in", "out"), "u2": ("in",)}


@pytest.fixture
def plant(api: Client, name: str) -> str:
    """Three series of two units, a point every quarter of an hour."""
    points = series(f"{name}.u1.in", [1, 2, 3, 4], START, QUARTER)
    points += series(f"{name}.u1.out", [10, 20], START + 2 * QUARTER, QUARTER)
    points += series(f"{name}.u2.in", [100, 0.5], START, 8 * QUARTER)
    api.store(points)
    return name


def aggregate(api: Client, **query: Json) -> list[Json]:
    return api.rows("/aggregate", **query)


def test_points_of_a_group_are_one_heap(api: Client, plant: str) -> None:
    response = api.get("/aggregate", match=f"{plant}.{{unit}}.*", by="unit", stats="count,sum,max")
    assert response.text == (
        '[{"unit":"u1","contributing":2,"count":6,"sum":40,"max":20},'
        '{"unit":"u2","contributing":1,"count":2,"sum":100.5,"max":100}]'
    )
    whole = aggregate(api, match=f"{plant}.**", stats="sum,avg,first_time,last_time")
    assert whole == [
        {
            "contributing": 3,
            "sum": 140.5,
            "avg": 140.5 / 8,
            "first_time": instant(START),
            "last_time": instant(START + 8 * QUARTER),
        }
    ]
    labels = aggregate(api, match=f"{plant}.{{unit}}.{{side}}", by="side,unit", stats="count")
    assert [(row["side"], row["unit"], row["count"]) for row in labels] == [
        ("in", "u1", 4),
        ("in", "u2", 2),
        ("out", "u1", 2),
    ]


def test_each_series_can_be_a_group(api: Client, plant: str) -> None:
    query = {"by": "series", "stats": "count,first,last,delta,duration,increase,twa"}
    rows = aggregate(api, match=f"{plant}.**", **query)
    assert [row.pop("series") for row in rows] == [
        f"{plant}.{unit}.{side}" for unit, sides in UNITS.items() for side in sides
    ]
    for (unit, side), row in zip([("u1", "in"), ("u1", "out"), ("u2", "in")], rows, strict=True):
        assert row.pop("contributing") == 1
        alone = api.json(f"/api/{plant}.{unit}.{side}", stats=query["stats"])
        assert row == pytest.approx(alone, rel=1e-12)


def test_series_can_be_listed(api: Client, plant: str) -> None:
    names = f"{plant}.u2.in,{plant}.u1.out,{plant}.u2.in"
    (row,) = aggregate(api, series=names, stats="count,sum")
    assert row == {"contributing": 2, "count": 4, "sum": 130.5}
    rows = aggregate(api, series=names, stats="count", by="series")
    assert [row["series"] for row in rows] == [f"{plant}.u1.out", f"{plant}.u2.in"]
    response = api.get("/aggregate", series=f"{plant}.u1.in,{plant}.u3.in")
    assert (response.status_code, response.json()["type"]) == (404, "/docs#unknown-series")


def test_slots_span_first_to_last_point_of_a_group(api: Client, plant: str) -> None:
    query = {"match": f"{plant}.{{unit}}.*", "by": "unit", "every": "30m", "stats": "count,sum"}
    rows = aggregate(api, **query)
    told = [
        (row["unit"], row["start"], row["contributing"], row["count"], row["sum"]) for row in rows
    ]
    assert told == [
        ("u1", instant(START), 1, 2, 3),
        ("u1", instant(START + 2 * QUARTER), 2, 4, 37),
        ("u2", instant(START), 1, 1, 100),
        ("u2", instant(START + 8 * QUARTER), 1, 1, 0.5),
    ]
    assert rows[0]["end"] == instant(START + 2 * QUARTER)
    filled = aggregate(api, **query, fill="previous", from_=START + QUARTER, to=START + 8 * QUARTER)
    # Nothing is carried in from before the range: the one slot of the second unit is its last.
    assert [(row["unit"], row["contributing"], row["sum"]) for row in filled] == [
        ("u1", 1, 2),
        ("u1", 2, 37),
        ("u2", 1, 0.5),
    ]


@pytest.mark.parametrize(
    ("fill", "sums"),
    [
        ("none", [100, 0.5]),
        ("null", [100, None, None, None, 0.5]),
        ("previous", [100, 100, 100, 100, 0.5]),
        ("linear", [100, 75.125, 50.25, 25.375, 0.5]),
        ("zero", [100, 0, 0, 0, 0.5]),
    ],
)
def test_slots_are_filled_as_asked(api: Client, plant: str, fill: str, sums: list[Json]) -> None:
    query = {"match": f"{plant}.u2.*", "every": "30m", "stats": "sum,count", "fill": fill}
    rows = aggregate(api, **query)
    assert [row["sum"] for row in rows] == sums
    assert sum(row["count"] for row in rows) == 2
    assert [row["sum"] for row in aggregate(api, **query, across="sum")] == sums
    assert aggregate(api, **query, limit=2) == rows


@pytest.mark.parametrize(
    ("across", "averages"),
    [
        ("sum", [101.5, 18.5, 0.5]),
        ("avg", [50.75, 9.25, 0.5]),
        ("min", [1.5, 3.5, 0.5]),
        ("max", [100, 15, 0.5]),
    ],
)
def test_results_of_series_are_combined(
    api: Client, plant: str, across: str, averages: list[Json]
) -> None:
    query = {"match": f"{plant}.**", "every": "30m", "stats": "avg", "across": across}
    rows = aggregate(api, **query)
    assert [row["avg"] for row in rows] == averages
    assert [row["contributing"] for row in rows] == [2, 2, 1]


def test_each_series_is_filled_before_they_are_combined(api: Client, plant: str) -> None:
    query = {"match": f"{plant}.**", "every": "30m", "stats": "last", "across": "sum"}
    rows = aggregate(api, **query, fill="previous")
    # A series ends with its last point: after that, there is nothing of it to be carried on.
    assert [(row["last"], row["contributing"]) for row in rows] == [
        (102, 2),
        (124, 2),
        (100, 0),
        (100, 0),
        (0.5, 1),
    ]


def test_a_series_goes_on_where_it_has_no_points(api: Client, plant: str) -> None:
    """Only its ends are outside the range: it is carried into it, and its area counts."""
    span = {"from_": START + 2 * QUARTER, "to": START + 4 * QUARTER - 1}
    query = {"match": f"{plant}.*.in", "every": "30m", "across": "sum", **span}
    (row,) = aggregate(api, **query, stats="max,count", fill="previous")
    assert (row["max"], row["count"], row["contributing"]) == (104, 2, 1)
    alone = [
        api.json(f"/api/{plant}.{unit}.in/buckets", every="30m", stats="integral", **span)
        for unit in UNITS
    ]
    areas = [row["integral"] for (row,) in alone]
    (row,) = aggregate(api, **query, stats="integral")
    assert row["integral"] == pytest.approx(sum(areas), rel=1e-12)


def test_days_are_those_of_a_zone(api: Client, name: str) -> None:
    # From midnight in Zürich on 2023-03-25, three days.
    midnight = 1_679_698_800
    hours = [
        point
        for meter in ("a", "b")
        for point in series(f"{name}.{meter}", [1] * 71, midnight, HOUR)
    ]
    api.store(hours)
    query = {"match": f"{name}.*", "every": "1d", "tz": "Europe/Zurich", "stats": "count"}
    rows = aggregate(api, **query)
    assert [(row["start"], row["count"]) for row in rows] == [
        ("2023-03-24T23:00:00Z", 48),
        ("2023-03-25T23:00:00Z", 46),
        ("2023-03-26T22:00:00Z", 48),
    ]
    summed = aggregate(api, **query, across="sum", limit=1)
    assert [row["count"] for row in summed] == [48, 46, 48]


def test_pages_are_those_of_one_answer_while_points_are_written(api: Client, plant: str) -> None:
    query = {"match": f"{plant}.{{unit}}.*", "by": "unit", "every": "15m", "fill": "previous"}
    whole = aggregate(api, **query, stats="count,max")
    response = api.get("/aggregate", **query, stats="count,max", limit=2)
    rows: list[Json] = response.json()
    page = 0
    while "next" in response.links:
        # Beyond the end of the first answer: of series that are told about, and of another.
        page += 1
        later = START + (8 + page) * QUARTER
        api.store([{"name": f"{plant}.{unit}.in", "t": later, "v": 7} for unit in ("u1", "u2")])
        api.store([{"name": f"{plant}.u0.new", "t": later, "v": 7}])
        response = api.http.get(response.links["next"]["url"])
        assert response.status_code == 200
        rows += response.json()
    assert page > 2
    assert rows == whole
    assert max(row["end"] for row in rows) <= instant(START + 9 * QUARTER)
    now = aggregate(api, **query, stats="count,max")
    assert now[0]["unit"] == "u0"
    assert len(now) > len(whole)


def test_an_answer_without_series_is_empty(api: Client, name: str) -> None:
    for query in ({"every": "1h"}, {"by": "series"}, {"every": "1d", "across": "sum"}):
        assert aggregate(api, match=f"{name}.**", **query) == []
    assert aggregate(api, match=f"{name}.**", stats="count,sum,avg") == []
    # A series without points is there, all the same.
    api.store(series(f"{name}.a", [1]))
    assert api.request("DELETE", f"/api/{name}.a?from=0").status_code == 204
    empty = {"contributing": 0, "count": 0, "sum": 0, "avg": None}
    for query in ({}, {"across": "sum"}):

        def check(query: dict[str, Json] = query) -> None:
            found = aggregate(api, match=f"{name}.**", stats="count,sum,avg", **query)
            assert found == [empty]

        eventually(check)


WRONG = [
    ("", "match` or `series"),
    ("match=a&series=b", "give one of them"),
    ("match=", "match"),
    ("match=a*", "`*`, `**` and `{label}` are whole segments"),
    ("match=a b", "byte 1"),
    ("match={avg}", "`avg` cannot be a label: it is a column of the answer"),
    ("match={series}", "`series` cannot be a label"),
    ("match={Unit}", "a label is a lower-case letter"),
    ("match={a}.{a}", "the label `a` stands twice"),
    ("match={unit}.*&by=place", "`place` is no label of it, there are `unit`"),
    ("match=a.*&by=unit", "there are none"),
    ("match={unit}&by=unit,unit", "`by` names `unit` twice"),
    ("series=a&by=unit", "`unit` is no label"),
    ("match=**&fill=zero", "`fill` is about slots: it needs `every`"),
    ("match=**&every=7x", "every"),
    ("match=**&stats=delta", "`delta` is of one series"),
    ("match=**&stats=sum,integral", "`integral` is of one series"),
    ("match=**&across=sum&stats=min_time", "`min_time` is an instant"),
    ("match=**&across=median", "across"),
    ("match=**&from=2&to=1", "from"),
    ("match=**&limit=0", "limit"),
    ("match=**&cursor=x", "cursor"),
    ("match=**&prefix=a", "prefix"),
]


@pytest.mark.parametrize(
    ("query", "told"), sweep(WRONG, "match={avg}", "match=**&stats=delta", "match=a*")
)
def test_wrong_questions_are_told_what_is_wrong(api: Client, query: str, told: str) -> None:
    response = api.get(f"/aggregate?{query}")
    assert response.status_code == 400
    assert told in response.json()["detail"]


def test_more_slots_than_a_million_are_refused(api: Client, plant: str) -> None:
    api.store([{"name": f"{plant}.u1.in", "t": START + 12 * DAY, "v": 1}])
    response = api.get("/aggregate", match=f"{plant}.**", every="1s")
    assert response.status_code == 400
    assert "choose wider slots, a shorter range or fewer groups" in response.json()["detail"]


@pytest.mark.usefixtures("needs_own_process")
def test_too_many_series_and_points_are_refused(tmp_path: Path) -> None:
    bounds = {"TIDEMARK_MAX_SERIES": "3", "TIDEMARK_MAX_POINTS": "10"}
    with Tidemark(tmp_path, **bounds) as process:
        api = Client(process.url, process.key)
        for number in range(4):
            api.store(series(f"s.{number}", [1, 2, 3, 4], START))
        for query in ({"match": "s.*"}, {"series": "s.0,s.1,s.2,s.3"}):
            response = api.get("/aggregate", **query)
            assert (response.status_code, response.json()["detail"]) == (
                400,
                "more than 3 series are meant: narrow the pattern, or ask about them in several "
                "requests",
            )
        response = api.get("/aggregate", series="s.0,s.1,s.2")
        assert (response.status_code, response.json()["detail"]) == (
            400,
            "the series have about 12 points in the range, more than 10: choose a shorter range "
            "or fewer series",
        )
        (row,) = aggregate(api, series="s.0,s.1,s.2", to=START + 1, stats="count")
        assert row == {"contributing": 3, "count": 6}


def test_series_of_other_tenants_never_match(guarded: Guarded) -> None:
    one, other = (guarded.client(new_tenant("aggregate")) for _ in range(2))
    for client, value in ((one, 1), (other, 100)):
        client.store(series("plant.a", [value] * 3) + series(f"plant.b{value}", [value]))
    for client, value in ((one, 1), (other, 100)):

        def check(client: Client = client, value: int = value) -> None:
            rows = aggregate(client, match="**", by="series", stats="count,sum,max")
            assert [(row["series"], row["count"], row["max"]) for row in rows] == [
                ("plant.a", 3, value),
                (f"plant.b{value}", 1, value),
            ]
            assert aggregate(client, match="plant.{x}", by="x", across="sum", stats="sum") == [
                {"x": "a", "contributing": 1, "sum": 3 * value},
                {"x": f"b{value}", "contributing": 1, "sum": value},
            ]
            names = [row["name"] for row in client.json("/api", match="plant.*")["series"]]
            assert names == ["plant.a", f"plant.b{value}"]

        eventually(check)
    assert one.get("/aggregate", series="plant.a,plant.b100").status_code == 404
    # A page goes on for nobody else.
    first = one.get("/aggregate", match="**", by="series", limit=1)
    url = first.links["next"]["url"]
    assert one.http.get(url).status_code == 200
    assert other.http.get(url).status_code == 400


def test_series_are_listed_by_pattern(api: Client, name: str) -> None:
    ends = [f"{unit}.{side}" for unit in ("a", "b", "c") for side in ("in", "out")]
    api.store([point for end in ends for point in series(f"{name}.{end}", [1])])
    api.store(series(f"{name}.a", [1]) + series(f"{name}.a.in.deep", [1]))

    def listed(match: str, **query: Json) -> tuple[int, list[str]]:
        pages = list(api.pages("/api", match=f"{name}.{match}", **query))
        counts = {page["count"] for page in pages}
        assert len(counts) == 1
        rows = [row["name"].removeprefix(f"{name}.") for page in pages for row in page["series"]]
        return counts.pop(), rows

    assert listed("*.in") == (3, ["a.in", "b.in", "c.in"])
    assert listed("{unit}.*", limit=4) == (6, ends)
    assert listed("a.**") == (4, ["a", "a.in", "a.in.deep", "a.out"])
    assert listed("*:in") == (0, [])
    assert listed("*.out", prefix=f"{name}.b") == (1, ["b.out"])
    assert api.get("/api", match="a*").status_code == 400


def test_meters_are_asked_about_by_day(api: Client, name: str) -> None:
    """Quarter-hours of two meters, by the days of where they stand; and all of them, exactly."""
    # A name is segments at its dots.
    name = name.replace(".", "-")
    values = {"imported": imported(), "exported": exported()}
    obis = {"imported": IMPORT_OBIS, "exported": EXPORT_OBIS}
    for meter, kwh in values.items():
        rows = meter_rows(f"{name}-{meter}", obis[meter], kwh)
        assert api.post(rows, path="/meterdata/measurement").status_code == 201

    def check() -> None:
        meters = {f"energy:{name}-{meter}:{obis[meter]}" for meter in values}
        listed = api.json("/api", match="energy:*:*", prefix=f"energy:{name}-")
        assert {series["name"] for series in listed["series"]} == meters
        assert listed["count"] == 2
        names = ",".join(sorted(meters))
        (whole,) = aggregate(api, series=names, stats="sum,count")
        assert whole["sum"] == sum_of(values["imported"] + values["exported"])
        assert (whole["count"], whole["contributing"]) == (2 * FEBRUARY_QUARTERS, 2)

    eventually(check)
    days: list[Json] = []
    for meter in values:
        pattern = f"energy:{{muid}}:{obis[meter]}"
        rows = aggregate(
            api, match=pattern, by="muid", every="1d", tz="Europe/Zurich", stats="count,sum"
        )
        days += [row for row in rows if row["muid"] == f"{name}-{meter}"]
    # 28 days of UTC reach into 29 of Zürich.
    assert len(days) == 58
    assert sum(row["count"] for row in days) == 2 * FEBRUARY_QUARTERS


def test_what_else_is_asked_changes_no_answer(api: Client, name: str) -> None:
    """A series that goes through a slot without a point has no part in its sum and count."""
    api.store(series(f"{name}.a", [10, 10], START + 600, 2 * HOUR))
    api.store(series(f"{name}.b", [4, 4], START + 1200, 3 * HOUR))
    span = {"from_": START + 2 * HOUR, "to": START + 3 * HOUR - 1}
    for across, every in (("avg", {}), ("min", {"every": "1h"}), ("sum", {"every": "1h"})):
        query = {"match": f"{name}.*", "across": across, **every, **span}
        (alone,) = aggregate(api, **query, stats="sum,count")
        (beside,) = aggregate(api, **query, stats="sum,count,twa")
        assert alone["sum"] == beside["sum"] == 10
        assert alone["count"] == beside["count"] == 1
        assert beside["contributing"] == 1
        assert beside["twa"] is not None


def test_answers_of_all_series_together_are_bounded(api: Client, name: str) -> None:
    """Each of many series has an answer for every slot: few points can be much work."""
    for number in range(12):
        api.store(series(f"{name}.{number}", [1, 2], START, 11 * DAY))
    query = {"match": f"{name}.*", "across": "sum", "stats": "twa", "every": "1s"}
    response = api.get("/aggregate", **query)
    assert response.status_code == 400
    assert "fewer series or statistics" in response.json()["detail"]
    assert aggregate(api, **{**query, "match": f"{name}.0", "every": "1h"}, limit=1)

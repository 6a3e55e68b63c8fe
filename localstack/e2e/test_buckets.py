"""Time buckets: regular and of the calendar, filled and not, in pages."""

from __future__ import annotations

import pytest

from harness.client import Client, Json, instant
from harness.generators import DAY, HOUR, QUARTER, series
from sweeps import sweep

pytestmark = pytest.mark.points

#: 2023-11-14T00:00:00Z, a Tuesday.
START = 1_699_920_000


def buckets(api: Client, name: str, **query: Json) -> list[Json]:
    return api.rows(f"/api/{name}/buckets", **query)


def local_hours(name: str, start: int, days: int) -> list[Json]:
    """A point of value 1 each hour."""
    return series(name, [1] * (days * 24), start, HOUR)


def test_a_bucket_has_start_exclusive_end_and_what_was_asked_for_in_order(
    api: Client, name: str
) -> None:
    api.store(series(name, [1, 2, 3, 4, 5], START, 5 * 60))
    response = api.get(f"/api/{name}/buckets", every="15m", stats="sum,avg")
    assert response.text == (
        '[{"start":"2023-11-14T00:00:00Z","end":"2023-11-14T00:15:00Z","sum":6,"avg":2},'
        '{"start":"2023-11-14T00:15:00Z","end":"2023-11-14T00:30:00Z","sum":9,"avg":4.5}]'
    )


def test_decimals_round(api: Client, name: str) -> None:
    api.store(series(name, [1, 2, 2], START))
    (bucket,) = buckets(api, name, every="1h", stats="avg", decimals=3)
    assert bucket["avg"] == 1.667


@pytest.mark.parametrize(
    ("fill", "averages"),
    [
        ("none", [1, 4, 2]),
        ("null", [1, None, None, 4, None, 2]),
        ("previous", [1, 1, 1, 4, 4, 2]),
        ("linear", [1, 2, 3, 4, 3, 2]),
        ("zero", [1, 0, 0, 4, 0, 2]),
    ],
)
def test_empty_buckets_are_filled_as_asked(
    api: Client, name: str, fill: str, averages: list[Json]
) -> None:
    times = [0, 3, 5]
    api.store(
        [
            {"name": name, "t": START + slot * QUARTER + 60, "v": v}
            for slot, v in zip(times, [1, 4, 2], strict=True)
        ]
    )
    rows = buckets(api, name, every="15m", stats="avg", fill=fill)
    assert [row["avg"] for row in rows] == averages
    slots = times if fill == "none" else range(6)
    assert [row["start"] for row in rows] == [instant(START + slot * QUARTER) for slot in slots]


def test_the_default_is_not_to_fill(api: Client, name: str) -> None:
    api.store(series(name, [1, 2], START, HOUR))
    default = buckets(api, name, every="1m", stats="sum")
    assert default == buckets(api, name, every="1m", stats="sum", fill="none")
    assert len(default) == 2


def test_a_range_cuts_points_and_buckets(api: Client, name: str) -> None:
    api.store(series(name, [1, 2, 3, 4, 5, 6], START, QUARTER))
    rows = buckets(
        api, name, every="30m", stats="sum", from_=START + QUARTER, to=START + 3 * QUARTER
    )
    assert [(row["start"], row["sum"]) for row in rows] == [
        (instant(START), 2),
        (instant(START + 2 * QUARTER), 7),
    ]


def test_the_range_is_cut_to_the_points_there_are(api: Client, name: str) -> None:
    api.store(series(name, [1, 2], START, QUARTER))
    query = {"every": "15m", "stats": "count", "fill": "zero"}
    rows = buckets(api, name, from_="1970-01-01", to="2200-01-01", **query)
    assert [row["count"] for row in rows] == [1, 1]
    assert buckets(api, name, from_="2200-01-01", **query) == []


def test_a_range_without_points_is_filled_from_both_sides(api: Client, name: str) -> None:
    days = [DAY, 10 * DAY]
    api.store([{"name": name, "t": START + t, "v": v} for t, v in zip(days, [1, 10], strict=True)])
    query = {"every": "1d", "stats": "sum,count", "from_": START + 4 * DAY}

    def told(**more: Json) -> list[Json]:
        return [(row["sum"], row["count"]) for row in buckets(api, name, **query, **more)]

    inside = {"to": START + 7 * DAY - 1}
    assert told(fill="none", **inside) == []
    assert told(fill="null", **inside) == [(None, 0)] * 3
    assert told(fill="zero", **inside) == [(0, 0)] * 3
    assert told(fill="previous", **inside) == [(1, 0)] * 3
    assert told(fill="linear", **inside) == [(4, 0), (5, 0), (6, 0)]
    # The last bucket holds a point; nothing is beyond it.
    assert told(fill="previous", to=START + 99 * DAY) == [*[(1, 0)] * 6, (10, 1)]
    # Pages carry the same.
    assert told(fill="linear", limit=2, **inside) == [(4, 0), (5, 0), (6, 0)]


def test_a_value_is_carried_into_the_range(api: Client, name: str) -> None:
    clock = {"16:09:13": 1, "16:19:13": 3, "16:25:00": 2}
    day = "2016-06-20T"
    api.store([{"name": name, "t": f"{day}{at}Z", "v": v} for at, v in clock.items()])
    query = {"every": "5m", "stats": "max", "fill": "previous"}
    rows = buckets(api, name, from_=f"{day}16:10:00Z", **query)
    assert [(row["start"], row["max"]) for row in rows] == [
        (f"{day}{at}:00Z", v) for at, v in [("16:10", 1), ("16:15", 3), ("16:20", 3), ("16:25", 2)]
    ]
    # A slot that the range cuts holds what is in the range, and the rest is beyond it.
    rows = buckets(api, name, from_=f"{day}16:09:30Z", to=f"{day}16:12:00Z", **query)
    assert [row["max"] for row in rows] == [1, 1]


@pytest.mark.parametrize("every", ["1s", "90s", "1m", "7m", "90m", "1h", "5h"])
def test_regular_intervals_are_as_long_as_they_say(api: Client, name: str, every: str) -> None:
    api.store(series(name, [1, 1], START, 2 * DAY))
    length = int(every[:-1]) * {"s": 1, "m": 60, "h": HOUR}[every[-1]]
    rows = buckets(api, name, every=every, stats="count")
    assert len(rows) == 2
    for row, time in zip(rows, [START, START + 2 * DAY], strict=True):
        start = (time // length) * length
        assert (row["start"], row["end"]) == (instant(start), instant(start + length))


def test_a_day_in_spring_has_23_hours_in_zurich(api: Client, name: str) -> None:
    # 2023-03-24T23:00:00Z: the first instant of the 25th.
    api.store(local_hours(name, 1_679_698_800, 3))
    rows = buckets(api, name, every="1d", tz="Europe/Zurich", stats="count")
    assert [(row["start"], row["count"]) for row in rows] == [
        ("2023-03-24T23:00:00Z", 24),
        ("2023-03-25T23:00:00Z", 23),
        ("2023-03-26T22:00:00Z", 24),
        ("2023-03-27T22:00:00Z", 1),
    ]
    assert [row["end"] for row in rows[:3]] == [row["start"] for row in rows[1:]]


def test_a_day_in_autumn_has_25_hours_in_zurich(api: Client, name: str) -> None:
    # 2023-10-27T22:00:00Z: the first instant of the 28th.
    api.store(local_hours(name, 1_698_444_000, 3))
    rows = buckets(api, name, every="1d", tz="Europe/Zurich", stats="count")
    assert [(row["start"], row["count"]) for row in rows] == [
        ("2023-10-27T22:00:00Z", 24),
        ("2023-10-28T22:00:00Z", 25),
        ("2023-10-29T23:00:00Z", 23),
    ]


def test_a_date_means_its_first_instant_in_the_zone(api: Client, name: str) -> None:
    api.store(local_hours(name, 1_679_698_800, 3))
    rows = buckets(
        api,
        name,
        every="1d",
        tz="Europe/Zurich",
        stats="count",
        from_="2023-03-26",
        to="2023-03-27",
    )
    # `to` is inclusive: the one point of the 27th is that of midnight.
    assert [row["count"] for row in rows] == [23, 1]


def test_weeks_begin_on_monday(api: Client, name: str) -> None:
    api.store(series(name, [1] * 14, START, DAY))
    rows = buckets(api, name, every="1w", stats="count")
    assert [(row["start"], row["count"]) for row in rows] == [
        ("2023-11-13T00:00:00Z", 6),
        ("2023-11-20T00:00:00Z", 7),
        ("2023-11-27T00:00:00Z", 1),
    ]


def test_months_quarters_and_years_are_the_calendar_s(api: Client, name: str) -> None:
    # Each day of 2024, a leap year.
    api.store(series(name, [1] * 366, 1_704_067_200, DAY))
    months = buckets(api, name, every="1mo", stats="count")
    lengths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    assert [row["count"] for row in months] == lengths
    quarters = buckets(api, name, every="1q", stats="count")
    assert [row["count"] for row in quarters] == [91, 91, 92, 92]
    assert [row["start"][:10] for row in quarters] == [
        "2024-01-01",
        "2024-04-01",
        "2024-07-01",
        "2024-10-01",
    ]
    assert buckets(api, name, every="1y", stats="count") == [
        {"start": "2024-01-01T00:00:00Z", "end": "2025-01-01T00:00:00Z", "count": 366}
    ]


def test_calendar_buckets_are_filled_too(api: Client, name: str) -> None:
    # 2024-01-15 and 2024-04-15.
    api.store(series(name, [1, 4], 1_705_276_800, 91 * DAY))
    rows = buckets(api, name, every="1mo", tz="America/New_York", stats="avg", fill="linear")
    assert [row["start"] for row in rows] == [
        "2024-01-01T05:00:00Z",
        "2024-02-01T05:00:00Z",
        "2024-03-01T05:00:00Z",
        "2024-04-01T04:00:00Z",
    ]
    assert rows[0]["avg"] == 1
    assert rows[3]["avg"] == 4
    assert 1 < rows[1]["avg"] < rows[2]["avg"] < 4


@pytest.mark.parametrize("fill", ["none", "null", "previous", "linear", "zero"])
def test_pages_are_the_whole(api: Client, name: str, fill: str) -> None:
    values = [float(value) for value in range(100)]
    points = [p for i, p in enumerate(series(name, values, START, 60)) if i % 7 in (0, 1, 5)]
    api.store(points)
    query = {"every": "1m", "stats": "sum,avg,last", "fill": fill}
    whole = api.json(f"/api/{name}/buckets", **query)
    pages = list(api.pages(f"/api/{name}/buckets", limit=8, **query))
    assert all(len(page) == 8 for page in pages[:-1])
    assert [row for page in pages for row in page] == whole
    assert len(pages) > 3


def test_more_than_a_million_slots_are_refused(api: Client, name: str) -> None:
    api.store(series(name, [1, 2], START, 1_000_001))
    for fill in ("none", "zero"):
        response = api.get(f"/api/{name}/buckets", every="1s", fill=fill, stats="sum")
        assert response.status_code == 400
    rows = buckets(api, name, every="1s", to=START + 999_999, stats="sum")
    assert len(rows) == 1


@pytest.mark.parametrize(
    "query",
    sweep(
        [
            "",
            "every=",
            "every=15",
            "every=0m",
            "every=-1h",
            "every=1.5h",
            "every=2d",
            "every=1h&tz=Europe/Zürich",
            "every=1h&fill=cubic",
            "every=1h&stats=mean",
            "every=1h&stats=",
            "every=1h&limit=0",
            "every=1h&limit=50001",
        ],
        "every=15",
    ),
)
def test_wrong_parameters_are_refused(api: Client, name: str, query: str) -> None:
    api.store(series(name, [1]))
    response = api.get(f"/api/{name}/buckets?{query}")
    assert response.status_code == 400, response.text
    assert response.json()["type"] == "/docs#invalid-parameter"


def test_an_unknown_series_is_not_found(api: Client, name: str) -> None:
    assert api.get(f"/api/{name}/buckets", every="1h").status_code == 404

"""How results look on the wire."""

from __future__ import annotations

import random
import struct

import pytest

from clock import SECOND
from results import double, timestamp
from table import TestTable, multi


def test_types_have_the_names_of_the_service(table: TestTable) -> None:
    """API reference, Type (query): ScalarType; "Supported data types" in the query reference."""
    table.write(multi(table.now, {"d": 1.5, "b": 1, "v": "x", "o": True}))
    expressions = {
        "time": "TIMESTAMP",
        "d": "DOUBLE",
        "b": "BIGINT",
        "v": "VARCHAR",
        "o": "BOOLEAN",
        "host": "VARCHAR",
        "count(*)": "BIGINT",
        "sum(b)": "BIGINT",
        "sum(d)": "DOUBLE",
        "avg(b)": "DOUBLE",
        "to_nanoseconds(max(time))": "BIGINT",
        "1": "INTEGER",
        "3000000000": "BIGINT",
        "1.5": "DOUBLE",
        "null": "UNKNOWN",
        "1h": "INTERVAL_DAY_TO_SECOND",
        "current_date": "DATE",
    }
    grouped = "GROUP BY time, d, b, v, o, host"
    assert table.types(f"SELECT {', '.join(expressions)} FROM {{}} {grouped}") == list(
        expressions.values()
    )


def test_scalars_are_strings_and_nulls_are_marked(table: TestTable) -> None:
    """API reference, Datum, Row."""
    now = table.now
    table.write(multi(now, {"d": 1.5, "o": False}), multi(now - 1, {"b": 7}))
    (page,) = table.pages("SELECT d, b, o FROM {} ORDER BY time DESC")
    null = {"NullValue": True}
    assert page["Rows"] == [
        {"Data": [{"ScalarValue": "1.5"}, null, {"ScalarValue": "false"}]},
        {"Data": [null, {"ScalarValue": "7"}, null]},
    ]


def test_the_status_tells_of_bytes(table: TestTable) -> None:
    """API reference, QueryStatus; the least that is metered is 10 MB."""
    table.write(multi(table.now, {"d": 1.5}))
    (page,) = table.pages("SELECT d FROM {}")
    # 8 for the time, "host" and "a", "point", "d", and 8 for the value.
    assert page["QueryStatus"] == {
        "ProgressPercentage": 100.0,
        "CumulativeBytesScanned": 8 + 5 + 5 + 1 + 8,
        "CumulativeBytesMetered": 10_000_000,
    }
    assert page["QueryId"].isalnum()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (0.001, "0.001"),
        (0.00099, "9.9E-4"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (-1.5e10, "-1.5E10"),
        (5e-324, "4.9E-324"),
        (1.7976931348623157e308, "1.7976931348623157E308"),
        (0.1 + 0.2, "0.30000000000000004"),
        (float("inf"), "Infinity"),
        (float("nan"), "NaN"),
    ],
)
def test_doubles_are_written_as_java_does(value: float, text: str) -> None:
    """ "1.6554878837710001E9" is an example in "Date / time functions"; java.lang.Double.toString.
    The shortest decimal is taken, which for 5e-324 is not Java's."""
    assert double(value) == ("5.0E-324" if value == 5e-324 else text)


def test_doubles_keep_their_bits(table: TestTable) -> None:
    """Developer guide, "Data types": 64-bit doubles."""
    drawn = random.Random(3)
    values = [-0.0, 5e-324, 1.7976931348623157e308, 0.1]
    while len(values) < 100:
        (value,) = struct.unpack("<d", drawn.randbytes(8))
        if value - value == 0:
            values.append(value)
    now = table.now
    table.write(*(multi(now + n, {"value": value}) for n, value in enumerate(values)))
    rows = table.rows("SELECT value FROM {} ORDER BY time")
    assert [struct.pack("<d", float(str(row[0]))) for row in rows] == [
        struct.pack("<d", value) for value in values
    ]


def test_times_keep_their_nanoseconds(old: TestTable) -> None:
    """Developer guide, "Data types": nanosecond precision, 1970 to 2262."""
    drawn = random.Random(5)
    times = sorted({0, 1, 999, 1000, *(drawn.randrange(old.now) for _ in range(90))})
    old.write(*(multi(time, {"n": n}) for n, time in enumerate(times)))
    assert old.rows("SELECT to_nanoseconds(time), time FROM {} ORDER BY time") == [
        [str(time), timestamp(time)] for time in times
    ]
    for n, time in enumerate(times):
        around = f"time BETWEEN from_nanoseconds({time}) AND from_nanoseconds({time})"
        assert old.rows(f"SELECT n FROM {{}} WHERE {around}") == [[str(n)]]
    some = ", ".join(f"from_nanoseconds({time + more})" for time in times[::9] for more in (0, 1))
    rows = old.rows(f"SELECT n FROM {{}} WHERE time IN ({some}) ORDER BY n")
    assert [row[0] for row in rows if int(str(row[0])) > 3] == [
        str(n) for n in range(0, len(times), 9) if n > 3
    ]


def test_times_are_written_with_nine_decimals() -> None:
    assert timestamp(1_795_341_600 * SECOND) == "2026-11-22 10:00:00.000000000"
    assert timestamp(2**63 - 1) == "2262-04-11 23:47:16.854775807"

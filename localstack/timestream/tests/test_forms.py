"""What is wrong in form: the call fails as a whole, and writes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from table import TestTable, multi, single


def test_a_call_has_1_to_100_records(table: TestTable) -> None:
    """API reference, WriteRecords: "Minimum number of 1 item. Maximum number of 100 items"."""
    assert "greater than or equal to 1" in table.refused()
    records = [single(table.now - number, "1") for number in range(101)]
    assert "less than or equal to 100" in table.refused(*records)
    assert table.write(*records[:100])["Total"] == 100


def test_a_table_has_to_be_there(table: TestTable) -> None:
    """API reference, ResourceNotFoundException; "specific error codes": 404."""
    for names in ({"TableName": "nothing"}, {"DatabaseName": "nothing"}):
        with pytest.raises(table.model.ResourceNotFoundException) as caught:
            table.running.write.write_records(**(table.names | names), Records=[single(1, "1")])
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("DOUBLE", ["NaN", "Infinity", "-Infinity", "inf", "1e400", "1,5", "0x1p3", "1d", " 1"]),
        ("BIGINT", ["1.0", "9223372036854775808", "-9223372036854775809", "1e3", "", "\u0661"]),
        ("BOOLEAN", ["1", "yes", "t"]),
    ],
)
def test_values_are_of_their_type(table: TestTable, kind: str, values: list[str]) -> None:
    """Developer guide, "Writes", "Data types": 64-bit signed integers, IEEE 754 without NaN and
    infinities, true and false."""
    for value in values:
        table.refused(single(table.now, value, kind))
    assert table.rows("SELECT count(*) FROM {}") == [["0"]]


def test_values_come_back(table: TestTable) -> None:
    """Developer guide, "Writes", "Single-measure records": a column for each type."""
    now = table.now
    table.write(
        single(now, "-9223372036854775808", "BIGINT"),
        single(now, "TRUE", "BOOLEAN"),
        single(now, 'it\'s "ä"\n', "VARCHAR"),
        single(now, "-.5e-3"),
    )
    columns = [f"measure_value::{kind}" for kind in ("bigint", "boolean", "varchar", "double")]
    rows = table.rows(f"SELECT {', '.join(columns)} FROM {{}} ORDER BY measure_name")
    assert [[value for value in row if value is not None] for row in rows] == [
        ["-9223372036854775808"],
        ["true"],
        ["-5.0E-4"],
        ['it\'s "ä"\n'],
    ]


def test_the_type_is_double_and_the_unit_milliseconds_unless_they_are_told(
    table: TestTable,
) -> None:
    """API reference, Record: MeasureValueType, TimeUnit."""
    record = single(table.now // 1_000_000, "1")
    del record["MeasureValueType"], record["TimeUnit"]
    table.write(record)
    assert table.rows("SELECT measure_value::double, to_milliseconds(time) FROM {}") == [
        ["1.0", record["Time"]]
    ]


@pytest.mark.parametrize(
    ("unit", "length"),
    [("SECONDS", 10**9), ("MILLISECONDS", 10**6), ("MICROSECONDS", 1000), ("NANOSECONDS", 1)],
)
def test_units_of_time(table: TestTable, unit: str, length: int) -> None:
    """API reference, Record: TimeUnit."""
    time = table.now // length
    table.write(single(time, "1", TimeUnit=unit))
    assert table.rows("SELECT to_nanoseconds(time) FROM {}") == [[str(time * length)]]


@pytest.mark.parametrize("time", ["", "now", "1.5", "1e9", None])
def test_the_time_is_a_whole_number(table: TestTable, time: str | None) -> None:
    """API reference, Record: Time. The service answers "Invalid time for record."."""
    record = single(0, "1", Time=time)
    assert table.refused({key: value for key, value in record.items() if value is not None})


@pytest.mark.parametrize("version", [0, -1, 2**63, "2"])
def test_a_version_is_at_least_1(table: TestTable, version: Any) -> None:
    """API reference, Record: "Version must be 1 or greater, or you will receive a
    ValidationException error"."""
    assert "version" in table.refused(single(table.now, "1", Version=version))


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("MeasureValueType", "FLOAT"),
        ("TimeUnit", "MINUTES"),
        ("MeasureValue", ""),
        ("MeasureValue", "x" * 2049),
        ("MeasureName", ""),
        ("Dimensions", [{"Name": "host", "Value": "a", "DimensionValueType": "BIGINT"}]),
        ("Dimensions", [{"Name": "", "Value": "a"}]),
        ("Dimensions", [{"Name": f"d{n}", "Value": "a"} for n in range(129)]),
        ("Dimensions", []),
        ("MeasureValues", [{"Name": "a", "Value": "1", "Type": "BIGINT"}]),
    ],
)
def test_members_are_as_the_model_says(table: TestTable, member: str, value: Any) -> None:
    """API reference, Record, Dimension: lengths and choices. MeasureValues is "only allowed for
    type MULTI"."""
    table.refused(single(table.now, "1", "VARCHAR"), single(table.now, "1", **{member: value}))
    assert table.rows("SELECT count(*) FROM {}") == [["0"]]


@pytest.mark.parametrize(
    "measure",
    [
        {"Name": "a", "Value": "", "Type": "VARCHAR"},
        {"Name": "a", "Value": "x" * 2049, "Type": "VARCHAR"},
        {"Name": "", "Value": "1", "Type": "BIGINT"},
        {"Name": "a", "Value": "1", "Type": "MULTI"},
        {"Name": "a", "Value": "1"},
        {"Name": "b", "Value": "1", "Type": "BIGINT"},
    ],
)
def test_measures_are_as_the_model_says(table: TestTable, measure: dict[str, str]) -> None:
    """API reference, MeasureValue: 1 to 2048 characters; "Naming constraints": column names cannot
    be duplicated."""
    record = multi(table.now, {"b": 1})
    record["MeasureValues"].append(measure)
    table.refused(record)


def test_timestamps_are_for_multi_measure_records(table: TestTable) -> None:
    """Developer guide, "Writes", "Data types": TIMESTAMP "is currently supported only for
    multi-measure records"; from 1970 to 2262, the unit being the record's."""
    table.refused(single(table.now, "1", "TIMESTAMP"))
    record = multi(table.now, {})
    last = str(2**63 - 1)
    for name, value in (("first", "0"), ("later", "1500000000123456789"), ("last", last)):
        record["MeasureValues"].append({"Name": name, "Value": value, "Type": "TIMESTAMP"})
    table.write(record)
    assert table.rows('SELECT "first", later, "last", to_nanoseconds("last") FROM {}') == [
        [
            "1970-01-01 00:00:00.000000000",
            "2017-07-14 02:40:00.123456789",
            "2262-04-11 23:47:16.854775807",
            last,
        ]
    ]
    for value in ("-1", str(2**63)):
        record["MeasureValues"][0]["Value"] = value
        table.refused(record)


def test_common_attributes_are_merged(table: TestTable) -> None:
    """API reference, WriteRecords: CommonAttributes."""
    now = table.now
    table.write(
        {"MeasureValue": "1"},
        {"MeasureValue": "2", "MeasureName": "own", "Time": str(now - 1)},
        {"MeasureValue": "3", "Dimensions": [{"Name": "zone", "Value": "z"}]},
        Dimensions=[{"Name": "host", "Value": "a"}],
        MeasureName="common",
        MeasureValueType="BIGINT",
        Time=str(now),
        TimeUnit="NANOSECONDS",
    )
    sql = "SELECT host, zone, measure_name, to_nanoseconds(time), measure_value::bigint FROM {}"
    assert table.rows(f"{sql} ORDER BY 5") == [
        ["a", None, "common", str(now), "1"],
        ["a", None, "own", str(now - 1), "2"],
        ["a", "z", "common", str(now), "3"],
    ]


def test_common_dimensions_do_not_overlap(table: TestTable) -> None:
    """API reference, WriteRecords: "Dimensions may not overlap, or a ValidationException will be
    thrown"."""
    common = {"Dimensions": [{"Name": "host", "Value": "a"}]}
    assert "host" in table.refused(single(table.now, "1"), **common)
    twice = [{"Name": "zone", "Value": "a"}, {"Name": "zone", "Value": "b"}]
    assert "zone" in table.refused(single(table.now, "1", Dimensions=twice))

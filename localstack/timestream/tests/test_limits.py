"""What exceeds a limit or contradicts the table: that record is rejected, the others are written.

Developer guide, "Handling write failures"; the limits are in "Quotas".
"""

from __future__ import annotations

from typing import Any

import pytest

from table import TestTable, multi, single


def reason(table: TestTable, record: dict[str, Any]) -> str:
    """Why a record is rejected; the one beside it is written."""
    good = single(table.now, "1", Dimensions=[{"Name": "host", "Value": "of-the-good-one"}])
    before = table.rows("SELECT count(*) FROM {}")
    (rejected,) = table.rejected(good, record)
    assert rejected["RecordIndex"] == 1
    assert "ExistingVersion" not in rejected
    assert int(str(table.rows("SELECT count(*) FROM {}")[0][0])) == int(str(before[0][0])) + 1
    return str(rejected["Reason"])


def dimensions(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in pairs]


def test_dimension_names_have_60_bytes(table: TestTable) -> None:
    """ "Naming constraints"."""
    now = table.now
    table.write(single(now, "1", Dimensions=dimensions(("ä" * 30, "a"))))
    assert "60 bytes" in reason(table, single(now, "1", Dimensions=dimensions(("ä" * 31, "a"))))


def test_measure_names_have_256_bytes(table: TestTable) -> None:
    """ "Naming constraints"."""
    now = table.now
    table.write(single(now, "1", MeasureName="m" * 256), multi(now, {"n" * 256: 1}))
    assert "256 bytes" in reason(table, single(now, "1", MeasureName="m" * 257))
    assert "256 bytes" in reason(table, multi(now, {"n" * 257: 1}))


@pytest.mark.parametrize("name", ["time", "measure_value", "measure_name", "ts_x", "a:b"])
def test_system_identifiers_are_reserved(table: TestTable, name: str) -> None:
    """ "System identifiers"; AWS IoT API reference, TimestreamDimension."""
    now = table.now
    assert "reserved" in reason(table, single(now, "1", Dimensions=dimensions((name, "a"))))
    assert "reserved" in reason(table, single(now, "1", MeasureName=name))
    assert "reserved" in reason(table, multi(now, {name: 1}))


def test_a_series_has_2_kilobytes_of_dimensions(table: TestTable) -> None:
    """ "Service limits": dimension name dimension value pair size per series."""
    assert "2048" in reason(table, single(1, "1", Dimensions=dimensions(("host", "a" * 2045))))


def test_a_record_has_2_kilobytes(table: TestTable) -> None:
    """ "Service limits"; the size is counted as in "Calculating the write size of a time series
    event": here 8 for the time, 5 for the dimension, 5 and 3 for the names, and the value."""
    now = table.now
    table.write(multi(now, {"abc": "x" * (2048 - 21)}))
    assert "2048 bytes" in reason(table, multi(now - 1, {"abc": "x" * (2048 - 20)}))


def test_a_record_has_256_measures(table: TestTable) -> None:
    """ "Service limits": measures per multi-measure record."""
    now = table.now
    table.write(multi(now, {f"b{n}": True for n in range(256)}))
    assert "256 measures" in reason(table, multi(now, {f"b{n}": True for n in range(257)}))


def test_a_table_has_128_dimensions(table: TestTable) -> None:
    """ "Service limits"."""
    names = [f"d{n}" for n in range(128)]
    table.write(single(table.now, "1", Dimensions=dimensions(*((n, "a") for n in names[:100]))))
    (rejected,) = table.rejected(
        single(table.now, "1", Dimensions=dimensions(*((n, "a") for n in names[28:]))),
        single(table.now, "1", Dimensions=dimensions(("d128", "a"))),
    )
    assert rejected["RecordIndex"] == 1
    assert "128 dimensions" in rejected["Reason"]


def test_a_table_has_1024_measures_of_multi_measure_records(table: TestTable) -> None:
    """ "Service limits"."""
    now = table.now
    for part in range(8):
        names = [f"b{n}" for n in range(part * 128, part * 128 + 128)]
        table.write(multi(now - part, dict.fromkeys(names, True)))
    assert "1024" in reason(table, multi(now, {"b1024": True}))


def test_a_name_is_of_a_dimension_or_of_a_measure(table: TestTable) -> None:
    """ "Naming constraints": "the name for a dimension can not be the same as the name for a
    measure"."""
    now = table.now
    table.write(multi(now, {"value": 1}))
    assert "host" in reason(table, multi(now, {"host": 1}))
    assert "value" in reason(table, single(now, "1", Dimensions=dimensions(("value", "a"))))


def test_types_do_not_change(table: TestTable) -> None:
    """Assumed; the guide says that types are detected from the first records."""
    now = table.now
    table.write(multi(now, {"value": 1}), single(now, "1", "BIGINT", MeasureName="one"))
    assert "BIGINT" in reason(table, multi(now - 1, {"value": 1.5}))
    assert "BIGINT" in reason(table, single(now - 1, "1.5", MeasureName="one"))
    assert "MULTI" in reason(table, single(now - 1, "1.5", MeasureName="point"))


def test_columns_do_not_differ_by_case_alone(table: TestTable) -> None:
    """The emulator's own limit: DuckDB does not tell such names apart."""
    table.write(multi(table.now, {"value": 1}))
    assert "case" in reason(table, multi(table.now - 1, {"Value": 1}))
    assert "case" in reason(table, multi(table.now - 1, {"a": 1, "A": 1}))


def test_a_required_partition_key_is_required(table: TestTable) -> None:
    """API reference, PartitionKey: EnforcementInRecord is of records."""
    key = {"Type": "DIMENSION", "Name": "series", "EnforcementInRecord": "REQUIRED"}
    name = f"{table.name}_by_series"
    table.running.write.create_table(
        DatabaseName=table.names["DatabaseName"],
        TableName=name,
        Schema={"CompositePartitionKey": [key]},
    )
    table.names["TableName"] = name
    records = [single(table.now, "1", Dimensions=dimensions((n, "a"))) for n in ("host", "series")]
    (rejected,) = table.rejected(*records)
    assert rejected["RecordIndex"] == 0
    assert "series" in rejected["Reason"]
    key["EnforcementInRecord"] = "OPTIONAL"
    table.running.write.update_table(**table.names, Schema={"CompositePartitionKey": [key]})
    assert table.write(*records)["Total"] == 2

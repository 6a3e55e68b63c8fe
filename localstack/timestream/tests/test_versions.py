"""Records of the same key: the later version counts.

API reference, WriteRecords, "Upserts", RejectedRecordsException and RejectedRecord.
"""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from clock import DAY
from table import TestTable, multi, single


def stored(table: TestTable) -> list[list[str | None]]:
    return table.rows("SELECT value, note FROM {}")


def point(time: int, value: float, version: int | None = None, **more: Any) -> dict[str, Any]:
    if version is not None:
        more["Version"] = version
    return multi(time, {"value": value, "note": "n"}, **more)


def test_a_higher_version_replaces(table: TestTable) -> None:
    now = table.now
    table.write(point(now, 1.0))
    assert stored(table) == [["1.0", "n"]]
    table.write(point(now, 2.0, 2))
    assert stored(table) == [["2.0", "n"]]
    table.write(point(now, 1.0, 2**63 - 1))
    assert stored(table) == [["1.0", "n"]]


def test_other_values_of_the_same_version_are_rejected(table: TestTable) -> None:
    now = table.now
    table.write(point(now, 1.0))
    (rejected,) = table.rejected(point(now, 2.0))
    assert rejected["ExistingVersion"] == 1
    assert "same time, dimensions, measure name, and record version" in rejected["Reason"]
    assert stored(table) == [["1.0", "n"]]


def test_a_lower_version_is_rejected_and_the_existing_one_told(table: TestTable) -> None:
    now = table.now
    table.write(point(now, 1.0, 200))
    for value in (1.0, 2.0):
        (rejected,) = table.rejected(point(now, value, 2))
        assert rejected["ExistingVersion"] == 200
        assert "version 2 is lower than the existing version 200" in rejected["Reason"]


def test_the_same_call_again_passes(table: TestTable) -> None:
    """Developer guide, "Writing data with upserts": retrying succeeds, the API is idempotent."""
    records = [point(table.now - n, n / 3, 5) for n in range(10)]
    assert table.write(*records) == table.write(*records)
    # Neither the order of measures nor how a number is written matters.
    records[1]["MeasureValues"].reverse()
    records[2]["MeasureValues"][0]["Value"] += "0e0"
    table.write(*records)
    assert len(stored(table)) == 10


def test_the_same_values_take_a_higher_version(table: TestTable) -> None:
    """ "Timestream still updates Version"."""
    now = table.now
    table.write(point(now, 1.0))
    table.write(point(now, 1.0, 3))
    (rejected,) = table.rejected(point(now, 2.0, 2))
    assert rejected["ExistingVersion"] == 3


def test_zeros_of_two_signs_are_two_values(table: TestTable) -> None:
    """Developer guide, "Data types": doubles are those of IEEE 754."""
    now = table.now
    table.write(point(now, 0.0))
    table.rejected(point(now, -0.0))
    table.write(point(now, -0.0, 2))
    assert stored(table) == [["-0.0", "n"]]


def test_a_replaced_record_leaves_nothing(table: TestTable) -> None:
    """Assumed: an update is the whole record, not its measures one by one."""
    now = table.now
    table.write(multi(now, {"value": 1.0, "note": "n"}))
    table.write(multi(now, {"value": 2.0}, Version=2))
    assert stored(table) == [["2.0", None]]


def test_dimensions_measure_name_and_time_make_the_key(table: TestTable) -> None:
    now = table.now
    other = [{"Name": "host", "Value": "b"}]
    more = [*other, {"Name": "zone", "Value": "z"}]
    table.write(
        point(now, 1.0),
        point(now + 1, 2.0),
        point(now, 3.0, MeasureName="other"),
        point(now, 4.0, Dimensions=other),
        point(now, 5.0, Dimensions=more),
    )
    assert len(stored(table)) == 5
    # The order of dimensions is none of it.
    (rejected,) = table.rejected(point(now, 6.0, Dimensions=more[::-1]))
    assert rejected["ExistingVersion"] == 1


def test_a_call_with_one_key_several_times(table: TestTable) -> None:
    """The same rules within a call ("multiple records with the same dimensions, timestamps, and
    measure names"); that they are taken in order is assumed."""
    now = table.now
    rejected = table.rejected(
        point(now, 1.0),
        point(now, 1.0),
        point(now, 2.0),
        point(now, 3.0, 3),
        point(now, 4.0, 2),
        point(now, 3.0, 3),
    )
    assert [(one["RecordIndex"], one["ExistingVersion"]) for one in rejected] == [(2, 1), (4, 3)]
    assert stored(table) == [["3.0", "n"]]


def test_single_measures_are_versioned_too(table: TestTable) -> None:
    now = table.now
    table.write(single(now, "1"))
    table.rejected(single(now, "2"))
    table.write(single(now, "2", Version=2))
    assert table.rows("SELECT measure_value::double FROM {}") == [["2.0"]]


@pytest.mark.parametrize("is_old", [False, True])
def test_as_a_naive_model_says(old: TestTable, is_old: bool) -> None:
    """Random writes, with queries between them, against ten lines of Python."""
    drawn = random.Random(7)
    begin = old.now - (30 * DAY if is_old else 0)
    model: dict[int, tuple[int, int]] = {}
    for _ in range(40):
        wanted, records = [], []
        for index in range(drawn.randint(1, 20)):
            time, version, value = drawn.randint(0, 15), drawn.randint(1, 6), drawn.randint(0, 2)
            records.append(multi(begin + time, {"value": value}, Version=version))
            before = model.get(time)
            if before is None or version > before[0]:
                model[time] = (version, value)
            elif before != (version, value):
                wanted.append((index, before[0]))
        if wanted and not is_old:
            rejected = old.rejected(*records)
            assert [(one["RecordIndex"], one["ExistingVersion"]) for one in rejected] == wanted
        else:
            assert old.write(*records)["Total"] == len(records)
        if drawn.random() < 0.3:
            rows = old.rows("SELECT to_nanoseconds(time), value FROM {} ORDER BY time")
            found = [(int(str(time)) - begin, int(str(value))) for time, value in rows]
            assert found == [(time, value) for time, (_, value) in sorted(model.items())]


def test_writes_and_queries_at_once(table: TestTable) -> None:
    """Several clients: each query sees whole calls, and in the end there is all."""
    begin, calls, size = table.now, 20, 10

    def write(client: int) -> None:
        for call in range(calls):
            times = range(begin + call * size, begin + (call + 1) * size)
            # Each call brings a column, too.
            measures = {"value": client, f"of_{client}_{call}": 1}
            host = [{"Name": "host", "Value": str(client)}]
            table.write(*(multi(time, measures, Dimensions=host) for time in times))

    def count(_: int) -> None:
        for _ in range(10):
            found = table.rows("SELECT count(*) FROM {}")[0][0]
            assert int(str(found)) % size == 0

    with ThreadPoolExecutor() as threads:
        table.write(multi(begin - 1, {"value": 0}, Dimensions=[{"Name": "host", "Value": "0"}]))
        table.write(*(multi(begin - 2 - n, {"value": 0}) for n in range(size - 1)))
        done = [*threads.map(write, range(3)), *threads.map(count, range(2))]
    assert done == [None] * 5
    assert table.rows("SELECT count(*) FROM {}") == [[str(3 * calls * size + size)]]
    assert len(table.pages("SELECT * FROM {} LIMIT 1")[0]["ColumnInfo"]) == 4 + 3 * calls

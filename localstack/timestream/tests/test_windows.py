"""Which times a table takes, and in which store they go."""

from __future__ import annotations

import pytest

from clock import DAY, HOUR, MINUTE, SECOND, milliseconds_text
from table import TestTable, single


def outcome(table: TestTable, time: int) -> str:
    """In which store a record goes, or why it is rejected."""
    record = single(time, "1")
    try:
        ingested = table.write(record)
    except table.model.RejectedRecordsException as error:
        (rejected,) = error.response["RejectedRecords"]
        return str(rejected["Reason"])
    (store,) = (name for name in ("MemoryStore", "MagneticStore") if ingested[name])
    assert ingested["Total"] == 1
    return store


def test_not_more_than_15_minutes_in_the_future(table: TestTable) -> None:
    """Developer guide, "Quotas": future ingestion period."""
    assert outcome(table, table.now + 15 * MINUTE - SECOND) == "MemoryStore"
    assert "outside the time range" in outcome(table, table.now + 15 * MINUTE + SECOND)


def test_not_older_than_the_memory_store_keeps(table: TestTable) -> None:
    """Developer guide, data ingestion best practices ("Writes"): not earlier than the retention of
    the memory store "unless you enable magnetic store writes"."""
    assert outcome(table, table.now - 6 * HOUR + SECOND) == "MemoryStore"
    told = outcome(table, table.now - 6 * HOUR - SECOND)
    assert "outside the time range [" in told
    assert told.endswith("of the memory store.")


def test_late_records_go_to_the_magnetic_store(old: TestTable) -> None:
    """Developer guide, "Writing data with a timestamp that exists in the past or in the future"."""
    assert outcome(old, old.now - 6 * HOUR + SECOND) == "MemoryStore"
    assert outcome(old, old.now - 6 * HOUR - SECOND) == "MagneticStore"
    assert outcome(old, 13515551) == "MagneticStore"
    assert outcome(old, 0) == "MagneticStore"


def test_not_older_than_the_magnetic_store_keeps(old: TestTable) -> None:
    """As above: "not earlier than data retention configured for the magnetic store"."""
    old.running.write.update_table(
        **old.names,
        RetentionProperties={
            "MemoryStoreRetentionPeriodInHours": 1,
            "MagneticStoreRetentionPeriodInDays": 5,
        },
    )
    assert outcome(old, old.now - 5 * DAY + SECOND) == "MagneticStore"
    told = outcome(old, old.now - 5 * DAY - SECOND)
    assert told.endswith("of the data ingestion window.")


@pytest.mark.parametrize("time", [-1, -(2**63), 2**63, 10**30])
def test_times_are_from_1970_to_2262(old: TestTable, time: int) -> None:
    """Developer guide, "Writes", "Data types"."""
    assert "outside the time range [1970-01-01T00:00:00.000Z, " in outcome(old, time)


def test_all_records_of_a_call_are_looked_at(table: TestTable) -> None:
    """API reference, RejectedRecord; the valid ones are written (developer guide, "Handling write
    failures")."""
    now = table.now
    times = [now, now - DAY, now - 1, now + DAY, now - 2]
    rejected = table.rejected(*(single(time, "1") for time in times))
    assert [one["RecordIndex"] for one in rejected] == [1, 3]
    stored = table.rows("SELECT to_nanoseconds(time) FROM {} ORDER BY time DESC")
    assert stored == [[str(now)], [str(now - 1)], [str(now - 2)]]


def test_times_in_reasons_are_iso_8601() -> None:
    assert milliseconds_text(1_500_000_000_123_456_789) == "2017-07-14T02:40:00.123Z"

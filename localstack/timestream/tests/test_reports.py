"""Rejections in the magnetic store, which come as reports in S3."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bucket import Bucket
from clock import DAY
from table import DATABASE, TestTable, multi, single


def test_a_lower_or_equal_version_is_reported_later(old: TestTable, bucket: Bucket) -> None:
    """Developer guide, "Handling rejected records": "with the exception of updates to the magnetic
    store where the new record's version is less than or equal to the existing record's version
    [...] write these errors asynchronously to your S3 bucket"."""
    time = old.now - 30 * DAY
    old.write(multi(time, {"value": 1.0}, Version=5))
    answer = old.write(
        multi(time, {"value": 2.0}, Version=5),
        multi(time, {"value": 3.0}, Version=4),
        multi(time + 1, {"value": 4.0}, Version=1),
    )
    assert answer == {"Total": 3, "MemoryStore": 0, "MagneticStore": 3}
    ((key, report),) = bucket.reports(1)
    path = rf"/{bucket.name}/rejected/us-east-1/{DATABASE}/{old.name}/\d{{4}}-\d\d-\d\d/(\w+)\.json"
    named = re.fullmatch(path, key)
    assert named
    assert report["reportId"] == named[1]
    equal, lower = report["errors"]
    assert "same time, dimensions, measure name, and record version" in equal["reason"]
    assert "version 4 is lower than the existing version 5" in lower["reason"]
    assert lower["records"] == [
        {
            "dimensions": [{"name": "host", "value": "a", "dimensionValueType": None}],
            "measureName": "point",
            "measureValue": None,
            "measureValues": [{"name": "value", "value": "3.0", "type": "DOUBLE"}],
            "measureValueType": "MULTI",
            "time": str(time),
            "timeUnit": "NANOSECONDS",
            "version": 4,
        }
    ]
    rows = old.rows("SELECT value FROM {} ORDER BY time")
    assert rows == [["1.0"], ["4.0"]]


def test_a_record_of_one_measure_is_reported_as_it_came(old: TestTable, bucket: Bucket) -> None:
    time = old.now - 30 * DAY
    old.write(single(time, "1"))
    common: dict[str, Any] = single(time, "2")
    old.write({"MeasureValue": common.pop("MeasureValue")}, **common)
    ((_, report),) = bucket.reports(1)
    (record,) = report["errors"][0]["records"]
    assert record["measureValue"] == "2"
    assert record["measureValues"] is None
    assert record["version"] is None
    assert record["dimensions"] == [{"name": "host", "value": "a", "dimensionValueType": None}]


def test_a_duplicate_is_not_reported(old: TestTable, bucket: Bucket) -> None:
    """Assumed: as in the memory store, writing the same again changes nothing."""
    record = single(old.now - 30 * DAY, "1")
    old.write(record)
    old.write(record, single(old.now - 29 * DAY, "2"))
    assert old.running.control("/_metering")["reports"]["pending"] == 0
    assert bucket.objects == {}


def test_other_rejections_are_in_the_response(old: TestTable) -> None:
    """As above: "All rejections will be included in this response", but for those."""
    time = old.now - 30 * DAY
    rejected = old.rejected(single(time, "1"), single(time, "1", MeasureName="a:b"))
    assert [one["RecordIndex"] for one in rejected] == [1]


def test_recent_records_are_rejected_at_once(old: TestTable, bucket: Bucket) -> None:
    now = old.now
    old.write(single(now, "1"))
    (rejected,) = old.rejected(single(now, "2"))
    assert rejected["ExistingVersion"] == 1
    assert bucket.objects == {}


def test_reports_come_as_late_as_told_and_in_spite_of_failures(
    old: TestTable, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = old.now - 30 * DAY
    old.write(single(time, "1"))
    # Later than anybody waits.
    old.running.faults(late_reports=3600)
    old.write(single(time, "2"))
    assert old.running.control("/_metering")["reports"]["pending"] == 1
    assert bucket.objects == {}
    old.running.give_up_reports()
    assert old.running.control("/_metering")["reports"]["pending"] == 0
    monkeypatch.setattr("reports.PAUSE_SECONDS", 0.05)
    bucket.failures = 2
    old.running.faults(late_reports=0.05)
    old.write(single(time, "3"))
    bucket.reports(1)
    assert bucket.failures == 0


def test_without_a_location_there_is_no_report(old: TestTable, bucket: Bucket) -> None:
    """As above: "In order to receive these asynchronous error reports, you should set the
    MagneticStoreRejectedDataLocation property"."""
    old.running.write.update_table(
        **old.names, MagneticStoreWriteProperties={"EnableMagneticStoreWrites": True}
    )
    time = old.now - 30 * DAY
    old.write(single(time, "1"))
    assert old.write(single(time, "2"))["MagneticStore"] == 1
    assert old.running.control("/_metering")["reports"]["pending"] == 0
    assert bucket.objects == {}

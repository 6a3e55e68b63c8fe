"""What goes wrong on demand."""

from __future__ import annotations

from typing import Any
from urllib.error import HTTPError

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from clock import SECOND
from table import TestTable, multi


def count(table: TestTable) -> str | None:
    return table.rows("SELECT count(*) FROM {}")[0][0]


def codes(table: TestTable, calls: int) -> list[str]:
    """How calls end that write one record each."""
    found = []
    for number in range(calls):
        try:
            table.write(multi(table.now - SECOND * number, {"n": number}))
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            found.append(f"{error.response['Error']['Code']} {status}")
        except ConnectionClosedError:
            found.append("closed")
        else:
            found.append("")
    return found


def test_calls_are_throttled(table: TestTable) -> None:
    """Developer guide, "Timestream for LiveAnalytics specific error codes": 429."""
    table.running.faults(throttle_every=3, operations=["WriteRecords"])
    throttled = "ThrottlingException 429"
    assert codes(table, 6) == ["", "", throttled, "", "", throttled]
    assert count(table) == "4"
    assert table.running.control("/_faults")["injected"] == {"throttle": 2}


def test_calls_fail_inside(table: TestTable) -> None:
    """As above: 500."""
    table.running.faults(internal_error_every=2)
    assert codes(table, 2) == ["", "InternalServerException 500"]
    table.running.faults(internal_error_every=1, operations=["Query"])
    assert codes(table, 2) == ["", ""]
    with pytest.raises(table.running.query.exceptions.InternalServerException):
        count(table)


def test_sdks_try_again(table: TestTable) -> None:
    """What is throttled or fails inside is tried again by boto3, with the same client token."""
    table.write(multi(table.now, {"n": 1}))
    patient = Config(retries={"mode": "standard", "total_max_attempts": 6})
    retrying = table.running.client("timestream-query", config=patient)
    table.running.faults(throttle_every=2, internal_error_every=3)
    for _ in range(3):
        assert retrying.query(QueryString=f"SELECT n FROM {table.sql}")["Rows"]
    assert set(table.running.control("/_faults")["injected"]) == {"throttle", "internal_error"}


def test_answers_are_lost(table: TestTable) -> None:
    table.running.faults(lose_every=2)
    assert codes(table, 2) == ["", "closed"]
    table.running.faults()
    assert count(table) == "2"


def test_connections_break(table: TestTable) -> None:
    table.running.faults(down=True, operations=["WriteRecords"])
    assert codes(table, 2) == ["closed", "closed"]
    assert count(table) == "0"
    assert table.running.control("/_faults", "DELETE")["down"] is False
    assert codes(table, 1) == [""]


def test_calls_are_slow(table: TestTable) -> None:
    # Longer than anybody waits.
    table.running.faults(slow=3_600_000, operations=["Query"])
    assert codes(table, 1) == [""]
    hasty = Config(read_timeout=1, retries={"total_max_attempts": 1})
    with pytest.raises(ReadTimeoutError):
        table.running.client("timestream-query", config=hasty).query(QueryString="SELECT 1")
    table.running.faults(slow=1, operations=["Query"])
    assert count(table) == "1"


def test_records_are_refused(table: TestTable) -> None:
    table.running.faults(reject_every=4)
    rejected = table.rejected(*(multi(table.now - n, {"n": n}) for n in range(9)))
    assert [one["RecordIndex"] for one in rejected] == [3, 7]
    assert {one["Reason"] for one in rejected} == {"The record is refused on demand."}
    assert count(table) == "7"


def test_queries_see_writes_later(table: TestTable) -> None:
    """Developer guide, "Writes": "eventual consistency semantics for reads": results may miss what
    was written, "may also include some stale data", and a new column may not be there yet."""
    now = table.now
    table.write(multi(now, {"n": 1}))
    table.running.faults(delay_visibility=5)
    table.write(multi(now, {"n": 2}, Version=2), multi(now + 1, {"n": 3, "m": 1}))
    assert table.rows("SELECT n FROM {} ORDER BY n") == [["1"]]
    assert "does not exist" in table.invalid("SELECT m FROM {}")
    # The version counts at once.
    (rejected,) = table.rejected(multi(now, {"n": 4}))
    assert rejected["ExistingVersion"] == 2
    # What is written later is seen later, however short the delay then is.
    table.running.faults()
    table.write(multi(now + 2, {"n": 5}))
    assert table.rows("SELECT n FROM {} ORDER BY n") == [["1"]]
    table.running.clock.shift += 6 * SECOND
    assert table.rows("SELECT n, m FROM {} ORDER BY n") == [["2", None], ["3", "1"], ["5", None]]


def test_nobody_has_to_wait_for_what_is_seen_later(table: TestTable) -> None:
    table.running.faults(delay_visibility=3600)
    table.write(multi(table.now, {"n": 1}))
    assert "does not exist" in table.invalid("SELECT n FROM {}")
    before = table.running.control("/_clock")["shift"]
    after = table.running.control("/_clock", "PUT", {"forward": 3601})["shift"]
    assert after == before + 3601
    assert table.rows("SELECT n FROM {}") == [["1"]]
    for wrong in ({}, {"forward": "1"}, {"back": 1}, [1]):
        with pytest.raises(HTTPError, match="400"):
            table.running.control("/_clock", "PUT", wrong)


def test_tokens_expire(table: TestTable) -> None:
    now = table.now
    table.write(*(multi(now - n, {"n": n}) for n in range(10)))
    table.running.faults(expire_every=3)
    with pytest.raises(table.running.query.exceptions.ValidationException, match="token"):
        table.rows("SELECT n FROM {}", MaxRows=2)
    assert table.running.control("/_faults")["injected"] == {"expire": 1}


@pytest.mark.parametrize(
    "asked", [{"nonsense": 1}, {"down": 1}, {"throttle_every": "3"}, {"operations": "Query"}, [1]]
)
def test_unknown_faults_are_refused(table: TestTable, asked: Any) -> None:
    with pytest.raises(HTTPError, match="400"):
        table.running.control("/_faults", "PUT", asked)


def test_writes_are_metered(table: TestTable) -> None:
    """Developer guide, "Metering and pricing", "Writes": the example of 83 bytes; common attributes
    count once; a call is counted in units of 1 KiB."""
    dimensions = {
        "region": "us-east-1",
        "az": "1d",
        "vpc": "vpc-1a2b3c4d",
        "hostname": "host-24Gju",
    }
    event = {"MeasureName": "cpu_utilization", "MeasureValue": "35.0", "TimeUnit": "NANOSECONDS"}
    event["Time"] = str(table.now)
    given = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    table.write(event | {"Dimensions": given})
    metered = table.running.control("/_metering")["writes"]
    assert metered == {"calls": 1, "records": 1, "bytes": 83, "billed_kib": 1}
    table.running.control("/_metering", "DELETE")
    records = [
        {"MeasureName": f"m{n:03d}", "MeasureValue": "1", "Time": event["Time"]} for n in range(100)
    ]
    table.write(*records, Dimensions=given, TimeUnit="NANOSECONDS")
    # 52 bytes of dimensions once, 8 for the time, 4 for the name, 8 for the value.
    metered = table.running.control("/_metering")["writes"]
    assert metered == {"calls": 1, "records": 100, "bytes": 52 + 100 * 20, "billed_kib": 3}
    count(table)
    metered = table.running.control("/_metering")["queries"]
    assert (metered["calls"], metered["queries"], metered["bytes_metered"]) == (1, 1, 10_000_000)

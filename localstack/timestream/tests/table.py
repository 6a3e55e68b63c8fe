"""A table, as tests write to it and query it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator_thread import Running

DATABASE = "testing"


class TestTable:
    """A table of one test."""

    __test__ = False

    def __init__(self, running: Running, name: str, report_to: str = "", key: str = "") -> None:
        self.running = running
        self.name = name
        self.names = {"DatabaseName": DATABASE, "TableName": name}
        self.sql = f'"{DATABASE}"."{name}"'
        with suppress(running.write.exceptions.ConflictException):
            running.write.create_database(DatabaseName=DATABASE)
        more: dict[str, Any] = {}
        if report_to:
            more["MagneticStoreWriteProperties"] = {
                "EnableMagneticStoreWrites": True,
                "MagneticStoreRejectedDataLocation": {
                    "S3Configuration": {"BucketName": report_to, "ObjectKeyPrefix": "rejected"}
                },
            }
        running.write.create_table(**self.names, **more)
        self.model = running.write.exceptions

    @property
    def now(self) -> int:
        """The emulator's time, in nanoseconds."""
        return self.running.clock.now()

    def write(self, *records: dict[str, Any], **common: Any) -> dict[str, int]:
        """Writes records; tells how many were ingested."""
        answer = self.running.write.write_records(
            **self.names, Records=list(records), CommonAttributes=common
        )
        ingested: dict[str, int] = answer["RecordsIngested"]
        return ingested

    def rejected(self, *records: dict[str, Any], **common: Any) -> list[dict[str, Any]]:
        """Writes records of which some are rejected; tells which."""
        with pytest.raises(self.model.RejectedRecordsException) as caught:
            self.write(*records, **common)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 419
        found: list[dict[str, Any]] = caught.value.response["RejectedRecords"]
        return found

    def refused(self, *records: dict[str, Any], **common: Any) -> str:
        """Writes records in a call that is refused as a whole; tells why."""
        with pytest.raises(self.model.ValidationException) as caught:
            self.write(*records, **common)
        return message(caught.value)

    def rows(self, sql: str, **more: Any) -> list[list[str | None]]:
        """The rows of a query, from all pages. `{}` in it stands for the table."""
        pages = self.pages(sql, **more)
        return [values(row) for page in pages for row in page["Rows"]]

    def pages(self, sql: str, **more: Any) -> list[dict[str, Any]]:
        """All pages of a query."""
        text = sql.replace("{}", self.sql)
        found = [self.running.query.query(QueryString=text, **more)]
        while "NextToken" in found[-1]:
            token = found[-1]["NextToken"]
            found.append(self.running.query.query(QueryString=text, NextToken=token, **more))
        return found

    def types(self, sql: str) -> list[str]:
        """The types of the columns of a query."""
        return [one["Type"]["ScalarType"] for one in self.pages(sql)[0]["ColumnInfo"]]

    def invalid(self, sql: str, **more: Any) -> str:
        """Asks a query that is refused; tells why."""
        with pytest.raises(self.running.query.exceptions.ValidationException) as caught:
            self.rows(sql, **more)
        return message(caught.value)

    def fails(self, sql: str) -> str:
        """Asks a query that fails while it runs; tells why."""
        with pytest.raises(self.running.query.exceptions.QueryExecutionException) as caught:
            self.rows(sql)
        return message(caught.value)


def message(error: ClientError) -> str:
    """What an error says."""
    text: str = error.response["Error"]["Message"]
    return text


def values(row: dict[str, Any]) -> list[str | None]:
    """The values of a row."""
    return [None if cell.get("NullValue") else cell["ScalarValue"] for cell in row["Data"]]


def single(time: int, value: str, kind: str = "DOUBLE", **more: Any) -> dict[str, Any]:
    """A record with one measure."""
    return {
        "Dimensions": [{"Name": "host", "Value": "a"}],
        "MeasureName": f"of_{kind.lower()}",
        "MeasureValue": value,
        "MeasureValueType": kind,
        "Time": str(time),
        "TimeUnit": "NANOSECONDS",
        **more,
    }


def multi(time: int, measures: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A record with measures, whose types are those of the values."""
    return {
        "Dimensions": [{"Name": "host", "Value": "a"}],
        "MeasureName": "point",
        "MeasureValueType": "MULTI",
        "MeasureValues": [
            {"Name": name, "Value": text(value), "Type": KINDS[type(value)]}
            for name, value in measures.items()
        ],
        "Time": str(time),
        "TimeUnit": "NANOSECONDS",
        **more,
    }


KINDS = {float: "DOUBLE", int: "BIGINT", str: "VARCHAR", bool: "BOOLEAN"}


def text(value: Any) -> str:
    """A value as it is written."""
    return str(value).lower() if isinstance(value, bool) else str(value)

"""Databases and tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator_thread import Running


@pytest.fixture
def database(running: Running, numbers: Iterator[int]) -> str:
    name = f"database_{next(numbers)}"
    running.write.create_database(DatabaseName=name)
    return name


def test_a_database_is_created_described_listed_and_deleted(
    running: Running, database: str
) -> None:
    """API reference, CreateDatabase, DescribeDatabase, ListDatabases, DeleteDatabase."""
    told = running.write.describe_database(DatabaseName=database)["Database"]
    assert told["DatabaseName"] == database
    assert told["Arn"].endswith(f":database/{database}")
    assert told["TableCount"] == 0
    assert database in all_names(running, "list_databases", "Databases", "DatabaseName")
    running.write.delete_database(DatabaseName=database)
    with pytest.raises(running.write.exceptions.ResourceNotFoundException) as caught:
        running.write.describe_database(DatabaseName=database)
    assert status(caught.value) == 404


def test_what_is_there_is_not_created_again(running: Running, database: str) -> None:
    """API reference, ConflictException; developer guide, "Timestream for LiveAnalytics specific
    error codes": 409."""
    with pytest.raises(running.write.exceptions.ConflictException) as caught:
        running.write.create_database(DatabaseName=database)
    assert status(caught.value) == 409
    running.write.create_table(DatabaseName=database, TableName="points")
    with pytest.raises(running.write.exceptions.ConflictException):
        running.write.create_table(DatabaseName=database, TableName="points")


def test_a_database_with_tables_is_not_deleted(running: Running, database: str) -> None:
    """API reference, DeleteDatabase: "All tables in the database must be deleted first"."""
    running.write.create_table(DatabaseName=database, TableName="points")
    with pytest.raises(running.write.exceptions.ValidationException):
        running.write.delete_database(DatabaseName=database)
    running.write.delete_table(DatabaseName=database, TableName="points")
    running.write.delete_database(DatabaseName=database)


def test_retention_is_six_hours_and_200_years_unless_it_is_told(
    running: Running, database: str
) -> None:
    """Developer guide, "Quotas", "Service limits"; API reference, Schema: a table without a key of
    its own is partitioned by measure name."""
    told = running.write.create_table(DatabaseName=database, TableName="points")["Table"]
    assert told["TableStatus"] == "ACTIVE"
    assert told["RetentionProperties"] == retention(6, 73000)
    assert told["MagneticStoreWriteProperties"] == {"EnableMagneticStoreWrites": False}
    assert told["Schema"] == {"CompositePartitionKey": [{"Type": "MEASURE"}]}


@pytest.mark.parametrize(("hours", "days"), [(0, 1), (8767, 1), (1, 0), (1, 73001)])
def test_retention_has_bounds(running: Running, database: str, hours: int, days: int) -> None:
    """Developer guide, "Quotas", "Service limits": 1 to 8766 hours, 1 to 73000 days."""
    with pytest.raises(running.write.exceptions.ValidationException):
        running.write.create_table(
            DatabaseName=database, TableName="points", RetentionProperties=retention(hours, days)
        )


def test_a_table_is_updated(running: Running, database: str) -> None:
    """API reference, UpdateTable, MagneticStoreWriteProperties, S3Configuration."""
    running.write.create_table(DatabaseName=database, TableName="points")
    location = {"S3Configuration": {"BucketName": "reports", "EncryptionOption": "SSE_S3"}}
    magnetic = {
        "EnableMagneticStoreWrites": True,
        "MagneticStoreRejectedDataLocation": location,
    }
    running.write.update_table(
        DatabaseName=database,
        TableName="points",
        RetentionProperties=retention(12, 5),
        MagneticStoreWriteProperties=magnetic,
    )
    told = running.write.describe_table(DatabaseName=database, TableName="points")["Table"]
    assert told["RetentionProperties"] == retention(12, 5)
    assert told["MagneticStoreWriteProperties"] == magnetic


def test_only_the_enforcement_of_a_partition_key_changes(running: Running, database: str) -> None:
    """API reference, Schema: name, type and order "cannot be changed", the enforcement can."""
    names = {"DatabaseName": database, "TableName": "points"}
    running.write.create_table(**names, Schema=schema("series", "OPTIONAL"))
    running.write.update_table(**names, Schema=schema("series", "REQUIRED"))
    told = running.write.describe_table(**names)["Table"]["Schema"]
    assert told == schema("series", "REQUIRED")
    for other in (schema("other", "REQUIRED"), {"CompositePartitionKey": [{"Type": "MEASURE"}]}):
        with pytest.raises(running.write.exceptions.ValidationException):
            running.write.update_table(**names, Schema=other)


@pytest.mark.parametrize("name", ["ab", "a" * 257, "a b", "a/b", "ä" * 3])
def test_names_have_a_form(running: Running, database: str, name: str) -> None:
    """API reference, CreateTable: 3 to 256 of `[a-zA-Z0-9_.-]`."""
    with pytest.raises(running.write.exceptions.ValidationException):
        running.write.create_table(DatabaseName=database, TableName=name)


def test_names_differ_by_case(running: Running, database: str) -> None:
    """Developer guide, "Naming constraints": comparison is case sensitive."""
    running.write.create_table(DatabaseName=database, TableName="points")
    running.write.create_table(DatabaseName=database, TableName="Points")
    with pytest.raises(running.write.exceptions.ResourceNotFoundException):
        running.write.describe_table(DatabaseName=database, TableName="POINTS")


def test_lists_come_in_pages(running: Running, database: str) -> None:
    """API reference, ListTables: at most 20 a page, and a NextToken."""
    for number in range(25):
        running.write.create_table(DatabaseName=database, TableName=f"table_{number}")
    first = running.write.list_tables(DatabaseName=database)
    assert len(first["Tables"]) == 20
    names = all_names(running, "list_tables", "Tables", "TableName", DatabaseName=database)
    assert sorted(names) == sorted(f"table_{number}" for number in range(25))


def test_an_operation_that_is_not_emulated_is_named(running: Running) -> None:
    with pytest.raises(ClientError, match="ListBatchLoadTasks is not emulated"):
        running.write.list_batch_load_tasks()


def all_names(running: Running, method: str, member: str, name: str, **asked: Any) -> list[str]:
    found, more = [], dict(asked)
    while True:
        page = getattr(running.write, method)(MaxResults=7, **more)
        found += [one[name] for one in page[member]]
        if "NextToken" not in page:
            return found
        more["NextToken"] = page["NextToken"]


def retention(hours: int, days: int) -> dict[str, int]:
    return {
        "MemoryStoreRetentionPeriodInHours": hours,
        "MagneticStoreRetentionPeriodInDays": days,
    }


def schema(name: str, level: str) -> dict[str, Any]:
    key = {"Type": "DIMENSION", "Name": name, "EnforcementInRecord": level}
    return {"CompositePartitionKey": [key]}


def status(error: ClientError) -> int:
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])

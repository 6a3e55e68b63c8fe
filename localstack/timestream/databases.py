"""Databases and tables: what the operations on them do."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import members
from clock import SECOND, Clock
from schema import PartitionKey, Schema
from service_errors import (
    ConflictException,
    ResourceNotFoundException,
    ValidationException,
)
from storage import Storage, StoredTable

ACCOUNT = "000000000000"
REGION = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


@dataclass(frozen=True)
class Retention:
    """How long a table keeps its records in which store. The defaults and bounds are in "Service
    limits" of "Quotas"."""

    memory_hours: int = 6
    magnetic_days: int = 73000

    @classmethod
    def read(cls, asked: dict[str, Any]) -> Retention:
        """Reads it from JSON."""
        memory = members.integer(asked, "MemoryStoreRetentionPeriodInHours", 1, 8766)
        magnetic = members.integer(asked, "MagneticStoreRetentionPeriodInDays", 1, 73000)
        if memory is None or magnetic is None:
            raise ValidationException("Retention properties must tell both periods.")
        return cls(memory, magnetic)

    def json(self) -> dict[str, int]:
        """Its JSON form."""
        return {
            "MemoryStoreRetentionPeriodInHours": self.memory_hours,
            "MagneticStoreRetentionPeriodInDays": self.magnetic_days,
        }


@dataclass(eq=False)
class Table:
    """A table."""

    database: str
    name: str
    created: int
    updated: int
    retention: Retention
    #: MagneticStoreWriteProperties, as they came.
    magnetic: dict[str, Any]
    schema: Schema
    stored: StoredTable
    #: By dimensions and measure name, then by time: version, digest of the values, row number.
    versions: dict[tuple[Any, ...], dict[int, tuple[int, int, int]]] = field(default_factory=dict)
    #: What was ever written, metered.
    bytes: int = 0

    def json(self) -> dict[str, Any]:
        """Its JSON form."""
        arn = f"arn:aws:timestream:{REGION}:{ACCOUNT}:database/{self.database}/table/{self.name}"
        return {
            "Arn": arn,
            "DatabaseName": self.database,
            "TableName": self.name,
            "TableStatus": "ACTIVE",
            "CreationTime": self.created / SECOND,
            "LastUpdatedTime": self.updated / SECOND,
            "RetentionProperties": self.retention.json(),
            "MagneticStoreWriteProperties": self.magnetic,
            "Schema": {"CompositePartitionKey": [key.json() for key in self.schema.keys]},
        }


@dataclass
class Database:
    """A database."""

    name: str
    created: int
    updated: int
    tables: dict[str, Table] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """Its JSON form."""
        return {
            "Arn": f"arn:aws:timestream:{REGION}:{ACCOUNT}:database/{self.name}",
            "DatabaseName": self.name,
            "TableCount": len(self.tables),
            "KmsKeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000",
            "CreationTime": self.created / SECOND,
            "LastUpdatedTime": self.updated / SECOND,
        }


class Databases:
    """All databases."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.storage = Storage()
        self.by_name: dict[str, Database] = {}

    def find(self, database: str, table: str) -> Table | None:
        """A table, if it is there."""
        found = self.by_name.get(database)
        return found.tables.get(table) if found else None

    def database(self, asked: dict[str, Any]) -> Database:
        """The database that a request names."""
        name = members.text(asked, "DatabaseName")
        if name not in self.by_name:
            raise ResourceNotFoundException(f"The database {name} does not exist.")
        return self.by_name[name]

    def table(self, asked: dict[str, Any]) -> Table:
        """The table that a request names."""
        tables = self.database(asked).tables
        name = members.text(asked, "TableName")
        if name not in tables:
            raise ResourceNotFoundException(f"The table {name} does not exist.")
        return tables[name]

    def create_database(self, asked: dict[str, Any]) -> dict[str, Any]:
        """CreateDatabase."""
        name = members.name(asked, "DatabaseName")
        if name in self.by_name:
            raise ConflictException(f"The database {name} already exists.")
        now = self.clock.now()
        self.by_name[name] = Database(name, now, now)
        return {"Database": self.by_name[name].json()}

    def describe_database(self, asked: dict[str, Any]) -> dict[str, Any]:
        """DescribeDatabase."""
        return {"Database": self.database(asked).json()}

    def list_databases(self, asked: dict[str, Any]) -> dict[str, Any]:
        """ListDatabases."""
        return page(asked, "Databases", [one.json() for _, one in sorted(self.by_name.items())])

    def delete_database(self, asked: dict[str, Any]) -> dict[str, Any]:
        """DeleteDatabase: "All tables in the database must be deleted first"."""
        database = self.database(asked)
        if database.tables:
            raise ValidationException(f"The database {database.name} has tables.")
        del self.by_name[database.name]
        return {}

    def create_table(self, asked: dict[str, Any]) -> dict[str, Any]:
        """CreateTable."""
        database, name = self.database(asked), members.name(asked, "TableName")
        if name in database.tables:
            raise ConflictException(f"The table {name} already exists.")
        now = self.clock.now()
        retention = asked.get("RetentionProperties")
        table = Table(
            database=database.name,
            name=name,
            created=now,
            updated=now,
            retention=Retention.read(retention) if retention else Retention(),
            magnetic=magnetic(asked) or {"EnableMagneticStoreWrites": False},
            schema=Schema(keys(asked) or (PartitionKey("", False),)),
            stored=self.storage.create(),
        )
        database.tables[name] = table
        return {"Table": table.json()}

    def describe_table(self, asked: dict[str, Any]) -> dict[str, Any]:
        """DescribeTable."""
        return {"Table": self.table(asked).json()}

    def list_tables(self, asked: dict[str, Any]) -> dict[str, Any]:
        """ListTables."""
        databases = [self.database(asked)] if asked.get("DatabaseName") else self.by_name.values()
        tables = [table.json() for one in databases for table in one.tables.values()]
        return page(asked, "Tables", sorted(tables, key=lambda table: table["Arn"]))

    def update_table(self, asked: dict[str, Any]) -> dict[str, Any]:
        """UpdateTable. Of the partition key, only how it is enforced can change (Schema in the
        API reference)."""
        table = self.table(asked)
        new_keys = keys(asked)
        if new_keys is not None:
            if [key.dimension for key in new_keys] != [key.dimension for key in table.schema.keys]:
                raise ValidationException(
                    "Names, types and order of partition keys cannot be changed."
                )
            table.schema.keys = new_keys
        if asked.get("RetentionProperties"):
            table.retention = Retention.read(asked["RetentionProperties"])
        table.magnetic = magnetic(asked) or table.magnetic
        table.updated = self.clock.now()
        return {"Table": table.json()}

    def delete_table(self, asked: dict[str, Any]) -> dict[str, Any]:
        """DeleteTable."""
        table = self.table(asked)
        table.stored.drop()
        del self.by_name[table.database].tables[table.name]
        return {}


def keys(asked: dict[str, Any]) -> tuple[PartitionKey, ...] | None:
    """The partition keys that a request tells."""
    schema = asked.get("Schema")
    if not schema or "CompositePartitionKey" not in schema:
        return None
    listed = schema["CompositePartitionKey"]
    if not listed:
        raise ValidationException("A composite partition key has at least one part.")
    return tuple(PartitionKey.read(key) for key in listed)


def magnetic(asked: dict[str, Any]) -> dict[str, Any] | None:
    """The properties of magnetic-store writes that a request tells."""
    told: dict[str, Any] | None = asked.get("MagneticStoreWriteProperties")
    if not told:
        return None
    if not isinstance(told.get("EnableMagneticStoreWrites"), bool):
        raise ValidationException("EnableMagneticStoreWrites must be told.")
    location = told.get("MagneticStoreRejectedDataLocation", {}).get("S3Configuration")
    if location is not None:
        members.text(location, "BucketName", 3, 63)
        members.optional_text(location, "ObjectKeyPrefix", 1, 928)
        option = location.get("EncryptionOption", "SSE_S3")
        members.check_choice(option, "encryptionOption", ("SSE_S3", "SSE_KMS"))
    return told


def page(asked: dict[str, Any], member: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """A page of what was found."""
    size = members.integer(asked, "MaxResults", 1, 20, 20) or 20
    token = asked.get("NextToken") or "0"
    if not token.isdigit() or int(token) > len(found):
        raise ValidationException("Invalid pagination token.")
    start = int(token)
    answer: dict[str, Any] = {member: found[start : start + size]}
    if start + size < len(found):
        answer["NextToken"] = str(start + size)
    return answer

"""What columns a table has, which of its names mean what, and what would contradict that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from members import check_choice, check_text
from records import Record
from service_errors import ValidationException

#: "Service limits" in the developer guide's "Quotas".
DIMENSIONS, MEASURE_NAMES, MULTI_MEASURES = 128, 8192, 1024


@dataclass(frozen=True)
class Column:
    """A column that records brought."""

    name: str
    #: A data type of measures: `DOUBLE`, `BIGINT`, `VARCHAR`, `BOOLEAN`, `TIMESTAMP`.
    type: str
    is_dimension: bool


@dataclass(frozen=True)
class PartitionKey:
    """A part of a table's composite partition key."""

    #: The dimension; empty for the measure name.
    dimension: str
    #: Whether records without the dimension are refused.
    is_required: bool

    @classmethod
    def read(cls, asked: dict[str, Any]) -> PartitionKey:
        """Reads one from JSON."""
        check_choice(asked.get("Type"), "schema.compositePartitionKey.type", TYPES)
        if asked["Type"] == "MEASURE":
            if asked.get("Name") or asked.get("EnforcementInRecord"):
                raise ValidationException("A partition key of type MEASURE takes no name.")
            return cls("", False)
        check_text(asked.get("Name"), "schema.compositePartitionKey.name")
        enforced = asked.get("EnforcementInRecord", "OPTIONAL")
        check_choice(enforced, "schema.compositePartitionKey.enforcementInRecord", LEVELS)
        return cls(asked["Name"], enforced == "REQUIRED")

    def json(self) -> dict[str, str]:
        """Its JSON form."""
        if not self.dimension:
            return {"Type": "MEASURE"}
        level = "REQUIRED" if self.is_required else "OPTIONAL"
        return {"Type": "DIMENSION", "Name": self.dimension, "EnforcementInRecord": level}


TYPES = ("DIMENSION", "MEASURE")
LEVELS = ("REQUIRED", "OPTIONAL")


@dataclass
class Schema:
    """The columns of a table, which only become more."""

    keys: tuple[PartitionKey, ...]
    columns: dict[str, Column] = field(default_factory=dict)
    #: The type that records of each measure name have.
    measures: dict[str, str] = field(default_factory=dict)
    dimensions: int = 0
    multi_measures: int = 0

    def __post_init__(self) -> None:
        self.lower: dict[str, str] = {"time": "time", "measure_name": "measure_name"}

    def refuse(self, record: Record) -> str | None:
        """Why a record cannot be stored in the table, as far as its names and types go."""
        for key in self.keys:
            if key.is_required and key.dimension not in record.series.names:
                return (
                    f"The record does not contain the dimension {key.dimension}, which is a "
                    "required partition key of the table."
                )
        known = self.measures.get(record.measure)
        if known is None:
            if len(self.measures) >= MEASURE_NAMES:
                return f"The table has {MEASURE_NAMES} measure names, which is the limit."
        elif known != record.type:
            return (
                f"The measure {record.measure} has the data type {known}; "
                f"a record of {record.type} does not fit."
            )
        added = 0
        for name in record.series.names:
            column = self.columns.get(name)
            if column is None:
                added += 1
            elif not column.is_dimension:
                return f"The name {name} is that of a measure; a dimension cannot have it."
        if added and self.dimensions + added > DIMENSIONS:
            return f"The table would have more than {DIMENSIONS} dimensions."
        added = 0
        for value in record.values:
            column = self.columns.get(value.column)
            if column is None:
                added += 1
            elif column.is_dimension:
                return f"The name {value.column} is that of a dimension; a measure cannot have it."
            elif column.type != value.type:
                return (
                    f"The measure {value.column} has the data type {column.type}; "
                    f"a value of {value.type} does not fit."
                )
        if added and record.type == "MULTI" and self.multi_measures + added > MULTI_MEASURES:
            return f"The table would have more than {MULTI_MEASURES} multi-measure columns."
        return self.refuse_case(record)

    def refuse_case(self, record: Record) -> str | None:
        """Why DuckDB cannot hold the columns of a record, which the service could."""
        new = {
            name: name.lower()
            for name in (*record.series.names, *(value.column for value in record.values))
            if name not in self.columns
        }
        if len(set(new.values())) < len(new) or any(lower in self.lower for lower in new.values()):
            return "The emulator cannot hold columns whose names differ in case alone."
        return None

    def add(self, record: Record) -> list[Column]:
        """Takes up what is new in a record that is not refused; tells the new columns."""
        self.measures.setdefault(record.measure, record.type)
        new = [
            Column(name, "VARCHAR", True)
            for name in record.series.names
            if name not in self.columns
        ]
        new += [
            Column(value.column, value.type, False)
            for value in record.values
            if value.column not in self.columns
        ]
        for column in new:
            self.columns[column.name] = column
            self.lower[column.name.lower()] = column.name
            self.dimensions += column.is_dimension
            self.multi_measures += not column.is_dimension and record.type == "MULTI"
        return new

"""Reads the records of a WriteRecords call: merges common attributes, parses values, tells sizes.

What is wrong in form fails the whole call, as the API's model says; what exceeds a limit is a
reason to reject one record ("Handling write failures" in the developer guide).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from clock import LAST
from members import check_choice, check_text
from service_errors import ValidationException, constraint

UNITS = {
    "MILLISECONDS": 1_000_000,
    "SECONDS": 1_000_000_000,
    "MICROSECONDS": 1000,
    "NANOSECONDS": 1,
}
SCALARS = ("DOUBLE", "BIGINT", "VARCHAR", "BOOLEAN", "TIMESTAMP")
TYPES = (*SCALARS, "MULTI")
INTEGER = re.compile(r"[+-]?[0-9]+")
#: What IEEE 754 numbers are written as; neither NaN nor infinities can be ("Data types").
DOUBLE = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")

#: "Service limits" and "Naming constraints" in the developer guide's "Quotas".
RECORDS = 100
RECORD_BYTES = SERIES_BYTES = MULTI_BYTES = 2048
DIMENSION_NAME_BYTES, MEASURE_NAME_BYTES = 60, 256
MEASURES = 256
#: "System identifiers" there, and what the AWS IoT API reference adds (TimestreamDimension).
RESERVED = {"measure_value", "measure_name", "time", "ts_non_existent_col"}
RESERVED_STARTS = ("ts_", "measure_name", "measure_value")


class Value(NamedTuple):
    """A value, and the column in which it goes."""

    column: str
    type: str
    value: Any


class Series:
    """Dimensions, in the order of their names."""

    def __init__(self, dimensions: tuple[tuple[str, str], ...]) -> None:
        self.dimensions = dimensions
        self.names = tuple(name for name, _ in dimensions)
        #: Bytes of names and values.
        self.size = sum(length(name) + length(value) for name, value in dimensions)


@dataclass(slots=True)
class Record:
    """A record, with what the common attributes gave it."""

    index: int
    series: Series
    measure: str
    type: str
    values: list[Value]
    #: Nanoseconds since 1970.
    time: int
    version: int
    #: Bytes, as they are metered.
    size: int
    #: The same without what the common attributes hold, which is metered once.
    own_size: int
    #: As it came, merged with the common attributes.
    given: dict[str, Any]


class Call(NamedTuple):
    """The records of a call."""

    records: list[Record]
    #: Bytes of the common attributes.
    common_size: int


def read(asked: dict[str, Any]) -> Call:
    """Reads the records of a call."""
    given = asked.get("Records")
    if not isinstance(given, list) or not given:
        raise constraint(given, "records", "Member must have length greater than or equal to 1")
    if len(given) > RECORDS:
        raise constraint(
            "[...]", "records", f"Member must have length less than or equal to {RECORDS}"
        )
    common = asked.get("CommonAttributes") or {}
    check_form(common, "commonAttributes")
    shared = series(common.get("Dimensions") or [])
    records = []
    for index, own in enumerate(given):
        check_form(own, f"records.{index + 1}.member")
        records.append(merge(index, own, common, shared))
    size = shared.size + length(common.get("MeasureName", "")) + 8 * ("Time" in common)
    values = measures({"MeasureValueType": "DOUBLE"} | common) if has_values(common) else []
    return Call(records, size + sum(map(value_size, values)))


def has_values(attributes: dict[str, Any]) -> bool:
    """Whether there is a measure's value among the attributes."""
    return bool(attributes.get("MeasureValue") or attributes.get("MeasureValues"))


def check_form(attributes: Any, path: str) -> None:
    """Holds attributes against the API's model."""
    if not isinstance(attributes, dict):
        raise constraint(attributes, path, "Member must be a structure")
    dimensions = attributes.get("Dimensions") or ()
    if len(dimensions) > 128:
        raise constraint(
            "[...]", f"{path}.dimensions", "Member must have length less than or equal to 128"
        )
    for number, dimension in enumerate(dimensions, 1):
        place = f"{path}.dimensions.{number}.member"
        check_text(dimension.get("Name"), f"{place}.name")
        check_text(dimension.get("Value"), f"{place}.value", 0)
        check_choice(
            dimension.get("DimensionValueType", "VARCHAR"),
            f"{place}.dimensionValueType",
            ("VARCHAR",),
        )
    for number, measure in enumerate(attributes.get("MeasureValues") or (), 1):
        place = f"{path}.measureValues.{number}.member"
        check_text(measure.get("Name"), f"{place}.name")
        check_text(measure.get("Value"), f"{place}.value", 1, 2048)
        check_choice(measure.get("Type"), f"{place}.type", TYPES)
    if "MeasureName" in attributes:
        check_text(attributes["MeasureName"], f"{path}.measureName")
    if "MeasureValue" in attributes:
        check_text(attributes["MeasureValue"], f"{path}.measureValue", 1, 2048)
    if "MeasureValueType" in attributes:
        check_choice(attributes["MeasureValueType"], f"{path}.measureValueType", TYPES)
    if "Time" in attributes:
        check_text(attributes["Time"], f"{path}.time", 1, 256)
    if "TimeUnit" in attributes:
        check_choice(attributes["TimeUnit"], f"{path}.timeUnit", UNITS)
    version = attributes.get("Version", 1)
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= LAST:
        raise constraint(
            version, f"{path}.version", "Member must have value greater than or equal to 1"
        )


def series(dimensions: list[dict[str, str]]) -> Series:
    """The series of dimensions. Names must be unique (CommonAttributes in "WriteRecords")."""
    pairs = sorted((dimension["Name"], dimension["Value"]) for dimension in dimensions)
    for (name, _), (next_name, _) in pairwise(pairs):
        if name == next_name:
            raise ValidationException(f"Dimensions with the same name: {name}.")
    return Series(tuple(pairs))


def merge(index: int, own: dict[str, Any], common: dict[str, Any], shared: Series) -> Record:
    """One record, with the common attributes."""
    given = common | own
    of = shared
    if own.get("Dimensions"):
        given["Dimensions"] = [*(common.get("Dimensions") or []), *own["Dimensions"]]
        of = series(given["Dimensions"])
    if own.get("MeasureValues") and common.get("MeasureValues"):
        given["MeasureValues"] = [*common["MeasureValues"], *own["MeasureValues"]]
    if not of.dimensions:
        raise ValidationException("A record must have at least one dimension.")
    name = given.get("MeasureName")
    if name is None:
        raise ValidationException("A record must have a measure name.")
    values = measures(given)
    value_sizes = sum(map(value_size, values))
    own_values = value_sizes if has_values(own) else 0
    return Record(
        index=index,
        series=of,
        measure=name,
        type=given.get("MeasureValueType", "DOUBLE"),
        values=values,
        time=point_in_time(given),
        version=given.get("Version", 1),
        size=8 + of.size + length(name) + value_sizes,
        own_size=(of.size - shared.size)
        + 8 * ("Time" in own)
        + (length(name) if "MeasureName" in own else 0)
        + own_values,
        given=given,
    )


def point_in_time(given: dict[str, Any]) -> int:
    """The time of a record, in nanoseconds; the unit is milliseconds unless it is told."""
    text = given.get("Time")
    if text is None or not INTEGER.fullmatch(text):
        raise ValidationException("Invalid time for record.")
    return int(text) * UNITS[given.get("TimeUnit", "MILLISECONDS")]


def measures(given: dict[str, Any]) -> list[Value]:
    """The values of a record, in the order of their columns."""
    kind = given.get("MeasureValueType", "DOUBLE")
    if kind == "MULTI":
        if given.get("MeasureValue") is not None:
            raise ValidationException("A record of type MULTI takes MeasureValues.")
        several = given.get("MeasureValues") or []
        if not several:
            raise ValidationException("A record of type MULTI must have MeasureValues.")
        unit = UNITS[given.get("TimeUnit", "MILLISECONDS")]
        values = [
            Value(one["Name"], one["Type"], parse(one["Type"], one["Value"], unit))
            for one in sorted(several, key=lambda one: one["Name"])
        ]
        if len({value.column for value in values}) < len(values):
            raise ValidationException("Measures with the same name in one record.")
        return values
    if given.get("MeasureValues"):
        raise ValidationException("MeasureValues are allowed for type MULTI only.")
    if kind == "TIMESTAMP":
        raise ValidationException("TIMESTAMP is supported in records of type MULTI only.")
    if given.get("MeasureValue") is None:
        raise ValidationException("A record must have a measure value.")
    value = parse(kind, given["MeasureValue"], 1)
    return [Value(f"measure_value::{kind.lower()}", kind, value)]


def parse(kind: str, text: str, unit: int) -> Any:
    """A value from its text."""
    match kind:
        case "VARCHAR":
            return text
        case "DOUBLE" if DOUBLE.fullmatch(text) and math.isfinite(number := float(text)):
            return number
        case "BIGINT" if INTEGER.fullmatch(text) and -LAST - 1 <= (whole := int(text)) <= LAST:
            return whole
        case "BOOLEAN" if text.lower() in {"true", "false"}:
            return text.lower() == "true"
        case "TIMESTAMP" if INTEGER.fullmatch(text) and 0 <= (time := int(text) * unit) <= LAST:
            return time
    raise ValidationException(f"The measure value '{text}' is not a valid {kind}.")


def length(text: str) -> int:
    """Bytes of a string."""
    return len(text) if text.isascii() else len(text.encode())


def value_size(value: Value) -> int:
    """Bytes of a measure, as "Calculating the write size of a time series event" counts them."""
    match value.type:
        case "VARCHAR":
            size = length(value.value)
        case "BOOLEAN":
            size = 1
        case _:
            size = 8
    return size if value.column.startswith("measure_value::") else size + length(value.column)


def exceeded(record: Record) -> str | None:
    """Which limit a record exceeds, or which name it must not use."""
    for name in record.series.names:
        reason = bad_name("dimension", name, DIMENSION_NAME_BYTES)
        if reason:
            return reason
    reason = bad_name("measure", record.measure, MEASURE_NAME_BYTES)
    if reason:
        return reason
    if record.series.size > SERIES_BYTES:
        return f"The names and values of the dimensions exceed {SERIES_BYTES} bytes."
    if record.type == "MULTI":
        for value in record.values:
            reason = bad_name("measure", value.column, MEASURE_NAME_BYTES)
            if reason:
                return reason
        if len(record.values) > MEASURES:
            return f"The record has more than {MEASURES} measures."
        size = sum(value_size(value) - length(value.column) for value in record.values)
        if size > MULTI_BYTES:
            return f"The measure values of the record exceed {MULTI_BYTES} bytes."
    if record.size > RECORD_BYTES:
        return f"The record exceeds {RECORD_BYTES} bytes."
    return None


def bad_name(kind: str, name: str, longest: int) -> str | None:
    """What is wrong with the name of a dimension or measure."""
    if length(name) > longest:
        return f"The {kind} name {name} exceeds {longest} bytes."
    if name in RESERVED or name.startswith(RESERVED_STARTS) or ":" in name:
        return f"The {kind} name {name} is reserved or has a colon."
    return None

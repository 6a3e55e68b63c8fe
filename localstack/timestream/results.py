"""Renders the result of a query as the service does: every scalar is a string."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from clock import EPOCH, SECOND
from service_errors import QueryExecutionException

NULL = '{"NullValue":true}'


def scalar_type(kind: str) -> str:
    """The service's name for a type of DuckDB ("Supported data types" in the query reference)."""
    kind = kind.strip('"')
    if kind.startswith("TIMESTAMP"):
        return "TIMESTAMP"
    if kind.startswith("DECIMAL"):
        return "DOUBLE"
    return SCALARS.get(kind, "")


SCALARS = {
    "VARCHAR": "VARCHAR",
    "BOOLEAN": "BOOLEAN",
    "DOUBLE": "DOUBLE",
    "FLOAT": "DOUBLE",
    "BIGINT": "BIGINT",
    # What sums of whole numbers are in DuckDB.
    "HUGEINT": "BIGINT",
    "INTEGER": "INTEGER",
    "SMALLINT": "INTEGER",
    "TINYINT": "INTEGER",
    "DATE": "DATE",
    "TIME": "TIME",
    "INTERVAL": "INTERVAL_DAY_TO_SECOND",
    "NULL": "UNKNOWN",
}


def double(value: float) -> str:
    """A double as Java writes it: the shortest decimal that reads back to the same bits."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    first, *rest = map(str, digits)
    power = int(exponent) + len(digits) - 1
    return f"{'-' if sign else ''}{first}.{''.join(rest) or '0'}E{power}"


def timestamp(value: int) -> str:
    """A time, like `2026-11-22 10:00:00.000000000`."""
    if value < 0:
        raise QueryExecutionException("Negative times are not supported.")
    seconds, nanoseconds = divmod(value, SECOND)
    at = EPOCH + timedelta(seconds=seconds)
    return f"{at:%Y-%m-%d %H:%M:%S}.{nanoseconds:09d}"


def interval(value: int) -> str:
    """An interval, like `1 02:03:04.000000000`."""
    sign = "-" if value < 0 else ""
    seconds, nanoseconds = divmod(abs(value), SECOND)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{sign}{hours // 24} {hours % 24:02d}:{minute:02d}:{second:02d}.{nanoseconds:09d}"


def whole(value: int) -> str:
    """A whole number, which has 64 bits."""
    if not -(2**63) <= value < 2**63:
        raise QueryExecutionException(f"bigint overflow: {value}")
    return str(value)


def plain(render: Callable[[Any], str]) -> Callable[[Any], str]:
    """Renders what needs no escapes in JSON."""
    return lambda value: NULL if value is None else f'{{"ScalarValue":"{render(value)}"}}'


def text(value: Any) -> str:
    """Renders a string."""
    return NULL if value is None else f'{{"ScalarValue":{json.dumps(value)}}}'


RENDERED: dict[str, Callable[[Any], str]] = {
    "VARCHAR": text,
    "BOOLEAN": plain(lambda value: "true" if value else "false"),
    "DOUBLE": plain(double),
    "BIGINT": plain(whole),
    "INTEGER": plain(str),
    "TIMESTAMP": plain(timestamp),
    "DATE": plain(str),
    "TIME": plain(str),
    "INTERVAL_DAY_TO_SECOND": plain(interval),
    "UNKNOWN": text,
}


def render(types: list[str], rows: list[tuple[Any, ...]]) -> list[str]:
    """Renders rows of scalar types as JSON."""
    cells = [RENDERED[kind] for kind in types]
    return [
        '{"Data":[' + ",".join([cell(value) for cell, value in zip(cells, row, strict=True)]) + "]}"
        for row in rows
    ]

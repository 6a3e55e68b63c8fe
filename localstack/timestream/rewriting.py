"""Writes parts of a query for DuckDB that it has otherwise than Trino, or not at all."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sqlglot import exp

import names
from clock import EPOCH, LAST, SECOND
from functions import PREFIX
from service_errors import ValidationException
from where import at

#: What may follow the seconds of a timestamp: decimals and a time zone.
TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)? ?(Z|UTC|[+-]\d\d:\d\d)?"
)
#: DuckDB's type for times.
NANOSECONDS = exp.DataType.build("TIMESTAMP_NS", dialect="duckdb")
#: Units whose length does not depend on the calendar.
FIXED_UNITS = {
    "SECOND": SECOND,
    "MINUTE": 60 * SECOND,
    "HOUR": 3600 * SECOND,
    "DAY": 86400 * SECOND,
    "WEEK": 7 * 86400 * SECOND,
}
#: Functions that tell a part of a time, and what the part is called.
PARTS = {
    exp.Year: "year",
    exp.Quarter: "quarter",
    exp.Month: "month",
    exp.Week: "week",
    exp.WeekOfYear: "week",
    exp.Day: "day",
    exp.DayOfMonth: "day",
    exp.DayOfWeekIso: "isodow",
    exp.DayOfYear: "doy",
    exp.Hour: "hour",
    exp.Minute: "minute",
    exp.Second: "second",
}


def rewrite(node: exp.Expr, now: int) -> exp.Expr:
    """What DuckDB has instead."""
    match node:
        case exp.Literal(is_string=False):
            return number(node)
        case exp.CurrentTimestamp() | exp.Localtimestamp():
            return nanoseconds(now)
        case exp.CurrentDate():
            today = EPOCH + timedelta(seconds=now // SECOND)
            return exp.cast(exp.Literal.string(f"{today:%Y-%m-%d}"), "DATE")
        case exp.Anonymous(this="from_nanoseconds", expressions=[exp.Literal() as literal]) if (
            literal.name.isdigit()
        ):
            return nanoseconds(int(literal.name))
        case exp.Anonymous() if node.name.lower() == "ago":
            return exp.paren(exp.Sub(this=nanoseconds(now), expression=node.expressions[0]))
        case exp.Anonymous():
            return call(PREFIX + node.name.lower(), *node.expressions)
        case exp.FromISO8601Timestamp():
            if not isinstance(node.this, exp.Literal):
                raise ValidationException(f"{at(node)}from_iso8601_timestamp takes a literal here")
            return instant(node.this)
        case exp.TryCast() if node.to.is_type("timestamp", "timestamptz"):
            return exp.TryCast(this=node.this, to=NANOSECONDS.copy())
        case exp.Cast() if node.to.is_type("timestamp", "timestamptz"):
            if isinstance(node.this, exp.Literal):
                return instant(node.this)
            return exp.Cast(this=node.this, to=NANOSECONDS.copy())
        case exp.Cast() if node.to.is_type("date") and not isinstance(node.this, exp.Literal):
            return exp.cast(call("ts_microseconds", node.this), "DATE")
        case exp.UnixToTime():
            return call("ts_from_unixtime", node.this)
        case exp.TimeToUnix():
            return call("ts_to_unixtime", node.this)
        case exp.TimestampTrunc() | exp.DateTrunc():
            return call("ts_date_trunc", exp.Literal.string(unit(node)), node.this)
        case exp.DateDiff():
            late, early = node.this, node.expression
            if unit(node) in FIXED_UNITS:
                return call("ts_elapsed", exp.Literal.number(FIXED_UNITS[unit(node)]), early, late)
            early, late = call("ts_microseconds", early), call("ts_microseconds", late)
            return call("date_sub", exp.Literal.string(unit(node)), early, late)
        case exp.Extract():
            return part(node.name, node.expression)
        case exp.Func() if type(node) in PARTS:
            return part(PARTS[type(node)], node.this)
        case exp.ApproxQuantile():
            share = exp.cast(node.args["quantile"], "FLOAT")
            return exp.ApproxQuantile(this=node.this, quantile=share)
        case exp.ArgMin() | exp.ArgMax():
            # Trino takes the argument of the least, whether it is null or not.
            name = "arg_min_null" if isinstance(node, exp.ArgMin) else "arg_max_null"
            return call(name, node.this, node.expression)
        case exp.Greatest() | exp.Least():
            # In Trino, null if any is.
            arguments = [node.this, *node.expressions]
            is_null = exp.or_(
                *(exp.Is(this=one.copy(), expression=exp.Null()) for one in arguments)
            )
            return exp.case().when(is_null, exp.Null()).else_(node)
        case exp.Div():
            # DuckDB is set to divide as Trino does.
            return exp.Div(this=node.this, expression=node.expression)
        case exp.Table():
            return names.physical(node)
    return node


def part(name: str, time: exp.Expr) -> exp.Expr:
    """A part of a time; DuckDB would round to microseconds first."""
    return exp.Extract(this=exp.var(name), expression=call("ts_microseconds", time))


def call(name: str, *arguments: exp.Expr) -> exp.Expr:
    """A call of a function that DuckDB has or is taught."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def unit(node: exp.Expr) -> str:
    """The unit of a function of time."""
    name: str = node.args["unit"].name
    return name.upper()


def number(literal: exp.Expr) -> exp.Expr:
    """A number: whole ones have 64 bits, others are doubles."""
    if literal.name.isdigit():
        if int(literal.name) > LAST:
            raise ValidationException(f"{at(literal)}Invalid numeric literal: {literal.name}")
        return literal
    text = literal.name.lower()
    return literal if "e" in text else exp.Literal.number(f"{text}e0")


def nanoseconds(time: int) -> exp.Expr:
    """A time, as an expression that DuckDB need not look at long."""
    name = "make_timestamp_ns" if 0 <= time < LAST else "ts_from_nanoseconds"
    return call(name, exp.Literal.number(time))


def instant(literal: exp.Literal) -> exp.Expr:
    """The time that a string tells, to the nanosecond."""
    match = TIME.fullmatch(literal.name)
    try:
        if match is None:
            raise ValueError
        day, minute, second, decimals, zone = match.groups()
        zone = "+00:00" if zone in {None, "Z", "UTC"} else zone
        whole = datetime.fromisoformat(f"{day}T{minute or '00:00'}:{second or '00'}{zone}")
    except ValueError:
        raise ValidationException(
            f"{at(literal)}Value cannot be cast to timestamp: {literal.name}"
        ) from None
    past = whole - EPOCH
    time = (past.days * 86400 + past.seconds) * SECOND + int((decimals or "").ljust(9, "0"))
    return nanoseconds(time)

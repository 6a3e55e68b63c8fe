"""Translates a query from the service's SQL, which is Trino's with additions, into DuckDB's."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

import names
from databases import Table
from functions import KNOWN, STRUCTURE, TAUGHT
from rewriting import rewrite
from service_errors import ValidationException
from where import at

TRINO = sqlglot.Dialect.get_or_raise("trino")
#: "Interval and duration" in "Date / time functions".
INTERVALS = {
    unit: name
    for name, units in {
        "NANOSECOND": "ns nanosecond",
        "MICROSECOND": "us microsecond",
        "MILLISECOND": "ms millisecond",
        "SECOND": "s second",
        "MINUTE": "m minute",
        "HOUR": "h hour",
        "DAY": "d day",
        "MONTH": "month",
        "YEAR": "y year",
    }.items()
    for unit in units.split()
}
# It warns of statements that are refused here.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Translation:
    """A query that DuckDB can run."""

    sql: str
    #: What it reads.
    tables: frozenset[Table]


def translate(
    text: str,
    find: Callable[[str, str], Table | None],
    now: int,
    is_key_required: bool = False,
) -> Translation:
    """Translates a query over tables that can be found by database and name."""
    tree = parse(text)
    for cast in list(tree.find_all(exp.Cast)):
        single_measure(cast)
    for node in tree.walk():
        check(node)
    tables = names.resolve(tree, find, is_key_required)
    name_columns(tree)
    # What is below first: it moves into what stands for its parents.
    for node in reversed(list(tree.walk())):
        new = rewrite(node, now)
        if new is not node:
            node.replace(new)
    return Translation(tree.sql("duckdb", identify=True), frozenset(tables))


def parse(text: str) -> exp.Query:
    """The tree of the one SELECT that a text is."""
    try:
        tokens = intervals(list(TRINO.tokenize(text)))
        statements = [one for one in TRINO.parser().parse(tokens, text) if one is not None]
    except ParseError as error:
        first = error.errors[0]
        place = f"line {first['line']}:{first['col']}"
        raise ValidationException(
            f"{place}: {first['description']} at '{first['highlight']}'"
        ) from error
    except (SqlglotError, RecursionError) as error:
        raise ValidationException(f"The query cannot be read: {error}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise ValidationException("line 1:1: a query is one SELECT")
    return statements[0]


def intervals(tokens: list[Token]) -> list[Token]:
    """Writes literals like `15m` as intervals."""
    found: list[Token] = []
    for token in tokens:
        last = found[-1] if found else None
        if (
            last is not None
            and last.token_type == TokenType.NUMBER
            and last.end + 1 == token.start
            and last.text.isdigit()
            and token.text.lower() in INTERVALS
        ):
            found[-1:] = interval(last, token)
        else:
            found.append(token)
    return found


def interval(count: Token, unit: Token) -> list[Token]:
    """`15` and `m` as `INTERVAL '15' MINUTE`."""
    number, name = count.text, INTERVALS[unit.text.lower()]
    if name == "NANOSECOND":
        if int(number) % 1000:
            raise ValidationException(
                f"line {count.line}:{count.col}: intervals of less than a microsecond are not "
                "emulated"
            )
        number, name = str(int(number) // 1000), "MICROSECOND"
    written = ((TokenType.INTERVAL, "INTERVAL"), (TokenType.STRING, number), (TokenType.VAR, name))
    return [Token(kind, text, unit.line, unit.col, count.start, unit.end) for kind, text in written]


def single_measure(cast: exp.Cast) -> None:
    """Makes of `measure_value::double` the column that it is."""
    column = cast.this
    if isinstance(column, exp.Column) and column.name == "measure_value":
        kind = "varchar" if cast.to.is_type("text") else cast.to.sql("trino").lower()
        identifier = exp.to_identifier(f"measure_value::{kind}", quoted=True)
        identifier.meta.update(column.this.meta)
        cast.replace(exp.Column(this=identifier, table=column.args.get("table")))


def check(node: exp.Expr) -> None:
    """Fails at what is not emulated."""
    if isinstance(node, exp.Anonymous):
        name = node.name.lower()
        if name not in TAUGHT:
            raise ValidationException(f"{at(node)}Function {name} is not emulated")
        if len(node.expressions) != TAUGHT[name]:
            raise ValidationException(f"{at(node)}Function {name} takes {TAUGHT[name]} arguments")
        return
    is_known = isinstance(node, STRUCTURE) or type(node) in KNOWN
    if isinstance(node, exp.Star | exp.Distinct | exp.ArgMin | exp.ArgMax | exp.ApproxQuantile):
        # Each takes more, in Trino or elsewhere.
        extra = set(node.args) - {"this", "expression", "expressions", "quantile"}
        is_known = not any(node.args[arg] for arg in extra)
    if not is_known:
        what = node.sql_name() if isinstance(node, exp.Func) else type(node).__name__
        raise ValidationException(f"{at(node)}{what} is not emulated")


def name_columns(query: exp.Query) -> None:
    """Names the columns of the result as Trino does: an expression without a name has a number."""
    while isinstance(query, exp.SetOperation | exp.Subquery):
        query = query.this
    for number, one in enumerate(list(query.selects)):
        if not isinstance(one, exp.Alias | exp.Column | exp.Star):
            one.replace(exp.alias_(one.copy(), f"_col{number}", quoted=True))

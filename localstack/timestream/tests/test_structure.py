"""No text changes what a query is: read by a parser of SQL, it has the same tree, but for the
literal that is the text; and no time and no deletion does, but for the numbers that they are.

The Rust test `no_name_changes_a_query` writes queries with texts that it drew, each beside the same
query with a plain text, and queries beside the same ones at other times.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest
import sqlglot
from sqlglot import exp

QUERIES = Path(__file__).resolve().parents[3] / "target/timestream/queries.jsonl"
#: What stands in the plain queries.
PLAIN = "t/s"
FEWEST = 100
LONG = 8000


class Query(NamedTuple):
    """A query with a text in it and the same with the plain one, or one that has the plain one and
    the same at other times."""

    sql: str
    text: str = PLAIN
    plain: str = ""
    moved: str = ""


@pytest.fixture(scope="module")
def queries() -> list[Query]:
    lines = QUERIES.read_text().splitlines() if QUERIES.is_file() else []
    if len(lines) < FEWEST:
        # Not skipped: it would never be known that nothing was compared.
        pytest.fail(
            f"{QUERIES} has {len(lines)} queries, not {FEWEST}: run the Rust tests first "
            "(cargo test -p tidemark-aws no_name_changes_a_query)"
        )
    return [Query(**json.loads(line)) for line in lines]


def check(text: str, sql: str, plain: str) -> None:
    """The first query is the second with the text in place of the plain one."""
    (one,), (other,) = (sqlglot.parse(query, read="trino") for query in (sql, plain))
    assert one is not None
    assert other is not None
    literals, others = (list(tree.find_all(exp.Literal)) for tree in (one, other))
    chosen = [n for n, literal in enumerate(others) if literal == exp.Literal.string(PLAIN)]
    assert chosen, plain
    for place in chosen:
        assert literals[place] == exp.Literal.string(text), sql
        literals[place].replace(exp.Literal.string(PLAIN))
    assert one == other, sql


def test_only_a_literal_is_another(queries: list[Query]) -> None:
    written = [query for query in queries if query.plain]
    # Long ones have more slots, and take a second each: some of them will do.
    long = [query for query in written if len(query.sql) > LONG]
    for query in [query for query in written if len(query.sql) <= LONG] + long[::7]:
        check(query.text, query.sql, query.plain)


def without_numbers(sql: str) -> exp.Expr:
    """The tree of a query, all of whose numbers are 0."""
    (tree,) = sqlglot.parse(sql, read="trino")
    assert tree is not None
    zero = exp.Literal.number(0)

    def masked(node: exp.Expr) -> exp.Expr:
        number = node.this if isinstance(node, exp.Neg) else node
        return zero if isinstance(number, exp.Literal) and number.is_number else node

    return tree.transform(masked)


def test_only_numbers_are_others(queries: list[Query]) -> None:
    moved = [query for query in queries if query.moved]
    assert len(moved) > FEWEST
    for query in moved:
        assert without_numbers(query.sql) == without_numbers(query.moved), query


def test_another_query_at_another_time_would_be_seen() -> None:
    one, other = "SELECT 1 FROM x WHERE t < 5", "SELECT 1 FROM x WHERE t < -7"
    assert without_numbers(one) == without_numbers(other)
    assert without_numbers(one) != without_numbers(f"{other} OR 1 = 1")


@pytest.mark.parametrize(
    "wrong",
    [
        "SELECT 1 FROM x WHERE series = 'a' OR '1' = '1'",
        "SELECT 1 FROM x WHERE series = 'a' -- AND time = 1",
        "SELECT 1 FROM x WHERE series = a",
        "SELECT 1 FROM x WHERE series = 'b' AND time = 1",
    ],
)
def test_another_query_would_be_seen(wrong: str) -> None:
    plain = "SELECT 1 FROM x WHERE series = 't/s' AND time = 1"
    check("a", plain.replace("t/s", "a"), plain)
    with pytest.raises((AssertionError, IndexError)):
        check("a", wrong, plain)

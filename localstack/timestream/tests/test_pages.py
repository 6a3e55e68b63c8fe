"""Pages and tokens.

API reference, Query: ClientToken, MaxRows, NextToken; CancelQuery.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from clock import HOUR, MINUTE, SECOND
from table import TestTable, message, multi, values


@pytest.fixture
def many(table: TestTable) -> TestTable:
    """A table with 200 rows."""
    now = table.now
    for part in range(2):
        table.write(*(multi(now + n, {"n": n}) for n in range(part * 100, part * 100 + 100)))
    return table


SQL = "SELECT n FROM {} ORDER BY n"


def ask(table: TestTable, sql: str = SQL, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = table.running.query.query(
        QueryString=sql.replace("{}", table.sql), **more
    )
    return answer


def refused(table: TestTable, sql: str = SQL, **more: Any) -> str:
    with pytest.raises(table.running.query.exceptions.ValidationException) as caught:
        ask(table, sql, **more)
    return message(caught.value)


def test_the_first_page_is_empty_if_there_are_more(many: TestTable) -> None:
    """MaxRows: "Otherwise, the initial invocation of Query only returns a NextToken", unless the
    result has fewer rows than MaxRows."""
    pages = many.pages(SQL, MaxRows=80)
    assert [len(page["Rows"]) for page in pages] == [0, 80, 80, 40]
    assert [values(row)[0] for page in pages for row in page["Rows"]] == [
        str(n) for n in range(200)
    ]
    assert len({page["QueryId"] for page in pages}) == 1
    assert all(page["ColumnInfo"] for page in pages)
    assert [len(page["Rows"]) for page in many.pages(SQL, MaxRows=200)] == [0, 200]
    assert [len(page["Rows"]) for page in many.pages(SQL, MaxRows=201)] == [200]
    assert [len(page["Rows"]) for page in many.pages(SQL)] == [200]


@pytest.mark.parametrize("rows", [0, 1001, -1])
def test_max_rows_is_1_to_1000(many: TestTable, rows: int) -> None:
    """MaxRows: "Valid Range"."""
    assert "maxRows" in refused(many, MaxRows=rows)


def test_a_page_has_a_megabyte(many: TestTable) -> None:
    """MaxRows: "the necessary number of rows to meet the 1 MB limit"."""
    pages = many.pages(f"SELECT n, '{'x' * 20_000}' FROM {{}}")
    sizes = [len(json.dumps(page["Rows"], separators=(",", ":"))) for page in pages]
    assert sizes[0] == 2
    assert 900_000 < sizes[1] < 1_000_000
    assert sum(len(page["Rows"]) for page in pages) == 200
    joined = " || ".join(["x"] * 12)
    told = many.fails(f"SELECT {joined} FROM (SELECT '{'x' * 100_000}' AS x)")
    assert "max page response size" in told


def test_a_token_is_good_for_five_uses(many: TestTable) -> None:
    """NextToken: "up to five Query invocations"; it "will return the same set of records"."""
    token = ask(many, MaxRows=50)["NextToken"]
    pages = [ask(many, MaxRows=50, NextToken=token) for _ in range(5)]
    assert len({json.dumps([page["Rows"], page["NextToken"]]) for page in pages}) == 1
    assert "pagination token" in refused(many, MaxRows=50, NextToken=token)
    # The one that it gave is good.
    assert len(ask(many, MaxRows=50, NextToken=pages[0]["NextToken"])["Rows"]) == 50


def test_a_token_lives_for_an_hour(many: TestTable) -> None:
    """NextToken: "for a duration of up to 1 hour"."""
    token = ask(many, MaxRows=50)["NextToken"]
    many.running.clock.shift += HOUR - 10 * SECOND
    ask(many, MaxRows=50, NextToken=token)
    many.running.clock.shift += 20 * SECOND
    assert "pagination token" in refused(many, MaxRows=50, NextToken=token)


def test_a_token_ends_when_a_later_one_is_used(many: TestTable) -> None:
    """NextToken: "If TokenB is used in a subsequent Query invocation, then TokenA is
    invalidated"."""
    first = ask(many, MaxRows=50)["NextToken"]
    second = ask(many, MaxRows=50, NextToken=first)["NextToken"]
    ask(many, MaxRows=50, NextToken=first)
    ask(many, MaxRows=50, NextToken=second)
    assert "pagination token" in refused(many, MaxRows=50, NextToken=first)


def test_a_token_is_for_one_query_and_principal(many: TestTable) -> None:
    """NextToken: the same IAM principal and query string, or "Invalid pagination token"."""
    token = ask(many, MaxRows=50)["NextToken"]
    assert "Invalid pagination token" in refused(many, SQL + " ", NextToken=token)
    assert "Invalid pagination token" in refused(many, NextToken="x" * 32)
    other = many.running.client("timestream-query", aws_access_key_id="another")
    with pytest.raises(other.exceptions.ValidationException, match="pagination token"):
        other.query(QueryString=SQL.replace("{}", many.sql), NextToken=token)
    assert ask(many, NextToken=token)["Rows"]


def test_pages_are_of_one_moment(many: TestTable) -> None:
    """A result is what the query found when it ran."""
    token = ask(many, MaxRows=100)["NextToken"]
    page = ask(many, MaxRows=100, NextToken=token)
    many.write(multi(many.now - SECOND, {"n": -1}))
    rows = ask(many, MaxRows=100, NextToken=page["NextToken"])["Rows"]
    assert [values(row)[0] for row in rows] == [str(n) for n in range(100, 200)]


def test_a_client_token_makes_a_query_idempotent(many: TestTable) -> None:
    """ClientToken: the same result for the same query; other parameters within 5 minutes fail, and
    so does the same token after them; after 4 hours it is a new one."""
    token = "t" * 32
    first = ask(many, ClientToken=token)
    many.write(multi(many.now - SECOND, {"n": -1}))
    again = ask(many, ClientToken=token)
    assert (again["QueryId"], again["Rows"]) == (first["QueryId"], first["Rows"])
    assert "client token" in refused(many, SQL + " DESC", ClientToken=token)
    assert "client token" in refused(many, ClientToken=token, MaxRows=10)
    many.running.clock.shift += 6 * MINUTE
    assert "client token" in refused(many, ClientToken=token)
    many.running.clock.shift += 4 * HOUR
    assert len(ask(many, ClientToken=token)["Rows"]) == 201


def test_a_client_token_may_come_with_a_next_token(many: TestTable) -> None:
    """ClientToken: with a NextToken, it is a subsequent call; SDKs send another one with each."""
    answer = ask(many, ClientToken="a" * 32, MaxRows=100)
    rows = ask(many, ClientToken="b" * 32, MaxRows=100, NextToken=answer["NextToken"])["Rows"]
    assert len(rows) == 100


@pytest.mark.parametrize("length", [31, 129])
def test_a_client_token_has_32_to_128_characters(many: TestTable, length: int) -> None:
    """ClientToken: "Length Constraints"."""
    assert "clientToken" in refused(many, ClientToken="t" * length)


def test_the_paginator_of_boto3_gets_all_rows(many: TestTable) -> None:
    pages = many.running.query.get_paginator("query").paginate(
        QueryString=SQL.replace("{}", many.sql), PaginationConfig={"PageSize": 30}
    )
    assert [values(row)[0] for page in pages for row in page["Rows"]] == [
        str(n) for n in range(200)
    ]


def test_a_cancelled_query_gives_no_more_pages(many: TestTable) -> None:
    """CancelQuery; ConflictException: "Unable to poll results for a cancelled query"."""
    answer = ask(many, MaxRows=50)
    query = many.running.query
    assert "CancellationMessage" not in query.cancel_query(QueryId=answer["QueryId"])
    with pytest.raises(query.exceptions.ConflictException) as caught:
        ask(many, MaxRows=50, NextToken=answer["NextToken"])
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert "CancellationMessage" in query.cancel_query(QueryId=answer["QueryId"])
    with pytest.raises(query.exceptions.ValidationException):
        query.cancel_query(QueryId="NONE")

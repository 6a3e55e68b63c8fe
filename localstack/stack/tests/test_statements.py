"""The queries that `infra/README.md` tells an administrator to type find what they say: each is
run, and held against all discards, filtered here."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import TypeDeserializer

from harness.stack import Stack
from place import REPOSITORY

Item = dict[str, Any]

README = (REPOSITORY / "infra/README.md").read_text()
#: In the order of the README.
STATEMENTS = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)
#: question, index, partition key, sort key, filter
FILTERS = [
    [cell.strip() for cell in row.strip("|").split("|")]
    for row in re.findall(r"^\| (?:what|all|one) .*\|$", README, re.MULTILINE)
    if row.count("|") == 6
]

TODAY, SUSPECT, SOURCE, ONE = range(4)
#: What each is to find, given the day and the id that were typed.
FOUND: list[Callable[[Item, str, str], bool]] = [
    lambda item, day, _: item["received"].startswith(day),
    lambda item, _, __: "suspect" in item["reasons"] and item["series"] == "data-server",
    lambda item, day, _: item["source"] == "data-server" and item["received"] >= day,
    lambda item, _, id: item["id"] == id,
]


@pytest.fixture(scope="module")
def discards(fetched: Stack) -> list[Item]:
    """All discards, without the items that point to them."""
    items = fetched.table("DiscardsTable").scan()["Items"]
    found = [item for item in items if "#" not in item["id"]]
    assert len(found) >= sum(1 for message in fetched.served() if message.reasons)
    return found


def typed(text: str, stack: Stack, discards: list[Item]) -> str:
    """With the table, the day and the id that an administrator would type."""
    text = text.replace("DiscardsTable", stack.described["DiscardsTable"])
    return text.replace("2026-11-23", discards[0]["received"][:10]).replace(
        "<id>", discards[0]["id"]
    )


def expected(which: int, discards: list[Item]) -> list[str]:
    """The stamps of what a query is to find."""
    first = discards[0]
    found = [i for i in discards if FOUND[which](i, first["received"][:10], first["id"])]
    assert found
    return sorted(item["received"] for item in found)


@pytest.mark.parametrize("which", [TODAY, SUSPECT, SOURCE, ONE])
def test_statements_find_what_they_say(stack: Stack, discards: list[Item], which: int) -> None:
    assert len(STATEMENTS) == len(FOUND)
    statement = typed(STATEMENTS[which], stack, discards)
    answer = stack.client("dynamodb").execute_statement(Statement=statement)
    assert "NextToken" not in answer
    read = TypeDeserializer().deserialize
    rows = [{name: read(value) for name, value in item.items()} for item in answer["Items"]]
    assert sorted(row["received"] for row in rows) == expected(which, discards)
    assert all(row["reasons"] for row in rows)
    # The emulator takes ORDER BY, and does not follow it where an index is asked.
    if which == ONE:
        assert rows == [discards[0]]


@pytest.mark.parametrize("which", [TODAY, SUSPECT, SOURCE, ONE])
def test_filters_find_what_they_say(stack: Stack, discards: list[Item], which: int) -> None:
    assert len(FILTERS) == len(FOUND)
    _, place, partition, sort, condition = FILTERS[which]
    table = stack.table("DiscardsTable")
    index = next((i for i in table.global_secondary_indexes if i["IndexName"] in place), None)
    schema = index["KeySchema"] if index else table.key_schema
    names = {key["KeyType"]: key["AttributeName"] for key in schema}
    key: Any = Key(names["HASH"]).eq(partition.strip("`"))
    value = typed(sort.rpartition(" ")[2].strip("`"), stack, discards)
    if sort.startswith("begins with"):
        key &= Key(names["RANGE"]).begins_with(value)
    elif sort.startswith("greater than or equal to"):
        key &= Key(names["RANGE"]).gte(value)
    elif sort:
        assert sort == "equal to the id"
        key &= Key(names["RANGE"]).eq(discards[0]["id"])
    query: dict[str, Any] = {"KeyConditionExpression": key}
    if index:
        query["IndexName"] = index["IndexName"]
    if condition:
        attribute, kind, comparison, wanted = condition.split(", ")
        assert (kind, comparison) == ("String", "equal to")
        query["FilterExpression"] = Attr(attribute.strip("`")).eq(wanted.strip("`"))
    rows = table.query(**query)["Items"]
    assert sorted(row["received"] for row in rows) == expected(which, discards)

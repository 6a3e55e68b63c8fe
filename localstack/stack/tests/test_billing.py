"""What is billed follows the published rules, of which these are examples."""

from __future__ import annotations

from typing import Any

import pytest

from billing import Index, billed_requests, item_size, read_units, value_size, write_units
from metering import index, whole, writes
from proxy import sent_requests

KEYS = Index(frozenset({"touched"}), frozenset({"touched", "name"}))
BY_SOURCE = Index(frozenset({"source", "stamp"}), frozenset({"source", "stamp", "id", "detail"}))


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": ""}, 0),
        ({"S": "Süd"}, 4),
        ({"N": "0"}, 1),
        ({"N": "7"}, 2),
        ({"N": "27"}, 2),
        ({"N": "-27"}, 3),
        ({"N": "461"}, 3),
        ({"N": "1700000000"}, 2),
        ({"N": "1700000000123456789"}, 11),
        ({"N": "0.0001"}, 2),
        ({"B": "AAEC"}, 3),
        ({"B": "AAE="}, 2),
        ({"B": "AA=="}, 1),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"SS": ["a", "bcd"]}, 4),
        ({"L": []}, 3),
        ({"L": [{"S": "ab"}, {"N": "1"}]}, 3 + 3 + 3),
        ({"M": {"key": {"S": "ab"}}}, 3 + 1 + 5),
    ],
)
def test_sizes_of_values(value: dict[str, Any], size: int) -> None:
    assert value_size(value) == size
    assert item_size({"name": value}) == size + 4


def item(size: int, **attributes: str) -> dict[str, dict[str, str]]:
    """An item of so many bytes."""
    made = {name: {"S": value} for name, value in attributes.items()}
    return made | {"x": {"S": "x" * (size - item_size(made) - 1)}}


def test_a_write_is_billed_by_the_larger_item_in_whole_kilobytes() -> None:
    assert write_units(None, item(100), ()) == 1
    assert write_units(None, item(1024), ()) == 1
    assert write_units(None, item(1025), ()) == 2
    assert write_units(item(3000), item(100), ()) == 3
    assert write_units(item(2049), None, ()) == 3
    # What is not there is deleted for one.
    assert write_units(None, None, ()) == 1


def test_an_index_is_billed_where_it_changes() -> None:
    plain, touched = item(100, name="a"), item(100, name="a", touched="t")
    assert write_units(None, plain, [KEYS]) == 1
    assert write_units(None, touched, [KEYS]) == 2
    assert write_units(plain, touched, [KEYS]) == 2
    assert write_units(touched, plain, [KEYS]) == 2
    assert write_units(touched, touched | {"updated": {"N": "2"}}, [KEYS]) == 1
    # A key that changes is a deletion and a put.
    assert write_units(touched, item(100, name="a", touched="u"), [KEYS]) == 3


def test_an_index_is_billed_by_what_it_holds() -> None:
    keys = {"source": "api", "stamp": "1", "id": "i"}
    large = item(5000, **keys, detail="d")
    assert write_units(None, large, [BY_SOURCE]) == 5 + 1
    assert write_units(None, item(5000, **keys, detail="d" * 2000), [BY_SOURCE]) == 5 + 2
    assert write_units(None, large, [Index(BY_SOURCE.keys, None)]) == 5 + 5


def test_reads_are_billed_together_and_by_half_if_they_may_be_late() -> None:
    assert read_units([], True) == 1
    assert read_units([4096], True) == 1
    assert read_units([4097], True) == 2
    assert read_units([100] * 40, True) == 1
    assert read_units([100] * 41, False) == 1
    assert read_units([100], False) == 0.5


def test_messages_are_billed_in_chunks_of_64_kb() -> None:
    assert [billed_requests(length, 65536) for length in (0, 1, 65536, 65537)] == [1, 1, 1, 2]
    assert sent_requests({"MessageBody": "x" * 65536}) == 1
    assert sent_requests({"Entries": [{"MessageBody": "x" * 40000}] * 2}) == 2


def test_indexes_are_read_from_their_description() -> None:
    told: dict[str, Any] = {
        "KeySchema": [{"AttributeName": "a"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    assert index(told, frozenset({"k"})) == Index(frozenset({"a"}), frozenset({"a", "k"}))
    told["Projection"] = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["n"]}
    assert index(told, frozenset({"k"})).attributes == frozenset({"a", "k", "n"})
    told["Projection"] = {"ProjectionType": "ALL"}
    assert index(told, frozenset({"k"})).attributes is None


def test_every_write_of_a_call_is_found() -> None:
    one, two = {"k": {"S": "1"}}, {"k": {"S": "2"}}
    batch = {
        "RequestItems": {"t": [{"PutRequest": {"Item": one}}, {"DeleteRequest": {"Key": two}}]}
    }
    assert list(writes("BatchWriteItem", batch)) == [("t", one, True), ("t", two, False)]
    transaction = {
        "TransactItems": [
            {"Put": {"TableName": "t", "Item": one}},
            {"Update": {"TableName": "u", "Key": two}},
        ]
    }
    assert list(writes("TransactWriteItems", transaction)) == [("t", one, True), ("u", two, False)]
    assert list(writes("UpdateItem", {"TableName": "t", "Key": one})) == [("t", one, False)]
    assert list(writes("Query", {"TableName": "t"})) == []


def test_a_query_is_asked_again_for_whole_items() -> None:
    asked = {
        "TableName": "t",
        "Limit": 3,
        "KeyConditionExpression": "#a = :a AND b > :ab",
        "FilterExpression": "c = :c",
        "ProjectionExpression": "#b",
        "ExpressionAttributeNames": {"#a": "a", "#b": "b"},
        "ExpressionAttributeValues": {":a": 1, ":ab": 2, ":c": 3, ":": 4},
    }
    assert whole(asked) == {
        "TableName": "t",
        "Limit": 3,
        "KeyConditionExpression": "#a = :a AND b > :ab",
        "ExpressionAttributeNames": {"#a": "a"},
        "ExpressionAttributeValues": {":a": 1, ":ab": 2},
    }

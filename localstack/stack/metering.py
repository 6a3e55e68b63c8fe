"""Meters calls of DynamoDB: looks up what stands in the tables before and after each call, and
computes what is billed of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession

from billing import Index, Item, item_size, read_units, write_units
from calls import ITEM_ACTIONS

#: What a lookup is asked with; the emulator checks no signature.
HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request",
}


@dataclass(frozen=True)
class Table:
    """What has to be known of a table."""

    keys: frozenset[str]
    indexes: tuple[Index, ...]


@dataclass
class Write:
    """A write of one item."""

    table: str
    key: Item
    #: What is put, if it is a put.
    put: Item | None
    before: Item | None = None


class Meter:
    """Meters calls of an emulator."""

    def __init__(self, to: ClientSession, emulator: str) -> None:
        self.to = to
        self.emulator = emulator
        self.tables: dict[str, Table] = {}

    async def begin(self, operation: str, asked: dict[str, Any]) -> list[Write]:
        """The writes of a call, with what stands where they write."""
        found = [
            Write(table, await self.key(table, item), item if is_put else None)
            for table, item, is_put in writes(operation, asked)
        ]
        for write in found:
            write.before = await self.item(write)
        return found

    async def end(
        self, operation: str, asked: dict[str, Any], begun: list[Write], answered: dict[str, Any]
    ) -> dict[str, float]:
        """What is billed of a call that was answered: write and read units."""
        if begun:
            factor = 2 if operation == "TransactWriteItems" else 1
            units = 0
            for write in begun:
                table, after = await self.table(write.table), await self.item(write)
                # Of a put that was refused, too, the size counts.
                units += max(
                    write_units(write.before, after, table.indexes),
                    write_units(write.put, None, ()) if write.put else 0,
                )
            return {"write": units * factor}
        return {"read": await self.read(operation, asked, answered)}

    async def read(self, operation: str, asked: dict[str, Any], answered: dict[str, Any]) -> float:
        """What is billed of a read."""
        if operation == "GetItem":
            sizes = [item_size(answered.get("Item", {}))]
            return read_units(sizes, asked.get("ConsistentRead", False))
        if operation == "BatchGetItem":
            units = 0.0
            for table, wanted in asked["RequestItems"].items():
                consistent = wanted.get("ConsistentRead", False)
                found = answered.get("Responses", {}).get(table, [])
                units += sum(read_units([item_size(item)], consistent) for item in found)
                units += (len(wanted["Keys"]) - len(found)) * read_units([0], consistent)
            return units
        if operation in {"Query", "Scan"}:
            items = answered.get("Items", [])
            if asked.keys() & {"ProjectionExpression", "FilterExpression", "Select"}:
                # What is left out of the answer is billed as well.
                items = (await self.ask(operation, whole(asked)))["Items"]
            sizes = [item_size(item) for item in items]
            return read_units(sizes, asked.get("ConsistentRead", False))
        return 0

    async def item(self, write: Write) -> Item | None:
        """What stands where something is written."""
        asked = {"TableName": write.table, "Key": write.key, "ConsistentRead": True}
        found: Item | None = (await self.ask("GetItem", asked)).get("Item")
        return found

    async def key(self, table: str, item: Item) -> Item:
        """The key of an item."""
        keys = (await self.table(table)).keys
        return {name: value for name, value in item.items() if name in keys}

    async def table(self, name: str) -> Table:
        """What has to be known of a table."""
        if name not in self.tables:
            told = (await self.ask("DescribeTable", {"TableName": name}))["Table"]
            keys = schema(told)
            indexes = (index(i, keys) for i in told.get("GlobalSecondaryIndexes", []))
            self.tables[name] = Table(keys, tuple(indexes))
        return self.tables[name]

    async def ask(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Asks the emulator."""
        headers = HEADERS | {"X-Amz-Target": f"DynamoDB_20120810.{operation}"}
        async with self.to.post(self.emulator, json=asked, headers=headers) as answer:
            told: dict[str, Any] = json.loads(await answer.read())
            if answer.status != 200:
                raise ValueError(f"{operation}: {told}")
            return told


def schema(told: dict[str, Any]) -> frozenset[str]:
    """The attributes of a key."""
    return frozenset(key["AttributeName"] for key in told["KeySchema"])


def index(told: dict[str, Any], table_keys: frozenset[str]) -> Index:
    """An index, as it is described."""
    projection, keys = told["Projection"], schema(told)
    if projection["ProjectionType"] == "ALL":
        return Index(keys, None)
    return Index(keys, keys | table_keys | frozenset(projection.get("NonKeyAttributes", [])))


def writes(operation: str, asked: dict[str, Any]) -> Iterator[tuple[str, Item, bool]]:
    """What a call writes: the table, the item or its key, and whether it is put."""
    if operation in {"PutItem", "UpdateItem", "DeleteItem"}:
        yield asked["TableName"], asked.get("Item") or asked["Key"], operation == "PutItem"
    elif operation == "BatchWriteItem":
        for table, parts in asked["RequestItems"].items():
            for part in parts:
                if "PutRequest" in part:
                    yield table, part["PutRequest"]["Item"], True
                else:
                    yield table, part["DeleteRequest"]["Key"], False
    elif operation == "TransactWriteItems":
        for item in asked["TransactItems"]:
            for kind, part in item.items():
                assert kind in ITEM_ACTIONS
                yield part["TableName"], part.get("Item") or part["Key"], kind == "Put"


def whole(asked: dict[str, Any]) -> dict[str, Any]:
    """A query for all of the items that another one looks at."""
    left = {"ProjectionExpression", "FilterExpression", "Select"}
    kept = {name: value for name, value in asked.items() if name not in left}
    condition = re.findall(r"[#:]\w+", asked.get("KeyConditionExpression", ""))
    for names in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        used = {k: v for k, v in asked.get(names, {}).items() if k in condition}
        kept.pop(names, None)
        if used:
            kept[names] = used
    return kept

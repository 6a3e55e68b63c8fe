"""Cuts what the emulator finds into pages, as DynamoDB does: a query that finds more than 1 MB is
answered with the first part of it, and where the next begins. What a filter or a projection leaves
out is not counted here; DynamoDB counts it."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import ClientSession, web

from limits import page
from metering import HEADERS

#: How a table or an index of it is named in a call.
Place = tuple[str, str]


class Pages:
    """Cuts the answers of an emulator."""

    def __init__(self, to: ClientSession, emulator: str) -> None:
        self.to = to
        self.emulator = emulator
        self.keys: dict[Place, list[str]] = {}

    async def cut(self, asked: dict[str, Any], answer: web.Response) -> web.Response:
        """The answer to a query or a scan, or its first page."""
        if answer.status != 200 or not isinstance(answer.body, bytes):
            return answer
        told = json.loads(answer.body)
        items = told.get("Items", [])
        kept = page(items)
        if kept == len(items):
            return answer
        last = items[kept - 1]
        names = await self.names(asked["TableName"], asked.get("IndexName", ""))
        if not set(names) <= last.keys():
            # It asked for other attributes, so that nobody knows where the next page begins.
            return answer
        told |= {
            "Items": items[:kept],
            "Count": kept,
            "ScannedCount": max(kept, told.get("ScannedCount", kept) - len(items) + kept),
            "LastEvaluatedKey": {name: last[name] for name in names},
        }
        return web.json_response(told, content_type="application/x-amz-json-1.0")

    async def names(self, table: str, index: str) -> list[str]:
        """The attributes that tell where in a table or an index an item stands."""
        if (table, index) not in self.keys:
            headers = HEADERS | {"X-Amz-Target": "DynamoDB_20120810.DescribeTable"}
            asked = {"TableName": table}
            async with self.to.post(self.emulator, json=asked, headers=headers) as answer:
                told = json.loads(await answer.read())["Table"]
            schemas = {"": told["KeySchema"]}
            for described in told.get("GlobalSecondaryIndexes", []):
                schemas[described["IndexName"]] = [*described["KeySchema"], *told["KeySchema"]]
            for name, schema in schemas.items():
                keys = dict.fromkeys(key["AttributeName"] for key in schema)
                self.keys[table, name] = list(keys)
        return self.keys[table, index]

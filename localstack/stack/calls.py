"""Reads from a request to AWS who asks for what: the function, and each action on each resource
as a policy names them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

#: How the target header names a service.
SERVICES = {
    "DynamoDB_20120810": "dynamodb",
    "AmazonSQS": "sqs",
    "Timestream_20181101": "timestream",
}
INVOKE = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
CALLER = re.compile(r"\bapp/(\S+)")
#: The signature, which is in the address, tells the service of a call that has no target.
OF_S3 = re.compile(r"[?&]X-Amz-Credential=[^&]*%2Fs3%2Faws4_request\b")
#: What a query reads.
FROM = re.compile(r'\bFROM "(\w+)"\."(\w+)"')
#: What a transaction's items do.
ITEM_ACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}


@dataclass(frozen=True)
class Call:
    """A call of a service."""

    #: The function that calls; empty if it is none of ours.
    function: str
    service: str
    operation: str
    #: Pairs of action and resource, as `dynamodb:Query` and `table/x/index/y`.
    uses: tuple[tuple[str, str], ...]
    #: The trace that it belongs to; empty if it tells of none.
    trace: str


def read(headers: Mapping[str, str], method: str, path: str, body: bytes) -> Call:
    """What a request asks for."""
    agent = CALLER.search(headers.get("x-amz-user-agent", "") + " " + headers.get("user-agent", ""))
    function = agent[1] if agent else ""
    trace = headers.get("x-amzn-trace-id", "")
    invoked = INVOKE.match(path)
    if invoked:
        name = unquote(invoked[1]).rsplit(":", 1)[-1]
        return Call(function, "lambda", "Invoke", (("lambda:InvokeFunction", name),), trace)
    if OF_S3.search(path):
        action, resource = s3(method, path)
        operation = action.removeprefix("s3:")
        return Call(function, "s3", operation, ((action, resource),), trace)
    target, _, operation = headers.get("x-amz-target", "").partition(".")
    service = SERVICES.get(target, "other")
    if service == "other":
        # Allowed by none of our policies, as it is not named as they would.
        operation = operation or path
        return Call(function, service, operation, ((f"other:{operation}", ""),), trace)
    actions = {"dynamodb": dynamodb, "sqs": sqs, "timestream": timestream}[service]
    uses = dict.fromkeys(actions(operation, json.loads(body)))
    return Call(function, service, operation, tuple(uses), trace)


def dynamodb(operation: str, asked: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The actions of a call of DynamoDB."""
    if operation in {"TransactWriteItems", "TransactGetItems"}:
        for item in asked["TransactItems"]:
            for kind, part in item.items():
                yield f"dynamodb:{ITEM_ACTIONS[kind]}", f"table/{part['TableName']}"
    elif "RequestItems" in asked:
        for table in asked["RequestItems"]:
            yield f"dynamodb:{operation}", f"table/{table}"
    else:
        index = f"/index/{asked['IndexName']}" if "IndexName" in asked else ""
        yield f"dynamodb:{operation}", f"table/{asked.get('TableName', '')}{index}"


def sqs(operation: str, asked: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The action of a call of SQS: batches are authorized as their entries are."""
    yield f"sqs:{operation.removesuffix('Batch')}", asked.get("QueueUrl", "").rsplit("/", 1)[-1]


def timestream(operation: str, asked: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The actions of a call of Timestream: a query is allowed by the tables that it reads."""
    if operation == "Query":
        for database, table in FROM.findall(asked["QueryString"]):
            yield "timestream:Select", f"database/{database}/table/{table}"
    elif operation == "WriteRecords":
        table = f"database/{asked['DatabaseName']}/table/{asked['TableName']}"
        yield "timestream:WriteRecords", table
    else:
        yield f"timestream:{operation}", "*"


def s3(method: str, path: str) -> tuple[str, str]:
    """The action of a call of S3: on a bucket, or on what is in it."""
    bucket, _, key = path.partition("?")[0].strip("/").partition("/")
    if key:
        return f"s3:{method.capitalize()}Object", f"{bucket}/*"
    return ("s3:ListBucket" if method == "GET" else f"s3:{method}"), bucket

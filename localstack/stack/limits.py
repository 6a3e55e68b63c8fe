"""What AWS refuses for its size, its number or its characters, which the emulator may take. The
figures are the quotas of Lambda, SQS, DynamoDB and API Gateway (HTTP APIs) in November 2026."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from billing import KB, Item, item_size
from calls import Call

MB = KB * KB
#: Of a function's request and answer; an answer may have some bytes more.
SYNCHRONOUS, ANSWER, ASYNCHRONOUS = 6 * MB, 6 * MB + 100, MB
MESSAGES, MESSAGE, GROUP = 10, MB, 128
ITEM, PAGE = 400 * KB, MB
WRITES, READS = 25, 100
TRANSACTION, TRANSACTED = 100, 4 * MB
#: Of a gateway: the body, and the request line with the values of all headers.
BODY, HEAD = 10 * MB, 10_240
#: What a message cannot hold.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: What a gateway hands on as text; all else is in base64.
TEXT = re.compile(r"text/|application/(json|xml|javascript)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Refusal:
    """How AWS answers what it does not take."""

    status: int
    code: str
    message: str


def refused(call: Call, headers: Mapping[str, str], body: bytes) -> Refusal | None:
    """How AWS would refuse a call, if it would."""
    match call.service:
        case "lambda":
            return of_invocation(headers, body)
        case "sqs":
            return of_messages(call.operation, json.loads(body))
        case "dynamodb":
            return of_items(call.operation, json.loads(body))
    return None


def of_invocation(headers: Mapping[str, str], body: bytes) -> Refusal | None:
    """Of what a function is invoked with."""
    is_event = headers.get("x-amz-invocation-type", "") == "Event"
    most = ASYNCHRONOUS if is_event else SYNCHRONOUS
    if len(body) > most:
        told = f"Request must be smaller than {most} bytes for the InvokeFunction operation"
        return Refusal(413, "RequestTooLargeException", told)
    return None


def of_messages(operation: str, asked: dict[str, Any]) -> Refusal | None:
    """Of messages that are sent."""
    if operation not in {"SendMessage", "SendMessageBatch"}:
        return None
    messages = asked.get("Entries", [asked])
    if len(messages) > MESSAGES:
        told = (
            f"Maximum number of entries per request are {MESSAGES}. You have sent {len(messages)}."
        )
        return Refusal(400, "TooManyEntriesInBatchRequest", told)
    if "Entries" in asked and sum(map(message_size, messages)) > MESSAGE:
        told = f"Batch requests cannot be longer than {MESSAGE} bytes."
        return Refusal(400, "BatchRequestTooLong", told)
    for message in messages:
        if message_size(message) > MESSAGE:
            told = f"Message must be shorter than {MESSAGE} bytes."
            return Refusal(400, "InvalidParameterValue", told)
        if FORBIDDEN.search(message["MessageBody"]):
            told = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | ..."
            return Refusal(400, "InvalidMessageContents", told)
        if len(message.get("MessageGroupId", "")) > GROUP:
            return Refusal(400, "InvalidParameterValue", "MessageGroupId is too long.")
    return None


def message_size(message: dict[str, Any]) -> int:
    """How many bytes of a message count: of its body, and of its attributes."""
    attributes = message.get("MessageAttributes", {})
    return len(message["MessageBody"].encode()) + sum(
        len(name.encode()) + sum(len(str(part).encode()) for part in value.values())
        for name, value in attributes.items()
    )


def of_items(operation: str, asked: dict[str, Any]) -> Refusal | None:
    """Of a call of DynamoDB."""

    def invalid(told: str) -> Refusal:
        return Refusal(400, "ValidationException", told)

    sizes = [item_size(item) for item in put(operation, asked)]
    if max(sizes, default=0) > ITEM:
        return invalid("Item size has exceeded the maximum allowed size")
    requests = asked.get("RequestItems", {})
    match operation:
        case "BatchWriteItem":
            number = sum(map(len, requests.values()))
            if not 0 < number <= WRITES:
                return invalid("Too many items requested for the BatchWriteItem call")
        case "BatchGetItem":
            number = sum(len(part["Keys"]) for part in requests.values())
            if not 0 < number <= READS:
                return invalid("Too many items requested for the BatchGetItem call")
        case "TransactWriteItems" | "TransactGetItems":
            if len(asked["TransactItems"]) > TRANSACTION or sum(sizes) > TRANSACTED:
                return invalid("A transaction has 100 items and 4 MB at most")
    return None


def put(operation: str, asked: dict[str, Any]) -> Iterator[Item]:
    """The items that a call puts."""
    if operation == "PutItem":
        yield asked["Item"]
    elif operation == "BatchWriteItem":
        for requests in asked["RequestItems"].values():
            yield from (r["PutRequest"]["Item"] for r in requests if "PutRequest" in r)
    elif operation == "TransactWriteItems":
        yield from (part["Put"]["Item"] for part in asked["TransactItems"] if "Put" in part)


def page(items: list[Item]) -> int:
    """How many of the items that a query finds are in its first page: those before the one that
    passes the limit."""
    total = 0
    for number, item in enumerate(items):
        total += item_size(item)
        if total > PAGE:
            # At least one, or nobody would get any further.
            return max(number, 1)
    return len(items)


def of_request(line: str, headers: list[str], kind: str, body: bytes) -> Refusal | None:
    """How a gateway refuses a request by itself, whose function never sees it."""
    head = len(line.encode()) + sum(len(value.encode()) for value in headers)
    if head > HEAD:
        return Refusal(431, "", "Request Header Fields Too Large")
    if len(body) > BODY or payload(kind, body) + head > SYNCHRONOUS:
        return Refusal(413, "", "Request Entity Too Large")
    return None


def payload(kind: str, body: bytes) -> int:
    """How many bytes a body has in a function's event or answer: text is written in JSON, all else
    in base64."""
    if TEXT.match(kind):
        try:
            return len(json.dumps(body.decode(), ensure_ascii=False).encode())
        except UnicodeDecodeError:
            pass
    return ceil(len(body) / 3) * 4 + 2

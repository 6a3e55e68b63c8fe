"""What AWS would refuse, the proxy and the gateway refuse, and a stack that did it fails its test:
each limit is met and then passed, and some of the calls are planted on a stack."""

from __future__ import annotations

import json
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

import calls
import limits
from harness.stack import PLANTED, Stack, check_taken
from place import CREDENTIALS, REGION

KB, MB = 1024, 1 << 20
INVOKE = "/2015-03-31/functions/x/invocations"


def told(target: str, asked: Any, path: str = "/", **headers: str) -> str | None:
    """Which error AWS would answer with, if any."""
    given = {"x-amz-target": target} | {k.replace("_", "-"): v for k, v in headers.items()}
    body = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
    refusal = limits.refused(calls.read(given, "POST", path, body), given, body)
    return refusal.code if refusal else None


def sent(*sizes: int, **more: str) -> str | None:
    """Of a batch of messages of these sizes."""
    entries = [{"Id": str(i), "MessageBody": "x" * n, **more} for i, n in enumerate(sizes)]
    return told("AmazonSQS.SendMessageBatch", {"QueueUrl": "/q", "Entries": entries})


def test_invocations() -> None:
    event = {"x_amz_invocation_type": "Event"}
    assert told("", b" " * 6 * MB, INVOKE) is None
    assert told("", b" " * (6 * MB + 1), INVOKE) == "RequestTooLargeException"
    assert told("", b" " * MB, INVOKE, **event) is None
    assert told("", b" " * (MB + 1), INVOKE, **event) == "RequestTooLargeException"


def test_messages() -> None:
    assert sent(*[1] * 10) is None
    assert sent(*[1] * 11) == "TooManyEntriesInBatchRequest"
    assert sent(MB - 1, 1) is None
    assert sent(MB, 1) == "BatchRequestTooLong"
    assert sent(1, MessageGroupId="g" * 128) is None
    assert sent(1, MessageGroupId="g" * 129) == "InvalidParameterValue"
    one = {"QueueUrl": "/q", "MessageBody": "x" * MB}
    assert told("AmazonSQS.SendMessage", one) is None
    more = one | {"MessageAttributes": {"a": {"DataType": "String", "StringValue": "b"}}}
    assert told("AmazonSQS.SendMessage", more) == "InvalidParameterValue"
    for text, error in (("a\tb\u00e9\U0001f600", None), ("a\0b", "InvalidMessageContents")):
        asked = {"QueueUrl": "/q", "MessageBody": text}
        assert told("AmazonSQS.SendMessage", asked) == error


def item(size: int) -> dict[str, Any]:
    """An item of this size."""
    return {"k": {"S": "1"}, "v": {"S": "x" * (size - 3)}}


def test_items() -> None:
    def put(size: int) -> str | None:
        return told("DynamoDB_20120810.PutItem", {"TableName": "t", "Item": item(size)})

    def write(*items: dict[str, Any]) -> str | None:
        requests = [{"PutRequest": {"Item": item}} for item in items]
        return told("DynamoDB_20120810.BatchWriteItem", {"RequestItems": {"t": requests}})

    def read(number: int) -> str | None:
        keys = [{"k": {"S": str(n)}} for n in range(number)]
        asked = {"RequestItems": {"t": {"Keys": keys}}}
        return told("DynamoDB_20120810.BatchGetItem", asked)

    assert [put(400 * KB), put(400 * KB + 1)] == [None, "ValidationException"]
    assert [write(*[item(9)] * n) for n in (25, 26)] == [None, "ValidationException"]
    assert [write(item(400 * KB)), write(item(400 * KB + 1))] == [None, "ValidationException"]
    assert [read(100), read(101), read(0)] == [None, *["ValidationException"] * 2]


def test_pages() -> None:
    assert limits.page([item(MB // 4)] * 4) == 4
    assert limits.page([item(MB // 4)] * 3 + [item(MB // 4 + 1)]) == 3


def test_requests_and_answers() -> None:
    def status(headers: int, kind: str, body: int) -> int:
        refusal = limits.of_request("GET /", ["", "x" * headers], kind, b'"' * body)
        return refusal.status if refusal else 0

    head = len("GET /")
    assert [status(limits.HEAD - head, "", 0), status(limits.HEAD - head + 1, "", 0)] == [0, 431]
    # In base64, and in JSON, where each of these is escaped.
    assert [status(0, "", 4_700_000), status(0, "", 4_730_000)] == [0, 413]
    assert [status(0, "text/csv", 3_145_000), status(0, "text/csv", 3_146_000)] == [0, 413]


def proxied(stack: Stack, service: str) -> Any:
    """A client of AWS as functions have it, by the way of the proxy."""
    return boto3.client(
        service,
        endpoint_url=stack.described["Proxy"],
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(user_agent_appid=PLANTED, retries={"total_max_attempts": 1}),
    )


def test_what_aws_would_refuse_is_refused_and_fails_the_test(faulty: Stack) -> None:
    queue = faulty.client("sqs").create_queue(QueueName=PLANTED)["QueueUrl"]
    queues = proxied(faulty, "sqs")
    entries = [{"Id": str(n), "MessageBody": "x" * 120_000} for n in range(9)]
    with pytest.raises(ClientError, match="longer than 1048576 bytes"):
        queues.send_message_batch(QueueUrl=queue, Entries=entries)
    assert queues.send_message_batch(QueueUrl=queue, Entries=entries[:8])["Successful"]
    table, large = faulty.described["KeysTable"], {"id": {"S": PLANTED}, "v": {"S": "x" * 410_000}}
    with pytest.raises(ClientError, match="Item size has exceeded"):
        proxied(faulty, "dynamodb").put_item(TableName=table, Item=large)
    event = {"FunctionName": faulty.described["QueryFunction"], "Payload": b'"' + b" " * MB + b'"'}
    with pytest.raises(ClientError, match="smaller than 1048576 bytes"):
        proxied(faulty, "lambda").invoke(**event, InvocationType="Event")

    planted = [call for call in faulty.calls() if call["function"] == PLANTED]
    assert len([call for call in planted if call["refused"]]) == 3
    # So does every stack that ends.
    with pytest.raises(AssertionError, match="AWS would refuse these"):
        check_taken(planted)


def test_a_query_is_answered_by_the_page(faulty: Stack) -> None:
    direct, dynamodb = faulty.client("dynamodb"), proxied(faulty, "dynamodb")
    table = faulty.described["HistoryTable"]
    for number in range(3):
        key = {"tenant": {"S": PLANTED}, "asked": {"S": str(number)}}
        direct.put_item(TableName=table, Item=key | {"v": {"S": "x" * 390_000}})
    asked: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": "tenant = :t",
        "ExpressionAttributeValues": {":t": {"S": PLANTED}},
    }
    first = dynamodb.query(**asked)
    assert [row["asked"]["S"] for row in first["Items"]] == ["0", "1"]
    next_page = dynamodb.query(**asked, ExclusiveStartKey=first["LastEvaluatedKey"])
    assert [row["asked"]["S"] for row in next_page["Items"]] == ["2"]
    assert "LastEvaluatedKey" not in next_page


def test_the_gateway_answers_by_itself(faulty: Stack) -> None:
    def post(size: int, **headers: str) -> httpx.Response:
        key = {"X-Api-Key": faulty.key, **headers}
        return httpx.post(f"{faulty.url}/api", content=b" " * size, headers=key, timeout=60)

    for response, status in (
        (post(10 * MB + 1, **{"Content-Type": "text/csv"}), 413),
        # In base64 it is more than a function is given.
        (post(5_000_000), 413),
        (post(0, **{"X-Long": "x" * 10_240}), 431),
    ):
        assert response.status_code == status
        assert list(response.json()) == ["message"]
        assert response.headers["content-type"].startswith("application/json")
        assert "x-request-id" not in response.headers
    # This one the function refuses.
    reached = post(4_500_000)
    assert (reached.status_code, reached.json()["type"]) == (413, "/docs#body-too-large")

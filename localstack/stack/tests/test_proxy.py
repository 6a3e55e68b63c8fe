"""The proxy reads what is asked as policies name it, and hands back what it says."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import calls
from deployment import CODE, NESTED
from faults import Faults
from place import REPOSITORY
from proxy import delayed, halved

CALLER = {"user-agent": "aws-sdk-rust/1.3 os/linux app/s-query x/1"}


def read(target: str, asked: dict[str, Any], path: str = "/") -> calls.Call:
    headers = CALLER | {"x-amz-target": target}
    return calls.read(headers, "POST", path, json.dumps(asked).encode())


@pytest.mark.parametrize(
    ("operation", "asked", "uses"),
    [
        ("GetItem", {"TableName": "a"}, [("GetItem", "a")]),
        ("Query", {"TableName": "a", "IndexName": "i"}, [("Query", "a/index/i")]),
        ("BatchWriteItem", {"RequestItems": {"a": [], "b": []}}, "ab"),
        (
            "TransactWriteItems",
            {
                "TransactItems": [
                    {"Put": {"TableName": "a"}},
                    {"ConditionCheck": {"TableName": "a"}},
                ]
            },
            [("PutItem", "a"), ("ConditionCheckItem", "a")],
        ),
    ],
)
def test_actions_on_tables(operation: str, asked: dict[str, Any], uses: Any) -> None:
    call = read(f"DynamoDB_20120810.{operation}", asked)
    if isinstance(uses, str):
        uses = [(operation, table) for table in uses]
    assert (call.function, call.service, call.operation) == ("s-query", "dynamodb", operation)
    assert list(call.uses) == [(f"dynamodb:{action}", f"table/{table}") for action, table in uses]


def test_actions_on_queues_and_functions() -> None:
    call = read(
        "AmazonSQS.SendMessageBatch", {"QueueUrl": "http://localhost:1/000/q", "Entries": []}
    )
    assert call.uses == (("sqs:SendMessage", "q"),)
    path = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Ax%3A0%3Afunction%3As-calculation/invocations"
    assert read("", {}, path).uses == (("lambda:InvokeFunction", "s-calculation"),)


def test_actions_on_timestream() -> None:
    table = "database/tidemark/table/points"
    sql = 'SELECT time FROM "tidemark"."points" WHERE series = \'local/a\''
    call = read("Timestream_20181101.Query", {"QueryString": sql})
    assert (call.service, call.uses) == ("timestream", (("timestream:Select", table),))
    asked = {"DatabaseName": "tidemark", "TableName": "points", "Records": []}
    call = read("Timestream_20181101.WriteRecords", asked)
    assert call.uses == (("timestream:WriteRecords", table),)
    call = read("Timestream_20181101.DescribeEndpoints", {})
    assert call.uses == (("timestream:DescribeEndpoints", "*"),)


@pytest.mark.parametrize(
    ("method", "path", "use"),
    [
        ("GET", "/reports/?list-type=2&", ("s3:ListBucket", "reports")),
        ("GET", "/reports/a/b.json?", ("s3:GetObject", "reports/*")),
        ("DELETE", "/reports/a/b.json?", ("s3:DeleteObject", "reports/*")),
    ],
)
def test_actions_on_buckets(method: str, path: str, use: tuple[str, str]) -> None:
    signed = "X-Amz-Credential=test%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=1"
    call = calls.read(CALLER, method, path + signed, b"")
    assert (call.service, call.uses) == ("s3", (use,))


def test_a_call_of_another_service_is_something_done() -> None:
    call = read("AWSEvents.PutEvents", {"Entries": []})
    assert (call.service, call.uses) == ("other", (("other:PutEvents", ""),))
    assert read("", {}, "/2017-03-25/tags").uses == (("other:/2017-03-25/tags", ""),)


@pytest.mark.parametrize("number", range(6))
def test_a_batch_is_halved_and_nothing_is_lost(number: int) -> None:
    items = {
        "a": [{"n": n} for n in range(number)],
        "b": {"Keys": [{"n": 9}], "ConsistentRead": True},
    }
    first, second = halved(items)
    assert first.get("a", []) + second.get("a", []) == items["a"]
    assert first.get("b", second.get("b")) == items["b"]
    sizes = [len(part.get("a", [])) + ("b" in part) for part in (first, second)]
    assert sum(sizes) == number + 1
    assert sizes[1] - sizes[0] in {0, 1}


def test_each_message_has_a_delay_of_its_own() -> None:
    body = json.dumps({"Entries": [{"Id": str(n)} for n in range(10)]}).encode()
    entries = json.loads(delayed(body, Faults(delay_seconds=5)))["Entries"]
    assert [entry["Id"] for entry in entries] == [str(n) for n in range(10)]
    delays = {entry["DelaySeconds"] for entry in entries}
    assert len(delays) > 1
    assert delays <= set(range(6))


def test_faults_come_as_often_as_told() -> None:
    faults = Faults.read({"throttle_every": 3, "functions": ["query"]})
    assert [faults.is_due("throttle", faults.throttle_every) for _ in range(6)] == [
        False,
        False,
        True,
        False,
        False,
        True,
    ]
    assert faults.concerns("s-query")
    assert not faults.concerns("s-ingest")
    with pytest.raises(ValueError, match="nonsense"):
        Faults.read({"nonsense": 1})


def test_all_that_is_local_in_the_template_is_uploaded() -> None:
    template = (REPOSITORY / "template.yaml").read_text()
    assert len(CODE.findall(template)) == template.count("CodeUri:")
    assert len(NESTED.findall(template)) == template.count("TemplateURL:")
    for path in re.findall(r"(?:CodeUri|TemplateURL): (infra\S+)", template):
        assert (REPOSITORY / path).is_file()

"""What the functions do is what their roles allow: nothing is missing, and nothing is allowed that
is never done without a reason that stands here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import evaluation
import permissions
from harness.stack import Stack, eventually
from timestream import DATABASE, REPORTS, TABLE

pytestmark = pytest.mark.points

#: Later than anything is received.
NEVER = 2**62

WITHOUT_DISCOVERY = "the emulator of Timestream is told by its address"
REPORTED_AS = "Timestream writes its reports with the rights of who wrote the records"
#: Actions of a function that are not among its own calls, and why.
NOT_RECORDED = {
    ("validator", "timestream:DescribeEndpoints"): WITHOUT_DISCOVERY,
    ("query", "timestream:DescribeEndpoints"): WITHOUT_DISCOVERY,
    ("calculation", "timestream:DescribeEndpoints"): WITHOUT_DISCOVERY,
    ("admin", "timestream:DescribeEndpoints"): WITHOUT_DISCOVERY,
    ("validator", "s3:GetBucketAcl"): REPORTED_AS,
    ("validator", "s3:PutObject"): REPORTED_AS,
    ("admin", "s3:GetBucketAcl"): REPORTED_AS,
    ("admin", "s3:PutObject"): REPORTED_AS,
    ("admin", "timestream:Select"): "only where two writes of one microsecond meet",
    ("validator", "sqs:ReceiveMessage"): "Lambda polls the queue with the function's role",
    ("validator", "sqs:DeleteMessage"): "so it deletes what was handled",
    ("validator", "sqs:GetQueueAttributes"): "and asks how long messages stay hidden",
}


def test_every_call_is_allowed(stack: Stack) -> None:
    points = [{"name": "permissions", "t": t, "v": 1} for t in range(3)]
    stack.ask("POST", "/api", [*points, {"name": "permissions", "t": 4, "v": "wrong"}])

    def is_there() -> None:
        discards = stack.ask("GET", "/admin/discards?series=permissions&reason=malformed")
        assert [discard["source"] for discard in discards] == ["api"]
        assert stack.ask("GET", "/api?prefix=permissions")["count"] == 1

    eventually(is_there)
    assert stack.ask("GET", "/api/permissions") == {"avg": 1, "sum": 3}
    assert len(stack.ask("GET", "/api/permissions/points")) == 3
    stack.ask("GET", "/admin/discards/summary")
    stack.ask("GET", "/history")
    stack.ask("GET", "/health")
    stack.ask("GET", "/openapi.json")
    stack.tick("compactor")
    stack.ask("DELETE", "/api/permissions?from=0&to=1")
    stack.ask("DELETE", "/api/permissions")

    allowed = permissions.allowed(stack)
    done = permissions.used(stack.calls())
    # All but the contract, which asks nothing, and the compactor, which has nothing to do with
    # Timestream; the data server's messages may be fetched later.
    assert len(done) >= len(allowed) - (3 if stack.store == "timestream" else 2)
    assert permissions.beyond(done, allowed) == {}
    check_evaluated(stack, done)


def test_what_is_allowed_is_what_is_done() -> None:
    """Of a whole end-to-end run: the record and the roles of that stack."""
    folder = os.environ.get("TIDEMARK_STACK_FOLDER")
    if folder is None:
        pytest.skip("needs TIDEMARK_STACK_FOLDER, of a stack that served the end-to-end suite")
    stack = Stack.running(Path(folder))
    if stack.store == "dynamodb":
        have_compacted(stack)
    else:
        have_reported(stack)
    done, allowed = permissions.used(stack.calls()), permissions.allowed(stack)
    assert permissions.beyond(done, allowed) == {}
    check_evaluated(stack, done)
    idle = {
        (function, action, resource)
        for name, uses in permissions.beyond(allowed, done).items()
        for function in [name.rsplit("-", 1)[-1]]
        for action, resource in uses
        if (function, action) not in NOT_RECORDED
    }
    if stack.store == "timestream":
        # The rest is allowed with either store, and was done on the stack with DynamoDB, which was
        # asked everything.
        idle = {use for use in idle if use[1].startswith(("timestream:", "s3:", "lambda:"))}
    assert idle == set()


def check_evaluated(stack: Stack, done: dict[str, set[permissions.Use]]) -> None:
    """Another evaluator of policies allows the same calls, and misses what a policy loses."""
    policies = evaluation.documents(stack)
    evaluation.validate(policies)
    assert evaluation.refused(policies, done) == {}
    ingest = stack.described["IngestFunction"]
    send = "sqs:SendMessage"
    lessened = [evaluation.without(document, send) for document in policies[ingest]]
    queue = stack.described["QueueUrl"].rsplit("/", 1)[-1]
    assert evaluation.refused(policies | {ingest: lessened}, done) == {ingest: [(send, queue)]}
    table = f"table/{stack.described['CatalogTable']}"
    for function, listed in policies.items():
        assert not evaluation.is_allowed(listed, "dynamodb:DeleteTable", table), function
        assert not evaluation.is_allowed(listed, "dynamodb:Query", "table/other"), function


def have_reported(stack: Stack) -> None:
    """Has the validator read what the magnetic store reports of a point that is older than one that
    is there."""
    newer = {
        "Dimensions": [{"Name": "series", "Value": "local/reported"}],
        "MeasureName": "point",
        "MeasureValueType": "MULTI",
        "MeasureValues": [
            {"Name": "value", "Value": "2", "Type": "DOUBLE"},
            {"Name": "tags", "Value": "[]", "Type": "VARCHAR"},
            {"Name": "received", "Value": str(NEVER), "Type": "BIGINT"},
            {"Name": "batch", "Value": "0" * 32, "Type": "VARCHAR"},
            {"Name": "place", "Value": "0", "Type": "BIGINT"},
        ],
        "Time": "7",
        "TimeUnit": "SECONDS",
        "Version": NEVER,
    }
    stack.timestream().write_records(DatabaseName=DATABASE, TableName=TABLE, Records=[newer])
    stack.ask("POST", "/api", [{"name": "reported", "t": 7, "v": 1}])
    stack.wait_until_idle()
    reports = stack.client("s3").list_objects_v2

    def is_there() -> None:
        assert reports(Bucket=REPORTS)["KeyCount"] > 0

    eventually(is_there)
    stack.tick("validator")
    assert reports(Bucket=REPORTS)["KeyCount"] == 0
    assert stack.ask("GET", "/api/reported/points")[0]["value"] == 2
    assert stack.ask("GET", "/admin/discards?series=reported") == []


def have_compacted(stack: Stack) -> None:
    """Has the compactor, which runs seldom, merge small chunks, and then others with the result."""
    for part in range(2):
        for batch in range(part * 16, part * 16 + 16):
            stack.ask("POST", "/api", [{"name": "compacted", "t": batch, "v": batch}])
        stack.wait_until_idle()
        stack.tick("compactor")
    assert stack.ask("GET", "/api/compacted?stats=count") == {"count": 32}

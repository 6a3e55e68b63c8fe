"""What is told of a deployment that failed, from events as CloudFormation writes them."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from deploying import DEAD, STUCK, make_way
from place import REGION
from stack_events import cause, failure, kept
from test_point_store import ABSENT

OUTER, INNER = "arn:aws:cloudformation:x:1:stack/s/1", "arn:aws:cloudformation:x:1:stack/s-in/2"
STACK = "AWS::CloudFormation::Stack"
ALARM = "AWS::CloudWatch::Alarm"


def event(
    name: str, status: str, reason: str = "", *, kind: str = ALARM, place: str = "", of: str = OUTER
) -> dict[str, str]:
    """An event, as it is told."""
    return {
        "StackId": of,
        "EventId": f"{name}-{status}-{reason}",
        "StackName": "s",
        "Timestamp": "2026-01-01T00:00:00Z",
        "LogicalResourceId": name,
        "PhysicalResourceId": place,
        "ResourceType": kind,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


def own(status: str, of: str = OUTER) -> dict[str, str]:
    """An event of a stack itself."""
    return event("s", status, kind=STACK, place=of, of=of)


def formation(*answers: tuple[str, Any]) -> Any:
    """CloudFormation, which answers these calls in order; of events the oldest is given first."""
    client = boto3.client(
        "cloudformation", region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x"
    )
    stub = Stubber(client)
    for call, answer in answers:
        if isinstance(answer, tuple):
            stub.add_client_error(call, *answer)
        elif call == "describe_stack_events":
            # A page each, as if they were many.
            for place, one in enumerate(reversed(answer)):
                more = {"NextToken": f"after {place}"} if place + 1 < len(answer) else {}
                stub.add_response(call, {"StackEvents": [one]} | more)
        else:
            stub.add_response(call, answer)
    stub.activate()
    return client


def described(status: str) -> tuple[str, Any]:
    """A stack that is in a state."""
    stack = {"StackName": "s", "StackId": OUTER, "CreationTime": "2026-01-01"}
    return "describe_stacks", {"Stacks": [stack | {"StackStatus": status}]}


EVENTS = "describe_stack_events"
Answers = tuple[tuple[str, Any], ...]


def test_the_first_failure_is_the_cause() -> None:
    events = [
        event("Before", "CREATE_FAILED", "of an earlier operation"),
        own("UPDATE_IN_PROGRESS"),
        event("Cancelled", "UPDATE_FAILED", "Resource update cancelled"),
        event("First", "UPDATE_FAILED", "no"),
        event("Second", "CREATE_FAILED", "neither"),
        own("UPDATE_ROLLBACK_IN_PROGRESS"),
        own("UPDATE_ROLLBACK_FAILED"),
    ]
    found = cause(formation((EVENTS, events)), "s")
    assert found
    assert found.sentence() == f"First ({ALARM}) could not be updated: no"


def test_nothing_failed_since_the_last_event_that_was_known() -> None:
    failed = event("First", "CREATE_FAILED", "no")
    events = [own("CREATE_IN_PROGRESS"), failed]
    assert cause(formation((EVENTS, events)), "s", failed["EventId"]) is None


@pytest.mark.parametrize("inner", [True, False])
def test_a_stack_within_is_looked_into(inner: bool) -> None:
    within = [
        own("CREATE_IN_PROGRESS", INNER),
        event("Cancelled", "CREATE_FAILED", "Resource creation cancelled", of=INNER),
        *([event("Deep", "CREATE_FAILED", "no", of=INNER)] if inner else []),
        own("ROLLBACK_IN_PROGRESS", INNER),
        own("DELETE_IN_PROGRESS", INNER),
        own("DELETE_COMPLETE", INNER),
    ]
    events = [
        own("CREATE_IN_PROGRESS"),
        event("Alarms", "CREATE_FAILED", "Embedded stack failed", kind=STACK, place=INNER),
    ]
    found = cause(formation((EVENTS, events), (EVENTS, within)), "s")
    assert found
    assert (found.resource, found.reason) == (
        ("Deep", "no") if inner else ("Alarms", "Embedded stack failed")
    )


def test_an_update_that_could_not_begin_within_has_no_cause_there() -> None:
    earlier = {"Timestamp": "2025-12-31T00:00:00Z"}
    within = [
        own("UPDATE_IN_PROGRESS", INNER) | earlier,
        event("Deep", "UPDATE_FAILED", "of an earlier operation", of=INNER) | earlier,
        own("UPDATE_ROLLBACK_COMPLETE", INNER) | earlier,
    ]
    events = [
        own("UPDATE_IN_PROGRESS"),
        event("Alarms", "UPDATE_FAILED", "Parameters: [A] must exist", kind=STACK, place=INNER),
    ]
    found = cause(formation((EVENTS, events), (EVENTS, within)), "s")
    assert found
    assert (found.resource, found.reason) == ("Alarms", "Parameters: [A] must exist")


def test_what_was_kept_is_told_of_stacks_within_too() -> None:
    table = "AWS::DynamoDB::Table"
    within = [
        own("CREATE_IN_PROGRESS", INNER),
        event("Points", "DELETE_SKIPPED", kind=table, place="points", of=INNER),
        event("History", "DELETE_COMPLETE", kind=table, place="history", of=INNER),
    ]
    events = [
        own("CREATE_IN_PROGRESS"),
        event("Storage", "CREATE_COMPLETE", kind=STACK, place=INNER),
        event("Storage", "DELETE_COMPLETE", kind=STACK, place=INNER),
    ]
    assert list(kept(formation((EVENTS, events), (EVENTS, within)), "s")) == [f"{table} points"]


@pytest.mark.parametrize(
    ("status", "reason", "told"),
    [
        (
            "CREATE_FAILED",
            'Resource handler returned message: "Too many. (Service: Lambda, Status Code: 400, '
            'Request ID: 1) (SDK Attempt Count: 1)" (RequestToken: 2, HandlerErrorCode: Invalid)',
            "created: Too many",
        ),
        ("UPDATE_FAILED", "Two\nlines", "updated: Two lines"),
        ("DELETE_FAILED", "", "deleted: CloudFormation tells no reason"),
        ("IMPORT_FAILED", "x", "imported: x"),
    ],
)
def test_a_reason_is_told_without_its_wrapping(status: str, reason: str, told: str) -> None:
    assert failure(event("A", status, reason)).sentence() == f"A ({ALARM}) could not be {told}"


@pytest.mark.parametrize("status", DEAD)
def test_a_stack_that_never_was_is_deleted_first(
    status: str, capsys: pytest.CaptureFixture[str]
) -> None:
    events = [own("CREATE_IN_PROGRESS"), event("A", "CREATE_FAILED", "no"), own(status)]
    gone = described("DELETE_COMPLETE")
    make_way(
        formation(
            described(status), (EVENTS, events), ("delete_stack", {}), gone, (EVENTS, events)
        ),
        "s",
    )
    assert capsys.readouterr().err == (
        f"==> the stack s was never deployed ({status}), since A ({ALARM}) could not be created: "
        "no\n==> it is deleted first, as it cannot be updated\n"
    )


def test_a_deletion_that_fails_is_told() -> None:
    events = [own("CREATE_IN_PROGRESS"), event("A", "DELETE_FAILED", "it is in use")]
    answers = (described("ROLLBACK_COMPLETE"), (EVENTS, [own("CREATE_IN_PROGRESS")]))
    failed: Answers = (("delete_stack", {}), described("DELETE_FAILED"), (EVENTS, events))
    with pytest.raises(SystemExit, match=r"deleting the stack s: A .*deleted: it is in use"):
        make_way(formation(*answers, *failed), "s")


@pytest.mark.parametrize(
    "answer",
    [
        ("describe_stacks", ABSENT),
        described("REVIEW_IN_PROGRESS"),
        described("CREATE_COMPLETE"),
        described("UPDATE_ROLLBACK_COMPLETE"),
    ],
)
def test_what_can_be_deployed_is_left_alone(answer: tuple[str, Any]) -> None:
    make_way(formation(answer), "s")


@pytest.mark.parametrize("status", ["ROLLBACK_IN_PROGRESS", "UPDATE_IN_PROGRESS"])
def test_what_others_are_at_is_waited_for(status: str) -> None:
    with pytest.raises(SystemExit, match=f"is {status}: wait"):
        make_way(formation(described(status)), "s")


@pytest.mark.parametrize("status", STUCK)
def test_what_needs_somebody_is_told(status: str) -> None:
    events = [own("UPDATE_IN_PROGRESS"), event("A", "UPDATE_FAILED", "no")]
    with pytest.raises(SystemExit, match=rf"s is {status}: .*\n.*updated: no"):
        make_way(formation(described(status), (EVENTS, events)), "s")

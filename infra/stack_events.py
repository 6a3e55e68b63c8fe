"""What the events of a stack tell of its last operation: what failed first, and what was left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

NESTED = "AWS::CloudFormation::Stack"
#: What an operation begins with, in the stack's own events. Taking back and deleting belong to the
#: operation that failed.
BEGINNINGS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
#: What befell a resource because another had failed.
CANCELLED = re.compile(r"resource (creation|update|deletion) cancell?ed", re.IGNORECASE)
#: How CloudFormation wraps what a service answered.
WRAPPED = re.compile(r'Resource handler returned message: "(.*)" \(RequestToken: .*\)', re.DOTALL)
#: What services add, which is for their makers.
REQUEST = re.compile(r"\s*\((Service: |SDK Attempt Count: )[^()]*\)")


@dataclass(frozen=True)
class Failure:
    """What went wrong with a resource."""

    resource: str
    kind: str
    #: "created", "updated", ...
    action: str
    reason: str

    def sentence(self) -> str:
        """The same as a sentence without its full stop."""
        reason = self.reason.rstrip(".") or "CloudFormation tells no reason"
        return f"{self.resource} ({self.kind}) could not be {self.action}: {reason}"


def cause(
    formation: Any, stack: str, before: str | None = None, since: datetime | None = None
) -> Failure | None:
    """What failed first in the last operation, in this stack or in one of those within it. The
    operation has to be younger than an event, if one is given, or than a time."""
    events = [
        event
        for event in operation(formation, stack, before)
        if since is None or event["Timestamp"] >= since
    ]
    for event in reversed(events):
        reason = event.get("ResourceStatusReason", "")
        if not event["ResourceStatus"].endswith("_FAILED") or CANCELLED.match(reason):
            continue
        if is_own(event):
            continue
        if is_nested(event):
            # Of an update that could not begin there, its last events are of an earlier one.
            begun = events[-1]["Timestamp"]
            inner = cause(formation, event["PhysicalResourceId"], since=begun)
            return inner or failure(event)
        return failure(event)
    return None


def kept(formation: Any, stack: str) -> Iterator[str]:
    """What was left behind when a stack was taken back or deleted, in it and in those within."""
    seen = set()
    for event in list(operation(formation, stack)):
        place = event.get("PhysicalResourceId")
        if not place or place in seen:
            continue
        if is_nested(event):
            seen.add(place)
            yield from kept(formation, place)
        elif event["ResourceStatus"] == "DELETE_SKIPPED":
            seen.add(place)
            yield f"{event['ResourceType']} {place}"


def newest(formation: Any, stack: str) -> str | None:
    """The last event of a stack by its id; none of a stack that is not there."""
    try:
        return str(formation.describe_stack_events(StackName=stack)["StackEvents"][0]["EventId"])
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return None


def operation(formation: Any, stack: str, before: str | None = None) -> Iterator[dict[str, Any]]:
    """The events of the last operation, the newest first, as far as they are younger than one."""
    for page in formation.get_paginator("describe_stack_events").paginate(StackName=stack):
        for event in page["StackEvents"]:
            if event["EventId"] == before:
                return
            yield event
            if is_own(event) and event["ResourceStatus"] in BEGINNINGS:
                return


def is_own(event: dict[str, Any]) -> bool:
    """Whether an event is the stack's, not one of a resource in it."""
    return bool(event.get("PhysicalResourceId") == event["StackId"])


def is_nested(event: dict[str, Any]) -> bool:
    """Whether an event is of a stack within the stack, which was at least begun."""
    return (
        event["ResourceType"] == NESTED
        and bool(event.get("PhysicalResourceId"))
        and not is_own(event)
    )


def failure(event: dict[str, Any]) -> Failure:
    """The failure that an event tells."""
    action = event["ResourceStatus"].removesuffix("_FAILED").lower()
    action = action if action.endswith("ed") else action.removesuffix("e") + "ed"
    reason = event.get("ResourceStatusReason", "")
    wrapped = WRAPPED.fullmatch(reason)
    plain = REQUEST.sub("", wrapped[1] if wrapped else reason)
    words = " ".join(plain.split())
    return Failure(event["LogicalResourceId"], event["ResourceType"], action, words)

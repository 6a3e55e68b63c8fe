"""Chooses where a deployment's points are: in Timestream where the account has it, unless they are
elsewhere already. Timestream takes no new accounts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

#: What the template's parameter takes.
DYNAMODB, TIMESTREAM = "dynamodb", "timestream"
#: What the service tells an account that never had it.
CLOSED = "Only existing Timestream"


def choose(
    told: str | None, deployed: Mapping[str, str] | None, timestream: Callable[[], Any]
) -> tuple[str, str]:
    """The store, and why. Whoever is told has the last word; then what is deployed, since no
    deployment moves points. Only a new one asks Timestream, by the client that is made then."""
    if told:
        return told, "TIDEMARK_POINT_STORE says so"
    if deployed is not None:
        # A stack from before there was a choice tells none.
        return deployed.get("PointStore", DYNAMODB), "the stack has them there"
    missing = why_not(timestream())
    if missing:
        return DYNAMODB, f"this account cannot have Timestream here: {missing}"
    return TIMESTREAM, "this account has Timestream"


def check(told: str | None) -> None:
    """Ends the program if it is told of a store that there is not."""
    if told and told not in {DYNAMODB, TIMESTREAM}:
        sys.exit(f"TIDEMARK_POINT_STORE is neither {DYNAMODB} nor {TIMESTREAM}: {told}")


def deployed(formation: Any, stack: str) -> dict[str, str] | None:
    """The parameters of a deployed stack; none if there is no such stack."""
    try:
        found = formation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    if found["StackStatus"] in {"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}:
        # Nothing was ever deployed.
        return None
    return {one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", [])}


def why_not(timestream: Any) -> str | None:
    """Why an account cannot have Timestream in a region; none if it can. What says neither ends
    the program: points that were to be in Timestream would be elsewhere for good."""
    try:
        # First by itself: in any other call, boto hides why it failed.
        timestream.describe_endpoints()
    except EndpointConnectionError as error:
        # There is none in the region.
        return str(error)
    except (BotoCoreError, ClientError) as error:
        return closed(error)
    try:
        timestream.list_databases(MaxResults=1)
    except (BotoCoreError, ClientError) as error:
        return closed(error)
    return None


def closed(error: BotoCoreError | ClientError) -> str:
    """What an error says, if it is that the account is too late; ends the program otherwise."""
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code")
        if code == "AccessDeniedException" and CLOSED in str(error):
            return str(error)
    sys.exit(
        f"asking whether this account has Timestream: {error}\n"
        f"TIDEMARK_POINT_STORE={TIMESTREAM} or {DYNAMODB} decides without asking"
    )

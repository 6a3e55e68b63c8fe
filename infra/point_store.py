"""Chooses where a deployment's points are: in Timestream where the account has it, unless they are
elsewhere already. Timestream takes no new accounts."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

#: What the template's parameter takes.
DYNAMODB, TIMESTREAM = "dynamodb", "timestream"


def choose(told: str | None, formation: Any, timestream: Any, stack: str) -> tuple[str, str]:
    """The store, and why. Whoever is told has the last word; then what is deployed, since no
    deployment moves points."""
    if told:
        return told, "TIDEMARK_POINT_STORE says so"
    deployed = deployed_with(formation, stack)
    if deployed:
        return deployed, f"the stack {stack} has them there"
    missing = why_not(timestream)
    if missing:
        return DYNAMODB, f"this account cannot have Timestream here: {missing}"
    return TIMESTREAM, "this account has Timestream"


def deployed_with(formation: Any, stack: str) -> str | None:
    """The store of a deployed stack; none if there is no such stack."""
    try:
        found = formation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    if found["StackStatus"] in {"REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"}:
        # Nothing was ever deployed.
        return None
    given = {one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", [])}
    # A stack from before there was a choice.
    return given.get("PointStore", DYNAMODB)


def why_not(timestream: Any) -> str | None:
    """Why an account cannot have Timestream in a region; none if it can."""
    try:
        timestream.list_databases(MaxResults=1)
    except (BotoCoreError, ClientError) as error:
        # Refused, or there is none in the region, which has no address then.
        return str(error)
    return None

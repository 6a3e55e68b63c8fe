"""What programs that work on a deployed stack are told: where it is, and by which credentials."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

#: Ways to credentials that the program goes by itself, renewing them. Of profiles that sign in, or
#: that ask another program, it knows nothing; nor, for that, of all that assume a role, since what
#: they assume it with may come from such a profile, or take a code that somebody types.
KNOWN = {
    "env",
    "shared-credentials-file",
    "config-file",
    "container-role",
    "iam-role",
    "assume-role-with-web-identity",
}


def become(program: str, arguments: list[str], wanted: Mapping[str, str], what: str) -> None:
    """Becomes a program that is told the stack's outputs, `wanted` by its variables. `what` of them
    is asked for is for the error."""
    stack = os.environ.get("TIDEMARK_STACK") or "tidemark"
    try:
        told = environment(stack, wanted)
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"asking AWS where the {what} are: {error}")
    os.execve(program, [program, *arguments], os.environ | told)


def environment(stack: str, wanted: Mapping[str, str]) -> dict[str, str]:
    """The variables that the program is told."""
    session = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
    if session.region_name is None:
        sys.exit("AWS_REGION is not set")

    def there() -> dict[str, str]:
        return outputs(session.client("cloudformation"), stack)

    return {
        "AWS_REGION": session.region_name,
        **credentials(session.get_credentials()),
        **places(wanted, os.environ, there, stack),
    }


def places(
    wanted: Mapping[str, str],
    told: Mapping[str, str],
    outputs: Callable[[], Mapping[str, str]],
    stack: str,
) -> dict[str, str]:
    """The variables that say where things are. The environment has the last word, as a stack that
    keeps points in DynamoDB tells nothing of Timestream; the stack is asked for the rest."""
    known = {name: told[name] for name in wanted if told.get(name)}
    if len(known) < len(wanted):
        there = outputs()
        known = {name: there[key] for name, key in wanted.items() if there.get(key)} | known
    missing = [name for name in wanted if name not in known]
    if missing:
        keys = " and ".join(wanted[name] for name in missing)
        sys.exit(f"the stack {stack} does not tell {keys}: set {' and '.join(missing)}")
    return known


def outputs(formation: Any, stack: str) -> dict[str, str]:
    """What a deployed stack tells of itself; nothing if it is gone, as what it kept is not."""
    try:
        found = formation.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return {}
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def credentials(found: Any) -> dict[str, str]:
    """Variables for credentials that the program does not find by itself."""
    if found is None or found.method in KNOWN:
        return {}
    frozen = found.get_frozen_credentials()
    told = {
        "AWS_ACCESS_KEY_ID": frozen.access_key,
        "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
        "AWS_SESSION_TOKEN": frozen.token,
    }
    return {name: value for name, value in told.items() if value}

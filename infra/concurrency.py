"""Decides whether a deployment reserves concurrency for functions: a new account may run 10 at
once, and Lambda refuses it any reservation."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

import template_file

#: What has to be left for functions without a reservation (PutFunctionConcurrency in Lambda's
#: reference). An account that has no more in all cannot reserve.
LEFT = 100


def choose(
    told: str | None, wanted: Mapping[str, int], stack: str, functions: Callable[[], Any]
) -> tuple[str, str]:
    """Whether to reserve, as the template's parameter wants it, and why. Whoever is told has the
    last word; else Lambda is asked, by the client that is made then. `wanted` says how much to
    reserve for which function."""
    if told:
        return told, "TIDEMARK_RESERVE_CONCURRENCY says so"
    try:
        client = functions()
        limit = client.get_account_settings()["AccountLimit"]
        # An update reserves again what the stack has reserved already.
        free = limit["UnreservedConcurrentExecutions"] + held(client, stack, wanted)
    except (BotoCoreError, ClientError) as error:
        sys.exit(
            f"asking how many functions this account may run at once: {error}\n"
            "TIDEMARK_RESERVE_CONCURRENCY=true or false decides without asking"
        )
    amount, all_of_them = sum(wanted.values()), limit["ConcurrentExecutions"]
    left = free - amount
    reason = f"this account may run {all_of_them} functions at once, and {amount} reserved leave "
    if left < LEFT:
        return "false", reason + f"{max(left, 0)} of the {LEFT} that Lambda wants left"
    return "true", reason + f"{left} to all others"


def held(functions: Any, stack: str, names: Iterable[str]) -> int:
    """What a deployed stack has reserved for these functions."""
    total = 0
    for name in names:
        try:
            found = functions.get_function_concurrency(FunctionName=f"{stack}-{name}")
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
        else:
            total += found.get("ReservedConcurrentExecutions", 0)
    return total


def reservations(template: str, given: Mapping[str, str]) -> dict[str, int]:
    """How much the template would reserve for each function, by its name without the stack's, if
    the deployment reserves."""
    wanted = {}
    for resource in template_file.read(template)["Resources"].values():
        properties = resource.get("Properties", {})
        if "ReservedConcurrentExecutions" in properties:
            name = properties["FunctionName"]["Sub"].removeprefix("${AWS::StackName}-")
            wanted[name] = amount_of(properties["ReservedConcurrentExecutions"], given)
    return wanted


def amount_of(part: Any, given: Mapping[str, str]) -> int:
    """A number of the template: of a choice the first, which is what a condition allows."""
    match part:
        case {"If": [_, allowed, _]}:
            return amount_of(allowed, given)
        case {"Ref": name}:
            return int(given.get(name, 0))
    return int(part)

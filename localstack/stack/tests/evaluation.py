"""What the deployed roles allow as moto reads their policies: another program's reading beside the
project's own in `permissions.py`. It is given whole documents and whole ARNs."""

from __future__ import annotations

import json
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.iam.policy_validation import IAMPolicyDocumentValidator

from harness.stack import Stack
from permissions import Use
from place import REGION

ACCOUNT = "000000000000"


def documents(stack: Stack) -> dict[str, list[str]]:
    """The policies of each function's role, as they are deployed."""
    iam, functions = stack.client("iam"), stack.client("lambda")
    found = {}
    for key, function in stack.described.items():
        if key.endswith("Function"):
            role = functions.get_function_configuration(FunctionName=function)["Role"]
            name = role.rsplit("/", 1)[-1]
            found[function] = [
                json.dumps(iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"])
                for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
            ]
    return found


def validate(policies: dict[str, list[str]]) -> None:
    """Raises where IAM would not take a document."""
    for document in (d for listed in policies.values() for d in listed):
        IAMPolicyDocumentValidator(document).validate()


def refused(policies: dict[str, list[str]], done: dict[str, set[Use]]) -> dict[str, list[Use]]:
    """What each function did that its policies do not allow."""
    found = {
        function: sorted(use for use in uses if not is_allowed(policies.get(function, []), *use))
        for function, uses in done.items()
    }
    return {function: uses for function, uses in found.items() if uses}


def is_allowed(listed: list[str], action: str, resource: str) -> bool:
    """Whether policies allow an action on a resource, as the record names it."""
    results = [
        IAMPolicy(document).is_action_permitted(action, arn(action, resource))
        for document in listed
    ]
    return PermissionResult.PERMITTED in results and PermissionResult.DENIED not in results


def arn(action: str, resource: str) -> str:
    """The whole name of a resource."""
    service = action.partition(":")[0]
    if resource == "*":
        return resource
    if service == "s3":
        return f"arn:aws:s3:::{resource}"
    kind = "function:" if service == "lambda" else ""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}{resource}"


def without(document: str, action: str) -> str:
    """A policy that does not have an action."""
    read: dict[str, Any] = json.loads(document)
    for statement in read["Statement"]:
        statement["Action"] = [a for a in statement["Action"] if a != action]
    return json.dumps(read)

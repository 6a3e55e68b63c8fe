"""What the deployed roles allow, as the proxy's record names it."""

from __future__ import annotations

from collections.abc import Iterator

from harness.stack import Stack

#: An action and a resource, as `dynamodb:Query` and `table/x/index/y`.
Use = tuple[str, str]


def allowed(stack: Stack) -> dict[str, set[Use]]:
    """What each function's role allows, but for writing its log, which Lambda does."""
    names = [name for key, name in stack.described.items() if key.endswith("Function")]
    return {name: set(of_function(stack, name)) for name in names}


def of_function(stack: Stack, name: str) -> Iterator[Use]:
    """What the role of one function allows."""
    iam = stack.client("iam")
    function = stack.client("lambda").get_function_configuration(FunctionName=name)
    role = function["Role"].rsplit("/", 1)[-1]
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        for statement in document["Statement"]:
            assert statement["Effect"] == "Allow"
            resources = statement["Resource"]
            for resource in [resources] if isinstance(resources, str) else resources:
                for action in statement["Action"]:
                    if not action.startswith("logs:"):
                        yield action, short(resource)


def short(arn: str) -> str:
    """A resource as the record names it: a table, a queue, a function, or all that there is."""
    if arn == "*":
        return arn
    return arn.split(":", 5)[5].removeprefix("function:")


def used(calls: list[dict[str, object]]) -> dict[str, set[Use]]:
    """What each function did, of a record of calls."""
    found: dict[str, set[Use]] = {}
    for call in calls:
        uses = call["uses"]
        assert isinstance(uses, list)
        found.setdefault(str(call["function"]), set()).update((a, r) for a, r in uses)
    return found


def beyond(some: dict[str, set[Use]], others: dict[str, set[Use]]) -> dict[str, set[Use]]:
    """What each function has in the one that it has not in the other."""
    more = {name: uses - others.get(name, set()) for name, uses in some.items()}
    return {name: uses for name, uses in more.items() if uses}

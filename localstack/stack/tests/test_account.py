"""What the templates make of what depends on the account, resolved here: the emulator reserves,
throttles and bills nothing."""

from __future__ import annotations

from typing import Any

import pytest

from test_template import NOTHING, OWN, TABLES, Template

#: What an account has that is no longer new.
QUOTA = 1000
#: What Lambda leaves unreserved at least.
UNRESERVED = 100
DEFAULTS = {
    name: str(parameter["Default"])
    for name, parameter in Template("template.yaml", {}).read["Parameters"].items()
}


def template(**given: str) -> Template:
    """The template with these parameters, and defaults for others."""
    return Template("template.yaml", DEFAULTS | given)


def reserved(**given: str) -> dict[str, str]:
    """How many executions functions reserve."""
    there = template(**given)
    found = {
        name: there.value(function["Properties"].get("ReservedConcurrentExecutions", NOTHING))
        for name, function in there.read["Resources"].items()
        if function["Type"] == "AWS::Serverless::Function"
    }
    return {name: str(value) for name, value in found.items() if value != NOTHING}


def test_ingest_is_reserved_and_calculations_are_capped() -> None:
    assert reserved(IngestConcurrency="7", CalculationConcurrency="9") == {
        "Fetcher": "1",
        "Compactor": "1",
        "Ingest": "7",
        "Calculation": "9",
    }
    none = reserved(IngestConcurrency="0", CalculationConcurrency="0")
    assert none == {"Fetcher": "1", "Compactor": "1"}
    # As a new account wants it, whatever the numbers say.
    assert reserved(ReserveConcurrency="false") == {}


def test_what_is_reserved_by_default_leaves_room() -> None:
    total = sum(map(int, reserved().values()))
    # Twice: for another stack beside it.
    assert 2 * total <= QUOTA - UNRESERVED


def test_what_the_queue_may_keep_busy_is_told() -> None:
    def most(**given: str) -> str:
        there = template(**given)
        event = there.read["Resources"]["Validator"]["Properties"]["Events"]["Batches"]
        return str(there.value(event["Properties"]["ScalingConfig"]["MaximumConcurrency"]))

    assert most(ValidatorConcurrency="3") == "3"
    assert most(ValidatorConcurrency="3", ReserveConcurrency="false") == "3"
    assert (most(), most(ReserveConcurrency="false")) == ("20", "5")


def test_every_route_has_a_limit_below_that_of_all() -> None:
    api = Template("infra/api.yaml", {"RequestsPerSecond": "500", "RouteRequestsPerSecond": "400"})
    resources = api.read["Resources"]
    routes = {
        name: resource["Properties"]["RouteKey"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::ApiGatewayV2::Route"
    }
    stage = resources["Stage"]
    settings = api.value(stage["Properties"]["RouteSettings"])
    assert sorted(settings) == sorted(routes.values())
    for limits in settings.values():
        assert limits == {"ThrottlingRateLimit": "400", "ThrottlingBurstLimit": "400"}
    # A stage that is made before a route is refused for its settings.
    assert sorted(stage["DependsOn"]) == sorted(routes)
    assert int(DEFAULTS["RouteRequestsPerSecond"]) < int(DEFAULTS["RequestsPerSecond"])


@pytest.mark.parametrize(
    ("amount", "email", "is_made"),
    [("0", "", False), ("0", "a@b", False), ("50", "", False), ("50", "a@b", True)],
)
def test_a_budget_is_made_where_both_are_told(amount: str, email: str, is_made: bool) -> None:
    alarms = Template(
        "infra/alarms.yaml", {"Email": "", "BudgetAmount": amount, "BudgetEmail": email}
    )
    assert ("Budget" in alarms.resources()) == is_made
    if is_made:
        made = alarms.value(alarms.read["Resources"]["Budget"]["Properties"])
        assert made["Budget"]["BudgetLimit"] == {"Amount": amount, "Unit": "USD"}
        told = [n["Subscribers"] for n in made["NotificationsWithSubscribers"]]
        assert told == [[{"SubscriptionType": "EMAIL", "Address": email}]] * 2


def test_there_is_no_budget_by_default() -> None:
    assert (DEFAULTS["BudgetAmount"], DEFAULTS["BudgetEmail"]) == ("0", "")


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_is_named_is_not_made(name: str) -> None:
    given = OWN | {f"Existing{name}Table": "theirs", "PointStore": "dynamodb"}
    given["TimestreamDatabase"] = "none"
    storage = Template("infra/storage.yaml", given)
    assert set(TABLES) - storage.resources() == {name}
    assert storage.output(f"{name}Table") == "theirs"
    assert storage.output(f"{name}Arn")["Sub"].endswith(f":table/${{Existing{name}Table}}")
    # What is handed down is what is asked for.
    handed: dict[str, Any] = Template("template.yaml", {}).read["Resources"]["Storage"][
        "Properties"
    ]
    assert handed["Parameters"][f"Existing{name}Table"] == {"Ref": f"Existing{name}Table"}


@pytest.mark.parametrize("is_protected", [True, False])
def test_what_outlives_the_stack_is_protected(is_protected: bool) -> None:
    given = OWN | {"DeletionProtection": "true" if is_protected else "false"}
    storage = Template("infra/storage.yaml", given)
    found = {
        name: storage.value(storage.read["Resources"][name]["Properties"]).get(
            "DeletionProtectionEnabled"
        )
        for name in TABLES
    }
    # The history goes with the stack.
    assert found == dict.fromkeys(TABLES, is_protected) | {"History": None}
    assert DEFAULTS["DeletionProtection"] == "true"

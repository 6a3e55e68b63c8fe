"""Tells the value of each parameter of the template: what the environment says, else the default.
CloudFormation takes what is not given from the earlier deployment, so all of them are. What says
where the points are is kept, as a deployment moves none; of a new stack it is found out where they
can be. What the account can reserve of its concurrency is found out each time."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.exceptions import BotoCoreError, ClientError

import concurrency
import point_store

TEMPLATE = Path(__file__).resolve().parents[1] / "template.yaml"
#: A database that there is: its parts are told together.
NAMES = ("TimestreamDatabase", "TimestreamTable", "TimestreamReports")
#: Whose tokens are taken, and for whom they are: one without the other takes none.
TOKENS = ("JwtIssuer", "JwtAudience")
#: What the account may cost, and who is told: one without the other makes no budget.
BUDGET = ("BudgetAmount", "BudgetEmail")
#: Tables that there are, in the place of the stack's own.
TABLES = tuple(
    f"Existing{name}Table" for name in ("Points", "Catalog", "Discards", "History", "Keys")
)
#: Whether tables are protected.
PROTECTS = "DeletionProtection"
#: Whether concurrency is reserved.
RESERVES = "ReserveConcurrency"
#: What a stack keeps unless it is told otherwise.
KEPT = ("PointStore", *NAMES, "MemoryStoreHours", "MagneticStoreDays", *TABLES)


def main() -> None:
    """Prints them, as YAML, which JSON is."""
    told = dict(os.environ)
    point_store.check(told.get(variable("PointStore")))
    check_names(told)
    check_tokens(told)
    check_budget(told)
    try:
        kept = where_points_are(told)
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"asking AWS what is deployed: {error}")
    template = TEMPLATE.read_text()
    given = parameters(template, told, kept)
    check_rates(given)
    print(json.dumps(given | {RESERVES: whether_to_reserve(template, told, given)}))


def where_points_are(told: Mapping[str, str]) -> dict[str, str]:
    """What a deployed stack says of it, and the store that was chosen. AWS is not asked for what
    is told."""
    if all(told.get(variable(name)) for name in (*KEPT, PROTECTS)):
        return {}
    session = boto3.Session()
    stack = told.get("TIDEMARK_STACK") or "tidemark"
    deployed = point_store.deployed(session.client("cloudformation"), stack)
    store, reason = point_store.choose(
        told.get(variable("PointStore")), deployed, lambda: session.client("timestream-write")
    )
    print(f"points in {store}: {reason}", file=sys.stderr)
    kept = {name: value for name, value in (deployed or {}).items() if name in KEPT}
    if deployed is None:
        # A table that is protected would outlive a creation that fails.
        kept[PROTECTS] = "false"
    return kept | {"PointStore": store}


def whether_to_reserve(template: str, told: Mapping[str, str], given: Mapping[str, str]) -> str:
    """Whether the account can reserve what the template wants. AWS is not asked if that is told."""
    stack = told.get("TIDEMARK_STACK") or "tidemark"
    wanted = concurrency.reservations(template, given)
    chosen, reason = concurrency.choose(
        told.get(variable(RESERVES)), wanted, stack, lambda: boto3.Session().client("lambda")
    )
    print(f"{RESERVES} is {chosen}: {reason}", file=sys.stderr)
    return chosen


def check_names(told: Mapping[str, str]) -> None:
    """Ends the program if it is told a part of a database that there is: the rest would be that of
    another."""
    values = [told.get(variable(name)) or "" for name in NAMES]
    if len({value if value in {"", "none"} else "a name" for value in values}) > 1:
        variables = ", ".join(map(variable, NAMES))
        sys.exit(f"{variables}: either all of them name what there is, or none does")


def check_tokens(told: Mapping[str, str]) -> None:
    """Ends the program if it is told an issuer or an audience alone: no function would start."""
    if len({bool(told.get(variable(name))) for name in TOKENS}) > 1:
        variables = " and ".join(map(variable, TOKENS))
        sys.exit(f"{variables}: either both are told, or neither")


def check_budget(told: Mapping[str, str]) -> None:
    """Ends the program if it is told an amount or an address alone: nobody would be warned."""
    if len({told.get(variable(name)) or "0" for name in BUDGET} - {"0"}) == 1:
        sys.exit(f"{' and '.join(map(variable, BUDGET))}: either both are told, or neither")


def check_rates(given: Mapping[str, str]) -> None:
    """Ends the program if one route may be asked more than all of them."""
    route, every = (float(given[name]) for name in ("RouteRequestsPerSecond", "RequestsPerSecond"))
    if route > every:
        names = map(variable, ("RouteRequestsPerSecond", "RequestsPerSecond"))
        sys.exit(f"{' is above '.join(names)}: {route:g} of one route, {every:g} of all")


def parameters(
    template: str, told: Mapping[str, str], kept: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The values by name; a variable that is empty says nothing."""
    there = declared(template)
    given = {name: told.get(variable(name)) or (kept or {}).get(name) for name in there}
    return {name: given[name] or str(parameter["Default"]) for name, parameter in there.items()}


def declared(template: str) -> dict[str, dict[str, Any]]:
    """What the template says of its parameters; elsewhere it has tags that YAML does not know."""
    section = re.search(r"^Parameters:\n(?:(?: .*)?\n)*", template, re.MULTILINE)
    assert section
    parameters: dict[str, dict[str, Any]] = yaml.safe_load(section[0])["Parameters"]
    return parameters


def variable(parameter: str) -> str:
    """The variable for a parameter: `TIDEMARK_SOURCE_URL` for `SourceUrl`."""
    return "TIDEMARK" + re.sub("[A-Z]", lambda letter: f"_{letter[0]}", parameter).upper()


if __name__ == "__main__":
    main()

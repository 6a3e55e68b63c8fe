"""What the templates make of each choice of a store, resolved here: the emulator cannot make a
database of Timestream, and is always given one that there is."""

from __future__ import annotations

from typing import Any

import pytest

import template_file
from place import REPOSITORY

#: A resource that is not there, or a part of a template that is left out.
NOTHING = "AWS::NoValue"


class Template:
    """A template with its parameters given."""

    def __init__(self, path: str, given: dict[str, str]) -> None:
        self.read = template_file.read((REPOSITORY / path).read_text())
        self.given = given

    def holds(self, condition: Any) -> bool:
        """Whether a condition does."""
        if isinstance(condition, str):
            return self.holds(self.read["Conditions"][condition])
        ((name, parts),) = condition.items()
        match name:
            case "Condition":
                return self.holds(parts)
            case "Equals":
                one, other = map(self.value, parts)
                return bool(one == other)
            case "And":
                return all(map(self.holds, parts))
            case "Not":
                return not self.holds(parts[0])
        raise ValueError(name)

    def value(self, part: Any) -> Any:
        """A part of the template; what belongs to a resource stays as it is."""
        if isinstance(part, dict):
            chosen = part.get("If") or part.get("Fn::If")
            if chosen:
                condition, yes, no = chosen
                return self.value(yes if self.holds(condition) else no)
            if set(part) == {"Ref"}:
                return self.given.get(part["Ref"], part["Ref"])
            values = {key: self.value(value) for key, value in part.items()}
            return {key: value for key, value in values.items() if value != NOTHING}
        if isinstance(part, list):
            return [value for value in map(self.value, part) if value != NOTHING]
        return part

    def resources(self) -> set[str]:
        """What it makes."""
        made = self.read["Resources"].items()
        return {n for n, r in made if "Condition" not in r or self.holds(r["Condition"])}

    def output(self, name: str) -> Any:
        """What it tells."""
        return self.value(self.read["Outputs"][name]["Value"])

    def statements(self, role: str) -> list[dict[str, Any]]:
        """What a role allows."""
        properties = self.value(self.read["Resources"][role]["Properties"])
        statements: list[dict[str, Any]] = properties["Policies"][0]["PolicyDocument"]["Statement"]
        return statements


TABLES = ("Points", "Catalog", "Discards", "History", "Keys")
OWN = {f"Existing{name}Table": "none" for name in TABLES}
NEW = OWN | {"PointStore": "timestream", "TimestreamDatabase": "none"}
NAMED = OWN | {
    "PointStore": "timestream",
    "TimestreamDatabase": "their-database",
    "TimestreamTable": "their-table",
    "TimestreamReports": "their-reports",
}
DYNAMODB = OWN | {"PointStore": "dynamodb", "TimestreamDatabase": "none"}
MADE = {"Database", "Records", "Reports"}


@pytest.mark.parametrize(("given", "made"), [(NEW, MADE), (NAMED, set()), (DYNAMODB, set())])
def test_a_database_is_made_where_none_is_named(given: dict[str, str], made: set[str]) -> None:
    storage = Template("infra/storage.yaml", given)
    assert storage.resources() & MADE == made
    # With either store: the way back, and the catalog.
    assert set(TABLES) <= storage.resources()


def test_what_was_made_or_named_is_told() -> None:
    made, named = Template("infra/storage.yaml", NEW), Template("infra/storage.yaml", NAMED)
    assert made.output("TimestreamDatabase") == "Database"
    assert made.output("TimestreamTable") == {"GetAtt": "Records.Name"}
    assert made.output("TimestreamArn") == {"GetAtt": "Records.Arn"}
    assert made.output("ReportsArn") == {"GetAtt": "Reports.Arn"}
    assert named.output("TimestreamDatabase") == "their-database"
    assert named.output("TimestreamTable") == "their-table"
    assert named.output("TimestreamReports") == "their-reports"
    arn = "database/${TimestreamDatabase}/table/${TimestreamTable}"
    assert named.output("TimestreamArn")["Sub"].endswith(arn)


def test_what_is_made_outlives_the_stack() -> None:
    resources = Template("infra/storage.yaml", NEW).read["Resources"]
    kept = MADE | {"Points", "Catalog", "Discards", "Keys"}
    # But what a creation made that failed goes with it.
    assert {resources[name]["DeletionPolicy"] for name in kept} == {"RetainExceptOnCreate"}
    assert {resources[name]["UpdateReplacePolicy"] for name in kept} == {"Retain"}
    assert resources["History"]["DeletionPolicy"] == "Delete"


@pytest.mark.parametrize(
    ("given", "resource", "other"),
    [(NEW, "TimestreamArn", "PointsArn"), (DYNAMODB, "PointsArn", "TimestreamArn")],
)
def test_roles_allow_one_store(given: dict[str, str], resource: str, other: str) -> None:
    roles = Template("infra/roles.yaml", given)
    for role in ("Validator", "Query", "Calculation", "Admin"):
        resources = [statement["Resource"] for statement in roles.statements(role)]
        assert resource in resources, role
        assert other not in resources, role
    for role in ("Eraser", "Compactor"):
        # Timestream deletes nothing, and has nothing to merge.
        resources = [statement["Resource"] for statement in roles.statements(role)]
        assert ("PointsArn" in resources) == (given is DYNAMODB), role


@pytest.mark.parametrize(
    ("given", "validator", "compactor"),
    [(NEW, "ENABLED", "DISABLED"), (DYNAMODB, "DISABLED", "ENABLED")],
)
def test_schedules_are_those_of_the_store(
    given: dict[str, str], validator: str, compactor: str
) -> None:
    template = Template("template.yaml", given)
    for function, state in (("Validator", validator), ("Compactor", compactor)):
        events = template.read["Resources"][function]["Properties"]["Events"]
        assert template.value(events["Tick"]["Properties"]["State"]) == state

"""Tells the value of each parameter of the template: what the environment says, else the default.
CloudFormation takes what is not given from the earlier deployment, so all of them are. Where the
points are is found out if the environment does not say it."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import boto3
import point_store
import yaml

TEMPLATE = Path(__file__).resolve().parents[1] / "template.yaml"


def main() -> None:
    """Prints them, as YAML, which JSON is."""
    store, reason = point_store.choose(
        os.environ.get("TIDEMARK_POINT_STORE"),
        boto3.client("cloudformation"),
        boto3.client("timestream-write"),
        os.environ.get("TIDEMARK_STACK") or "tidemark",
    )
    print(f"points in {store}: {reason}", file=sys.stderr)
    told = os.environ | {"TIDEMARK_POINT_STORE": store}
    print(json.dumps(parameters(TEMPLATE.read_text(), told)))


def parameters(template: str, told: Mapping[str, str]) -> dict[str, str]:
    """The values by name; a variable that is empty says nothing."""
    section = re.search(r"^Parameters:\n(?:(?: .*)?\n)*", template, re.MULTILINE)
    assert section
    declared = yaml.safe_load(section[0])["Parameters"]
    return {
        name: told.get(variable(name)) or str(parameter["Default"])
        for name, parameter in declared.items()
    }


def variable(parameter: str) -> str:
    """The variable for a parameter: `TIDEMARK_SOURCE_URL` for `SourceUrl`."""
    return "TIDEMARK" + re.sub("[A-Z]", lambda letter: f"_{letter[0]}", parameter).upper()


if __name__ == "__main__":
    main()

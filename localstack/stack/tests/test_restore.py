"""A stack is pointed at restored tables, step by step as `infra/README.md` tells it: what was there
at that moment is there again, and what went wrong after it is not."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

import deployment
from harness.client import Client, accepted
from harness.stack import PARAMETERS, PROFILE, Stack, eventually
from parameters import TABLES, TEMPLATE, parameters
from place import CREDENTIALS, REGION, REPOSITORY, Place

README = (REPOSITORY / "infra/README.md").read_text()
SECTION = re.search(r"^## Restoring tables\n.*?(?=^## )", README, re.MULTILINE | re.DOTALL)
assert SECTION
#: What the steps begin with, and the steps.
BLOCKS = [
    re.sub("^   ", "", block, flags=re.MULTILINE)
    for block in re.findall(r"```sh\n(.*?)```", SECTION[0], re.DOTALL)
]
BEGIN, PAUSE, RESTORE, PROTECT, COMPARE, POINT, GO_ON = BLOCKS
#: How the README finds the outputs of a stack.
OUTPUT = re.search(r"^stack=tidemark\n(output.*?; }\n)", README, re.MULTILINE | re.DOTALL)
assert OUTPUT
#: In the place of what deploys: tells what it would be told.
STUB = """#!/usr/bin/env bash
env -0 | grep --null-data ^TIDEMARK_ | tr '\\0' '\\n'
"""
START = 1_700_000_000


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack whose tables are protected, as on AWS."""
    folder = tmp_path_factory.mktemp("restore")
    with Stack(folder, source="none", store="dynamodb", DeletionProtection="true") as running:
        yield running


def run(stack: Stack, block: str) -> str:
    """Runs a step of the README, beside a `deploy.sh` that deploys nothing, and tells what it
    prints."""
    folder = stack.folder / "shell"
    folder.mkdir(exist_ok=True)
    stub = folder / "deploy.sh"
    stub.write_text(STUB)
    stub.chmod(0o755)
    told = {
        "PATH": f"{REPOSITORY}/.venv/bin:{os.environ['PATH']}",
        "AWS_ENDPOINT_URL": stack.described["Emulator"],
        "AWS_DEFAULT_REGION": REGION,
        "AWS_PAGER": "",
        **CREDENTIALS,
    }
    assert OUTPUT
    before = f"stack=tidemark\n{OUTPUT[1]}{BEGIN}"
    script = f"set -euo pipefail\n{{\n{before}\n}} >&2\n{block}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=told, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def post(api: Client, name: str, values: list[float]) -> None:
    """Posts points a second apart."""
    batch = [{"name": name, "t": START + i, "v": value} for i, value in enumerate(values)]
    assert accepted(api.post(batch))["accepted"] == len(values)


def beside(stack: Stack, given: dict[str, str]) -> tuple[dict[str, str], Client]:
    """Deploys another stack to the same emulator: what it tells of itself, and its API. The first
    cannot be updated, as the emulator loses what it knows of tables when a parameter of their stack
    changes."""

    def port(name: str) -> int:
        return urlsplit(stack.described[name]).port or 0

    place = Place(stack.folder, PROFILE, 0, port("Emulator"), port("Proxy"), 0, "restored")
    here = deployment.parameters("none", "dynamodb")
    told = deployment.deploy(place, given | here | PARAMETERS | {"DeletionProtection": "true"})
    url = f"{place.emulator}/_aws/execute-api/{told['ApiId']}/$default"
    # The key of the first: the table of keys is the same.
    return told, Client(url, stack.key)


def items(stack: Stack, table: str) -> list[dict[str, Any]]:
    """All that is in a table."""
    found: list[dict[str, Any]] = stack.client("dynamodb").scan(TableName=table)["Items"]
    return sorted(found, key=str)


def test_tables_are_restored(stack: Stack) -> None:
    api = stack.api()
    post(api, "kept", [0.1, 0.2, 0.3])
    post(api, "spoilt", [1, 2])
    stack.wait_until_idle()
    api.request("DELETE", f"/api/kept?from={START}&to={START}").raise_for_status()

    before = {name: api.points(name) for name in ("kept", "spoilt")}
    assert [point["value"] for point in before["kept"]] == [0.2, 0.3]

    # The emulator restores the present, so that the mistake is made afterwards.
    run(stack, RESTORE)
    run(stack, PROTECT)
    first, second, third, fourth = map(int, run(stack, COMPARE).split())
    assert first == second > 0
    assert third == fourth > 0
    dynamodb = stack.client("dynamodb")
    for table in ("Points", "Catalog"):
        name = f"tidemark-{table}-restored"
        told = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        recovery = told["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
        assert recovery == "ENABLED"
        with pytest.raises(ClientError, match="protected"):
            dynamodb.delete_table(TableName=name)
        with pytest.raises(ClientError, match="protected"):
            dynamodb.delete_table(TableName=stack.described[f"{table}Table"])
    post(api, "spoilt", [-1, -2])
    stack.wait_until_idle()
    api.request("DELETE", "/api/kept").raise_for_status()
    assert api.points("spoilt") != before["spoilt"]

    run(stack, PAUSE)
    eventually(lambda: state(stack, "Disabled"))
    post(api, "waiting", [7])

    lines = run(stack, POINT).splitlines()
    given = parameters(TEMPLATE.read_text(), dict(line.split("=", 1) for line in lines))
    named = {name: value for name, value in given.items() if name in TABLES and value != "none"}
    assert named == {
        "ExistingPointsTable": "tidemark-Points-restored",
        "ExistingCatalogTable": "tidemark-Catalog-restored",
    }
    # Those of discards and keys are what the first stack has left behind.
    named["ExistingDiscardsTable"] = stack.described["DiscardsTable"]
    named["ExistingKeysTable"] = stack.described["KeysTable"]
    deployed, restored = beside(stack, named)
    assert {f"Existing{name}Table" for name in ("Points", "Catalog", "Discards", "Keys")} == {
        name for name in TABLES if deployed[name.removeprefix("Existing")] == named.get(name)
    }
    assert deployed["HistoryTable"] not in {stack.described["HistoryTable"], "none"}

    assert {name: restored.points(name) for name in before} == before
    assert [series["name"] for series in restored.json("/api")["series"]] == ["kept", "spoilt"]
    old = items(stack, stack.described["PointsTable"])
    post(restored, "kept", [9])

    def is_seen() -> None:
        assert [point["value"] for point in restored.points("kept")] == [9, 0.2, 0.3]

    eventually(is_seen)
    assert items(stack, stack.described["PointsTable"]) == old

    # What waited was not lost.
    run(stack, GO_ON)
    eventually(lambda: state(stack, "Enabled"))
    stack.wait_until_idle()
    assert [point["value"] for point in api.points("waiting")] == [7]


def state(stack: Stack, wanted: str) -> None:
    """Checks what becomes of the batches in the queue."""
    name = stack.described["ValidatorFunction"]
    found = stack.client("lambda").list_event_source_mappings(FunctionName=name)
    assert [mapping["State"] for mapping in found["EventSourceMappings"]] == [wanted]


def test_the_roles_of_a_stack_allow_the_tables_that_it_was_told(stack: Stack) -> None:
    iam = stack.client("iam")
    role = stack.client("lambda").get_function_configuration(FunctionName="restored-query")["Role"]
    name = role.rsplit("/", 1)[-1]
    (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
    document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    resources = json.dumps(document)
    assert ":table/tidemark-Points-restored" in resources
    assert ":table/tidemark-Catalog-restored" in resources

"""`deploy.sh aws` in an account that is new: everything but the compiler and AWS itself is real.
The account refuses what a real one refuses; `sam` is what deploys."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from cloud_account import CloudAccount
from cloud_server import serving
from place import CREDENTIALS, REGION, REPOSITORY

#: In place of the compiler: leaves a program where cargo-lambda would, and a line for each call.
CARGO = """#!/bin/sh
[ "$1" = lambda ] || exec {real} "$@"
echo "$PWD $*" >>"{calls}"
while [ $# -gt 0 ]; do [ "$1" != --bin ] || name=$2; shift; done
mkdir -p "$CARGO_TARGET_DIR/lambda/$name"
echo "$name" >"$CARGO_TARGET_DIR/lambda/$name/bootstrap"
"""
FUNCTIONS = sorted(path.name for path in (REPOSITORY / "functions").iterdir())
FUNCTIONS.remove("shared")
REFUSED = (
    "==> the stack tidemark was not deployed, since Ingest (AWS::Lambda::Function) could not be "
    "created: Specified ReservedConcurrentExecutions for function decreases account's "
    "UnreservedConcurrentExecution below its minimum value of [10]"
)


class Checkout:
    """A copy of what is deployed, and its tools, pointed at an account."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        self.folder.mkdir()
        for name in ("deploy.sh", "template.yaml", "samconfig.toml", "Cargo.toml", "Cargo.lock"):
            shutil.copy(REPOSITORY / name, self.folder)
        shutil.copytree(REPOSITORY / "infra", self.folder / "infra")
        for name in ("functions", "localstack", ".venv-aws"):
            (self.folder / name).symlink_to(REPOSITORY / name)
        # Absolute, and elsewhere.
        self.target = folder / "target"
        self.calls = folder / "calls"
        tools = folder / "tools"
        tools.mkdir()
        real = shutil.which("cargo")
        assert real
        (tools / "cargo").write_text(CARGO.format(real=real, calls=self.calls))
        (tools / "cargo").chmod(0o755)
        self.path = f"{tools}:{self.folder}/.venv-aws/bin:{os.environ['PATH']}"

    def run(self, url: str, *command: str, **told: str) -> subprocess.CompletedProcess[str]:
        """Runs a command in it."""
        own = {key: value for key, value in os.environ.items() if not key.startswith("TIDEMARK_")}
        environment = {
            "PATH": self.path,
            "CARGO_TARGET_DIR": str(self.target),
            "AWS_ENDPOINT_URL": url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": str(self.folder / "none"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "none"),
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
            "SAM_CLI_TELEMETRY": "0",
            **CREDENTIALS,
        }
        return subprocess.run(
            command,
            cwd=self.folder,
            env=own | environment | told,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A copy for one test."""
    return Checkout(tmp_path)


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[CloudAccount, str]]]:
    """Makes an account, and tells its address."""
    with ExitStack() as open_ones:

        def begin(**given: Any) -> tuple[CloudAccount, str]:
            account = CloudAccount(**given)
            return account, open_ones.enter_context(serving(account))

        yield begin


Serve = Callable[..., tuple[CloudAccount, str]]


def test_a_new_account_is_deployed_to(checkout: Checkout, serve: Serve) -> None:
    account, url = serve(quota=10)
    ended = checkout.run(url, "./deploy.sh", "aws")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    stack = account.find("tidemark")
    # The tables that outlive it are protected once they are there.
    assert stack.status == "UPDATE_COMPLETE"
    assert stack.parameters["DeletionProtection"] == "true"
    assert len(account.protected) == 4
    assert "==> deploying once more, with the tables protected" in ended.stderr
    assert stack.parameters["ReserveConcurrency"] == "false"
    assert stack.parameters["PointStore"] == "dynamodb"
    assert account.reserved == {}
    assert "ReserveConcurrency is false: this account may run 10 functions at once" in ended.stderr
    assert '"OutputKey": "ApiUrl"' in ended.stdout
    # Each program was built by its name, all from one place and into the one that was told.
    calls = [line.split() for line in checkout.calls.read_text().splitlines()]
    assert {call[0] for call in calls} == {str(checkout.folder)}
    assert [call[1:-1] for call in calls] == [["lambda", "build", "--release", "--bin"]] * len(
        calls
    )
    assert sorted(call[-1] for call in calls) == FUNCTIONS
    for name in FUNCTIONS:
        built = checkout.folder / ".aws-sam/build" / name.capitalize() / "bootstrap"
        assert built.read_text() == f"{name}\n"
        assert not (REPOSITORY / "functions" / name / "target").exists()


def test_what_fails_is_told_and_the_next_deployment_succeeds(
    checkout: Checkout, serve: Serve
) -> None:
    account, url = serve(quota=10)
    told = {"TIDEMARK_RESERVE_CONCURRENCY": "true"}
    ended = checkout.run(url, "./deploy.sh", "aws", **told)
    assert ended.returncode != 0
    stack = account.find("tidemark")
    assert stack.status == "ROLLBACK_COMPLETE"
    last = ended.stderr.splitlines()[-2:]
    assert last[0] == REFUSED
    assert last[1] == "==> the next ./deploy.sh aws deletes what is left of the stack first"
    # Nothing outlived it.
    assert account.tables == set()
    # `sam` alone does not get any further.
    alone = checkout.run(url, "sam", "deploy", "--parameter-overrides", "ReserveConcurrency=false")
    assert alone.returncode != 0
    assert "is in ROLLBACK_COMPLETE state and can not be updated" in alone.stderr
    ended = checkout.run(url, "./deploy.sh", "aws")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert stack.status == "DELETE_COMPLETE"
    assert account.find("tidemark").status == "UPDATE_COMPLETE"
    reason = REFUSED.partition(", since ")[2]
    said = ended.stderr.splitlines()
    first = f"==> the stack tidemark was never deployed (ROLLBACK_COMPLETE), since {reason}"
    assert said[:2] == [first, "==> it is deleted first, as it cannot be updated"]


def test_a_large_account_reserves_and_goes_on_reserving(checkout: Checkout, serve: Serve) -> None:
    # What is left is just enough: an update must not count its own reservations against itself.
    account, url = serve(quota=252)
    for _ in range(2):
        ended = checkout.run(url, "./deploy.sh", "aws")
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert account.find("tidemark").status == "UPDATE_COMPLETE"
        assert account.find("tidemark").parameters["ReserveConcurrency"] == "true"
        assert account.reserved == {
            "tidemark-fetcher": 1,
            "tidemark-compactor": 1,
            "tidemark-ingest": 50,
            "tidemark-calculation": 100,
        }


def test_what_fails_within_a_stack_of_the_stack_is_named(checkout: Checkout, serve: Serve) -> None:
    account, url = serve(broken={"AgeAlarm": "The maximum number of alarms is reached"})
    # As it was once: tables that are kept whatever happens.
    storage = checkout.folder / "infra/storage.yaml"
    policy = "DeletionPolicy: RetainExceptOnCreate"
    storage.write_text(storage.read_text().replace(policy, "DeletionPolicy: Retain"))
    ended = checkout.run(url, "./deploy.sh", "aws")
    assert ended.returncode != 0
    alarm = "AgeAlarm (AWS::CloudWatch::Alarm) could not be created: The maximum number of alarms"
    *said, _ = (line for line in ended.stderr.splitlines() if line.startswith("==> "))
    assert f"was not deployed, since {alarm} is reached" in said[0]
    # Four tables are left, and each is told.
    assert len(account.tables) == 4
    left = "left behind, though no stack has it any more: AWS::DynamoDB::Table"
    assert sorted(said[1:]) == sorted(f"==> {left} {table}" for table in account.tables)

"""`deploy.sh migrate` tells its program where the points are, from the stack or the environment."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from botocore.stub import Stubber

from deployed import KNOWN, credentials, outputs, places
from migration import OUTPUTS, main
from place import CREDENTIALS, REGION

TOLD = {variable: f"the {key}" for variable, key in OUTPUTS.items()}
THERE = {key: f"the stack's {key}" for key in OUTPUTS.values()} | {"QueueUrl": "x"}


def of(told: Mapping[str, str], there: Mapping[str, str]) -> dict[str, str]:
    """What the program is told."""
    return places(OUTPUTS, told, lambda: there, "tidemark")


def test_names_are_the_stacks() -> None:
    assert of({"OTHER": "x"}, THERE) == {name: THERE[key] for name, key in OUTPUTS.items()}


def test_the_environment_has_the_last_word() -> None:
    for name in OUTPUTS:
        assert of({name: "mine"}, THERE) == of({}, THERE) | {name: "mine"}
        # Set to nothing is not set.
        assert of({name: ""}, THERE) == of({}, THERE)


def test_a_stack_is_not_asked_for_what_is_known() -> None:
    def ask() -> Mapping[str, str]:
        raise AssertionError

    assert places(OUTPUTS, TOLD, ask, "tidemark") == TOLD


def test_what_is_missing_is_named() -> None:
    in_dynamodb = {key: value for key, value in THERE.items() if "Timestream" not in key}
    with pytest.raises(SystemExit) as error:
        of({}, in_dynamodb)
    for word in ("TIDEMARK_TIMESTREAM_DATABASE", "TIDEMARK_TIMESTREAM_TABLE", "TimestreamTable"):
        assert word in str(error.value)
    assert "POINTS" not in str(error.value)
    given = {name: "mine" for name in OUTPUTS if "TIMESTREAM" in name}
    assert of(given, in_dynamodb) == of({}, THERE) | given


def test_a_stack_that_is_gone_tells_nothing() -> None:
    formation = boto3.client(
        "cloudformation", region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x"
    )
    asked = {"StackName": "tidemark"}
    there = {
        "StackName": "tidemark",
        "CreationTime": "2026-01-01",
        "StackStatus": "CREATE_COMPLETE",
        "Outputs": [{"OutputKey": "PointsTable", "OutputValue": "points"}],
    }
    with Stubber(formation) as stub:
        stub.add_response("describe_stacks", {"Stacks": [there]}, asked)
        stub.add_client_error(
            "describe_stacks",
            "ValidationError",
            "Stack with id tidemark does not exist",
            expected_params=asked,
        )
        stub.add_client_error("describe_stacks", "AccessDenied", expected_params=asked)
        assert outputs(formation, "tidemark") == {"PointsTable": "points"}
        assert outputs(formation, "tidemark") == {}
        with pytest.raises(formation.exceptions.ClientError):
            outputs(formation, "tidemark")


def test_credentials_that_the_program_cannot_find_are_handed_over() -> None:
    def found(method: str, token: str | None) -> SimpleNamespace:
        frozen = SimpleNamespace(access_key="a", secret_key="s", token=token)
        return SimpleNamespace(method=method, get_frozen_credentials=lambda: frozen)

    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"}
    assert credentials(found("sso", "t")) == keys | {"AWS_SESSION_TOKEN": "t"}
    assert credentials(found("custom-process", None)) == keys
    # It may have been assumed with those of a profile that signs in.
    assert credentials(found("assume-role", "t")) == keys | {"AWS_SESSION_TOKEN": "t"}
    assert credentials(None) == {}
    for method in KNOWN:
        assert credentials(found(method, "t")) == {}


def test_who_cannot_ask_is_told_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "argv", ["migration.py", "program", "local"])
    for name in ["AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", *CREDENTIALS, *OUTPUTS]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(SystemExit, match="AWS_REGION"):
        main()
    monkeypatch.setenv("AWS_REGION", REGION)
    with pytest.raises(SystemExit, match=r"asking AWS where the points are: .*credentials"):
        main()
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(SystemExit, match=r"asking AWS where the points are: .*nobody"):
        main()

"""Where `deploy.sh aws` has points kept, when nobody says it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from place import REGION, REPOSITORY
from point_store import check, choose, deployed, why_not

#: What an account gets that never had Timestream.
CLOSED = "Only existing Timestream for LiveAnalytics customers can access the service."
Answer = dict[str, Any] | tuple[str, str]


def stubbed(service: str, **answers: Answer) -> Any:
    """A client of AWS that answers these calls in order, with an error if that is a pair."""
    client = boto3.client(
        service, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x"
    )
    stub = Stubber(client)
    for operation, answer in answers.items():
        if isinstance(answer, tuple):
            stub.add_client_error(operation, *answer)
        else:
            stub.add_response(operation, answer)
    stub.activate()
    return client


def formation(answer: Answer) -> Any:
    """CloudFormation that describes a stack."""
    return stubbed("cloudformation", describe_stacks=answer)


def timestream(**answers: Answer) -> Any:
    """Timestream that answers so."""
    return stubbed("timestream-write", **answers)


def stack(*parameters: tuple[str, str], status: str = "UPDATE_COMPLETE") -> dict[str, Any]:
    """A description of a stack."""
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters]
    stack = {"StackName": "s", "CreationTime": "2026-01-01", "StackStatus": status}
    return {"Stacks": [stack | {"Parameters": given}]}


def nobody() -> Any:
    """No client of Timestream, which nobody has to ask."""
    raise AssertionError


ABSENT = ("ValidationError", "Stack with id s does not exist")
CELLS = {"Endpoints": [{"Address": "cell.example.com", "CachePeriodInMinutes": 1440}]}
HAS: dict[str, Answer] = {"describe_endpoints": CELLS, "list_databases": {"Databases": []}}
REFUSED = ("AccessDeniedException", CLOSED)


@pytest.mark.parametrize("store", ["dynamodb", "timestream"])
@pytest.mark.parametrize("there", [None, {"PointStore": "dynamodb"}])
def test_who_is_told_has_the_last_word(store: str, there: dict[str, str] | None) -> None:
    check(store)
    assert choose(store, there, nobody)[0] == store


@pytest.mark.parametrize(
    ("answers", "store"),
    [
        (HAS, "timestream"),
        ({"describe_endpoints": REFUSED}, "dynamodb"),
        (HAS | {"list_databases": REFUSED}, "dynamodb"),
    ],
)
def test_a_new_stack_has_what_the_account_can_have(answers: dict[str, Answer], store: str) -> None:
    chosen, reason = choose(None, None, lambda: timestream(**answers))
    assert chosen == store
    assert (CLOSED in reason) == (store == "dynamodb")


@pytest.mark.parametrize(
    "answer", [ABSENT, stack(status="ROLLBACK_COMPLETE"), stack(status="ROLLBACK_FAILED")]
)
def test_a_stack_that_never_was_deployed_is_new(answer: Answer) -> None:
    assert deployed(formation(answer), "s") is None


@pytest.mark.parametrize(
    ("answer", "store"),
    [
        (stack(("PointStore", "dynamodb")), "dynamodb"),
        (stack(("PointStore", "timestream")), "timestream"),
        (stack(("Log", "info")), "dynamodb"),
        (stack(), "dynamodb"),
    ],
)
def test_a_stack_keeps_what_it_has(answer: dict[str, Any], store: str) -> None:
    assert choose(None, deployed(formation(answer), "s"), nobody)[0] == store


def test_a_region_without_timestream_has_no_address_of_it() -> None:
    client = boto3.client(
        "timestream-write",
        endpoint_url="http://127.0.0.1:9",
        region_name=REGION,
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )
    chosen, reason = choose(None, None, lambda: client)
    assert chosen == "dynamodb"
    assert "127.0.0.1:9" in reason


@pytest.mark.parametrize(
    "answers",
    [
        # A deployer who lacks a right, an emulator without Timestream, a bad day.
        {"describe_endpoints": ("AccessDeniedException", "is not authorized to perform")},
        HAS | {"list_databases": ("AccessDeniedException", "is not authorized to perform")},
        {"describe_endpoints": ("501", "not implemented")},
        {"describe_endpoints": ("UnknownOperationException", CLOSED)},
        HAS | {"list_databases": ("ThrottlingException", "Rate exceeded")},
    ],
)
def test_what_says_neither_ends_the_deployment(answers: dict[str, Answer]) -> None:
    with pytest.raises(SystemExit) as ended:
        why_not(timestream(**answers))
    *_, (_, text) = (answer for answer in answers.values() if isinstance(answer, tuple))
    assert text in str(ended.value)
    assert "TIDEMARK_POINT_STORE" in str(ended.value)


def test_what_cannot_be_asked_is_an_error() -> None:
    with pytest.raises(ClientError):
        deployed(formation(("AccessDenied", "no")), "s")


def test_a_misspelt_store_is_told_at_once() -> None:
    with pytest.raises(SystemExit, match=r"TIDEMARK_POINT_STORE .* dynamo$"):
        check("dynamo")
    check(None)
    check("")
    ended = subprocess.run(
        [sys.executable, str(REPOSITORY / "localstack/stack"), "env"],
        env=os.environ | {"TIDEMARK_POINT_STORE": "dynamo"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "TIDEMARK_POINT_STORE is neither dynamodb nor timestream: dynamo" in ended.stderr

"""Where `deploy.sh aws` has points kept, when nobody says it."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from place import REGION
from point_store import choose

#: What an account gets that never had Timestream.
CLOSED = "Only existing Timestream for LiveAnalytics customers can access the service."


def stubbed(service: str, operation: str, answer: dict[str, Any] | tuple[str, str]) -> Any:
    """A client of AWS that answers one call, with an error if that is a pair."""
    client = boto3.client(
        service, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x"
    )
    stub = Stubber(client)
    if isinstance(answer, tuple):
        stub.add_client_error(operation, *answer)
    else:
        stub.add_response(operation, answer)
    stub.activate()
    return client


def formation(answer: dict[str, Any] | tuple[str, str]) -> Any:
    """CloudFormation that describes a stack."""
    return stubbed("cloudformation", "describe_stacks", answer)


def timestream(answer: dict[str, Any] | tuple[str, str]) -> Any:
    """Timestream that lists databases."""
    return stubbed("timestream-write", "list_databases", answer)


def stack(*parameters: tuple[str, str], status: str = "UPDATE_COMPLETE") -> dict[str, Any]:
    """A description of a stack."""
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters]
    stack = {"StackName": "s", "CreationTime": "2026-01-01", "StackStatus": status}
    return {"Stacks": [stack | {"Parameters": given}]}


ABSENT = ("ValidationError", "Stack with id s does not exist")
HAS, HAS_NOT = {"Databases": []}, ("AccessDeniedException", CLOSED)


@pytest.mark.parametrize("store", ["dynamodb", "timestream"])
def test_who_is_told_has_the_last_word(store: str) -> None:
    assert choose(store, None, None, "s")[0] == store


@pytest.mark.parametrize(("answer", "store"), [(HAS, "timestream"), (HAS_NOT, "dynamodb")])
@pytest.mark.parametrize("deployed", [ABSENT, stack(status="ROLLBACK_COMPLETE")])
def test_a_new_stack_has_what_the_account_can_have(
    deployed: dict[str, Any] | tuple[str, str], answer: Any, store: str
) -> None:
    chosen, reason = choose(None, formation(deployed), timestream(answer), "s")
    assert chosen == store
    assert (CLOSED in reason) == (store == "dynamodb")


@pytest.mark.parametrize(
    ("deployed", "store"),
    [
        (stack(("PointStore", "dynamodb")), "dynamodb"),
        (stack(("PointStore", "timestream")), "timestream"),
        (stack(("Log", "info")), "dynamodb"),
    ],
)
def test_a_stack_keeps_what_it_has(deployed: dict[str, Any], store: str) -> None:
    assert choose(None, formation(deployed), None, "s")[0] == store


def test_a_region_without_timestream_has_no_address_of_it() -> None:
    client = boto3.client(
        "timestream-write",
        endpoint_url="http://127.0.0.1:9",
        region_name=REGION,
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )
    chosen, reason = choose(None, formation(ABSENT), client, "s")
    assert chosen == "dynamodb"
    assert "127.0.0.1:9" in reason


def test_what_cannot_be_asked_is_an_error() -> None:
    with pytest.raises(ClientError):
        choose(None, formation(("AccessDenied", "no")), None, "s")

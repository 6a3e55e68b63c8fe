"""`deploy.sh aws` gives every parameter of the template, from variables that the README names."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import boto3
import pytest

from parameters import (
    KEPT,
    NAMES,
    PROTECTS,
    RESERVES,
    TABLES,
    TEMPLATE,
    check_budget,
    check_names,
    check_rates,
    check_tokens,
    declared,
    main,
    parameters,
    variable,
)
from place import CREDENTIALS, REGION, REPOSITORY
from test_point_store import formation, stack

TEXT = TEMPLATE.read_text()


def test_what_is_not_told_is_the_default() -> None:
    given = parameters(TEXT, {})
    assert (given["JwtTenantClaim"], given["MaxReceives"], given["AlarmEmail"]) == (
        "tenant",
        "30",
        "",
    )
    assert parameters(TEXT, {variable(name): "" for name in given}) == given


def test_what_is_told_is_given() -> None:
    told = {"TIDEMARK_JWT_AUDIENCE": "tidemark", "TIDEMARK_ALARM_EMAIL": "a@example.com"}
    changed = {"JwtAudience": "tidemark", "AlarmEmail": "a@example.com"}
    assert parameters(TEXT, told) == parameters(TEXT, {}) | changed


def test_the_readme_tells_all_of_them() -> None:
    readme = (REPOSITORY / "infra/README.md").read_text()
    rows = re.findall(r"^\| (`[A-Z].*?`) \| (`TIDEMARK_.*?`) \| (.*?) \|", readme, re.MULTILINE)
    names, variables, defaults = (
        [word for row in rows for word in re.findall(r"`(.*?)`", row[column])]
        for column in range(3)
    )
    given = parameters(TEXT, {})
    assert sorted(names) == sorted(given)
    assert variables == [variable(name) for name in names]
    assert defaults == [given[name] for name in names if given[name]]


@pytest.mark.parametrize(
    ("name", "value", "is_allowed"),
    [
        ("JwtIssuer", "", True),
        ("JwtIssuer", "https://login.example.org/realms/a", True),
        ("JwtIssuer", "http://127.0.0.1:8080", True),
        ("JwtIssuer", "http://login.example.org", False),
        ("JwtIssuer", "http://localhost.example.org", False),
        ("JwtIssuer", "https://a.b?c", False),
        ("CorsOrigins", "", True),
        ("CorsOrigins", "https://a.b", True),
        ("CorsOrigins", "https://a.b , http://c:1", True),
        ("CorsOrigins", "https://a.b/", False),
        ("CorsOrigins", "https://A.b", False),
        ("CorsOrigins", "https://u@a.b", False),
        ("CorsOrigins", "*", False),
        ("ValidatorConcurrency", "0", True),
        ("ValidatorConcurrency", "2", True),
        ("ValidatorConcurrency", "1000", True),
        ("ValidatorConcurrency", "1", False),
        ("ValidatorConcurrency", "1001", False),
        ("ExistingPointsTable", "none", True),
        ("ExistingPointsTable", "tidemark-Points-restored", True),
        ("ExistingPointsTable", "arn:aws:dynamodb:eu-west-1:1:table/a", False),
    ],
)
def test_what_no_function_would_start_with_is_not_deployed(
    name: str, value: str, is_allowed: bool
) -> None:
    pattern = declared(TEXT)[name]["AllowedPattern"]
    assert (re.fullmatch(pattern, value) is not None) == is_allowed


def test_a_route_takes_no_more_than_all_of_them() -> None:
    rates = {"RequestsPerSecond": "50", "RouteRequestsPerSecond": "50"}
    check_rates(rates)
    with pytest.raises(SystemExit, match="TIDEMARK_ROUTE_REQUESTS_PER_SECOND is above"):
        check_rates(rates | {"RouteRequestsPerSecond": "51"})


@pytest.mark.parametrize(
    ("issuer", "audience", "is_refused"),
    [("", "", False), ("https://a.b", "c", False), ("https://a.b", "", True), ("", "c", True)],
)
def test_an_issuer_and_an_audience_belong_together(
    issuer: str, audience: str, is_refused: bool
) -> None:
    told = {"TIDEMARK_JWT_ISSUER": issuer, "TIDEMARK_JWT_AUDIENCE": audience}
    if is_refused:
        with pytest.raises(SystemExit, match="TIDEMARK_JWT_ISSUER and TIDEMARK_JWT_AUDIENCE"):
            check_tokens(told)
    else:
        check_tokens(told)


@pytest.mark.parametrize(
    ("amount", "email", "is_refused"),
    [("", "", False), ("0", "", False), ("9", "a@b", False), ("9", "", True), ("", "a@b", True)],
)
def test_an_amount_and_an_address_belong_together(
    amount: str, email: str, is_refused: bool
) -> None:
    told = {"TIDEMARK_BUDGET_AMOUNT": amount, "TIDEMARK_BUDGET_EMAIL": email}
    if is_refused:
        with pytest.raises(SystemExit, match="TIDEMARK_BUDGET_AMOUNT and TIDEMARK_BUDGET_EMAIL"):
            check_budget(told)
    else:
        check_budget(told)


#: What a stack was told that keeps points in a database that there was.
THERE = {name: f"the {name}" for name in NAMES} | {
    "PointStore": "timestream",
    "MemoryStoreHours": "8766",
    "MagneticStoreDays": "365",
    **{name: f"the {name}" for name in TABLES},
}


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment that knows neither credentials nor a region, and tells no parameter."""
    for name in ["AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", *CREDENTIALS]:
        monkeypatch.delenv(name, raising=False)
    for name in ["TIDEMARK_STACK", *map(variable, parameters(TEXT, {}))]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What the program prints."""
    main()
    told: dict[str, str] = json.loads(capsys.readouterr().out)
    return told


def test_a_stack_keeps_what_says_where_points_are(
    nowhere: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Each answers once.
    left = [formation(stack(*THERE.items(), ("Log", "debug"))) for _ in range(3)]

    def client(_: object, service: str) -> Any:
        assert service == "cloudformation"
        return left.pop()

    nowhere.setattr(boto3.Session, "client", client)
    nowhere.setenv(variable(RESERVES), "true")
    assert sorted(THERE) == sorted(KEPT)
    assert printed(capsys) == parameters(TEXT, {}) | THERE
    nowhere.setenv("TIDEMARK_MEMORY_STORE_HOURS", "48")
    assert printed(capsys) == parameters(TEXT, {}) | THERE | {"MemoryStoreHours": "48"}
    nowhere.setenv("TIDEMARK_POINT_STORE", "dynamodb")
    assert printed(capsys)["PointStore"] == "dynamodb"
    assert not left


def test_nothing_is_asked_for_what_is_told(
    nowhere: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = THERE | {RESERVES: "false", PROTECTS: "true"}
    for name, value in told.items():
        nowhere.setenv(variable(name), value)
    assert printed(capsys) == parameters(TEXT, {}) | told


def test_who_cannot_ask_is_told_why(nowhere: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"asking AWS what is deployed: .*region"):
        main()
    nowhere.setenv("AWS_DEFAULT_REGION", REGION)
    with pytest.raises(SystemExit, match=r"asking AWS what is deployed: .*credentials"):
        main()
    nowhere.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(SystemExit, match=r"asking AWS what is deployed: .*nobody"):
        main()


@pytest.mark.parametrize("known", [[], NAMES])
@pytest.mark.parametrize("value", ["x", "none", ""])
def test_a_database_is_told_whole_or_not_at_all(known: list[str], value: str) -> None:
    check_names(dict.fromkeys(map(variable, known), value))


@pytest.mark.parametrize("values", [("x", "", ""), ("x", "y", "none"), ("none", "", "none")])
def test_a_part_of_a_database_is_told_at_once(
    nowhere: pytest.MonkeyPatch, values: tuple[str, str, str]
) -> None:
    for name, value in zip(NAMES, values, strict=True):
        nowhere.setenv(variable(name), value)
    with pytest.raises(SystemExit, match=variable(NAMES[1])):
        main()

"""Whether a deployment reserves concurrency, and for what."""

from __future__ import annotations

from typing import Any

import pytest

from concurrency import LEFT, amount_of, choose, reservations
from parameters import TEMPLATE, parameters
from test_point_store import Answer, stubbed

WANTED = {"fetcher": 1, "compactor": 1}
ABSENT = ("ResourceNotFoundException", "Function not found")


def functions(quota: int, unreserved: int, *held: Answer) -> Any:
    """Lambda, which tells the account's limits and then what each function has reserved."""
    limit = {"ConcurrentExecutions": quota, "UnreservedConcurrentExecutions": unreserved}
    client = stubbed("lambda", get_account_settings={"AccountLimit": limit})
    left = list(held)

    def concurrency(FunctionName: str) -> Any:
        return stubbed("lambda", get_function_concurrency=left.pop(0)).get_function_concurrency(
            FunctionName=FunctionName
        )

    client.get_function_concurrency = concurrency
    return client


@pytest.mark.parametrize(
    ("quota", "unreserved", "held", "chosen"),
    [
        # A new account, and those that have little.
        (10, 10, (ABSENT, ABSENT), "false"),
        (50, 50, (ABSENT, ABSENT), "false"),
        (101, 101, (ABSENT, ABSENT), "false"),
        (102, 102, (ABSENT, ABSENT), "true"),
        (1000, 1000, (ABSENT, ABSENT), "true"),
        # Others have reserved nearly all.
        (1000, 101, (ABSENT, ABSENT), "false"),
        # The stack has reserved already what it wants.
        (102, 100, ({"ReservedConcurrentExecutions": 1},) * 2, "true"),
        (102, 100, ({"ReservedConcurrentExecutions": 1}, {}), "false"),
    ],
)
def test_an_account_reserves_if_enough_is_left(
    quota: int, unreserved: int, held: tuple[Answer, ...], chosen: str
) -> None:
    told, reason = choose(None, WANTED, "s", lambda: functions(quota, unreserved, *held))
    assert told == chosen
    assert f"may run {quota} functions" in reason
    assert (f"of the {LEFT} that Lambda wants left" in reason) == (chosen == "false")


@pytest.mark.parametrize("told", ["true", "false"])
def test_who_is_told_has_the_last_word(told: str) -> None:
    def nobody() -> Any:
        raise AssertionError

    assert choose(told, WANTED, "s", nobody)[0] == told


def test_who_may_not_ask_has_to_say_it() -> None:
    refused = ("AccessDeniedException", "is not authorized to perform")
    with pytest.raises(SystemExit) as ended:
        choose(None, WANTED, "s", lambda: stubbed("lambda", get_account_settings=refused))
    assert "is not authorized" in str(ended.value)
    assert "TIDEMARK_RESERVE_CONCURRENCY" in str(ended.value)


def test_what_the_template_reserves_is_known() -> None:
    text = TEMPLATE.read_text()
    wanted = reservations(text, parameters(text, {}))
    assert len(wanted) == text.count("ReservedConcurrentExecutions:")
    assert WANTED.items() <= wanted.items()


def test_an_amount_may_be_a_parameter() -> None:
    part = {"If": ["IsReserved", {"Ref": "Amount"}, {"Ref": "AWS::NoValue"}]}
    assert amount_of(part, {"Amount": "7"}) == 7
    assert amount_of({"Ref": "AWS::NoValue"}, {}) == 0

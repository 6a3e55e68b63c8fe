"""The schedule alone has the data server drained."""

from __future__ import annotations

from harness import accounting
from harness.stack import Stack


def test_what_the_schedule_fetched_is_accounted_for(fetched: Stack) -> None:
    accounting.check(accounting.account(fetched.api(), fetched.served()))
    assert fetched.dead_letters() == []

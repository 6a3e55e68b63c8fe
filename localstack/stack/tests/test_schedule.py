"""The schedule alone has the data server drained."""

from __future__ import annotations

import accounting
from client import Client
from stack import Stack


def test_what_the_schedule_fetched_is_accounted_for(fetched: Stack) -> None:
    accounting.check(accounting.account(Client(fetched.url), fetched.served()))
    assert fetched.dead_letters() == []

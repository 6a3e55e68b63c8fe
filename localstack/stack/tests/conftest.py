"""The stacks that tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.accounting import drain
from harness.stack import Stack

#: Every kind of message, all of them ready at the start.
MESSAGES = (
    "--rate 0 --backlog 300 --seed 7 --system 0.1 --suspect 0.1 --both 0.05 --other-tags 0.1 "
    "--too-old 0.1 --malformed 0.1"
).split()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with messages to fetch, which its schedule has fetched a minute later."""
    with Stack(tmp_path_factory.mktemp("stack"), data_server=MESSAGES) as running:
        yield running


@pytest.fixture(scope="session")
def fetched(stack: Stack) -> Stack:
    """The same, when all messages are fetched and handled."""

    drain(stack.api(), stack.served, 300)
    stack.wait_until_idle()
    return stack


@pytest.fixture(scope="session")
def quiet_stack(tmp_path_factory: pytest.TempPathFactory, stack: Stack) -> Iterator[Stack]:
    """A stack for tests of faults, whose schedule fetches nothing. The other one is started before
    it, so that its schedule works meanwhile."""
    assert stack.url
    with Stack(tmp_path_factory.mktemp("quiet"), source="none") as running:
        yield running


@pytest.fixture
def faulty(quiet_stack: Stack) -> Iterator[Stack]:
    """The same, for one test; faults end with it."""
    quiet_stack.end_faults()
    yield quiet_stack
    quiet_stack.end_faults()
    assert quiet_stack.dead_letters() == []

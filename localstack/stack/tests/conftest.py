"""The stack that most tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stack import Stack

#: Every kind of message, all of them ready at the start.
MESSAGES = (
    "--rate 0 --backlog 300 --seed 7 --system 0.1 --suspect 0.1 --both 0.05 --other-tags 0.1 "
    "--too-old 0.1 --malformed 0.1"
).split()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with messages to fetch; a test leaves no faults behind."""
    with Stack(tmp_path_factory.mktemp("stack"), data_server=MESSAGES) as running:
        yield running

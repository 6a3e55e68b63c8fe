"""What the functions do is what their roles allow: nothing is missing, and nothing is allowed that
is never done without a reason that stands here."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import permissions
from permissions import Use
from stack import Stack

#: Actions of a function that are not among its own calls, and why.
NOT_RECORDED = {
    ("validator", "sqs:ReceiveMessage"): "Lambda polls the queue with the function's role",
    ("validator", "sqs:DeleteMessage"): "so it deletes what was handled",
    ("validator", "sqs:GetQueueAttributes"): "and asks how long messages stay hidden",
}


def test_every_call_is_allowed(stack: Stack) -> None:
    allowed = permissions.allowed(stack)
    done = permissions.used(stack.calls())
    assert len(done) >= 3, "the functions were not asked for anything"
    assert {name: uses - allowed[name] for name, uses in done.items() if uses - allowed[name]} == {}


def test_nothing_is_allowed_that_is_never_done() -> None:
    """Of a whole end-to-end run: the record and the roles of that stack."""
    folder = os.environ.get("TIDEMARK_STACK_FOLDER")
    if folder is None:
        pytest.skip("needs TIDEMARK_STACK_FOLDER, of a stack that served the end-to-end suite")
    stack = Stack.running(Path(folder))
    done = permissions.used([json.loads(line) for line in stack.record.open()])
    idle: dict[str, set[Use]] = {}
    for name, uses in permissions.allowed(stack).items():
        function = name.rsplit("-", 1)[-1]
        for action, resource in uses - done.get(name, set()):
            if (function, action) not in NOT_RECORDED:
                idle.setdefault(name, set()).add((action, resource))
    assert idle == {}

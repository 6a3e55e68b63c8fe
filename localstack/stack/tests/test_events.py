"""The events in `localstack/events`, handed to the functions that `localstack/README.md` names for
them, get the answers that are told of there."""

from __future__ import annotations

import json
import re
from typing import Any

from harness.stack import Stack, eventually
from place import REPOSITORY

LOCALSTACK = REPOSITORY / "localstack"
#: The function for each event.
FUNCTIONS = {
    event: function
    for function, event in re.findall(
        r"^cargo lambda invoke (\w+) .*localstack/events/(\S+)\.json",
        (LOCALSTACK / "README.md").read_text().replace("\\\n", ""),
        re.MULTILINE,
    )
}


def invoked(stack: Stack, event: str) -> Any:
    """What its function answers to an event."""
    name = stack.described[f"{FUNCTIONS[event].capitalize()}Function"]
    payload = (LOCALSTACK / f"events/{event}.json").read_text().replace("tm_", stack.key)
    answer = stack.client("lambda").invoke(FunctionName=name, Payload=payload)
    told = answer["Payload"].read()
    assert "FunctionError" not in answer, told
    return json.loads(told)


def test_every_event_has_a_function() -> None:
    assert sorted(FUNCTIONS) == sorted(path.stem for path in (LOCALSTACK / "events").iterdir())


def test_health_is_told(stack: Stack) -> None:
    assert invoked(stack, "get-health")["statusCode"] == 200


def test_points_are_taken_and_counted(stack: Stack) -> None:
    posted = invoked(stack, "post-points")
    assert posted["statusCode"] == 201
    assert json.loads(posted["body"])["accepted"] == 3

    def are_counted() -> None:
        told = invoked(stack, "get-stats")
        assert (told["statusCode"], json.loads(told["body"])) == (200, {"avg": 2.33, "sum": 7})

    eventually(are_counted)


def test_the_batch_that_cannot_be_read_is_named(stack: Stack) -> None:
    assert invoked(stack, "batches") == {"batchItemFailures": [{"itemIdentifier": "unreadable"}]}


def test_a_tick_has_the_data_server_asked(stack: Stack) -> None:
    # As `tick` does: the schedule may be running it.
    assert FUNCTIONS["tick"] == "fetcher"
    stack.tick("fetcher")

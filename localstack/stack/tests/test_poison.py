"""A message that is no batch becomes a dead letter, and keeps nothing else from being stored."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.stack import PARAMETERS, Stack, eventually

pytestmark = pytest.mark.points

POISON = ["not JSON", " ", "{}", '{"tenant":"local","source":"api"}']


def test_poison_becomes_a_dead_letter_and_the_rest_is_stored_once(faulty: Stack) -> None:
    name, queues = "beside-poison", faulty.client("sqs")
    points = {
        "dynamodb": ["dynamodb:BatchWriteItem", f"table/{faulty.described['PointsTable']}"],
        "timestream": ["timestream:WriteRecords", "database/tidemark/table/points"],
    }[faulty.store]

    def writes() -> int:
        return [call["uses"] for call in faulty.calls()].count([points])

    def is_quiet() -> None:
        """What an outage before this has left is stored: a batch that was tried for longer than
        the queue hides it comes twice."""
        before = writes()
        time.sleep(2 * float(PARAMETERS["VisibilityTimeout"]))
        assert (faulty.waiting(), writes()) == (0, before)

    eventually(is_quiet)
    with few_receives(faulty):
        # So that all of it comes to the validator at once.
        with held_back(faulty):
            for number, poison in enumerate(POISON):
                wrong = {"name": name, "t": "wrong", "v": 1}
                faulty.ask("POST", "/api", [{"name": name, "t": number, "v": number}, wrong])
                queues.send_message(QueueUrl=faulty.described["QueueUrl"], MessageBody=poison)
            before = writes()
        dead: list[str] = []

        def are_dead() -> None:
            dead.extend(faulty.dead_letters())
            assert faulty.waiting() == 0
            assert len(dead) >= len(POISON)

        eventually(are_dead)
    assert sorted(dead) == sorted(POISON)
    # Of ten messages four came again, and none of the others.
    assert writes() - before == len(POISON)
    api = faulty.api()
    assert [point["value"] for point in api.points(name)] == list(range(len(POISON)))
    assert len(api.rows("/admin/discards", series=name)) == len(POISON)


@contextmanager
def held_back(stack: Stack) -> Iterator[None]:
    """Lets messages pile up in the queue."""
    functions = stack.client("lambda")
    (mapping,) = functions.list_event_source_mappings()["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    yield
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


@contextmanager
def few_receives(stack: Stack) -> Iterator[None]:
    """Makes what was received twice in vain a dead letter."""
    queues, url = stack.client("sqs"), stack.described["QueueUrl"]
    asked = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
    policy = asked["Attributes"]["RedrivePolicy"]
    few = json.dumps(json.loads(policy) | {"maxReceiveCount": 2})
    queues.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": few})
    yield
    queues.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})

"""What is measured in AWS's place is what AWS defines."""

from __future__ import annotations

import json
from typing import Any

from metrics import Measured, of_log, of_queue, of_request

NOW = 1_000_000.0


def message(sent: float, receives: int = 0, visible: bool = True, **attributes: str) -> Any:
    """A message as the emulator shows it."""
    told = {"SentTimestamp": str(int(sent * 1000)), **attributes}
    return {"IsVisible": visible, "ReceiveCount": receives, "Attributes": told}


def of(messages: list[Any], leaps: tuple[tuple[float, float], ...] = ()) -> dict[str, float]:
    """The metrics of a queue with these messages."""
    measured = list(of_queue("q", messages, list(leaps), NOW))
    assert {(m.namespace, m.dimensions) for m in measured} == {("AWS/SQS", (("QueueName", "q"),))}
    return {m.name.removeprefix("Approximate"): m.value for m in measured}


def test_a_queue_is_as_old_as_its_oldest_message() -> None:
    assert of([]) == {"NumberOfMessagesVisible": 0, "AgeOfOldestMessage": 0}
    messages = [message(NOW - 5), message(NOW - 70, receives=1, visible=False)]
    assert of(messages) == {"NumberOfMessagesVisible": 1, "AgeOfOldestMessage": 70}


def test_what_was_received_more_than_three_times_is_out_of_the_age_and_still_there() -> None:
    often, new = message(NOW - 900, receives=4), message(NOW - 5, receives=1)
    assert of([message(NOW - 900, receives=3), new])["AgeOfOldestMessage"] == 900
    assert of([often, new]) == {"NumberOfMessagesVisible": 2, "AgeOfOldestMessage": 5}
    assert of([often]) == {"NumberOfMessagesVisible": 1, "AgeOfOldestMessage": 0}


def test_nobody_knows_how_long_a_dead_letter_is_one() -> None:
    dead = message(NOW - 900, receives=2, DeadLetterQueueSourceArn="arn")
    assert of([dead]) == {"NumberOfMessagesVisible": 1}


def test_only_what_waits_already_is_older_by_a_leap() -> None:
    leaps = ((NOW - 10, 300.0), (NOW - 5, 60.0))
    assert of([message(NOW - 12)], leaps)["AgeOfOldestMessage"] == 372
    assert of([message(NOW - 7)], leaps)["AgeOfOldestMessage"] == 67
    assert of([message(NOW - 2)], leaps)["AgeOfOldestMessage"] == 2


def requested(status: int, integration: float | None) -> dict[tuple[str, int], tuple[float, str]]:
    """The metrics of a request, by their names and how many dimensions they have."""
    measured = list(of_request("a", "$default", status, 0.5, integration, NOW))
    whose = (("ApiId", "a"), ("Stage", "$default"))
    assert {m.dimensions for m in measured} == {whose[:1], whose}
    return {(m.name, len(m.dimensions)): (m.value, m.unit) for m in measured}


def test_a_request_is_counted_of_its_api_and_of_the_stage() -> None:
    for status, is_4xx, is_5xx in ((201, 0, 0), (404, 1, 0), (500, 0, 1), (503, 0, 1)):
        told = requested(status, 0.25)
        for number in (1, 2):
            assert told["Count", number] == (1, "Count")
            assert told["4xx", number] == (is_4xx, "Count")
            assert told["5xx", number] == (is_5xx, "Count")
            assert told["Latency", number] == (500, "Milliseconds")
            assert told["IntegrationLatency", number] == (250, "Milliseconds")


def test_what_the_gateway_answers_itself_has_no_integration() -> None:
    assert ("IntegrationLatency", 1) not in requested(413, None)


def test_metrics_in_a_log() -> None:
    document = {
        "_aws": {
            "Timestamp": 1500,
            "CloudWatchMetrics": [
                {
                    "Namespace": "N",
                    "Dimensions": [["function"], ["function", "reason"]],
                    "Metrics": [{"Name": "failed"}, {"Name": "took", "Unit": "Milliseconds"}],
                }
            ],
        },
        "function": "f",
        "reason": "r",
        "failed": 2,
        "took": [3, 4.5],
    }
    log = f'no metric\n{{"message": "neither"}}\n{json.dumps(document)}\n'
    function, both = (("function", "f"),), (("function", "f"), ("reason", "r"))
    assert list(of_log(log)) == [
        Measured("N", name, dimensions, value, unit, 1.5)
        for dimensions in (function, both)
        for name, value, unit in (
            ("failed", 2, "None"),
            ("took", 3, "Milliseconds"),
            ("took", 4.5, "Milliseconds"),
        )
    ]

"""Messages that fail are counted where the alarm looks, though no invocation fails."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from harness.stack import Stack, eventually
from test_poison import few_receives

ALARM = "failed-messages"


def told(stack: Stack, function: str, since: float) -> Iterator[dict[str, Any]]:
    """The lines of a function's log of which CloudWatch makes metrics."""
    pages = stack.client("logs").get_paginator("filter_log_events")
    group = f"/aws/lambda/{stack.described[f'{function}Function']}"
    for page in pages.paginate(logGroupName=group, startTime=int(since * 1000)):
        for event in page["events"]:
            for line in event["message"].splitlines():
                if line.startswith("{") and '"_aws"' in line:
                    yield json.loads(line)


def values(lines: Iterator[dict[str, Any]], alarm: dict[str, Any]) -> Iterator[float]:
    """What CloudWatch reads of the metric that an alarm watches."""
    wanted = {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]}
    for line in lines:
        for metrics in line["_aws"]["CloudWatchMetrics"]:
            names = [metric["Name"] for metric in metrics["Metrics"]]
            if metrics["Namespace"] != alarm["Namespace"] or alarm["MetricName"] not in names:
                continue
            for dimensions in metrics["Dimensions"]:
                if {name: line[name] for name in dimensions} == wanted:
                    yield line[alarm["MetricName"]]


def watched(stack: Stack, name: str) -> dict[str, Any]:
    """An alarm as it is deployed."""
    alarms = stack.client("cloudwatch").describe_alarms()["MetricAlarms"]
    (alarm,) = [alarm for alarm in alarms if alarm["AlarmName"].endswith(f"-{name}")]
    found: dict[str, Any] = alarm
    return found


def test_failed_messages_are_counted_where_the_alarm_looks(faulty: Stack) -> None:
    alarm, since = watched(faulty, ALARM), time.time()
    assert (alarm["Statistic"], alarm["Threshold"]) == ("Sum", 0)
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    # A first failure is one minute's sum above it; it is told within five minutes.
    assert alarm["DatapointsToAlarm"] == 1
    assert alarm["Period"] == 60
    faulty.ask("POST", "/api", [{"name": "beside-a-failure", "t": 1, "v": 1}])
    faulty.wait_until_idle()
    assert sum(values(told(faulty, "Validator", since), alarm)) == 0
    with few_receives(faulty):
        queues = faulty.client("sqs")
        queues.send_message(QueueUrl=faulty.described["QueueUrl"], MessageBody="no batch")

        def is_counted() -> None:
            # Received twice, and then a dead letter.
            assert sum(values(told(faulty, "Validator", since), alarm)) == 2

        eventually(is_counted)

        def is_dead() -> None:
            assert faulty.dead_letters() == ["no batch"]

        eventually(is_dead)
    # What Lambda calls an error there was none of: the log would tell.
    lines = faulty.client("logs").filter_log_events(
        logGroupName=f"/aws/lambda/{faulty.described['ValidatorFunction']}",
        startTime=int(since * 1000),
    )["events"]
    messages = [event["message"] for event in lines]
    assert any("a message failed" in message for message in messages)
    assert not any("the invocation failed" in message for message in messages)


def test_messages_of_an_outage_are_counted(faulty: Stack) -> None:
    alarm, since = watched(faulty, ALARM), time.time()
    faulty.ask("POST", "/api", [{"name": "before-an-outage", "t": 1, "v": 1}])
    faulty.faults(down=["dynamodb"], functions=["validator"])
    faulty.ask("POST", "/api", [{"name": "in-an-outage", "t": 1, "v": 1}])

    def is_counted() -> None:
        assert sum(values(told(faulty, "Validator", since), alarm)) >= 1

    eventually(is_counted)
    faulty.faults()
    faulty.wait_until_idle()
    assert [point["value"] for point in faulty.api().points("in-an-outage")] == [1]

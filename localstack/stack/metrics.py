"""Measures what AWS measures of gateways, queues and logs, and the emulator does not, and puts it
into the emulator's CloudWatch under the names that AWS gives it. (Of functions the emulator keeps
metrics itself.) What each metric is, is AWS's definition; that it is measured here is the tests'
stand-in."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientError, ClientSession
from botocore.exceptions import BotoCoreError
from botocore.exceptions import ClientError as RefusedError

from deployment import client
from place import Place
from relay import session

#: How often AWS sends them to CloudWatch.
PERIOD_SECONDS = 60.0
#: A message that was received more often is left out of the age of its queue.
RECEIVES = 3
#: How many of them one call takes.
CALL = 1000
#: How late the emulator may have a line of a log.
LATE_SECONDS = 60.0


@dataclass(frozen=True)
class Measured:
    """A value of a metric."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    value: float
    unit: str
    #: When, in seconds since 1970.
    time: float


class Metrics:
    """What was measured and is not yet published."""

    def __init__(self, place: Place, to: ClientSession) -> None:
        self.place = place
        self.to = to
        self.held: list[Measured] = []
        #: By how much, and when, the clock that ages are read from was put forward.
        self.leaps: list[tuple[float, float]] = []
        #: What was read of logs, by stream, time and text, and until when.
        self.read: set[tuple[str, int, str]] = set()
        self.read_until = time.time()
        #: Of whoever publishes: nothing is published twice.
        self.turn = asyncio.Lock()

    def note_request(
        self, api: str, stage: str, status: int, latency: float, integration: float | None
    ) -> None:
        """Takes note of a request that a gateway has answered: how long that took, and how long of
        it its function, if it was asked; in seconds."""
        self.held += of_request(api, stage, status, latency, integration, time.time())

    def leap(self, seconds: float) -> None:
        """Has what waits in queues have waited so much longer, from now on."""
        self.leaps.append((time.time(), seconds))

    async def publish(self) -> None:
        """Publishes what is held, and what is found in queues and logs now."""
        async with self.turn:
            self.held += await self.waiting()
            held, self.held = self.held, []
            await asyncio.to_thread(self.send, held)

    async def waiting(self) -> list[Measured]:
        """What is found in queues."""
        async with self.to.get(f"{self.place.emulator}/_ministack/sqs/messages") as answer:
            accounts = json.loads(await answer.read())["messages"]
        now = time.time()
        return [
            measured
            for regions in accounts.values()
            for queues in regions.values()
            for url, messages in queues.items()
            for measured in of_queue(url.rsplit("/", 1)[-1], messages, self.leaps, now)
        ]

    def send(self, held: list[Measured]) -> None:
        """Has CloudWatch take them, and what lines of logs hold."""
        held += self.logged()
        namespaces = dict.fromkeys(measured.namespace for measured in held)
        to = client(self.place, "cloudwatch")
        for namespace in namespaces:
            data = [datum(measured) for measured in held if measured.namespace == namespace]
            for first in range(0, len(data), CALL):
                to.put_metric_data(Namespace=namespace, MetricData=data[first : first + CALL])

    def logged(self) -> Iterator[Measured]:
        """What lines of logs hold that were not read before."""
        logs, since = client(self.place, "logs"), self.read_until - LATE_SECONDS
        self.read_until = time.time()
        for groups in logs.get_paginator("describe_log_groups").paginate():
            for group in groups["logGroups"]:
                name = group["logGroupName"]
                pages = logs.get_paginator("filter_log_events").paginate(
                    logGroupName=name, startTime=int(since * 1000)
                )
                for event in (event for page in pages for event in page["events"]):
                    # The emulator gives events no id.
                    key = (event["logStreamName"], event["timestamp"], event["message"])
                    if key not in self.read:
                        self.read.add(key)
                        yield from of_log(event["message"])


def of_request(
    api: str, stage: str, status: int, latency: float, integration: float | None, now: float
) -> Iterator[Measured]:
    """What API Gateway tells of a request to an HTTP API, of the API and of its stage.

    `Count` is the number of requests, `4xx` and `5xx` that of answers with such a status: a 1 or a
    0 of each request. `Latency` is the time from when the gateway has a request until it has
    answered, `IntegrationLatency` the part of it from when it hands the request on until it has the
    answer to that; both in milliseconds. The second is more here than in AWS, by what the
    emulator's own gateway takes.
    <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html>
    """
    values = {
        "Count": (1.0, "Count"),
        "4xx": (float(400 <= status < 500), "Count"),
        "5xx": (float(status >= 500), "Count"),
        "Latency": (latency * 1000, "Milliseconds"),
    }
    if integration is not None:
        values["IntegrationLatency"] = (integration * 1000, "Milliseconds")
    of_api = (("ApiId", api),)
    for dimensions in (of_api, (*of_api, ("Stage", stage))):
        for name, (value, unit) in values.items():
            yield Measured("AWS/ApiGateway", name, dimensions, value, unit, now)


def of_queue(
    name: str, messages: list[dict[str, Any]], leaps: list[tuple[float, float]], now: float
) -> Iterator[Measured]:
    """What SQS tells of a queue with these messages.

    `ApproximateNumberOfMessagesVisible` is the number of messages that can be received now.
    `ApproximateAgeOfOldestMessage` is how many seconds ago the oldest message was sent that is not
    deleted, received or not. A standard queue puts a message behind the others when it was
    received three times and not deleted, and the age is then that of the oldest one that was not
    received more than three times, even where a redrive policy would make the first a dead letter.
    In a queue of dead letters, messages are as old as it is since they came there; the emulator
    does not tell when that was, so that its age is not told here.
    <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>
    """

    def age(message: dict[str, Any]) -> float:
        sent = int(message["Attributes"]["SentTimestamp"]) / 1000
        return now - sent + sum(seconds for moment, seconds in leaps if sent < moment)

    queue = (("QueueName", name),)
    visible = float(sum(message["IsVisible"] for message in messages))
    metric = "ApproximateNumberOfMessagesVisible"
    yield Measured("AWS/SQS", metric, queue, visible, "Count", now)
    if not any("DeadLetterQueueSourceArn" in message["Attributes"] for message in messages):
        ages = [age(message) for message in messages if message["ReceiveCount"] <= RECEIVES]
        metric = "ApproximateAgeOfOldestMessage"
        yield Measured("AWS/SQS", metric, queue, max(ages, default=0.0), "Seconds", now)


def of_log(message: str) -> Iterator[Measured]:
    """What CloudWatch makes of what a function has logged.

    A line that is a JSON object with the member `_aws` names metrics and sets of dimensions, whose
    values are members of the object: of each metric there is a value, or a list of values, with
    each of these sets.
    <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
    """
    for line in message.splitlines():
        if not (line.startswith("{") and '"_aws"' in line):
            continue
        document = json.loads(line)
        for told in document["_aws"]["CloudWatchMetrics"]:
            for names in told["Dimensions"]:
                dimensions = tuple((name, document[name]) for name in names)
                for metric in told["Metrics"]:
                    values = document[metric["Name"]]
                    for value in values if isinstance(values, list) else [values]:
                        yield Measured(
                            told["Namespace"],
                            metric["Name"],
                            dimensions,
                            float(value),
                            metric.get("Unit", "None"),
                            document["_aws"]["Timestamp"] / 1000,
                        )


def datum(measured: Measured) -> dict[str, Any]:
    """The same as CloudWatch takes it."""
    return {
        "MetricName": measured.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in measured.dimensions],
        "Value": measured.value,
        "Unit": measured.unit,
        "Timestamp": measured.time,
    }


@asynccontextmanager
async def measuring(place: Place) -> AsyncIterator[Metrics]:
    """Publishes what is measured as often as AWS does."""
    async with session() as to:
        metrics = Metrics(place, to)

        async def repeat() -> None:
            while True:
                await asyncio.sleep(PERIOD_SECONDS)
                # An emulator that is gone is told of by others.
                with suppress(ClientError, BotoCoreError, RefusedError):
                    await metrics.publish()

        task = asyncio.create_task(repeat())
        try:
            yield metrics
        finally:
            task.cancel()

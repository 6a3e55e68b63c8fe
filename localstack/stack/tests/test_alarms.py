"""Each alarm, with what it is there for: the stack is brought into that condition, and what is read
is what the alarm watches, by the name, the dimensions and the statistic that it was deployed with.
The emulator keeps no metrics of queues and gateways: there, it is what they are made of."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from harness.stack import Stack, eventually
from place import REPOSITORY
from test_template import Template

README = (REPOSITORY / "infra/README.md").read_text()
RESOURCES = Template("infra/alarms.yaml", {"Email": ""}).read["Resources"]
#: By the ends of their names.
ALARMS = {
    resource["Properties"]["AlarmName"]["Sub"].removeprefix("${StackName}-"): name
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::CloudWatch::Alarm"
}
ERRORS = sorted(name for name in ALARMS if name.endswith("-errors"))
THROTTLES = sorted(name for name in ALARMS if name.endswith("-throttles"))
#: How soon a batch that failed comes again, and how often.
AGAIN, RECEIVES = "1", "2"
#: How many validators may be busy.
BUSY = 3


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that is broken in every way."""
    folder = tmp_path_factory.mktemp("alarms")
    with Stack(
        folder,
        source="none",
        store="dynamodb",
        VisibilityTimeout=AGAIN,
        MaxReceives=RECEIVES,
        ValidatorConcurrency=str(BUSY),
    ) as running:
        yield running


def deployed(stack: Stack, name: str) -> dict[str, Any]:
    """An alarm, as it was deployed."""
    told = stack.client("cloudwatch").describe_alarms(AlarmNames=[f"tidemark-{name}"])
    (alarm,) = told["MetricAlarms"]
    found: dict[str, Any] = alarm
    return found


def watched(stack: Stack, alarm: dict[str, Any]) -> float:
    """The most that its metric was of late."""
    now = datetime.now(UTC)
    told = stack.client("cloudwatch").get_metric_statistics(
        Namespace=alarm["Namespace"],
        MetricName=alarm["MetricName"],
        Dimensions=alarm["Dimensions"],
        Statistics=[alarm["Statistic"]],
        Period=alarm["Period"],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
    )
    return max((point[alarm["Statistic"]] for point in told["Datapoints"]), default=0)


def dimensions(alarm: dict[str, Any]) -> dict[str, str]:
    """Of whom its metric is."""
    return {part["Name"]: part["Value"] for part in alarm["Dimensions"]}


def queue(stack: Stack, alarm: dict[str, Any]) -> str:
    """The address of the queue that it watches."""
    url: str = stack.client("sqs").get_queue_url(QueueName=dimensions(alarm)["QueueName"])[
        "QueueUrl"
    ]
    return url


def break_off(stack: Stack, function: str) -> None:
    """Has a function end as soon as it is started."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        bootstrap = zipfile.ZipInfo("bootstrap")
        bootstrap.external_attr = 0o100755 << 16
        package.writestr(bootstrap, "#!/bin/sh\nexit 1\n")
    stack.client("lambda").update_function_code(FunctionName=function, ZipFile=buffer.getvalue())


def test_the_readme_tells_all_of_them() -> None:
    section = re.search(r"^## Alarms\n.*?(?=^## )", README, re.MULTILINE | re.DOTALL)
    assert section
    told = [
        name
        for row in re.findall(r"^\| (`<stack>-.*?) \|", section[0], re.MULTILINE)
        for name in re.findall(r"`<stack>-(.*?)`", row)
    ]
    whose = {f"{name}-errors" for name in functions()}
    assert set(ERRORS) == whose, "a function has no alarm"
    assert sorted(told) == sorted({n for n in ALARMS if n not in whose} | {"<function>-errors"})
    for name, resource in ((name, RESOURCES[id]["Properties"]) for name, id in ALARMS.items()):
        assert resource["AlarmActions"] == resource["OKActions"] != [], name
        assert resource["DatapointsToAlarm"] <= resource["EvaluationPeriods"], name


def functions() -> list[str]:
    """What is deployed, by the ends of their names."""
    resources = Template("template.yaml", {}).read["Resources"].items()
    return [n.lower() for n, r in resources if r["Type"] == "AWS::Serverless::Function"]


def test_a_gateway_that_is_slow(stack: Stack) -> None:
    """What the alarm watches; slower than it allows is slower than anything here."""
    alarm = deployed(stack, "p99")
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/ApiGateway", "Latency")
    assert (alarm["ExtendedStatistic"], dimensions(alarm)) == (
        "p99",
        {"ApiId": stack.described["ApiId"]},
    )
    # In milliseconds, and before the gateway gives up.
    assert 1_000 < alarm["Threshold"] < 30_000


def test_batches_that_wait(stack: Stack) -> None:
    """The age is the time since the oldest message was sent, which the message tells."""
    alarm, queues, lambdas = deployed(stack, "age"), stack.client("sqs"), stack.client("lambda")
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SQS", "ApproximateAgeOfOldestMessage")
    url = queue(stack, alarm)
    assert url.rsplit("/", 1)[-1] == stack.described["QueueUrl"].rsplit("/", 1)[-1]
    validator = stack.described["ValidatorFunction"]
    (mapping,) = lambdas.list_event_source_mappings(FunctionName=validator)["EventSourceMappings"]
    parameters = Template("template.yaml", {}).read["Parameters"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": BUSY}
    lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    stack.ask("POST", "/api", [{"name": "waits", "t": 1, "v": 1}])

    def is_old() -> None:
        told = queues.receive_message(
            QueueUrl=url, VisibilityTimeout=0, MessageSystemAttributeNames=["SentTimestamp"]
        )
        (message,) = told.get("Messages", [None])
        assert message
        assert time.time() - int(message["Attributes"]["SentTimestamp"]) / 1000 > 2

    # Looking counts as a receive, of which it has few.
    time.sleep(2.5)
    is_old()
    lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    stack.wait_until_idle()
    # So that an outage is told while none of its batches is given up.
    patience = parameters["VisibilityTimeout"]["Default"] * (
        parameters["MaxReceives"]["Default"] - 1
    )
    assert alarm["Threshold"] + alarm["Period"] * alarm["EvaluationPeriods"] < patience


@pytest.mark.parametrize("name", ERRORS)
def test_a_function_that_breaks_off(stack: Stack, name: str) -> None:
    alarm, lambdas = deployed(stack, name), stack.client("lambda")
    function = dimensions(alarm)["FunctionName"]
    assert function == f"tidemark-{name.removesuffix('-errors')}"
    assert watched(stack, alarm) == 0
    break_off(stack, function)
    assert "FunctionError" in lambdas.invoke(FunctionName=function, Payload=b"{}")
    assert watched(stack, alarm) > alarm["Threshold"]


def test_a_gateway_whose_function_breaks_off(stack: Stack) -> None:
    """The emulator keeps no metrics of gateways: what they count is what the gateway answers."""
    alarm = deployed(stack, "5xx")
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/ApiGateway", "5xx")
    assert dimensions(alarm) == {"ApiId": stack.described["ApiId"]}
    break_off(stack, stack.described["HealthFunction"])
    assert httpx.get(f"{stack.url}/health").status_code >= 500
    assert alarm["Threshold"] == 0


@pytest.mark.parametrize("name", THROTTLES)
def test_a_function_that_is_refused(stack: Stack, name: str) -> None:
    # The emulator counts an error as well, so that this comes after those.
    alarm, lambdas = deployed(stack, name), stack.client("lambda")
    function = dimensions(alarm)["FunctionName"]
    assert function == f"tidemark-{name.removesuffix('-throttles')}"
    assert watched(stack, alarm) == 0
    lambdas.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    try:
        with pytest.raises(ClientError, match="TooManyRequests"):
            lambdas.invoke(FunctionName=function, Payload=b"{}")
    finally:
        lambdas.delete_function_concurrency(FunctionName=function)
    assert watched(stack, alarm) > alarm["Threshold"]


def test_batches_that_are_given_up(stack: Stack) -> None:
    """The metric is the number that the queue itself tells. The validator is broken by now."""
    alarm, queues = deployed(stack, "dead-letters"), stack.client("sqs")
    assert (alarm["Namespace"], alarm["MetricName"]) == (
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
    )
    url = queue(stack, alarm)
    assert url.rsplit("/", 1)[-1] == stack.described["DeadLetterQueueUrl"].rsplit("/", 1)[-1]
    break_off(stack, stack.described["ValidatorFunction"])

    def visible() -> int:
        wanted = "ApproximateNumberOfMessages"
        told = queues.get_queue_attributes(QueueUrl=url, AttributeNames=[wanted])["Attributes"]
        return int(told[wanted])

    assert visible() == 0
    queues.send_message(QueueUrl=stack.described["QueueUrl"], MessageBody="no batch")

    def is_given_up() -> None:
        assert visible() > alarm["Threshold"]

    eventually(is_given_up)

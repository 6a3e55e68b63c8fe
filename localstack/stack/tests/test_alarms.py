"""Each alarm, with what it is there for: the stack is brought into that condition, and the metric
is read that the alarm watches, with the name, the dimensions, the statistic and the period that it
was deployed with. It is within the alarm's threshold before, and beyond it then. How many such
periods an alarm waits for is its definition's alone, since that takes minutes; and the emulator,
which minds no dimensions when it judges an alarm, is not asked for its state.

The emulator's CloudWatch has what the emulator measures of functions; what AWS measures of gateway,
queues and logs is measured and put there by `metrics.py`, which has AWS's definitions."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from harness.stack import Stack, eventually
from place import CREDENTIALS, REGION, REPOSITORY
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
#: Those that have a test of their own here.
OTHERS = {"5xx", "p99", "dead-letters", "failed-messages", "age"}
#: How soon a batch that failed comes again, in seconds: so late that the age of its queue is read
#: before it was received so often that it does not count any more.
AGAIN = 20
#: How many validators may be busy.
BUSY = 3
#: How long each call of a slow store takes: within what a function waits for one.
SLOW_SECONDS = 3.5


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that is broken in every way: the tests are in an order in which each still finds what
    it needs."""
    folder = tmp_path_factory.mktemp("alarms")
    with Stack(
        folder,
        source="none",
        store="dynamodb",
        has_metrics=True,
        VisibilityTimeout=str(AGAIN),
        ValidatorConcurrency=str(BUSY),
    ) as running:
        yield running


def deployed(stack: Stack, name: str) -> dict[str, Any]:
    """An alarm, as it was deployed."""
    told = stack.client("cloudwatch").describe_alarms(AlarmNames=[f"tidemark-{name}"])
    (alarm,) = told["MetricAlarms"]
    found: dict[str, Any] = alarm
    return found


def watched(stack: Stack, alarm: dict[str, Any]) -> float | None:
    """What its metric was last; nothing if there is none yet, which is within each threshold."""
    assert alarm["TreatMissingData"] == "notBreaching"
    stack.publish_metrics()
    now, percentile = datetime.now(UTC), alarm.get("ExtendedStatistic")
    statistic = percentile or alarm["Statistic"]
    told = stack.client("cloudwatch").get_metric_statistics(
        Namespace=alarm["Namespace"],
        MetricName=alarm["MetricName"],
        Dimensions=alarm["Dimensions"],
        **{"ExtendedStatistics" if percentile else "Statistics": [statistic]},
        Period=alarm["Period"],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
    )["Datapoints"]
    if not told:
        return None
    last = max(told, key=lambda point: point["Timestamp"])
    value: float = (last["ExtendedStatistics"] if percentile else last)[statistic]
    return value


def is_beyond(stack: Stack, alarm: dict[str, Any]) -> bool:
    """Whether its metric is beyond its threshold."""
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    value, threshold = watched(stack, alarm), alarm["Threshold"]
    return value is not None and bool(value > threshold)


def dimensions(alarm: dict[str, Any]) -> dict[str, str]:
    """Of whom its metric is."""
    return {part["Name"]: part["Value"] for part in alarm["Dimensions"]}


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
    assert set(ALARMS) == {*ERRORS, *THROTTLES, *OTHERS}, "an alarm has no test"
    assert sorted(told) == sorted({n for n in ALARMS if n not in whose} | {"<function>-errors"})
    for name, resource in ((name, RESOURCES[id]["Properties"]) for name, id in ALARMS.items()):
        assert resource["AlarmActions"] == resource["OKActions"] != [], name
        assert resource["DatapointsToAlarm"] <= resource["EvaluationPeriods"], name


def functions() -> list[str]:
    """What is deployed, by the ends of their names."""
    resources = Template("template.yaml", {}).read["Resources"].items()
    return [n.lower() for n, r in resources if r["Type"] == "AWS::Serverless::Function"]


def get(stack: Stack, path: str) -> int:
    """The status of an answer, which may take long."""
    headers = {"x-api-key": stack.key}
    return httpx.get(stack.url + path, headers=headers, timeout=120).status_code


def test_a_gateway_whose_functions_fail(stack: Stack) -> None:
    alarm = deployed(stack, "5xx")
    assert dimensions(alarm) == {"ApiId": stack.described["ApiId"]}
    assert get(stack, "/api") == 200
    # Counted, and none of them.
    assert watched(stack, alarm) == 0
    stack.faults(down=["dynamodb"], functions=["query"])
    status = get(stack, "/api")
    stack.faults()
    assert status >= 500
    assert is_beyond(stack, alarm)


def test_a_gateway_that_is_slow(stack: Stack) -> None:
    alarm = deployed(stack, "p99")
    assert dimensions(alarm) == {"ApiId": stack.described["ApiId"]}
    assert alarm["ExtendedStatistic"] == "p99"
    # In milliseconds, and before the gateway gives up.
    assert 1_000 < alarm["Threshold"] < 30_000

    def is_fast() -> None:
        # So many that one that took long, as its function was started for it, does not matter.
        assert [get(stack, "/health") for _ in range(40)] == [200] * 40
        value = watched(stack, alarm)
        assert value is not None
        assert 0 < value <= alarm["Threshold"]

    eventually(is_fast)
    stack.faults(slow_seconds=SLOW_SECONDS, functions=["query"])

    def is_slow() -> None:
        with ThreadPoolExecutor(4) as several:
            list(several.map(get, [stack] * 4, ["/api"] * 4))
        assert is_beyond(stack, alarm)

    eventually(is_slow)
    assert stack.injected()["slow"] > 0
    stack.faults()


@contextmanager
def soon_given_up(stack: Stack) -> Iterator[None]:
    """Has what failed come again after a second, and not a third time."""
    queues, url = stack.client("sqs"), stack.described["QueueUrl"]
    names = ["RedrivePolicy", "VisibilityTimeout"]
    before = queues.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    few = json.dumps(json.loads(before["RedrivePolicy"]) | {"maxReceiveCount": 2})
    soon = {"RedrivePolicy": few, "VisibilityTimeout": "1"}
    queues.set_queue_attributes(QueueUrl=url, Attributes=soon)
    yield
    queues.set_queue_attributes(QueueUrl=url, Attributes=before)


def test_batches_that_nobody_can_read(stack: Stack) -> None:
    """They fail first, and are dead letters then: two alarms."""
    dead, failed = deployed(stack, "dead-letters"), deployed(stack, "failed-messages")
    assert dimensions(dead)["QueueName"] == stack.described["DeadLetterQueueUrl"].rsplit("/", 1)[-1]
    assert dimensions(failed) == {"function": stack.described["ValidatorFunction"]}
    stack.ask("POST", "/api", [{"name": "beside-a-failure", "t": 1, "v": 1}])
    stack.wait_until_idle()
    assert watched(stack, dead) == 0
    assert not is_beyond(stack, failed)
    with soon_given_up(stack):
        url = stack.described["QueueUrl"]
        stack.client("sqs").send_message(QueueUrl=url, MessageBody="no batch")

        def are_told() -> None:
            assert is_beyond(stack, failed)
            assert is_beyond(stack, dead)

        eventually(are_told)
    assert stack.dead_letters() == ["no batch"]


def test_batches_that_cannot_be_stored(stack: Stack) -> None:
    """For as long as the alarm allows: that time is not waited for, but leapt over."""
    alarm, lambdas = deployed(stack, "age"), stack.client("lambda")
    assert dimensions(alarm)["QueueName"] == stack.described["QueueUrl"].rsplit("/", 1)[-1]
    validator = stack.described["ValidatorFunction"]
    (mapping,) = lambdas.list_event_source_mappings(FunctionName=validator)["EventSourceMappings"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": BUSY}
    stack.faults(down=["dynamodb"], functions=["validator"])
    stack.ask("POST", "/api", [{"name": "waits", "t": 1, "v": 1}])

    def is_tried() -> None:
        assert stack.injected().get("down", 0) > 0

    eventually(is_tried)
    # It has waited, and not long.
    value = watched(stack, alarm)
    assert value is not None
    assert 0 < value <= alarm["Threshold"]
    stack.publish_metrics(forward=alarm["Threshold"])
    assert is_beyond(stack, alarm)
    stack.faults()
    stack.wait_until_idle()
    assert [point["value"] for point in stack.api().points("waits")] == [1]
    # So that an outage is told while none of its batches is given up.
    parameters = Template("template.yaml", {}).read["Parameters"]
    patience = parameters["VisibilityTimeout"]["Default"] * (
        parameters["MaxReceives"]["Default"] - 1
    )
    assert alarm["Threshold"] + alarm["Period"] * alarm["EvaluationPeriods"] < patience


@pytest.mark.parametrize("name", ERRORS)
def test_a_function_that_breaks_off(stack: Stack, name: str) -> None:
    alarm, lambdas = deployed(stack, name), stack.client("lambda")
    function = dimensions(alarm)["FunctionName"]
    assert function == f"tidemark-{name.removesuffix('-errors')}"
    assert not is_beyond(stack, alarm)
    break_off(stack, function)
    assert "FunctionError" in lambdas.invoke(FunctionName=function, Payload=b"{}")
    assert is_beyond(stack, alarm)


def once(stack: Stack) -> Any:
    """A client of Lambda that does not try again, which takes seconds."""
    return boto3.client(
        "lambda",
        endpoint_url=stack.described["Emulator"],
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.mark.parametrize("name", THROTTLES)
def test_a_function_that_is_refused(stack: Stack, name: str) -> None:
    # The emulator counts an error as well, so that this comes after those.
    alarm, lambdas = deployed(stack, name), stack.client("lambda")
    function = dimensions(alarm)["FunctionName"]
    assert function == f"tidemark-{name.removesuffix('-throttles')}"
    assert not is_beyond(stack, alarm)
    lambdas.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    try:
        with pytest.raises(ClientError, match="TooManyRequests"):
            once(stack).invoke(FunctionName=function, Payload=b"{}")
    finally:
        lambdas.delete_function_concurrency(FunctionName=function)
    assert is_beyond(stack, alarm)

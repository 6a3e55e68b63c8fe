"""A stack of a test's own: all that `up` runs, in a process that the test starts and ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, TypeVar

import boto3
import pytest
from botocore.config import Config

from harness.client import Client
from harness.process import Served, served
from place import CREDENTIALS, REGION, REPOSITORY
from timestream import REPORTS

#: How long a stack may take to start, on a machine that does much else.
START_SECONDS = 300.0
#: Short, so that what failed is soon tried again.
PARAMETERS = {"VisibilityTimeout": "5"}

#: Who does what AWS refuses on purpose, in a test.
PLANTED = "planted"

#: The program under test, and how the programs that it runs were built.
TOOL = [sys.executable, str(REPOSITORY / "localstack/stack")]
PROFILE = os.environ.get("TIDEMARK_PROFILE", "debug")
#: Where points are kept, if a test does not say it.
STORE = os.environ.get("TIDEMARK_POINT_STORE") or "timestream"

#: Of a test that asks what Timestream does.
timestream_only = pytest.mark.skipif(STORE != "timestream", reason="needs points in Timestream")

T = TypeVar("T")


class Stack:
    """A running stack."""

    def __init__(
        self,
        folder: Path,
        source: str | None = None,
        data_server: list[str] | None = None,
        is_metered: bool = False,
        has_metrics: bool = False,
        store: str = STORE,
        **given: str,
    ) -> None:
        """`source` is a data server that there is; otherwise one is started, with these options.
        `given` are parameters of the template. One that is metered does nothing wrong. One that has
        metrics publishes what AWS measures."""
        self.folder = folder
        self.store = store
        self.record = folder / "calls.jsonl"
        self.log = folder / "served.jsonl"
        self.told = folder / "up.txt"
        self.source = source
        self.clients: dict[str, Any] = {}
        options = data_server if data_server is not None else ["--rate", "0"]
        self.command = [*TOOL, "up", "--folder", str(folder), "--profile", PROFILE]
        self.command += ["--record", str(self.record), *(["--meter"] if is_metered else [])]
        self.command += ["--metrics"] if has_metrics else []
        self.command += ["--point-store", store, "--port", "0", "--emulator-port", "0"]
        self.command += ["--proxy-port", "0", "--timestream-port", "0"]
        for key, value in (PARAMETERS | given).items():
            self.command += ["--parameter", f"{key}={value}"]
        # Somebody else may be asking at the usual port.
        self.command += ["--", *options, "--port", "0", "--log", str(self.log)]

    @classmethod
    def running(cls, folder: Path) -> Self:
        """One that somebody else has started, in this folder, recording `calls.jsonl` there."""
        stack = cls(folder)
        stack.described = json.loads((folder / "stack.json").read_text())
        stack.url, stack.key = stack.described["Address"], stack.described["Key"]
        stack.store = "timestream" if "Timestream" in stack.described else "dynamodb"
        return stack

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        described = self.folder / "stack.json"
        # What an earlier one left.
        for file in (described, self.record, self.log):
            file.unlink(missing_ok=True)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TIDEMARK_")}
        if self.source is not None:
            environment["TIDEMARK_SOURCE_URL"] = self.source
        # For whoever started it: a key is among it.
        self.told.touch(mode=0o600)
        with self.told.open("wb") as output:
            self.process = subprocess.Popen(
                self.command, env=environment, stdout=output, stderr=output
            )
        try:
            self.wait_for(described)
        except BaseException:
            # Nobody else would: `__exit__` is called only after this.
            self.__exit__()
            raise
        self.described: dict[str, str] = json.loads(described.read_text())
        self.url, self.key = self.described["Address"], self.described["Key"]
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGTERM)
        check_taken([call for call in self.calls() if call["function"] != PLANTED])

    def wait_for(self, file: Path) -> None:
        """Waits until it has written a file."""
        deadline = time.monotonic() + START_SECONDS
        while not file.exists():
            code = self.process.poll()
            assert code is None, f"ended with {code}:\n{self.printed()}"
            assert time.monotonic() < deadline, self.printed()
            time.sleep(0.05)

    def end(self, number: signal.Signals) -> int:
        """Ends it, and tells its exit status."""
        self.process.send_signal(number)
        try:
            return self.process.wait(120)
        except subprocess.TimeoutExpired:
            kill_with_children(self.process)
            raise AssertionError(f"it does not end:\n{self.printed()}") from None

    def printed(self) -> str:
        """What it wrote to its outputs."""
        return self.told.read_text(errors="replace")

    def client(self, service: str) -> Any:
        """A client of the emulator: not through the proxy."""
        if service not in self.clients:
            self.clients[service] = boto3.client(
                service,
                endpoint_url=self.described["Emulator"],
                region_name=REGION,
                aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            )
        return self.clients[service]

    def timestream(self) -> Any:
        """A client of Timestream that writes."""
        return boto3.client(
            "timestream-write",
            endpoint_url=self.described["Timestream"],
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(endpoint_discovery_enabled=False),
        )

    def table(self, name: str) -> Any:
        """One of the tables, by the name of its output."""
        resource = boto3.resource(
            "dynamodb",
            endpoint_url=self.described["Emulator"],
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )
        return resource.Table(self.described[name])

    def faults(self, **wanted: Any) -> dict[str, Any]:
        """Has the proxy do these from now on, and no others; tells them."""
        body = json.dumps(wanted).encode()
        return self._control(urllib.request.Request(self._faults_url(), body, method="PUT"))

    def injected(self) -> dict[str, int]:
        """How often the proxy did each of them, since they were set."""
        injected: dict[str, int] = self._control(self._faults_url())["injected"]
        return injected

    def _faults_url(self) -> str:
        return f"{self.described['Proxy']}/_faults"

    def end_faults(self) -> None:
        """Has nothing go wrong from now on."""
        self.faults()
        if self.store == "timestream":
            self.timestream_faults()

    def publish_metrics(self, forward: float = 0.0) -> None:
        """Has what is measured be in CloudWatch, after what waits in queues has waited so many
        seconds more."""
        url, body = f"{self.described['Proxy']}/_metrics", json.dumps({"forward": forward})
        self._control(urllib.request.Request(url, body.encode(), method="PUT"))

    def timestream_faults(self, **wanted: Any) -> dict[str, Any]:
        """Has Timestream do these from now on, and no others; tells them."""
        url, body = f"{self.described['Timestream']}/_faults", json.dumps(wanted).encode()
        return self._control(urllib.request.Request(url, body, method="PUT"))

    def put_timestream_forward(self, seconds: int) -> None:
        """Has it be later for Timestream than it is, from now on."""
        url, body = f"{self.described['Timestream']}/_clock", json.dumps({"forward": seconds})
        self._control(urllib.request.Request(url, body.encode(), method="PUT"))

    def timestream_injected(self) -> dict[str, int]:
        """How often Timestream did each of them, since they were set."""
        url = f"{self.described['Timestream']}/_faults"
        injected: dict[str, int] = self._control(url)["injected"]
        return injected

    def _control(self, request: urllib.request.Request | str) -> dict[str, Any]:
        with urllib.request.urlopen(request) as answer:
            told: dict[str, Any] = json.load(answer)
            return told

    def tick(self, function: str) -> None:
        """Runs a scheduled function now, and waits until it is done."""
        event = (REPOSITORY / "localstack/events/tick.json").read_bytes()
        functions, name = self.client("lambda"), self.described[f"{function.capitalize()}Function"]

        def run() -> Any:
            try:
                return functions.invoke(FunctionName=name, Payload=event)
            except functions.exceptions.TooManyRequestsException as error:
                # Its schedule runs it, and it runs once at a time.
                raise AssertionError(name) from error

        answer = eventually(run)
        assert "FunctionError" not in answer, answer["Payload"].read()

    def read_reports(self) -> None:
        """Has the validator read what Timestream's magnetic store rejected, until nothing is left.
        Timestream writes it some time after it has answered."""

        def are_written() -> None:
            told = self._control(f"{self.described['Timestream']}/_metering")
            assert told["reports"]["pending"] == 0

        def are_read() -> None:
            self.tick("validator")
            assert self.reports() == 0

        eventually(are_written)
        eventually(are_read)

    def reports(self) -> int:
        """How many of them there are, up to a thousand."""
        found: int = self.client("s3").list_objects_v2(Bucket=REPORTS)["KeyCount"]
        return found

    def fetch_from(self, url: str, series: str) -> None:
        """Has the fetcher ask another data server from now on, for this series."""
        functions, name = self.client("lambda"), self.described["FetcherFunction"]
        told = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        told |= {"TIDEMARK_SOURCE_URL": url, "TIDEMARK_SOURCE_SERIES": series}
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": told})

    def waiting(self) -> int:
        """How many messages are in the queue, or being handled."""
        names = ["", "NotVisible", "Delayed"]
        wanted = [f"ApproximateNumberOfMessages{name}" for name in names]
        attributes = self.client("sqs").get_queue_attributes(
            QueueUrl=self.described["QueueUrl"], AttributeNames=wanted
        )["Attributes"]
        return sum(int(attributes[name]) for name in wanted)

    def wait_until_idle(self) -> None:
        """Waits until all messages are handled."""

        def is_idle() -> None:
            assert self.waiting() == 0

        eventually(is_idle, 600)

    def dead_letters(self) -> list[str]:
        """The bodies of dead letters, up to ten, which are dead letters no more."""
        queues, url = self.client("sqs"), self.described["DeadLetterQueueUrl"]
        messages = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [message["Body"] for message in messages]

    def api(self) -> Client:
        """Asks it for everything that its key may."""
        return Client(self.url, self.key)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """What the API answers, which must be a success."""
        content = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, content, method=method)
        request.add_header("content-type", "application/json")
        request.add_header("x-api-key", self.key)
        with urllib.request.urlopen(request) as answer:
            told = answer.read()
        return json.loads(told) if told else None

    def calls(self) -> list[dict[str, Any]]:
        """What the functions asked of AWS so far."""
        if not self.record.exists():
            return []
        return [json.loads(line) for line in self.record.read_text().splitlines()]

    def served(self) -> list[Served]:
        """What the data server gave away so far."""
        return served(self.log)


def check_taken(calls: list[dict[str, Any]]) -> None:
    """Fails if AWS would not have taken a call of these."""
    refused = [call for call in calls if call.get("refused")]
    assert not refused, f"AWS would refuse these: {refused}"


def kill_with_children(process: subprocess.Popen[bytes]) -> None:
    """Ends a process at once, and those that it runs, each with its group (see `running.py`)."""
    asked = ["pgrep", "-P", str(process.pid)]
    children = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=False).stdout.split()
    process.kill()
    process.wait()
    for child in map(int, children):
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)


def eventually(check: Callable[[], T], seconds: float = 240.0) -> T:
    """What `check` returns once its assertions hold."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() >= deadline:
                raise
        time.sleep(0.2)

"""Stands between the functions and the emulators. It records what each function asks of AWS,
refuses what AWS would refuse (see `limits.py`), and injects faults, which are set by `PUT /_faults`
(see `faults.py`). `PUT /_metrics` publishes what is measured (see `metrics.py`)."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from aiohttp import ClientError, ClientSession, web

import calls
import limits
from billing import KB, billed_requests
from calls import Call
from emulator import bootstraps
from faults import Faults
from limits import Refusal
from metering import Meter
from metrics import Metrics
from pages import Pages
from place import Place, bound
from relay import relay, serve, session

THROTTLED = {
    "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
    "message": "The level of configured provisioned throughput for the table was exceeded.",
}
STORES = {"dynamodb", "timestream"}
#: What operations hand back of what they were asked.
HANDED_BACK = {"BatchWriteItem": "UnprocessedItems", "BatchGetItem": "UnprocessedKeys"}


class Proxy:
    """The proxy, with what it was told to do wrong."""

    def __init__(
        self,
        place: Place,
        to: ClientSession,
        record: TextIO | None,
        is_metered: bool,
        metrics: Metrics | None,
    ) -> None:
        self.place = place
        self.to = to
        self.record = record
        self.meter = Meter(to, place.emulator) if is_metered else None
        self.pages = Pages(to, place.emulator)
        self.faults = Faults()
        self.metrics = metrics

    async def answer(self, request: web.Request) -> web.Response:
        """Answers a request."""
        body = await request.read()
        if request.path == "/_faults":
            return self.control(request.method, body)
        if request.path == "/_metrics" and self.metrics is not None:
            return await publish(self.metrics, json.loads(body))
        call = calls.read(request.headers, request.method, request.raw_path, body)
        refusal = limits.refused(call, request.headers, body)
        if refusal is not None:
            answer: web.Response | None = refused(call, refusal)
            self.note(call, len(body), answer, "", {}, refusal.message)
        elif self.meter is not None:
            answer, billed = await self.metered(self.meter, request, call, body)
            self.note(call, len(body), answer, "", billed)
        else:
            answer, fault = await self.faulty(request, call, body)
            answer, told = await self.limited(call, body, answer)
            self.note(call, len(body), answer, fault, {}, told)
        if answer is None:
            # The caller sees its connection end.
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        return answer

    def control(self, method: str, body: bytes) -> web.Response:
        """Sets the faults (PUT), ends them (DELETE), or tells them and their counts."""
        try:
            if method == "PUT":
                self.faults = Faults.read(json.loads(body))
            elif method == "DELETE":
                self.faults = Faults()
        except (TypeError, ValueError) as error:
            return web.Response(status=400, text=f"{error}\n")
        return web.json_response(asdict(self.faults) | {"injected": self.faults.injected})

    def note(
        self,
        call: Call,
        sent: int,
        answer: web.Response | None,
        fault: str,
        billed: dict[str, float],
        refused: str = "",
    ) -> None:
        """Records a call; `refused` tells why AWS would not take it."""
        if self.record is None:
            return
        received = answer.body if answer is not None else b""
        line = {
            "time": time.time(),
            **asdict(call),
            "status": answer.status if answer is not None else 0,
            "sent": sent,
            "received": len(received) if isinstance(received, bytes) else 0,
            "fault": fault,
            "billed": billed,
            "refused": refused,
        }
        print(json.dumps(line), file=self.record, flush=True)

    async def limited(
        self, call: Call, body: bytes, answer: web.Response | None
    ) -> tuple[web.Response | None, str]:
        """The answer as AWS would give it: of a query a page, of a function not more than it may
        say. Tells also why it was refused."""
        if answer is None or not isinstance(answer.body, bytes):
            return answer, ""
        if call.service == "dynamodb" and call.operation in {"Query", "Scan"}:
            return await self.pages.cut(json.loads(body), answer), ""
        if call.service == "lambda" and len(answer.body) > limits.ANSWER:
            told = f"Response payload size exceeded {limits.ANSWER} bytes."
            content = {"errorMessage": told, "errorType": "Function.ResponseSizeTooLarge"}
            failed = {"X-Amz-Function-Error": "Unhandled"}
            return web.json_response(content, headers=failed), told
        return answer, ""

    async def metered(
        self, meter: Meter, request: web.Request, call: Call, body: bytes
    ) -> tuple[web.Response | None, dict[str, float]]:
        """Asks the emulator; tells the answer, and what is billed of it."""
        if call.service == "sqs":
            return await self.relay(request, body), {"requests": sent_requests(json.loads(body))}
        if call.service != "dynamodb":
            return await self.relay(request, body), {}
        asked = json.loads(body)
        begun = await meter.begin(call.operation, asked)
        answer = await self.relay(request, body)
        if answer is None or not isinstance(answer.body, bytes):
            return answer, {}
        return answer, await meter.end(call.operation, asked, begun, json.loads(answer.body))

    async def faulty(
        self, request: web.Request, call: Call, body: bytes
    ) -> tuple[web.Response | None, str]:
        """Asks the emulator, or not; tells the answer, if there is one, and what was done wrong."""
        faults = self.faults
        if not faults.concerns(call.function):
            return await self.relay(request, body), ""
        if call.service in faults.down:
            return None, faults.note("down")
        if call.service in STORES and faults.slow_seconds:
            faults.note("slow")
            await asyncio.sleep(faults.slow_seconds)
        if call.service in STORES and faults.is_due("kill", faults.kill_every):
            for process in bootstraps(self.place, call.function):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            return None, faults.note("kill")
        if call.service == "dynamodb":
            if faults.is_due("throttle", faults.throttle_every):
                return amazon_json(THROTTLED, 400), faults.note("throttle")
            if call.operation in HANDED_BACK and faults.is_due(
                "unprocessed", faults.unprocessed_every
            ):
                return await self.in_part(request, call, body), faults.note("unprocessed")
        if faults.is_due("lose", faults.lose_every):
            await self.relay(request, body)
            return None, faults.note("lose")
        if call.operation in {"SendMessage", "SendMessageBatch"}:
            return await self.send(request, body)
        return await self.relay(request, body), ""

    async def relay(self, request: web.Request, body: bytes) -> web.Response | None:
        """Asks the emulator whose service it is; None while it is not there."""
        is_timestream = request.headers.get("x-amz-target", "").startswith("Timestream_")
        emulator = self.place.timestream if is_timestream else self.place.emulator
        try:
            return await relay(self.to, emulator, request, body)
        except ClientError:
            return None

    async def in_part(self, request: web.Request, call: Call, body: bytes) -> web.Response | None:
        """Has the first half of a batch carried out, and hands back the second."""
        asked = json.loads(body)
        kept, handed_back = halved(asked["RequestItems"])
        answered: dict[str, Any] = {}
        if kept:
            changed = json.dumps(asked | {"RequestItems": kept}).encode()
            answer = await self.relay(request, changed)
            if answer is None or answer.status != 200:
                return answer
            answered = json.loads(answer.body) if isinstance(answer.body, bytes) else {}
        return amazon_json(answered | {HANDED_BACK[call.operation]: handed_back}, 200)

    async def send(self, request: web.Request, body: bytes) -> tuple[web.Response | None, str]:
        """Sends messages twice and late, as told."""
        faults, done = self.faults, []
        sent = body
        if faults.delay_seconds:
            sent = delayed(body, faults)
            done.append(faults.note("delay"))
        answer = await self.relay(request, sent)
        if faults.duplicate_sends:
            # Another request: there may be ten messages in it already.
            await self.relay(request, delayed(body, faults) if faults.delay_seconds else body)
            done.append(faults.note("duplicate"))
        return answer, "+".join(done)


async def publish(metrics: Metrics, asked: dict[str, Any]) -> web.Response:
    """Publishes now, after what waits in queues has waited so much longer as is told."""
    if "forward" in asked:
        metrics.leap(float(asked["forward"]))
    await metrics.publish()
    return web.json_response({})


def sent_requests(asked: dict[str, Any]) -> int:
    """How many requests are billed of one that sends messages."""
    messages = asked.get("Entries", [asked])
    length = sum(len(message.get("MessageBody", "").encode()) for message in messages)
    return billed_requests(length, 64 * KB)


def halved(items: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divides a batch's requests; of an odd number the second part has one more."""
    flat = []
    for table, requests in items.items():
        listed = requests["Keys"] if isinstance(requests, dict) else requests
        flat += [(table, request) for request in listed]
    parts: list[dict[str, Any]] = []
    for part in (flat[: len(flat) // 2], flat[len(flat) // 2 :]):
        grouped: dict[str, Any] = {}
        for table, request in part:
            requests = items[table]
            if isinstance(requests, dict):
                grouped.setdefault(table, requests | {"Keys": []})["Keys"].append(request)
            else:
                grouped.setdefault(table, []).append(request)
        parts.append(grouped)
    return parts[0], parts[1]


def delayed(body: bytes, faults: Faults) -> bytes:
    """Messages to send, each with a delay of its own."""
    asked = json.loads(body)
    for entry in asked.get("Entries", [asked]):
        entry["DelaySeconds"] = faults.random.randint(0, faults.delay_seconds)
    return json.dumps(asked).encode()


def refused(call: Call, refusal: Refusal) -> web.Response:
    """An answer that tells why a call is not taken."""
    content = {"__type": f"com.amazonaws.{call.service}#{refusal.code}", "message": refusal.message}
    answer = amazon_json(content, refusal.status)
    answer.headers["x-amzn-ErrorType"] = refusal.code
    return answer


def amazon_json(content: dict[str, Any], status: int) -> web.Response:
    """An answer as DynamoDB gives it."""
    return web.Response(
        status=status, body=json.dumps(content).encode(), content_type="application/x-amz-json-1.0"
    )


@asynccontextmanager
async def proxy(
    place: Place, record: Path | None, is_metered: bool = False, metrics: Metrics | None = None
) -> AsyncIterator[None]:
    """Serves the proxy; records calls in a file, if one is given, a JSON object a line. It either
    meters what is billed or does things wrong."""
    async with AsyncExitStack() as running:
        listener = running.enter_context(bound(place.proxy_port))
        file = running.enter_context(record.open("a")) if record else None
        to = await running.enter_async_context(session())
        runner = await serve(Proxy(place, to, file, is_metered, metrics).answer, listener)
        running.push_async_callback(runner.cleanup)
        yield

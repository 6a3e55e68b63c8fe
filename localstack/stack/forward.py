"""Serves the deployed API at an address like that of the local process. The emulator has all its
gateways at one address: under a host for each, but then it answers `/health` itself, and under a
path for each, which is prepended here. What a gateway of AWS refuses by itself is refused here."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import ClientError, web

import limits
from metrics import Metrics
from place import Place
from relay import relay, serve, session

STAGE = "$default"


@asynccontextmanager
async def forward(
    place: Place,
    api: str,
    listener: socket.socket,
    record: Path | None = None,
    metrics: Metrics | None = None,
) -> AsyncIterator[None]:
    """Hands every request to the socket on to one API. What a function answers that is too large is
    added to the record."""
    gateway = f"{place.emulator}/_aws/execute-api/{api}/{STAGE}"
    async with session() as to:

        async def answer(request: web.Request) -> web.Response:
            begun, integration = time.monotonic(), Stopwatch()
            answered = await take(request, integration)
            if metrics is not None:
                latency = time.monotonic() - begun
                metrics.note_request(api, STAGE, answered.status, latency, integration.seconds)
            return answered

        async def take(request: web.Request, integration: Stopwatch) -> web.Response:
            body = await request.read()
            line = f"{request.method} {request.raw_path} HTTP/1.1"
            kind = (
                ""
                if "Content-Encoding" in request.headers
                else request.headers.get("Content-Type", "")
            )
            refusal = limits.of_request(line, list(request.headers.values()), kind, body)
            if refusal is not None:
                return message(refusal.status, refusal.message)
            try:
                with integration:
                    answered = await relay(to, gateway, request, body)
            except ClientError as error:
                return web.Response(status=502, text=f"the emulator does not answer: {error}\n")
            if size(answered) > limits.ANSWER:
                note(record, line)
                return message(500, "Internal Server Error")
            return answered

        runner = await serve(answer, listener)
        try:
            yield
        finally:
            await runner.cleanup()


class Stopwatch:
    """How long something took, if it was done."""

    seconds: float | None = None

    def __enter__(self) -> None:
        self.begun = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self.seconds = time.monotonic() - self.begun


def message(status: int, text: str) -> web.Response:
    """What a gateway of AWS answers by itself."""
    return web.json_response({"message": text}, status=status)


def size(answer: web.Response) -> int:
    """How many bytes the function has said."""
    if not isinstance(answer.body, bytes):
        return 0
    is_encoded = "Content-Encoding" in answer.headers
    return limits.payload("" if is_encoded else answer.headers.get("Content-Type", ""), answer.body)


def note(record: Path | None, line: str) -> None:
    """Records that a function has said too much, among the calls of AWS."""
    if record is None:
        return
    call = {"time": time.time(), "function": "", "service": "apigateway", "operation": line}
    refused = f"an answer has more than {limits.ANSWER} bytes"
    with record.open("a") as file:
        print(json.dumps(call | {"uses": [], "trace": "", "refused": refused}), file=file)

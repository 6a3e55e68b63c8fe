"""Runs the emulator on a thread, with a clock that tests shift."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any, Self
from urllib.request import Request, urlopen

import boto3
from botocore.config import Config

from clock import Clock
from server import Emulator, Options, serve

CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


class Running:
    """An emulator that runs."""

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()
        self.clock = Clock()
        self.started = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.run()))

    async def run(self) -> None:
        """Serves until it is told to end."""
        self.loop, self.told = asyncio.get_running_loop(), asyncio.Event()
        async with serve(self.options, self.clock) as self.emulator:
            self.started.set()
            await self.told.wait()

    emulator: Emulator

    def __enter__(self) -> Self:
        self.thread.start()
        assert self.started.wait(120)
        self.write = self.client("timestream-write")
        self.query = self.client("timestream-query")
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.told.set)
        self.thread.join()

    def client(self, service: str, url: str = "", **more: Any) -> Any:
        """A client of boto3, which tries once and leaves it to the service to check."""
        config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
        usual = {"endpoint_url": url or self.emulator.url, "region_name": "us-east-1"}
        return boto3.client(service, **({"config": config} | usual | CREDENTIALS | more))

    def control(self, path: str, method: str = "GET", asked: Any = None) -> Any:
        """Asks a control endpoint."""
        body = None if asked is None else json.dumps(asked).encode()
        with urlopen(Request(self.emulator.url + path, body, method=method)) as answer:
            return json.load(answer)

    def faults(self, **asked: Any) -> Any:
        """Has things go wrong."""
        return self.control("/_faults", "PUT", asked)

    def give_up_reports(self) -> None:
        """Has no report written that is not there yet."""
        asyncio.run_coroutine_threadsafe(self.emulator.reports.end(), self.loop).result()

    def reset(self) -> None:
        """Has all as usual."""
        if self.clock.shift:
            self.clock.shift = 0
            self.emulator.queries.forget_all()
        for path in ("/_faults", "/_endpoint", "/_metering"):
            self.control(path, "DELETE")

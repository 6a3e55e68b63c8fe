"""The emulator over HTTP: the operations of both APIs at one address, and what controls it."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import time
import traceback
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from aiohttp import web

from clock import SECOND, Clock
from databases import Databases
from fault_injection import Faults
from querying import Queries
from reports import Reports
from service_errors import (
    InternalServerException,
    InvalidEndpointException,
    ServiceError,
    ThrottlingException,
    UnknownOperationException,
    ValidationException,
)
from storage import MANY_ROWS
from writing import write

TARGET = "Timestream_20181101."
#: More than any call may have.
LARGEST_BODY = 16 << 20
QUERIES_AT_ONCE = 8
#: Who signed a request; nobody checks that it is true.
SIGNER = re.compile(r"Credential=([^/,\s]+)")
#: What the service was seen to tell of its endpoints.
CACHE_MINUTES = 1440


@dataclass
class Endpoint:
    """What DescribeEndpoints tells."""

    #: Host and port; None for those of this emulator, empty for no endpoint at all.
    address: str | None = None
    cache_minutes: int = CACHE_MINUTES
    #: Whether calls of other operations to another address are refused.
    strict: bool = False

    @classmethod
    def read(cls, asked: dict[str, Any]) -> Endpoint:
        """Reads it from JSON."""
        kinds = {"address": str | None, "cache_minutes": int, "strict": bool}
        for name, value in asked.items():
            if name not in kinds:
                raise ValueError(f"unknown: {name}")
            if not isinstance(value, kinds[name]):
                raise ValueError(f"{name}: not of type {kinds[name]}")
        return cls(**asked)


@dataclass(frozen=True)
class Options:
    """How it is started. Port 0 is a free one."""

    port: int = 0
    tls_port: int | None = None
    cert: Path | None = None
    key: Path | None = None
    #: Where each call is written down as a line of JSON.
    folder: Path | None = None
    require_partition_key: bool = False
    #: After how many seconds a connection is closed on which nothing is asked.
    idle: float = 3600.0


@dataclass
class Written:
    """What was written so far."""

    calls: int = 0
    records: int = 0
    bytes: int = 0
    #: Each call is counted in units of 1 KiB ("Writes" in "Metering and pricing").
    billed_kib: int = 0


class Emulator:
    """The emulator."""

    def __init__(self, options: Options, clock: Clock, log: TextIO | None) -> None:
        self.options = options
        self.clock = clock
        self.log = log
        self.databases = Databases(clock)
        self.queries = Queries(self.databases, clock)
        self.reports = Reports()
        self.endpoint = Endpoint()
        self.described = 0
        self.written = Written()
        self.faults = self.no_faults()
        #: What queries run on: threads of their own, so that nothing else is in their way.
        self.threads = ThreadPoolExecutor(QUERIES_AT_ONCE)
        self.url = self.tls_url = ""
        databases, queries = self.databases, self.queries
        #: What runs at once; queries run on threads, and records are written below.
        self.operations = {
            "CreateDatabase": databases.create_database,
            "DescribeDatabase": databases.describe_database,
            "ListDatabases": databases.list_databases,
            "DeleteDatabase": databases.delete_database,
            "CreateTable": databases.create_table,
            "DescribeTable": databases.describe_table,
            "ListTables": databases.list_tables,
            "UpdateTable": databases.update_table,
            "DeleteTable": databases.delete_table,
            "CancelQuery": queries.cancel,
            "WriteRecords": self.write_records,
        }
        self.controls = {
            "/_faults": self.control_faults,
            "/_endpoint": self.control_endpoint,
            "/_metering": self.tell_metering,
            "/_clock": self.control_clock,
        }

    def no_faults(self) -> Faults:
        """What goes wrong when nothing was asked to."""
        return Faults(require_partition_key=self.options.require_partition_key)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answers a request."""
        began = time.monotonic()
        body = await request.read()
        if request.path in self.controls:
            return self.control(request, body)
        operation = request.headers.get("x-amz-target", "").removeprefix(TARGET)
        answer, fault = await self.faulty(request, operation, body)
        if self.log is not None:
            line = {
                "time": time.time(),
                "operation": operation,
                "host": request.host,
                "status": answer.status if answer is not None else 0,
                "milliseconds": round(1000 * (time.monotonic() - began), 1),
                "sent": len(body),
                "fault": fault,
            }
            print(json.dumps(line), file=self.log, flush=True)
        if answer is None:
            # The caller sees its connection end.
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        return answer

    async def faulty(
        self, request: web.Request, operation: str, body: bytes
    ) -> tuple[web.Response | None, str]:
        """Answers, or does what was told to go wrong; tells the answer and the fault."""
        faults = self.faults
        if not faults.concerns(operation):
            return await self.carry_out(request, operation, body), ""
        if faults.down:
            return None, faults.note("down")
        if faults.slow:
            faults.note("slow")
            await asyncio.sleep(faults.slow / 1000)
        if faults.is_due("throttle", faults.throttle_every):
            refused = ThrottlingException("Request rate limit exceeded")
            return respond(refused.body(), refused.status), faults.note("throttle")
        if faults.is_due("internal_error", faults.internal_error_every):
            failed = InternalServerException("Internal server error")
            return respond(failed.body(), failed.status), faults.note("internal_error")
        if faults.is_due("lose", faults.lose_every):
            await self.carry_out(request, operation, body)
            return None, faults.note("lose")
        return await self.carry_out(request, operation, body), ""

    async def carry_out(self, request: web.Request, operation: str, body: bytes) -> web.Response:
        """Does what was asked."""
        try:
            asked = read(body)
            if operation == "DescribeEndpoints":
                return respond(self.describe_endpoints(request), 200)
            self.check_endpoint(request)
            if operation == "Query":
                signer = SIGNER.search(request.headers.get("authorization", ""))
                principal = signer[1] if signer else ""
                running = asyncio.get_running_loop().run_in_executor(
                    self.threads, self.queries.query, asked, principal, self.faults
                )
                return respond(await running, 200)
            if operation not in self.operations:
                raise UnknownOperationException(f"The operation {operation} is not emulated.")
            return respond(self.operations[operation](asked), 200)
        except ServiceError as error:
            return respond(error.body(), error.status)
        except Exception:
            # The emulator's own failure, which a client takes for the service's.
            traceback.print_exc()
            failed = InternalServerException("The emulator failed; see what it printed.")
            return respond(failed.body(), failed.status)

    def write_records(self, asked: dict[str, Any]) -> dict[str, Any]:
        """WriteRecords."""
        table = self.databases.table(asked)
        outcome = write(table, asked, self.clock.now(), self.faults)
        self.reports.report(table, outcome.late, self.faults.late_reports)
        self.written.calls += 1
        self.written.records += len(asked["Records"])
        self.written.bytes += outcome.bytes
        self.written.billed_kib += -(-outcome.bytes // 1024)
        if table.stored.waiting_rows > MANY_ROWS:
            table.stored.flush(self.clock.now())
        return outcome.answer()

    def describe_endpoints(self, request: web.Request) -> dict[str, Any]:
        """DescribeEndpoints: an address without a scheme; clients put `https://` before it."""
        self.described += 1
        address = self.endpoint.address
        if address is None:
            address = self.tls_url.removeprefix("https://") or request.host
        told = {"Address": address, "CachePeriodInMinutes": self.endpoint.cache_minutes}
        return {"Endpoints": [told] if address else []}

    def check_endpoint(self, request: web.Request) -> None:
        """Fails if the call should have gone elsewhere."""
        if self.endpoint.strict and request.host != self.endpoint.address:
            raise InvalidEndpointException("The requested endpoint was not valid.")

    def control(self, request: web.Request, body: bytes) -> web.Response:
        """Answers what tests ask."""
        try:
            asked = json.loads(body) if request.method == "PUT" else None
            told = self.controls[request.path](request.method, asked)
        except (TypeError, ValueError) as error:
            return web.Response(status=400, text=f"{error}\n")
        return web.json_response(told)

    def control_faults(self, method: str, asked: Any) -> dict[str, Any]:
        """Sets the faults (PUT), ends them (DELETE), or tells them and their counts."""
        if method == "PUT":
            self.faults = Faults.read(asdict(self.no_faults()) | asked)
        elif method == "DELETE":
            self.faults = self.no_faults()
        return asdict(self.faults) | {"injected": self.faults.injected}

    def control_endpoint(self, method: str, asked: Any) -> dict[str, Any]:
        """Sets (PUT) or resets (DELETE) what DescribeEndpoints tells; tells how often it did."""
        if method == "PUT":
            self.endpoint = Endpoint.read(asked)
        elif method == "DELETE":
            self.endpoint = Endpoint()
        return asdict(self.endpoint) | {"described": self.described}

    def control_clock(self, method: str, asked: Any) -> dict[str, Any]:
        """Puts the clock forward by some seconds (PUT); tells how far it is from the machine's."""
        if method == "PUT":
            if set(asked) != {"forward"} or not isinstance(asked["forward"], int):
                raise ValueError("forward: seconds, a whole number")
            self.clock.shift += asked["forward"] * SECOND
        return {"shift": self.clock.shift / SECOND}

    def tell_metering(self, method: str, asked: Any) -> dict[str, Any]:
        """Tells what was metered; DELETE begins anew."""
        if method == "DELETE":
            self.written, self.queries.totals = Written(), type(self.queries.totals)()
        return {
            "writes": asdict(self.written),
            "queries": asdict(self.queries.totals),
            "reports": {"pending": len(self.reports.tasks), "written": self.reports.written},
        }


def read(body: bytes) -> dict[str, Any]:
    """What a request asks."""
    try:
        asked = json.loads(body or b"{}")
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise ValidationException("The request is not an object in JSON.")
    return asked


def respond(content: dict[str, Any] | str, status: int) -> web.Response:
    """A response in the protocol's form."""
    return web.Response(
        status=status,
        text=content if isinstance(content, str) else json.dumps(content),
        content_type="application/x-amz-json-1.0",
        headers={"x-amzn-RequestId": uuid.uuid4().hex.upper()},
    )


@asynccontextmanager
async def serve(options: Options, clock: Clock | None = None) -> AsyncIterator[Emulator]:
    """Runs the emulator on this machine; its address is the emulator's `url`."""
    async with AsyncExitStack() as running:
        log = None
        if options.folder is not None:
            options.folder.mkdir(parents=True, exist_ok=True)
            log = running.enter_context((options.folder / "timestream.jsonl").open("a"))
        emulator = Emulator(options, clock or Clock(), log)
        running.callback(emulator.threads.shutdown, wait=False, cancel_futures=True)
        application = web.Application(client_max_size=LARGEST_BODY)
        application.router.add_route("*", "/{path:.*}", emulator.answer)
        runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=1.0, keepalive_timeout=options.idle
        )
        await runner.setup()
        running.push_async_callback(emulator.reports.end)
        running.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", options.port, backlog=1024).start()
        emulator.url = "http://{}:{}".format(*runner.addresses[0])
        if options.tls_port is not None:
            if options.cert is None or options.key is None:
                raise ValueError("TLS needs a certificate and its key")
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(options.cert, options.key)
            site = web.TCPSite(
                runner, "127.0.0.1", options.tls_port, ssl_context=context, backlog=1024
            )
            await site.start()
            emulator.tls_url = "https://{}:{}".format(*runner.addresses[1])
        yield emulator

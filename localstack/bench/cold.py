"""How long a function takes from the start of its process to its first answer, beside one that
does nothing; and how large its program and its package are. It fails where either is too much.

    python localstack/bench/cold.py [--runs 20] [--folder target/release] [--store dynamodb]
        [FUNCTION ...]

Each function is started by a runtime API on this machine, handed one event, and stopped. The event
has it ask AWS for what it asks AWS for, the caller's key first of all; but `openapi` for nothing,
and `fetcher` the data server alone, which has nothing. Both are a server in this process that
answers at once, over plain HTTP: what the network and TLS take on AWS comes on top, for every
function that asks; with Timestream, where there is no endpoint to be told, so does asking for one.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import io
import json
import os
import statistics
import subprocess
import time
import zipfile
from pathlib import Path
from typing import Any

EMPTY = "empty-function"
#: How many times as long as an empty function one may take, and how large its package may be.
MOST_TIMES, MOST_BYTES = 3, 6_000_000
BATCH = {
    "tenant": "local",
    "source": "api",
    "id": f"{1:032x}",
    "received": 1_700_000_000_000_000_000,
    "content": {
        "points": {
            "series": [{"name": "a", "index": [0], "times": [1], "values": [1.5], "tags": []}],
            "rejects": [],
        }
    },
}
JOB = {
    "series": {"tenant": "local", "name": "a"},
    "range": [0, 1],
    "tombstones": [],
    "slots": "whole",
    "parts": {"moments": False, "quantiles": False},
    "limit": 1,
    "is_shard": False,
}


#: Who asks, and what DynamoDB has of the key.
KEY = f"tm_{'A' * 43}"
HASH = hashlib.sha256(KEY.encode()).hexdigest()
ITEM = {
    "id": HASH[:16],
    "hash": HASH,
    "tenant": "local",
    "scopes": "read write admin",
    "name": "",
    "created": "2026-01-01T00:00:00.000000000Z",
}


def asked(method: str, path: str, body: str = "") -> dict[str, Any]:
    """A request as the gateway hands it on."""
    http = {
        "method": method,
        "path": path,
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "cold",
    }
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "localhost", "content-type": "application/json", "x-api-key": KEY},
        "requestContext": {
            "accountId": "0",
            "apiId": "a",
            "domainName": "localhost",
            "domainPrefix": "a",
            "http": http,
            "requestId": "r",
            "routeKey": f"{method} {path}",
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1,
        },
        "body": body,
        "isBase64Encoded": False,
    }


#: An event for each function.
EVENTS: dict[str, dict[str, Any]] = {
    EMPTY: asked("GET", "/"),
    "ingest": asked("POST", "/api", '[{"name":"a","t":1,"v":1.5}]'),
    "validator": {"Records": [{"messageId": "m", "body": json.dumps(BATCH)}]},
    "fetcher": {},
    "query": asked("GET", "/api"),
    "calculation": {"job": JOB},
    "eraser": asked("DELETE", "/api/a"),
    "admin": asked("GET", "/admin/discards"),
    "compactor": {},
    "health": asked("GET", "/health"),
    "openapi": asked("GET", "/openapi.json"),
}


class Runtime:
    """Hands one event to a function and waits for its answer; is AWS and the data server, too."""

    def __init__(self, event: dict[str, Any]) -> None:
        self.event = json.dumps(event).encode()
        self.is_handed_out = False
        self.is_key_told = False
        #: Done, with the time, once the function has answered.
        self.answered: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def answer(self, head: bytes) -> bytes:
        """Answers a request; with nothing, it waits."""
        if head.startswith(b"POST / "):
            target = header(head, b"x-amz-target")
            if target.endswith(b".GetItem") and not self.is_key_told:
                # What is asked first is who asks.
                self.is_key_told = True
                return KEY_ANSWER
            return ANSWERS.get(target.partition(b".")[0], EMPTY_ANSWER)
        method, path, _ = head.split(b" ", 2)
        if path.endswith(b"/invocation/next"):
            if self.is_handed_out:
                return b""
            self.is_handed_out = True
            deadline = int((time.time() + 30) * 1000)
            return http(
                self.event,
                **{
                    "Lambda-Runtime-Aws-Request-Id": "id",
                    "Lambda-Runtime-Deadline-Ms": str(deadline),
                    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:0:function:a",
                },
            )
        if path.endswith(b"/response"):
            self.answered.set_result(time.perf_counter())
            return http(b"")
        if b"/runtime/" in path:
            self.answered.set_exception(RuntimeError(path))
            return http(b"")
        # The data server has nothing.
        return http(b"", "404 Not Found") if method == b"GET" else EMPTY_ANSWER


class Connection(asyncio.Protocol):
    """A connection of a function. It does no more than it must: a function that has just started
    may ask for ten things, and what this process takes is in the time that is measured."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        while (request := whole(self.received)) is not None:
            head, self.received = request
            self.transport.write(self.runtime.answer(head))


def whole(received: bytes) -> tuple[bytes, bytes] | None:
    """The head of a request whose body has come, too, and what came after it."""
    head, end, rest = received.partition(b"\r\n\r\n")
    if not end:
        return None
    if header(head, b"transfer-encoding"):
        # The one that is answered in pieces is small: it ends with what ends it.
        _, end, rest = rest.partition(b"0\r\n\r\n")
        return (head, rest) if end else None
    length = int(header(head, b"content-length") or 0)
    return (head, rest[length:]) if len(rest) >= length else None


def header(head: bytes, name: bytes) -> bytes:
    """The value of a header, whose name is in small letters as hyper writes it."""
    return head.partition(b"\r\n" + name + b": ")[2].partition(b"\r\n")[0]


def http(body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """An answer."""
    told = {"Content-Type": "application/json", "Content-Length": str(len(body))} | headers
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


#: What services answer: that all is done, and nothing there.
EMPTY_ANSWER = http(b"{}")
KEY_ANSWER = http(
    json.dumps({"Item": {name: {"S": value} for name, value in ITEM.items()}}).encode()
)
ANSWERS = {
    b"AmazonSQS": http(b'{"Successful":[],"Failed":[]}'),
    b"Timestream_20181101": http(b'{"QueryId":"q","ColumnInfo":[],"Rows":[]}'),
}


async def start(program: Path, event: dict[str, Any], store: str) -> float:
    """Milliseconds from the start of the process to its answer."""
    runtime = Runtime(event)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(runtime), "127.0.0.1", 0)
    address = "{}:{}".format(*server.sockets[0].getsockname())
    tables = {
        f"TIDEMARK_{name}_TABLE": "t"
        for name in ("POINTS", "CATALOG", "DISCARDS", "HISTORY", "KEYS")
    }
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_LAMBDA_FUNCTION_NAME": program.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": f"http://{address}",
        "TIDEMARK_POINT_STORE": store,
        "TIDEMARK_TIMESTREAM_DATABASE": "tidemark",
        "TIDEMARK_TIMESTREAM_TABLE": "points",
        "TIDEMARK_TIMESTREAM_REPORTS": "reports",
        "TIDEMARK_QUEUE_URL": f"http://{address}/0/queue",
        "TIDEMARK_CALCULATION_FUNCTION": "calculation",
        "TIDEMARK_SOURCE_URL": f"http://{address}",
        "TIDEMARK_SOURCE_TENANT": "local",
        "TIDEMARK_SOURCE_SERIES": "a",
        **tables,
    }
    begin = time.perf_counter()
    process = subprocess.Popen(
        [program], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        return (await asyncio.wait_for(runtime.answered, 20) - begin) * 1e3
    except (RuntimeError, TimeoutError):
        raise SystemExit(f"{program.name} does not answer its event") from None
    finally:
        process.kill()
        process.wait()
        server.close()


def packed(program: Path) -> int:
    """The size of its package, in bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        package.write(program, "bootstrap")
    return len(buffer.getvalue())


def main() -> None:
    """Measures functions in turns, so that what else the machine does hits all alike."""
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_argument("--runs", type=int, default=20)
    options.add_argument("--folder", type=Path, default=Path("target/release"))
    options.add_argument("--store", choices=["dynamodb", "timestream"], default="dynamodb")
    options.add_argument("functions", nargs="*", default=list(EVENTS), metavar="FUNCTION")
    given = options.parse_args()
    names = list(dict.fromkeys([EMPTY, *given.functions]))
    times: dict[str, list[float]] = {name: [] for name in names}
    for name in names:
        asyncio.run(start(given.folder / name, EVENTS[name], given.store))
    for _ in range(given.runs):
        for name in names:
            took = asyncio.run(start(given.folder / name, EVENTS[name], given.store))
            times[name].append(took)
    empty = statistics.median(times[EMPTY])
    print("| function | program, MB | package, MB | first answer, ms | of an empty one's |")
    print("|---|---|---|---|---|")
    too_much = []
    for name in names:
        program, median = given.folder / name, statistics.median(times[name])
        size, package = program.stat().st_size, packed(program)
        print(
            f"| {name} | {size / 1e6:.1f} | {package / 1e6:.2f} | {median:.1f} "
            f"| {median / empty:.1f} |"
        )
        if median > MOST_TIMES * empty or package > MOST_BYTES:
            too_much.append(name)
    if too_much:
        raise SystemExit(f"too slow or too large: {', '.join(too_much)}")


if __name__ == "__main__":
    main()

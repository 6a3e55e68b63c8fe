"""How long a function takes from the start of its process to its first answer, beside one that
does nothing; and how large its program and its package are. It fails where either is too much.

    python localstack/bench/cold.py [--runs 20] [--folder target/release] [FUNCTION ...]

Each function is started by a runtime API on this machine, handed one event, and stopped. The event
has it ask AWS for what it asks AWS for, but `openapi` for nothing, and `fetcher` the data server
alone, which has nothing. Both are a server in this process that answers at once, over plain HTTP:
what the network and TLS take on AWS comes on top, for every function that asks.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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
        "headers": {"host": "localhost", "content-type": "application/json"},
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
    "discards": asked("GET", "/admin/discards"),
    "compactor": {},
    "health": asked("GET", "/health"),
    "openapi": asked("GET", "/openapi.json"),
}


class Runtime(ThreadingHTTPServer):
    """Hands one event to a function and waits for its answer; is AWS, too."""

    daemon_threads = True

    def __init__(self, event: dict[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.event = json.dumps(event).encode()
        self.handed_out = False
        self.answered = threading.Event()
        self.at = 0.0
        self.failed = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of connections that break: their function was stopped."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Answers the function."""

    protocol_version = "HTTP/1.1"
    # An answer is two small pieces; the second would wait 40 ms for the first's being confirmed.
    disable_nagle_algorithm = True
    server: Runtime

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        """The next event, once; or the data server, which has nothing."""
        if not self.path.endswith("/invocation/next"):
            self.send_error(404)
            return
        if self.server.handed_out:
            time.sleep(5)
            return
        self.server.handed_out = True
        deadline = int((time.time() + 30) * 1000)
        self.answer(
            self.server.event,
            **{
                "Lambda-Runtime-Aws-Request-Id": "id",
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:0:function:a",
            },
        )

    def do_POST(self) -> None:
        """The function's answer, or a call of AWS."""
        if self.headers.get("transfer-encoding"):
            while size := int(self.rfile.readline(), 16):
                self.rfile.read(size + 2)
            self.rfile.readline()
        else:
            self.rfile.read(int(self.headers.get("content-length") or 0))
        if "/runtime/" in self.path:
            self.server.at = time.perf_counter()
            self.server.failed = not self.path.endswith("/response")
            self.answer(b"")
            self.server.answered.set()
        else:
            self.answer(b'{"Successful":[],"Failed":[]}' if self.is_sqs() else b"{}")

    def is_sqs(self) -> bool:
        """Whether this is a call of SQS."""
        return self.headers.get("x-amz-target", "").startswith("AmazonSQS")

    def answer(self, body: bytes, **headers: str) -> None:
        """Answers 200."""
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def start(program: Path, event: dict[str, Any]) -> float:
    """Milliseconds from the start of the process to its answer."""
    runtime = Runtime(event)
    threading.Thread(target=runtime.serve_forever, daemon=True).start()
    address = f"127.0.0.1:{runtime.server_port}"
    tables = {
        f"TIDEMARK_{name}_TABLE": "t" for name in ("POINTS", "CATALOG", "DISCARDS", "HISTORY")
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
        if not runtime.answered.wait(20) or runtime.failed:
            raise SystemExit(f"{program.name} does not answer its event")
        return (runtime.at - begin) * 1e3
    finally:
        process.kill()
        process.wait()
        runtime.shutdown()
        runtime.server_close()


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
    options.add_argument("functions", nargs="*", default=list(EVENTS), metavar="FUNCTION")
    given = options.parse_args()
    names = list(dict.fromkeys([EMPTY, *given.functions]))
    times: dict[str, list[float]] = {name: [] for name in names}
    for name in names:
        start(given.folder / name, EVENTS[name])
    for _ in range(given.runs):
        for name in names:
            times[name].append(start(given.folder / name, EVENTS[name]))
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

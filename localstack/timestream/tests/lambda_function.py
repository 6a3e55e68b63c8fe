"""A function as Lambda runs it: a program that asks for one event after the other, and is frozen
while there is none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any, NamedTuple, Self

TARGET = Path(os.environ.get("CARGO_TARGET_DIR", Path(__file__).resolve().parents[3] / "target"))
#: How long the program may take to start, and how long to answer.
IDLE_SECONDS, ANSWER_SECONDS = 120.0, 120.0


class Answer(NamedTuple):
    """What the program answered an event."""

    #: `response` or `error`, as its path ends.
    kind: str
    content: Any


class Function:
    """The program, and the runtime API that it asks."""

    def __init__(self, name: str, log: Path, **environment: str) -> None:
        """`log` is where all goes that it prints."""
        self.program = TARGET / "debug" / name
        # Not skipped: it would never be known that nothing was shown.
        assert self.program.is_file(), f"{self.program} is not there: cargo build -p {name}"
        self.log = log
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.api())
        self.environment = {
            "AWS_LAMBDA_RUNTIME_API": "{}:{}".format(*self.server.server_address),
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            **environment,
        }
        self.events: Queue[bytes] = Queue()
        self.answers: Queue[Answer] = Queue()
        #: Whether it waits for an event.
        self.is_idle = Event()

    def api(self) -> type[BaseHTTPRequestHandler]:
        """The runtime API."""
        function = self

        class Api(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle(self) -> None:
                # The program is killed in the end.
                with suppress(ConnectionError):
                    super().handle()

            def do_GET(self) -> None:
                function.is_idle.set()
                event = function.events.get()
                function.is_idle.clear()
                deadline = int((time.time() + ANSWER_SECONDS) * 1000)
                arn = "arn:aws:lambda:us-east-1:000000000000:function:function"
                self.answer(
                    event,
                    ("Lambda-Runtime-Aws-Request-Id", "id"),
                    ("Lambda-Runtime-Deadline-Ms", str(deadline)),
                    ("Lambda-Runtime-Invoked-Function-Arn", arn),
                )

            def do_POST(self) -> None:
                content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                function.answers.put(Answer(self.path.rpartition("/")[2], content))
                self.answer(b"{}")

            def answer(self, content: bytes, *headers: tuple[str, str]) -> None:
                self.send_response(200)
                for name, value in (("Content-Length", str(len(content))), *headers):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        return Api

    def __enter__(self) -> Self:
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [self.program], env=self.environment, stdout=log, stderr=log
            )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        # For whoever waits for the next one on its behalf.
        self.events.put(b"")
        self.server.shutdown()
        self.server.server_close()

    def invoke(self, event: Any) -> Any:
        """What it answers, which must not be an error."""
        self.wait_until_idle()
        self.events.put(json.dumps(event).encode())
        try:
            answer = self.answers.get(timeout=ANSWER_SECONDS)
        except Empty:
            raise AssertionError(f"no answer:\n{self.printed()}") from None
        assert answer.kind == "response", f"{answer.content}\n{self.printed()}"
        return answer.content

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Freezes it, which Lambda does when it waits for its next event."""
        self.wait_until_idle()
        self.process.send_signal(signal.SIGSTOP)
        try:
            _, status = os.waitpid(self.process.pid, os.WUNTRACED)
            assert os.WIFSTOPPED(status), self.printed()
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def wait_until_idle(self) -> None:
        """Waits until it asks for an event."""
        assert self.is_idle.wait(IDLE_SECONDS), self.printed()

    def printed(self) -> str:
        """All that it printed."""
        return self.log.read_text(errors="replace")

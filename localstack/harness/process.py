"""The programs under test as processes of our own: started on free ports, killed, started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import pytest

from harness import evidence
from harness.access import Keys, program
from place import free_port

#: How long a process may take to start or to end, on a machine that does much else.
PATIENCE_SECONDS = 120


class Tidemark:
    """A Tidemark process; it keeps its port and its data over restarts."""

    def __init__(self, folder: Path, source: str = "none", **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.data = folder / "data"
        self.folder = folder
        self.log = evidence.new_log(folder)
        self.environment = {
            "PORT": str(self.port),
            "TIDEMARK_DATA": str(self.data),
            "TIDEMARK_SOURCE_URL": source,
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None
        #: What everything is asked with; none where nobody need show anything.
        self.key = ""

    @classmethod
    def guarded(cls, folder: Path, source: str = "none", **environment: str) -> Self:
        """One that wants to know who asks, with a key that may do everything."""
        process = cls(folder, source, TIDEMARK_AUTH="on", **environment)
        process.key = Keys.of_data(process.data).make("local")
        return process

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process is not None:
            self.stop()
        assert "panicked at" not in self.printed(), f"Tidemark panicked, see {self.log}"

    def start(self) -> None:
        """Starts it and waits until it is healthy."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [program("TIDEMARK_BIN", "tidemark")],
                env={**os.environ, **self.environment},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.is_healthy():
            code = self.process.poll()
            assert code is None, f"Tidemark ended with {code}:\n{self.printed()[-4000:]}"
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"no GET /health = 200:\n{self.printed()[-4000:]}")
            time.sleep(0.02)

    def is_healthy(self) -> bool:
        """Whether it says that it can take data."""
        try:
            return httpx.get(f"{self.url}/health", timeout=PATIENCE_SECONDS).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """Ends it with SIGKILL: no time to tidy up."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self) -> int:
        """Ends it with SIGTERM and tells its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("Tidemark does not end on SIGTERM") from None
        finally:
            self.process = None

    def printed(self) -> str:
        """All that it wrote to its outputs."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""


@dataclass(frozen=True)
class Served:
    """A message that went out, and the reasons for which it should be discarded."""

    payload: bytes
    kind: str
    reasons: tuple[str, ...]


#: How many messages a data server has.
MESSAGES = int(os.environ.get("TIDEMARK_E2E_MESSAGES", "3000"))
#: A data server of so many messages, of every kind, which fails now and then. Most are ready at the
#: start, the others come while those are fetched, and after.
MIXED: dict[str, float] = {
    "rate": 400,
    "backlog": MESSAGES * 2 // 3,
    "count": MESSAGES,
    "seed": 42,
    "system": 0.1,
    "suspect": 0.1,
    "both": 0.1,
    "too_old": 0.1,
    "too_old_suspect": 0.1,
    "malformed": 0.1,
    "other_tags": 0.1,
    "plain": 0.3,
    "errors": 0.004,
    "stalls": 0.002,
    "stall_ms": 300,
}


def options(flags: dict[str, float]) -> list[str]:
    """A data server's command line."""
    return [
        word
        for flag, value in flags.items()
        for word in (f"--{flag.replace('_', '-')}", str(value))
    ]


def served(log: Path) -> list[Served]:
    """What a data server gave away so far, from its log."""
    lines = log.read_text().splitlines() if log.exists() else []
    rows = [json.loads(line) for line in lines]
    return [Served(b64decode(r["payload"]), r["kind"], tuple(r["reasons"])) for r in rows]


def served_by_deployment() -> list[Served]:
    """What the data server of the deployment gave away so far."""
    if "TIDEMARK_SERVED" not in os.environ:
        pytest.skip("needs TIDEMARK_SERVED, what the deployment's data server served")
    return served(Path(os.environ["TIDEMARK_SERVED"]))


class DataServer:
    """A stand-in for the external data server, which notes what it served."""

    def __init__(self, folder: Path, **flags: float) -> None:
        self.log = folder / "served.jsonl"
        self.command: list[str | Path] = [program("DATA_SERVER_BIN", "data-server")]
        self.command += ["--port", "0", "--log", self.log]
        self.command += options(flags)
        self.url = ""
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), f"the data server did not start: {line!r}"
        self.url = line.removeprefix("listening on ").strip()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.communicate(timeout=PATIENCE_SECONDS)

    def served(self) -> list[Served]:
        """What went out so far."""
        return served(self.log)

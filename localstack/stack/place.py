"""Where a stack on this machine is: its ports, its folder, how its programs were built."""

from __future__ import annotations

import errno
import os
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
REGION = "us-east-1"
#: The emulator takes any credentials.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
LOOPBACK = "127.0.0.1"
#: Below those that Linux and macOS give to connections, and to whoever asks for any; without the
#: data server's usual one.
UNASKED_PORTS = range(10_000, 28_000)


@dataclass(frozen=True)
class Place:
    """A stack's place."""

    #: What is written while it runs: logs, the emulator's files, process ids.
    folder: Path
    #: The folder in `target/` that the programs are taken from.
    profile: str
    #: Where the API is served.
    port: int
    #: Where the emulator listens.
    emulator_port: int
    #: Where the functions find AWS: the proxy in front of the emulator.
    proxy_port: int
    #: Where the emulator of Timestream listens.
    timestream_port: int
    #: What the stack is called.
    name: str

    @property
    def emulator(self) -> str:
        """The emulator's address."""
        return f"http://{LOOPBACK}:{self.emulator_port}"

    @property
    def emulator_health(self) -> str:
        """What the emulator answers once it is up."""
        return f"{self.emulator}/_ministack/health"

    @property
    def proxy(self) -> str:
        """The address of the proxy in front of it."""
        return f"http://{LOOPBACK}:{self.proxy_port}"

    @property
    def timestream(self) -> str:
        """The address of the emulator of Timestream."""
        return f"http://{LOOPBACK}:{self.timestream_port}"

    def program(self, name: str) -> Path:
        """A program that cargo built."""
        target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
        path = target / self.profile / name
        if not path.is_file():
            raise SystemExit(f"{path} is not there: build it first")
        return path


def free_port() -> int:
    """A port that nobody listens on, for a program that listens later. It is not one that a system
    gives to whoever asks for any: else somebody might have it by then."""
    for port in random.SystemRandom().choices(UNASKED_PORTS, k=1000):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((LOOPBACK, port))
            return port
    raise SystemExit("no port is free")


def is_taken(port: int) -> bool:
    """Whether somebody listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def check_free(port: int) -> None:
    """Fails if somebody listens on a port."""
    if is_taken(port):
        raise SystemExit(f"port {port}: {os.strerror(errno.EADDRINUSE)}")


@contextmanager
def bound(port: int) -> Iterator[socket.socket]:
    """A socket on a port, to listen on later; fails if the port is taken."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError as error:
            raise SystemExit(f"port {port}: {error.strerror}") from None
        yield listener

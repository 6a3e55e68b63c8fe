"""Programs that run beside this one, and how all of them end."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

GRACE_SECONDS = 10.0


class Program:
    """A program in a process group of its own, in which its children are, too."""

    def __init__(self, command: list[str | Path], log: Path, environment: dict[str, str]) -> None:
        self.command = command
        self.log = log
        self.environment = environment

    def __enter__(self) -> Self:
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=self.log.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Ends it, and what it left behind."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def check(self) -> None:
        """Fails if it has ended by itself."""
        code = self.process.poll()
        if code is not None:
            raise SystemExit(f"{self.log} ends with status {code}:\n{self.printed()[-2000:]}")

    def printed(self) -> str:
        """All that it wrote to its outputs."""
        return self.log.read_text(errors="replace")


async def watch(*programs: Program) -> None:
    """Waits, for as long as the programs run."""
    while True:
        for program in programs:
            program.check()
        await asyncio.sleep(0.5)


def until_told_to_end(work: Coroutine[Any, Any, None]) -> None:
    """Runs something until it is done, or a signal asks to end; it then leaves in order."""

    async def run() -> None:
        task = asyncio.create_task(work)
        told: list[bool] = []

        def end() -> None:
            # Not twice: the second would break off the leaving.
            if not told:
                told.append(True)
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, end)
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(run())


@contextmanager
def noted(folder: Path, name: str) -> Iterator[None]:
    """Notes this process's id in a file, locked for as long as it lives, for `stop`."""
    with (folder / f"{name}.pid").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(f"{name} is running already, see {file.name}") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def stop(folder: Path) -> None:
    """Ends the processes that are noted in a folder, the last started first."""
    files = sorted(folder.glob("*.pid"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in files:
        with path.open() as file:
            if not is_locked(file.fileno()):
                continue
            print(f"stopping {path.stem}", flush=True)
            os.kill(int(file.read()), signal.SIGTERM)
            deadline = time.monotonic() + 3 * GRACE_SECONDS
            while is_locked(file.fileno()):
                if time.monotonic() > deadline:
                    raise SystemExit(f"{path.stem} does not end")
                time.sleep(0.05)


def is_locked(file: int) -> bool:
    """Whether the process that noted itself in the file lives."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(file, fcntl.LOCK_UN)
    return False

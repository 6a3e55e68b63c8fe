"""Runs phases beside each other, as far as processors allow."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from plan import ARGUMENTS, Phase

#: How long what is told to end may take: a stack takes its emulators down, which take their time on
#: a busy machine.
GRACE_SECONDS = 400.0
PAUSE_SECONDS = 0.1


class State(Enum):
    """Where a phase stands."""

    WAITING = "waiting"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "FAILED"
    #: What it needs failed.
    SKIPPED = "NOT RUN"


@dataclass
class Run:
    """A phase and what became of it."""

    phase: Phase
    log: Path
    state: State = State.WAITING
    began: float = 0.0
    seconds: float = 0.0
    process: subprocess.Popen[bytes] | None = None
    #: Commands that are still to run.
    left: list[tuple[str, ...]] = field(default_factory=list)
    #: Whether a command has failed.
    has_failed: bool = False

    def last_line(self) -> str:
        """What it printed last, if anything."""
        with suppress(OSError), self.log.open("rb") as file:
            file.seek(max(0, self.log.stat().st_size - 2000))
            lines = file.read().decode(errors="replace").replace("\r", "\n").split("\n")
            return next((line.strip() for line in reversed(lines) if line.strip()), "")
        return ""


class Schedule:
    """Starts phases when what they need has passed and there is a processor for them."""

    def __init__(
        self,
        phases: Sequence[Phase],
        logs: Path,
        processors: int,
        arguments: Sequence[str] = (),
        changed: Callable[[Run], None] = lambda _: None,
    ) -> None:
        """`changed` is told of every run that starts or ends."""
        logs.mkdir(parents=True, exist_ok=True)
        self.runs = {phase.name: Run(phase, logs / f"{phase.name}.log") for phase in phases}
        self.processors = processors
        self.arguments = list(arguments)
        self.changed = changed

    def run(self, tick: Callable[[], None] = lambda: None) -> None:
        """Runs all of them; a failure keeps only those from running that need what failed."""
        try:
            while self.step():
                tick()
                time.sleep(PAUSE_SECONDS)
        finally:
            self.end()

    def step(self) -> bool:
        """Ends what is done and starts what can start; whether anything is left."""
        for run in self.in_state(State.RUNNING):
            self.proceed(run)
        for run in self.in_state(State.WAITING):
            before = [self.runs[name].state for name in run.phase.after]
            if {State.FAILED, State.SKIPPED} & set(before):
                self.become(run, State.SKIPPED)
            elif set(before) <= {State.PASSED} and self.has_room(run.phase):
                self.start(run)
        return bool(self.in_state(State.RUNNING) or self.in_state(State.WAITING))

    def in_state(self, state: State) -> list[Run]:
        """The runs that stand there."""
        return [run for run in self.runs.values() if run.state is state]

    def has_room(self, phase: Phase) -> bool:
        """Whether a phase can run beside those that do. One that wants more processors than there
        are runs when no other is counted."""
        running = [run.phase for run in self.in_state(State.RUNNING)]
        if phase.builds and any(other.builds for other in running):
            return False
        load = sum(other.load for other in running)
        return load == 0 or load + phase.load <= self.processors

    def start(self, run: Run) -> None:
        """Starts a phase."""
        run.log.unlink(missing_ok=True)
        run.left = self.commands(run.phase)
        run.began = time.monotonic()
        self.become(run, State.RUNNING)
        self.go_on(run)

    def commands(self, phase: Phase) -> list[tuple[str, ...]]:
        """What a phase runs. With arguments, which choose among its tests, nothing after the
        command that takes them: that looks at what all tests left."""
        found: list[tuple[str, ...]] = []
        for command in phase.commands:
            if ARGUMENTS not in command:
                found.append(command)
                continue
            place = command.index(ARGUMENTS)
            found.append((*command[:place], *self.arguments, *command[place + 1 :]))
            if self.arguments:
                break
        return found

    def proceed(self, run: Run) -> None:
        """Goes on with a phase whose command has ended."""
        assert run.process is not None
        status = run.process.poll()
        if status is not None:
            run.has_failed |= status != 0
            self.go_on(run)

    def go_on(self, run: Run) -> None:
        """Starts the next command of a phase; tells what became of it if none is left, or one that
        the others need has failed."""
        run.seconds = time.monotonic() - run.began
        while run.left and not (run.has_failed and run.phase.stops_at_failure):
            try:
                run.process = self.command(run, run.left.pop(0))
            except OSError as error:
                run.has_failed = True
                with run.log.open("a") as log:
                    log.write(f"{error}\n")
            else:
                return
        self.become(run, State.FAILED if run.has_failed else State.PASSED)

    def command(self, run: Run, command: tuple[str, ...]) -> subprocess.Popen[bytes]:
        """Starts a command, in a process group of its own."""
        with run.log.open("ab") as log:
            log.write(f"$ {' '.join(command)}\n".encode())
            log.flush()
            return subprocess.Popen(
                command,
                env=os.environ | dict(run.phase.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def become(self, run: Run, state: State) -> None:
        run.state = state
        self.changed(run)

    def end(self) -> None:
        """Ends what still runs, with all that it started."""
        processes = [run.process for run in self.in_state(State.RUNNING) if run.process]
        if not processes:
            return
        # Told again, it goes on: nobody else ends them.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for process in processes:
            signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while any(map(is_there, processes)) and time.monotonic() < deadline:
            time.sleep(PAUSE_SECONDS)
        for process in processes:
            signal_group(process, signal.SIGKILL)
            process.wait()


def is_there(process: subprocess.Popen[bytes]) -> bool:
    """Whether anything is left of a process and its group."""
    # What has ended is there until it is asked after.
    process.poll()
    return signal_group(process, 0)


def signal_group(process: subprocess.Popen[bytes], number: int) -> bool:
    """Sends a signal to a process and its group; whether there is one."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return False
    return True

"""What is printed of the phases while they run and at the end."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass

from running import Run, Schedule, State

#: How often what is running is told on a terminal, and elsewhere.
TERMINAL_SECONDS, PAUSE_SECONDS = 1.0, 60.0
#: How much is printed of the log of a phase that failed.
LINES = 80
CARGO = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored", re.MULTILINE)
PYTEST = re.compile(r"^=*\s?((?:\d+ \w+,? ?)+)(?: in [\d.]+s.*)$", re.MULTILINE)
COUNT = re.compile(r"(\d+) (passed|failed|errors?|skipped)")


@dataclass
class Count:
    """Tests by what became of them."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def all(self) -> int:
        """How many there are."""
        return self.passed + self.failed + self.skipped

    def add(self, other: Count) -> None:
        """Adds others."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


def count(log: str) -> Count:
    """The tests of which cargo and pytest tell in a log."""
    found = Count()
    for passed, failed, ignored in CARGO.findall(log):
        found.add(Count(int(passed), int(failed), int(ignored)))
    for summary in PYTEST.findall(log):
        for number, what in COUNT.findall(summary):
            match what:
                case "passed":
                    found.passed += int(number)
                case "skipped":
                    found.skipped += int(number)
                case _:
                    found.failed += int(number)
    return found


def clock(seconds: float) -> str:
    """Minutes and seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


class Report:
    """Tells of the phases of a schedule."""

    def __init__(self) -> None:
        self.schedule: Schedule | None = None
        self.is_terminal = sys.stdout.isatty()
        self.began = self.told = time.monotonic()
        self.started = 0

    def changed(self, run: Run) -> None:
        """A run has started or ended."""
        assert self.schedule is not None
        name = run.phase.name
        if run.state is State.RUNNING:
            self.started += 1
            where = f"[{self.started}/{len(self.schedule.runs)}]"
            self.line(f"{where} {name}: {run.phase.purpose}")
        elif run.state is State.SKIPPED:
            needed = ", ".join(run.phase.after)
            self.line(f"{name}: NOT RUN, as it needs {needed}")
        else:
            self.line(f"{name}: {run.state.value} after {clock(run.seconds)}, log in {run.log}")

    def tick(self) -> None:
        """Tells what is running: always on a terminal, now and then elsewhere."""
        assert self.schedule is not None
        running = self.schedule.in_state(State.RUNNING)
        now = time.monotonic()
        if now - self.told < (TERMINAL_SECONDS if self.is_terminal else PAUSE_SECONDS):
            return
        self.told = now
        if self.is_terminal:
            told = "  ".join(f"{run.phase.name} {clock(now - run.began)}" for run in running)
            last = running[-1].last_line() if running else ""
            width = shutil.get_terminal_size().columns
            print(f"\r\033[K{f'{told}  | {last}'[: width - 1]}", end="", flush=True)
        else:
            told = ", ".join(f"{run.phase.name} for {clock(now - run.began)}" for run in running)
            self.line(f"running: {told}")

    def line(self, text: str) -> None:
        """Prints a line of its own."""
        print(f"\r\033[K{text}" if self.is_terminal else text, flush=True)

    def end(self, runs: Iterable[Run]) -> bool:
        """Prints what failed and how long each phase took; whether all passed."""
        runs, total = list(runs), Count()
        failed = [run for run in runs if run.state is not State.PASSED]
        for run in failed:
            if run.state is State.FAILED:
                self.line(f"\n--- {run.phase.name}: the last lines of {run.log}")
                print("\n".join(text(run).splitlines()[-LINES:]), flush=True)
        self.line(f"\n{'phase':18} {'result':8} {'time':>6} {'tests':>6} {'skipped':>8}")
        for run in runs:
            tests = count(text(run))
            total.add(tests)
            numbers = f"{tests.all:6} {tests.skipped:8}" if tests.all else ""
            time_taken = clock(run.seconds)
            self.line(f"{run.phase.name:18} {run.state.value:8} {time_taken:>6} {numbers}".rstrip())
        self.line(f"in all {clock(time.monotonic() - self.began)}")
        for run in failed:
            self.line(f"{run.state.value}: {run.phase.name}")
        if total.all:
            self.line(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
        return not failed


def text(run: Run) -> str:
    """What a run printed."""
    return run.log.read_text(errors="replace") if run.log.exists() else ""

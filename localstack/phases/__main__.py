"""Runs the phases of `./deploy.sh check` or `test`: all of them, or those that are named.

    python localstack/phases {check,test} [--list] [NAME ...] [-- ARGUMENT ...]

What stands after `--` is added to the commands of the phases that run pytest.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from plan import REPOSITORY, of_check, of_test, selected
from report import Report
from running import Schedule


def main() -> int:
    """Runs them; 1 if one failed."""
    parser = argparse.ArgumentParser(prog="deploy.sh", description="Runs phases.")
    parser.add_argument("kind", choices=["check", "test"])
    parser.add_argument("--list", action="store_true", help="tell the names of the phases")
    parser.add_argument("names", nargs="*", metavar="NAME", help="the phases; all if none is named")
    words = sys.argv[1:]
    end = words.index("--") if "--" in words else len(words)
    options, arguments = parser.parse_args(words[:end]), words[end + 1 :]
    phases = of_check() if options.kind == "check" else of_test()
    if options.list:
        for phase in phases:
            print(f"{phase.name:18} {phase.purpose}")
        return 0
    try:
        chosen = selected(phases, options.names)
    except KeyError as error:
        names = ", ".join(phase.name for phase in phases)
        parser.error(f"there is no phase {error.args[0]}; there are {names}")
    if arguments and not options.names:
        parser.error("arguments after -- are for the phases that are named")
    os.chdir(REPOSITORY)
    # So that what was started is ended.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    report = Report()
    # What runs a stack waits half of the time.
    room = max(2, os.cpu_count() or 1) + 1
    schedule = Schedule(chosen, Path("target/phases"), room, arguments, report.changed)
    report.schedule = schedule
    try:
        schedule.run(report.tick)
    except KeyboardInterrupt:
        return 130
    return 0 if report.end(schedule.runs.values()) else 1


if __name__ == "__main__":
    sys.exit(main())

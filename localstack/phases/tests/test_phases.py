"""Phases run beside each other in the right order, and each failure is told."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from plan import ARGUMENTS, Phase, of_check, of_test, selected
from report import Count, Report, count
from running import Run, Schedule, State

REPOSITORY = Path(__file__).resolve().parents[3]


def phase(name: str, script: str, *more: str, after: tuple[str, ...] = (), load: int = 1) -> Phase:
    commands = tuple(("sh", "-c", text) for text in (script, *more))
    return Phase(name, f"runs {name}", commands, after=after, load=load)


def run(folder: Path, *phases: Phase, processors: int = 2) -> tuple[dict[str, State], list[str]]:
    """What becomes of phases, and the order in which they start and end."""
    seen: list[str] = []
    report = Report()

    def changed(run: Run) -> None:
        seen.append(f"{run.phase.name} {run.state.value}")
        report.changed(run)

    schedule = Schedule(phases, folder, processors, changed=changed)
    report.schedule = schedule
    schedule.run()
    states = {name: run.state for name, run in schedule.runs.items()}
    assert report.end(schedule.runs.values()) == (set(states.values()) == {State.PASSED})
    return states, seen


def test_a_phase_waits_for_what_it_needs(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    states, seen = run(
        tmp_path, phase("second", f"test -f {flag}", after=("first",)), phase("first", f">{flag}")
    )
    assert set(states.values()) == {State.PASSED}
    assert seen == ["first running", "first passed", "second running", "second passed"]


def test_a_failure_keeps_only_those_from_running_that_need_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    states, _ = run(
        tmp_path,
        phase("broken", "echo the reason; exit 3"),
        phase("needs-it", "true", after=("broken",)),
        phase("needs-that", "true", after=("needs-it",)),
        phase("other", "true"),
        phase("also-broken", "exit 1"),
    )
    assert states == {
        "broken": State.FAILED,
        "needs-it": State.SKIPPED,
        "needs-that": State.SKIPPED,
        "other": State.PASSED,
        "also-broken": State.FAILED,
    }
    printed = capsys.readouterr().out
    assert "the reason" in printed
    assert re.findall(r"^(?:FAILED|NOT RUN): (.*)$", printed, re.MULTILINE) == [
        "broken",
        "needs-it",
        "needs-that",
        "also-broken",
    ]


def test_commands_run_until_one_fails(tmp_path: Path) -> None:
    states, _ = run(tmp_path, phase("several", "echo 1", "echo 2; exit 1", "echo 3"))
    assert states == {"several": State.FAILED}
    assert [
        line for line in (tmp_path / "several.log").read_text().split("\n") if len(line) == 1
    ] == ["1", "2"]


def test_commands_that_do_not_need_each_other_all_run(tmp_path: Path) -> None:
    phase = Phase(
        "all", "", (("false",), ("sh", "-c", "echo 2"), ("true",)), stops_at_failure=False
    )
    assert run(tmp_path, phase)[0] == {"all": State.FAILED}
    assert "\n2\n" in (tmp_path / "all.log").read_text()


def test_a_command_that_is_not_there_fails_its_phase_alone(tmp_path: Path) -> None:
    states, _ = run(tmp_path, Phase("none", "", (("/no/such",),)), phase("other", "true"))
    assert states == {"none": State.FAILED, "other": State.PASSED}
    assert "No such file" in (tmp_path / "none.log").read_text()


def test_what_is_ended_may_tidy_up_first(tmp_path: Path, unignored: None) -> None:
    ready, tidied = tmp_path / "ready", tmp_path / "tidied"
    # Its child needs longer than itself.
    child = (
        f"trap 'sleep 0.5; touch {tidied}; exit' TERM; touch {ready}; while :; do sleep 0.1; done"
    )
    schedule = Schedule([phase("long", f'sh -c "{child}" & wait')], tmp_path, 1)
    while not ready.exists():
        schedule.step()
    schedule.end()
    assert tidied.exists()


@pytest.fixture
def unignored() -> Iterator[None]:
    """Has signals do what they did, after a test of the end."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def test_no_more_run_at_once_than_there_are_processors(tmp_path: Path) -> None:
    # Each waits until the other runs, too; the wide one would wait in vain.
    together = "touch {0}; until [ -f {1} ]; do sleep 0.01; done; rm -f {2}"
    a, b, wide = (tmp_path / name for name in ("a", "b", "wide"))
    _, seen = run(
        tmp_path,
        phase("a", together.format(a, b, wide)),
        phase("b", together.format(b, a, wide)),
        phase("wide", f"test ! -f {wide}", load=2),
    )
    assert seen[-2:] == ["wide running", "wide passed"]


def test_one_that_wants_more_than_there_is_runs_alone(tmp_path: Path) -> None:
    assert run(tmp_path, phase("wide", "true", load=9), processors=2)[0] == {"wide": State.PASSED}


def test_arguments_choose_and_leave_out_what_looks_at_all(tmp_path: Path) -> None:
    several = Phase("x", "", (("make",), ("test", ARGUMENTS, "end"), ("look",)))
    plain, chosen = (Schedule([several], tmp_path, 1, words) for words in ([], ["-k", "a"]))
    assert plain.commands(several) == [("make",), ("test", "end"), ("look",)]
    assert chosen.commands(several) == [("make",), ("test", "-k", "a", "end")]


def test_names_bring_what_they_need() -> None:
    for phases in (of_check(), of_test()):
        names = [phase.name for phase in phases]
        assert len(set(names)) == len(names)
        assert selected(phases, []) == phases
    assert {phase.name for phase in selected(of_test(), ["process"])} == {
        "packages",
        "build",
        "process",
    }
    with pytest.raises(KeyError):
        selected(of_test(), ["nothing"])


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("test result: ok. 7 passed; 0 failed; 2 ignored; 0 measured", Count(7, 0, 2)),
        ("=== 3 failed, 5 passed, 1 skipped in 2.50s ===", Count(5, 3, 1)),
        ("5 passed in 0.10s", Count(5, 0, 0)),
        ("=== 1 failed, 2 errors in 66.10s (0:01:06) ===", Count(0, 3, 0)),
        (f"{'=' * 20} 3 passed, 4 warnings in 0.1s {'=' * 20}", Count(3, 0, 0)),
        ("5 passed tests are no summary", Count()),
    ],
)
def test_counts(log: str, expected: Count) -> None:
    assert count(f"before\n{log}\nafter\n{log}\n") == Count(
        *(2 * number for number in vars(expected).values())
    )

"""The phases of `check` and `test`: what each runs, and what it needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
#: Stands for the arguments after `--` in the command that takes them.
ARGUMENTS = "<arguments>"
#: Folders with Python code. Each is checked by itself: all suites have a `conftest`.
PYTHON = (
    ("localstack/harness", "localstack/e2e"),
    ("localstack/stack",),
    ("localstack/timestream",),
    ("localstack/bench",),
    ("localstack/phases",),
    ("infra",),
)
FOLDERS = tuple(folder for folders in PYTHON for folder in folders)
PYTEST = (".venv/bin/pytest", "--color=no")
#: Several workers, each with processes of its own, what takes long first.
WORKERS = ("--dist", "loadgroup", "--no-loadscope-reorder", "-n")
#: Where the end-to-end suite on a process leaves what must not be in any log.
EVIDENCE = f"{REPOSITORY}/target/phases/evidence"


@dataclass(frozen=True)
class Phase:
    """A command that runs on its own and passes or fails."""

    name: str
    #: What it does, for whoever waits for it.
    purpose: str
    #: Commands that run one after the other until one fails.
    commands: tuple[tuple[str, ...], ...]
    #: Phases that must have passed before.
    after: tuple[str, ...] = ()
    #: How many processors it keeps busy.
    load: int = 1
    #: Whether it compiles; cargo lets one build write to `target` at a time.
    builds: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    #: Whether a command that fails keeps those after it from running.
    stops_at_failure: bool = True


def of_check() -> list[Phase]:
    """What is known without running the product."""
    packages = Phase("packages", "Python packages", (("./deploy.sh", "packages", "test"),), load=0)
    deny = {"RUSTDOCFLAGS": "--deny warnings"}
    return [
        packages,
        Phase("packages-aws", "sam and cfn-lint", (("./deploy.sh", "packages", "aws"),), load=0),
        Phase("packages-rules", "checkov", (("./deploy.sh", "packages", "rules"),), load=0),
        Phase("format", "rustfmt", (("cargo", "fmt", "--all", "--check"),), load=0),
        Phase(
            "clippy",
            "lints of all Rust code",
            (cargo("clippy", "--all-targets", "--", "--deny", "warnings"),),
            load=2,
            builds=True,
        ),
        Phase(
            "python",
            "ruff, mypy and shellcheck",
            (
                (".venv/bin/ruff", "check", *FOLDERS),
                (".venv/bin/ruff", "format", "--check", *FOLDERS),
                *(
                    (".venv/bin/mypy", "--config-file", "localstack/pyproject.toml", *folders)
                    for folders in PYTHON
                ),
                (".venv/bin/shellcheck", "deploy.sh", ".ci/run"),
            ),
            after=("packages",),
            stops_at_failure=False,
        ),
        Phase(
            "templates",
            "template.yaml and infra",
            (
                (".venv-aws/bin/sam", "validate", "--lint", "--region", "us-east-1"),
                ("sh", "-c", ".venv-aws/bin/cfn-lint infra/*.yaml"),
                (".venv-rules/bin/checkov", "--config-file", "infra/rules/checkov.yaml"),
            ),
            after=("packages-aws", "packages-rules"),
            environment={"SAM_CLI_TELEMETRY": "0"},
        ),
        Phase(
            "docs",
            "rustdoc of our crates",
            (cargo("doc", "--no-deps"),),
            load=2,
            builds=True,
            environment=deny,
        ),
        # Selected with the whole workspace, so that `test` need not build the dependencies anew.
        Phase("licences", "licences", (cargo("test", "--test", "licences"),), load=2, builds=True),
    ]


def of_test() -> list[Phase]:
    """What runs the product. The longest come first, so that none of them is left over."""
    return [
        Phase("packages", "Python packages", (("./deploy.sh", "packages", "test"),), load=0),
        # Of the deployment's own tests.
        Phase("packages-aws", "sam", (("./deploy.sh", "packages", "aws"),), load=0),
        Phase(
            "build",
            "all programs and tests",
            (cargo("build", "--all-targets"),),
            load=2,
            builds=True,
        ),
        Phase(
            "rust",
            "unit, property, conformance",
            (cargo("test", "--all-targets", "--no-fail-fast"),),
            ("build",),
        ),
        *(beside_stack(store) for store in ("timestream", "dynamodb")),
        *(faults(store) for store in ("timestream", "dynamodb")),
        Phase(
            "process",
            "end-to-end suite, one process",
            (
                ("sh", "-c", f"rm -rf {EVIDENCE} && mkdir -m 700 {EVIDENCE}"),
                (*PYTEST, "localstack/e2e", *WORKERS, "2", ARGUMENTS),
                (*PYTEST, "localstack/e2e/test_secrets.py"),
            ),
            after=("packages", "build"),
            environment={"TIDEMARK_E2E_FOLDER": EVIDENCE},
            stops_at_failure=False,
        ),
        Phase(
            "doctests",
            "examples in rustdoc",
            (cargo("test", "--doc", "--no-fail-fast"),),
            ("build",),
            builds=True,
        ),
        Phase(
            "emulator",
            "the emulator of Timestream",
            (
                # Writes queries, which the emulator is shown.
                cargo("test", "--lib", "no_name_changes_a_query"),
                (*PYTEST, "localstack/timestream", "-n", "2", "--dist", "worksteal", ARGUMENTS),
            ),
            after=("packages", "build"),
        ),
        Phase(
            "phases",
            "the program that runs these phases",
            ((*PYTEST, "localstack/phases"),),
            after=("packages",),
        ),
    ]


def beside_stack(store: str) -> Phase:
    """The conformance suites and the end-to-end suite on a deployed stack."""
    return Phase(
        f"stack-{store}",
        f"end-to-end suite, functions with {store}",
        (
            (
                *(".venv/bin/python", "-m", "harness.with_stack", f"target/stack-{store}"),
                *("./deploy.sh", "beside-stack", ARGUMENTS),
            ),
        ),
        after=("packages", "build"),
        environment=environment(store),
    )


def faults(store: str) -> Phase:
    """The tests that take a stack down, starve it or break its services."""
    return Phase(
        f"faults-{store}",
        f"stacks that fail, with {store}",
        (
            (
                *PYTEST,
                "localstack/stack",
                "-m",
                "points" if store == "timestream" else "",
                ARGUMENTS,
            ),
        ),
        after=("packages", "packages-aws", "build"),
        environment=environment(store),
    )


def environment(store: str) -> dict[str, str]:
    """Which store the points of a stack are in."""
    modules = f"{REPOSITORY}/localstack:{REPOSITORY}/localstack/stack"
    return {"TIDEMARK_POINT_STORE": store, "PYTHONPATH": modules}


def cargo(command: str, *arguments: str) -> tuple[str, ...]:
    """A cargo command over the whole workspace, so that features are the same in all of them."""
    return ("cargo", command, "--locked", "--workspace", *arguments)


def selected(phases: Iterable[Phase], names: Iterable[str]) -> list[Phase]:
    """The phases of these names with all that they need; all phases if no name is given.

    Raises `KeyError` with a name that no phase has.
    """
    known = {phase.name: phase for phase in phases}
    wanted: set[str] = set()
    open_names = list(names) or list(known)
    while open_names:
        name = open_names.pop()
        if name not in wanted:
            wanted.add(name)
            open_names += known[name].after
    return [phase for phase in known.values() if phase.name in wanted]

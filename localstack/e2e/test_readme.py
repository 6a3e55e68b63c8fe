"""The README's examples are true.

A fenced block that begins with ```console holds commands, each after `$ `, and below each what
it prints. Commands that begin with `curl` are run here, in the order of the README, against a
fresh process that fetches from a stand-in data server, or the deployment that is tested;
`http://127.0.0.1:3000` stands for it.
A command goes on in the next line after a backslash, or while a quote is open. In the output,
`…` and `<anything in angle brackets>` match any text on one line.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import pytest

from harness.client import IS_DEPLOYED, Client, eventually
from harness.process import DataServer, Tidemark
from place import REPOSITORY

#: The customer's sample is written to the same series, and they are deleted before.
pytestmark = [pytest.mark.points, pytest.mark.xdist_group("examples")]

ADDRESS = "http://127.0.0.1:3000"


@dataclass(frozen=True)
class Example:
    """A command and what it prints."""

    line: int
    command: str
    output: str

    @property
    def pattern(self) -> str:
        """The output as a regular expression."""
        # An answer ends without a line break, a block does not.
        parts = re.split(r"(…|<[^<>\n]+>)", self.output.rstrip())
        return "".join("[^\n]*?" if i % 2 else re.escape(part) for i, part in enumerate(parts))


def is_open(command: str) -> bool:
    """Whether a command goes on in the next line."""
    return command.endswith("\\") or command.count("'") % 2 == 1


def examples(text: str) -> list[Example]:
    """All examples of a document, in order."""
    found: list[Example] = []
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            inside = not inside and line.strip() == "```console"
        elif inside and line.startswith("$ "):
            found.append(Example(number, line[2:], ""))
        elif inside and found:
            last = found[-1]
            if is_open(last.command):
                found[-1] = Example(last.line, f"{last.command}\n{line}", "")
            else:
                found[-1] = Example(last.line, last.command, f"{last.output}{line}\n")
    return found


def test_examples_are_found() -> None:
    text = (
        "```console\n$ curl -s \\\n  a\n{<id>}\n\n$ curl -d '[\n1]' b\n$ true\n```\n"
        "```sh\n$ curl no\n```\n"
    )
    assert examples(text) == [
        Example(2, "curl -s \\\n  a", "{<id>}\n\n"),
        Example(6, "curl -d '[\n1]' b", ""),
        Example(8, "true", ""),
    ]
    assert re.fullmatch(Example(1, "", '{"batch":"<id>",…}\n').pattern, '{"batch":"1","n":2}')
    assert not re.fullmatch(Example(1, "", "<id>.\n").pattern, "1x")
    assert not re.fullmatch(Example(1, "", "<id>").pattern, "1\n2")


@pytest.fixture
def address(api: Client, tmp_path: Path) -> Iterator[str]:
    """Where the examples are run: a fresh process, or a deployment without their series."""
    if not IS_DEPLOYED:
        flags = dict.fromkeys(["system", "suspect", "both", "too_old", "too_old_suspect"], 0.1)
        with (
            DataServer(tmp_path, rate=1, backlog=50, malformed=0.1, **flags) as source,
            Tidemark(tmp_path, source=source.url) as process,
        ):
            yield process.url
        return
    names = [series["name"] for series in api.json("/api", prefix="example")["series"]]
    for name in [*names, "energy:meter-1:0100011D00FF"]:
        assert api.request("DELETE", f"/api/{name}").status_code in {204, 404}
    yield api.url


def test_the_readme_s_examples_print_what_it_says(address: str) -> None:
    readme = (REPOSITORY / "README.md").read_text()
    curls = [example for example in examples(readme) if example.command.startswith("curl ")]
    assert curls, "README.md has no example"
    for example in curls:
        if " -d " in example.command:
            check(example, address)
        else:
            # On a deployment, what was posted is seen a little later.
            eventually(partial(check, example, address))


@cache
def environment() -> dict[str, str]:
    """What the examples are run in. Where callers must show who they are, curl's configuration does
    so: the examples are those of one machine."""
    key = os.environ.get("TIDEMARK_KEY")
    if not key:
        return dict(os.environ)
    home = Path(tempfile.mkdtemp(prefix="curl-"))
    atexit.register(shutil.rmtree, home)
    (home / ".curlrc").write_text(f'header = "X-Api-Key: {key}"\n')
    return os.environ | {"CURL_HOME": str(home)}


def check(example: Example, address: str) -> None:
    """Runs an example; it must print what the README says."""
    run = subprocess.run(
        ["bash", "-c", example.command.replace(ADDRESS, address)],
        cwd=REPOSITORY,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    printed = run.stdout.replace(address, ADDRESS)
    where = f"README.md:{example.line}: $ {example.command}"
    assert run.returncode == 0, f"{where}\n{run.stderr}"
    assert re.fullmatch(example.pattern, printed.rstrip()), (
        f"{where}\nprints:\n{printed}\nnot:\n{example.output}"
    )

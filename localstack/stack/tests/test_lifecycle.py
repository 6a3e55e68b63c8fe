"""The stack comes up by one command and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness.stack import PROFILE, STORE, TOOL, Stack, eventually, timestream_only
from place import REPOSITORY, free_port, is_taken


def processes(text: str) -> list[str]:
    """The processes that have something in their environment, on Linux."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if text.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


@pytest.mark.points
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_takes_all_of_it_down(tmp_path: Path, number: signal.Signals) -> None:
    with Stack(tmp_path) as stack:
        with urllib.request.urlopen(f"{stack.url}/health") as answer:
            assert answer.status == 200
        names = {"Address", "Emulator", "Proxy", "Source", "Timestream"} & stack.described.keys()
        assert ("Timestream" in names) == (stack.store == "timestream")
        addresses = [stack.described[name] for name in names]
        ports = [urlsplit(address).port or 0 for address in addresses]
        assert all(map(is_taken, ports))
        # The emulator, and a function's bootstrap.
        assert len(processes(stack.described["Proxy"])) >= 2
        assert stack.end(number) == 0, stack.printed()
        assert processes(stack.described["Proxy"]) == []
        assert [port for port in ports if is_taken(port)] == []
        assert not (tmp_path / "tmp").exists()


@pytest.mark.points
@pytest.mark.parametrize(
    ("command", "option", "output"),
    [
        ("up", "--port", "Address"),
        ("up", "--emulator-port", "Emulator"),
        ("emulator", "--emulator-port", "Emulator"),
        pytest.param("up", "--timestream-port", "Timestream", marks=timestream_only),
    ],
)
def test_a_port_that_is_taken_is_told_at_once(
    stack: Stack, tmp_path: Path, command: str, option: str, output: str
) -> None:
    port = urlsplit(stack.described[output]).port
    # Of an emulator that runs in the same folder.
    kept = tmp_path / "tmp/kept"
    kept.parent.mkdir()
    kept.touch()
    free = ["--port", "0", "--emulator-port", "0", "--proxy-port", "0", "--timestream-port", "0"]
    words = [*TOOL, command, *free, "--folder", str(tmp_path), option, str(port)]
    tried = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert tried.returncode == 1
    assert f"port {port}: " in tried.stderr
    assert "Traceback" not in tried.stderr
    assert kept.exists()


@pytest.mark.points
def test_deploying_waits_for_an_emulator_that_starts(tmp_path: Path) -> None:
    options = ["--folder", str(tmp_path), "--profile", PROFILE]
    ports = {name: free_port() for name in ("emulator", "proxy", "timestream")}
    for name, port in ports.items():
        options += [f"--{name}-port", str(port)]

    def has_timestream() -> None:
        assert is_taken(ports["timestream"]) == (STORE == "timestream")

    emulator = subprocess.Popen([*TOOL, "emulator", *options])
    try:
        deployed = subprocess.run([*TOOL, "deploy", *options], capture_output=True, timeout=300)
        assert deployed.returncode == 0, deployed.stderr
        assert b"ApiUrl " in deployed.stdout
        # Deploying does not wait for that.
        eventually(has_timestream)
        subprocess.run([*TOOL, "stop", *options], check=True, timeout=120)
        assert emulator.wait(120) == 0
    finally:
        emulator.terminate()
    assert processes(str(tmp_path)) == []
    assert [port for port in ports.values() if is_taken(port)] == []


def test_a_command_beside_a_stack_is_ended_with_what_it_started(tmp_path: Path) -> None:
    localstack, started = REPOSITORY / "localstack", tmp_path / "started"
    beside: list[str | Path] = [sys.executable, "-m", "harness.with_stack", tmp_path]
    paths = os.pathsep.join(str(localstack / name) for name in (".", "stack"))
    process = subprocess.Popen(
        [*beside, "bash", "-c", f"sleep 1000 & : >{started}; wait"],
        env=os.environ | {"PYTHONPATH": paths},
    )

    def has_started() -> None:
        assert started.exists() or process.poll() is not None

    eventually(has_started, 300)
    assert len(processes(f"TIDEMARK_STACK_FOLDER={tmp_path}")) == 2
    process.send_signal(signal.SIGTERM)
    assert process.wait(300) == 1
    assert processes(str(tmp_path)) == []


def test_what_cannot_be_deployed_is_told_and_taken_down(tmp_path: Path) -> None:
    command = Stack(tmp_path, source="none", MaxReceives="0").command
    tried = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert tried.returncode == 1
    assert "MaxReceives" in tried.stderr
    assert processes(str(tmp_path)) == []

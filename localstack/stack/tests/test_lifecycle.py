"""The stack comes up by one command and leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from place import REPOSITORY, is_taken
from stack import Stack


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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_takes_all_of_it_down(tmp_path: Path, number: signal.Signals) -> None:
    with Stack(tmp_path) as stack:
        with urllib.request.urlopen(f"{stack.url}/health") as answer:
            assert answer.status == 200
        addresses = [stack.described[name] for name in ("Address", "Emulator", "Proxy", "Source")]
        ports = [urlsplit(address).port or 0 for address in addresses]
        assert all(map(is_taken, ports))
        # The emulator, and a function's bootstrap.
        assert len(processes(stack.described["Proxy"])) >= 2
        assert stack.end(number) == 0, stack.printed()
        assert processes(stack.described["Proxy"]) == []
        assert [port for port in ports if is_taken(port)] == []
        assert not (tmp_path / "tmp").exists()


def test_a_port_that_is_taken_is_told_at_once(stack: Stack, tmp_path: Path) -> None:
    port = urlsplit(stack.url).port
    command = [sys.executable, str(REPOSITORY / "localstack/stack"), "up"]
    command += ["--folder", str(tmp_path), "--port", str(port)]
    tried = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert tried.returncode == 1
    assert f"port {port}: " in tried.stderr
    assert "Traceback" not in tried.stderr


def test_what_cannot_be_deployed_is_told_and_taken_down(tmp_path: Path) -> None:
    command = Stack(tmp_path, source="none", MaxReceives="0").command
    tried = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert tried.returncode == 1
    assert "MaxReceives" in tried.stderr
    assert processes(str(tmp_path)) == []

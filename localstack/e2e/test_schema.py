"""schemathesis asks everything that /openapi.json allows, and much that it does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.client import IS_DEPLOYED, Client
from harness.generators import series
from harness.process import Tidemark

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent

EXAMPLE = series("example1", [1.1, 2.4, 3.5], 13515551)

#: Test cases of each operation and phase.
EXAMPLES = os.environ.get("TIDEMARK_E2E_EXAMPLES", "10" if IS_DEPLOYED else "25")


def test_schemathesis_finds_no_violation(tmp_path: Path, own: Client) -> None:
    if IS_DEPLOYED:
        own.store(EXAMPLE)
        # What is there is not ours to delete. The other phases are some thousand requests, which
        # take long over an emulator, and ask nothing that they do not ask a process.
        options = ["--exclude-method", "DELETE", "--phases", "examples,fuzzing"]
        run(own.url, tmp_path, *options, key=own.key or "")
        return
    # Of its own: a process in which anything may be deleted.
    with Tidemark.guarded(tmp_path) as process:
        api = Client(process.url, process.key)
        api.store(EXAMPLE)
        run(process.url, tmp_path, key=process.key)
        assert api.json("/health")["status"] == "ok"


def run(url: str, folder: Path, *options: str, key: str) -> None:
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        f"--config-file={HERE / 'schemathesis.toml'}",
        "run",
        f"{url.rstrip('/')}/openapi.json",
        "--checks=all",
        f"--max-examples={EXAMPLES}",
        "--generation-deterministic",
        "--request-timeout=240",
        "--continue-on-failure",
        "--no-color",
        f"--header=Authorization: Bearer {key}",
        *options,
    ]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "schema_hooks", "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-2000:]

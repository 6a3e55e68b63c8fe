"""`deploy.sh keys` makes, lists and revokes the keys of a deployed stack."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from harness.client import Client
from harness.stack import PROFILE, Stack
from place import CREDENTIALS, REGION, REPOSITORY

SCRIPT = REPOSITORY / "infra/api_keys.py"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))


def run(stack: Stack, *arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    """Runs the command on a stack, of which it finds the table by itself."""
    told = {
        "PATH": os.environ["PATH"],
        "USER": "somebody",
        "AWS_ENDPOINT_URL": stack.described["Emulator"],
        "AWS_REGION": REGION,
        **CREDENTIALS,
    }
    program = TARGET / PROFILE / "tidemark-deployed-keys"
    command = [sys.executable, str(SCRIPT), str(program), *arguments]
    done = subprocess.run(command, env=told, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    return done


def test_a_key_is_made_listed_and_revoked(stack: Stack) -> None:
    made = run(stack, "create", "--tenant", "acme", "--scopes", "read", "--name", "probe")
    key = made.stdout.strip()
    key_id = hashlib.sha256(key.encode()).hexdigest()[:16]
    client = Client(stack.url, key)
    assert client.json("/api") == {"count": 0, "series": []}
    assert client.post([{"name": "a", "t": 1, "v": 1}]).status_code == 403
    listed = run(stack, "list", "--tenant", "acme").stdout
    assert [key_id, "acme", "read", "valid"] == listed.splitlines()[1].split()[:4]
    revoked = run(stack, "revoke", key_id)
    assert "revoked" in run(stack, "list", "--tenant", "acme").stdout
    # By a function that has not seen it before; those that have, within a minute.
    assert client.get("/admin/discards").status_code == 401
    for done, act in ((made, "key_created"), (revoked, "key_revoked")):
        assert key not in done.stderr
        (line,) = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
        assert (line["target"], line["act"], line["key"]) == ("audit", act, key_id)
        assert (line["who"], line["tenant"]) == ("somebody", "acme")
        assert line["timestamp"]


def test_what_is_wrong_is_told(stack: Stack) -> None:
    unknown = run(stack, "revoke", "0123456789abcdef", status=1)
    assert "there is no key 0123456789abcdef" in unknown.stderr
    wrong = run(stack, "create", "--tenant", "acme", "--scopes", "root", status=2)
    assert "read, write or admin" in wrong.stderr
    assert "create" in run(stack, "--help").stdout


def test_a_stack_that_is_not_there_is_named(stack: Stack) -> None:
    told = {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": stack.described["Emulator"],
        "AWS_REGION": REGION,
        "TIDEMARK_STACK": "another",
        **CREDENTIALS,
    }
    command = [sys.executable, str(SCRIPT), "program", "list"]
    done = subprocess.run(command, env=told, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the stack another does not tell KeysTable: set TIDEMARK_KEYS_TABLE" in done.stderr

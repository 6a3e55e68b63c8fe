"""Keys as an administrator handles them, and what the log tells of what administrators do."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from harness.access import Keys, key_id, program
from harness.client import Client, accepted
from harness.process import Tidemark
from place import free_port

pytestmark = pytest.mark.usefixtures("needs_own_process")


def start(**environment: str) -> subprocess.CompletedProcess[str]:
    """A process that ends by itself, soon."""
    told = os.environ | {"TIDEMARK_SOURCE_URL": "none", "PORT": str(free_port()), **environment}
    command = [program("TIDEMARK_BIN", "tidemark")]
    return subprocess.run(
        command, env=told, capture_output=True, text=True, timeout=120, check=False
    )


def test_who_others_reach_wants_to_know_who_asks(tmp_path: Path) -> None:
    for auth in ("", "off"):
        ended = start(TIDEMARK_HOST="0.0.0.0", TIDEMARK_AUTH=auth, TIDEMARK_DATA=str(tmp_path))
        assert ended.returncode == 1
        assert "TIDEMARK_HOST is 0.0.0.0" in ended.stderr
        assert "tidemark keys create" in ended.stderr
    with Tidemark.guarded(tmp_path, TIDEMARK_HOST="0.0.0.0") as process:
        assert Client(process.url, "").get("/api").status_code == 401
        assert Client(process.url, process.key).get("/api").status_code == 200


def test_an_issuer_that_cannot_be_trusted_is_named(tmp_path: Path) -> None:
    wrong = {"TIDEMARK_JWT_ISSUER": "http://login.example.org", "TIDEMARK_JWT_AUDIENCE": "a"}
    ended = start(TIDEMARK_AUTH="on", TIDEMARK_DATA=str(tmp_path), **wrong)
    assert ended.returncode == 1
    assert "TIDEMARK_JWT_ISSUER" in ended.stderr


def test_a_key_is_shown_once(tmp_path: Path) -> None:
    keys = Keys.of_data(tmp_path)
    made = keys.run("create", "--tenant", "acme", "--scopes", "read", "--name", "probe")
    key = made.stdout.strip()
    assert key not in made.stderr
    assert key_id(key) in made.stderr
    listed = keys.run("list").stdout
    assert key not in listed
    assert [key_id(key), "acme", "read", "valid"] == listed.splitlines()[1].split()[:4]
    assert key.encode() not in b"".join(p.read_bytes() for p in tmp_path.iterdir())
    keys.revoke(key)
    assert "revoked" in keys.run("list", "--tenant", "acme").stdout


def test_every_administrative_act_is_a_line(tmp_path: Path) -> None:
    """Whatever else is logged."""
    keys = Keys.of_data(tmp_path / "data")
    keys = Keys(keys.command, keys.environment | {"TIDEMARK_LOG": "off", "USER": "root-of-acme"})
    made = keys.run("create", "--tenant", "acme", "--scopes", "read,write,admin")
    key = made.stdout.strip()
    with Tidemark(tmp_path, TIDEMARK_AUTH="on", TIDEMARK_LOG="off") as process:
        api = Client(process.url, key)
        accepted(api.post([{"name": "a", "t": 1, "v": 1}, {"name": "b", "t": 1, "v": 1}]))
        assert api.request("DELETE", "/api/a").status_code == 204
        assert api.request("DELETE", "/api/b?from=0&to=5").status_code == 204
        assert api.request("DELETE", "/api/a").status_code == 404
        lines = [line for line in process.printed().splitlines() if " audit:" in line]
    who = f'who="key {key_id(key)}" tenant="acme"'
    assert len(lines) == 2
    assert f'act="series_deleted" {who} series="a"' in lines[0]
    assert f'act="range_deleted" {who} series="b"' in lines[1]
    revoked = keys.run("revoke", key_id(key))
    for told, act in ((made, "key_created"), (revoked, "key_revoked")):
        (line,) = [line for line in told.stderr.splitlines() if " audit:" in line]
        assert f'act="{act}" who="root-of-acme" tenant="acme" key={key_id(key)}' in line
        assert key not in told.stderr

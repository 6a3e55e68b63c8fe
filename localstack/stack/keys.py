"""API keys of a stack on this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from place import CREDENTIALS, REGION, Place

SCOPES = "read,write,admin"
#: So high that whoever has this machine to himself never meets them.
UNLIMITED = {"requests_per_second": 100_000, "points_per_second": 100_000_000, "series": 10**9}


def make_key(
    place: Place,
    outputs: Mapping[str, str],
    *,
    tenant: str,
    scopes: str = SCOPES,
    name: str = "",
    limits: Mapping[str, int],
) -> str:
    """Makes a key by the program that makes those of any deployment."""
    command: list[str | Path] = [place.program("tidemark-deployed-keys"), "create"]
    command += ["--tenant", tenant]
    command += ["--scopes", scopes, "--name", name]
    for limit, value in limits.items():
        command += [f"--{limit.replace('_', '-')}", str(value)]
    told = {
        "AWS_ENDPOINT_URL": place.emulator,
        "AWS_REGION": REGION,
        **CREDENTIALS,
        "TIDEMARK_KEYS_TABLE": outputs["KeysTable"],
    }
    done = subprocess.run(command, env=os.environ | told, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return done.stdout.strip()

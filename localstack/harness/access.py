"""API keys of what is tested, made as its administrator makes them."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from harness.evidence import secret
from keys import SCOPES, UNLIMITED
from place import REPOSITORY


def program(variable: str, package: str) -> Path:
    """The program that an environment variable names, else the one that cargo built."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    path = Path(os.environ.get(variable, target / "debug" / package))
    assert path.is_file(), f"{path} is not there: `cargo build -p {package}`, or set {variable}"
    return path


def key_id(key: str) -> str:
    """By which a key is listed and revoked."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Keys:
    """The command line for the keys of one Tidemark."""

    command: tuple[str | Path, ...]
    environment: dict[str, str]

    @classmethod
    def of_data(cls, folder: Path) -> Self:
        """Those of a process that has its data in this folder."""
        command = (program("TIDEMARK_BIN", "tidemark"), "keys")
        return cls(command, {"TIDEMARK_DATA": str(folder)})

    @classmethod
    def deployed(cls) -> Self:
        """Those of the deployment that the environment names."""
        return cls((program("TIDEMARK_KEYS_BIN", "tidemark-deployed-keys"),), {})

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs the command, which must succeed."""
        command = [*self.command, *arguments]
        told = os.environ | self.environment
        done = subprocess.run(command, env=told, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done

    def make(
        self,
        tenant: str,
        scopes: str = SCOPES,
        *,
        expires: str = "",
        name: str = "",
        limits: Mapping[str, int] | None = None,
    ) -> str:
        """A new key; where no limit is told there is none."""
        arguments = ["create", "--tenant", tenant, "--scopes", scopes, "--name", name]
        arguments += ["--expires", expires] if expires else []
        for limit, value in (UNLIMITED | dict(limits or {})).items():
            arguments += [f"--{limit.replace('_', '-')}", str(value)]
        return secret(self.run(*arguments).stdout.strip())

    def revoke(self, key: str) -> None:
        """Has a key refused from soon on."""
        self.run("revoke", key_id(key))

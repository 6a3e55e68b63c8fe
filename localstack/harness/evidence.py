"""What a run of tests leaves for the search for secrets in logs: the secrets, and the logs, in a
folder that all of its processes share."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

#: Names the folder. Whoever starts a run may, to search it later.
VARIABLE = "TIDEMARK_E2E_FOLDER"


def folder() -> Path | None:
    """The folder, of a run that is to be searched."""
    told = os.environ.get(VARIABLE)
    return Path(told) if told else None


def secret(text: str) -> str:
    """Something that must not be in any log: a key, a token, a payload."""
    found = folder()
    if found is not None:
        # A file for each process, so that none writes into another's line.
        file = found / f"{os.getpid()}.secrets"
        file.touch(mode=0o600)
        with file.open("a") as secrets:
            secrets.write(f"{text}\n")
    return text


def secrets() -> set[str]:
    """All of them so far."""
    found = folder()
    files = found.glob("*.secrets") if found is not None else []
    return {line for file in files for line in file.read_text().splitlines()}


def new_log(below: Path) -> Path:
    """Where a process is to log: in the folder, of a run that is to be searched."""
    found = folder()
    return below / "tidemark.log" if found is None else found / f"{uuid.uuid4().hex}.log"


def logs() -> list[Path]:
    """The logs of all processes so far."""
    found = folder()
    return sorted(found.glob("*.log")) if found is not None else []

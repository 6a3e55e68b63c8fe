"""The stand-in for the external data server."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from place import LOOPBACK, Place, is_taken
from running import Program

PORT = 28462
FIRST_LINE = "listening on "


def url() -> str:
    """The data server that the environment names, else the stand-in's usual address."""
    return os.environ.get("TIDEMARK_SOURCE_URL") or f"http://{LOOPBACK}:{PORT}"


@asynccontextmanager
async def data_server(place: Place, options: list[str]) -> AsyncIterator[tuple[Program, str]]:
    """Runs it, and tells its address: unless the options name a port, the usual one, or another if
    that is taken, since asking whoever holds it would take his messages."""
    port = [] if "--port" in options else ["--port", "0" if is_taken(PORT) else str(PORT)]
    command: list[str | Path] = [place.program("data-server"), *port, *options]
    with Program(command, place.folder / "data-server.log", dict(os.environ)) as program:
        while not program.printed().startswith(FIRST_LINE):
            program.check()
            await asyncio.sleep(0.05)
        yield program, program.printed().splitlines()[0].removeprefix(FIRST_LINE)

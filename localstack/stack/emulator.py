"""The emulator of AWS: ministack, which runs the functions' bootstraps as processes of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import ClientError, ClientSession

from place import CREDENTIALS, LOOPBACK, REGION, Place, check_free
from running import Program


@asynccontextmanager
async def emulator(place: Place) -> AsyncIterator[Program]:
    """Runs it; it answers by then."""
    # Whoever listens there may be one that has this folder.
    check_free(place.emulator_port)
    scratch = place.folder / "tmp"
    # Of an earlier run that was killed.
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    command: list[str | Path] = [sys.executable, "-m", "ministack"]
    with Program(command, place.folder / "emulator.log", environment(place, scratch)) as program:
        async with ClientSession() as asking:
            while not await answers(asking, place):
                program.check()
                await asyncio.sleep(0.05)
        try:
            yield program
        finally:
            program.end()
            shutil.rmtree(scratch, ignore_errors=True)


def environment(place: Place, scratch: Path) -> dict[str, str]:
    """What it and the functions are started with: nothing of ours but the path, so that a
    function has only what the template gives it."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "S3_DATA_DIR": str(scratch / "s3"),
        "BIND_HOST": LOOPBACK,
        "GATEWAY_PORT": str(place.emulator_port),
        # An address here would make the host of events one that the Lambda runtime cannot read.
        "MINISTACK_HOST": "localhost",
        "MINISTACK_REGION": REGION,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "AWS_ENDPOINT_URL": place.proxy,
        "AWS_DEFAULT_REGION": REGION,
        **CREDENTIALS,
    }


async def answers(asking: ClientSession, place: Place) -> bool:
    """Whether it is up."""
    try:
        async with asking.get(place.emulator_health) as answer:
            return answer.status == 200
    except ClientError:
        return False


def bootstraps(place: Place, function: str) -> list[int]:
    """The processes that run a function, on Linux."""
    wanted = {
        f"AWS_LAMBDA_FUNCTION_NAME={function}".encode(),
        f"AWS_ENDPOINT_URL={place.proxy}".encode(),
    }
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            variables = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted <= set(variables):
            found.append(int(process.name))
    return found

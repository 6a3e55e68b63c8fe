"""An emulator of Amazon Timestream for LiveAnalytics that runs queries for real, in the foreground
until it is told to end."""

from __future__ import annotations

import argparse
import asyncio
import signal
from datetime import datetime
from pathlib import Path

from clock import SECOND, Clock
from server import Options, serve


def main() -> None:
    """Runs it."""
    try:
        asyncio.run(run(*options()))
    except OSError as error:
        # A port is taken, or a file is not there.
        raise SystemExit(str(error)) from error


def options() -> tuple[Options, Clock]:
    """The command line."""
    parser = argparse.ArgumentParser(prog="timestream", description=__doc__)
    parser.add_argument("--port", type=int, default=4668, help="0 for a free one")
    parser.add_argument("--tls-port", type=int, help="serve TLS as well; 0 for a free one")
    parser.add_argument("--cert", type=Path, metavar="FILE", help="its certificate, as PEM")
    parser.add_argument("--key", type=Path, metavar="FILE", help="its key, as PEM")
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="write each call down in DIR/timestream.jsonl"
    )
    parser.add_argument(
        "--require-partition-key",
        action="store_true",
        help="refuse queries that do not restrict the partition key to values",
    )
    parser.add_argument(
        "--now",
        type=time,
        default=Clock(),
        metavar="TIME",
        help="what time it is at the start, as 2024-01-31T00:00:00Z; the machine's otherwise",
    )
    given = parser.parse_args()
    if given.tls_port is not None and not (given.cert and given.key):
        parser.error("--tls-port needs --cert and --key")
    chosen = vars(given)
    clock = chosen.pop("now")
    return Options(**chosen), clock


def time(text: str) -> Clock:
    """A clock that shows a time now."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    clock = Clock()
    clock.shift = int(at.timestamp()) * SECOND - clock.now()
    return clock


async def run(chosen: Options, clock: Clock) -> None:
    """Serves until a signal asks to end."""
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    async with serve(chosen, clock) as emulator:
        addresses = " ".join(filter(None, (emulator.url, emulator.tls_url)))
        print(f"listening on {addresses}", flush=True)
        await told.wait()


if __name__ == "__main__":
    main()

"""Runs a command beside a stack, which it finds by its environment: for the end-to-end suite, whose
data server it has, and for the conformance suites of the ports.

    python -m harness.with_stack FOLDER COMMAND [ARGUMENT ...]
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import timestream
from harness import evidence
from harness.guarded import ORIGIN
from harness.issuer import AUDIENCE, serving
from harness.process import MIXED, options
from harness.stack import Stack, eventually
from place import CREDENTIALS, LOOPBACK, REGION, free_port
from running import Program

#: How long what the command started may take to end.
GRACE_SECONDS = 240.0


def environment(stack: Stack) -> dict[str, str]:
    """What tells where the stack is."""
    # Of the command's own: what is sent to the stack's is taken by the validator.
    queue = stack.client("sqs").create_queue(QueueName="aside")["QueueUrl"]
    return {
        "TIDEMARK_URL": stack.url,
        evidence.VARIABLE: str(of_this_run(stack.folder)),
        "TIDEMARK_STACK_FOLDER": str(stack.folder),
        "TIDEMARK_SERVED": str(stack.log),
        "AWS_ENDPOINT_URL": stack.described["Emulator"],
        "AWS_REGION": REGION,
        **CREDENTIALS,
        "TIDEMARK_POINTS_TABLE": stack.described["PointsTable"],
        "TIDEMARK_CATALOG_TABLE": aside(stack, stack.described["CatalogTable"]),
        "TIDEMARK_DISCARDS_TABLE": stack.described["DiscardsTable"],
        "TIDEMARK_HISTORY_TABLE": stack.described["HistoryTable"],
        "TIDEMARK_KEYS_TABLE": stack.described["KeysTable"],
        "TIDEMARK_KEY": stack.key,
        "TIDEMARK_QUEUE_URL": queue,
        "TIDEMARK_POINT_STORE": stack.store,
    }


def of_this_run(folder: Path) -> Path:
    """Where the end-to-end suite leaves evidence, which it looks through in the end: nothing of an
    earlier run."""
    found = folder / "evidence"
    shutil.rmtree(found, ignore_errors=True)
    found.mkdir(mode=0o700)
    return found


@contextmanager
def beside_timestream(stack: Stack) -> Iterator[dict[str, str]]:
    """Tables of Timestream for the command, and what tells where they are: one in the stack's
    emulator, and one in another, whose clock stands in 2023, when what the suites write was new."""
    if stack.store != "timestream":
        yield {}
        return
    here, storage = stack.described["Timestream"], stack.described["Emulator"]
    timestream.create(here, storage, "aside", "aside")
    port = free_port()
    command = [*timestream.command_line(port), "--now", "2023-06-01T00:00:00Z"]
    log = stack.folder / "timestream-of-2023.log"
    with Program(command, log, timestream.environment(storage)) as program:

        def has_started() -> None:
            program.check()
            assert program.printed().startswith(timestream.FIRST_LINE)

        eventually(has_started)
        then = f"http://{LOOPBACK}:{port}"
        # So that all of that is in the memory store.
        timestream.create(then, storage, "aside", "aside-of-2023", memory_hours=8766)
        yield {
            "AWS_ENDPOINT_URL_TIMESTREAM_WRITE": here,
            "AWS_ENDPOINT_URL_TIMESTREAM_QUERY": here,
            "TIDEMARK_TIMESTREAM_OF_2023": then,
            "TIDEMARK_TIMESTREAM_DATABASE": timestream.DATABASE,
            "TIDEMARK_TIMESTREAM_TABLE": "aside",
            "TIDEMARK_TIMESTREAM_REPORTS": "aside",
        }


def aside(stack: Stack, table: str) -> str:
    """A table like one of the stack's, which its functions do not know: the compactor forgets the
    old deletions of every series that the catalog names."""
    client = stack.client("dynamodb")
    like = client.describe_table(TableName=table)["Table"]
    kept = ("IndexName", "KeySchema", "Projection")
    indexes = like.get("GlobalSecondaryIndexes", [])
    made = client.create_table(
        TableName=f"{table}-aside",
        KeySchema=like["KeySchema"],
        AttributeDefinitions=like["AttributeDefinitions"],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[{name: index[name] for name in kept} for index in indexes],
    )
    name: str = made["TableDescription"]["TableName"]
    return name


def main() -> int:
    """Runs the command, and tells its status."""
    # So that the stack is taken down.
    signal.signal(signal.SIGTERM, leave)
    folder, command = Path(sys.argv[1]).resolve(), sys.argv[2:]
    with (
        serving(folder) as issuer,
        Stack(
            folder,
            data_server=options(MIXED),
            JwtIssuer=issuer.url,
            JwtAudience=AUDIENCE,
            CorsOrigins=ORIGIN,
            # So few that a range can be divided which the emulator reads in a second.
            TimestreamShardPoints="5000",
            # All that they can tell: no secret may be in that.
            Log="debug",
        ) as stack,
        beside_timestream(stack) as tables,
    ):
        # In a group of its own, so that all that it starts is found.
        told = os.environ | environment(stack) | tables
        process = subprocess.Popen(command, env=told, start_new_session=True)
        try:
            return process.wait()
        finally:
            end_group(process)


def leave(number: int, *_: object) -> None:
    """Leaves in order, told once."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(1)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Has a command end, with all that it started: stacks of tests among that, which take long."""
    deadline = time.monotonic() + GRACE_SECONDS
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            # What has ended is there until it is asked after.
            process.poll()
            os.killpg(process.pid, 0)
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())

"""Runs a command beside a stack, which it finds by its environment: for the end-to-end suite, whose
data server it has, and for the conformance suites of the ports.

    python with_stack.py FOLDER COMMAND [ARGUMENT ...]
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from place import CREDENTIALS, REGION
from process import MIXED, options
from stack import Stack

#: How long what the command started may take to end.
GRACE_SECONDS = 40.0


def environment(stack: Stack) -> dict[str, str]:
    """What tells where the stack is."""
    # Of the command's own: what is sent to the stack's is taken by the validator.
    queue = stack.client("sqs").create_queue(QueueName="aside")["QueueUrl"]
    return {
        "TIDEMARK_URL": stack.url,
        "TIDEMARK_STACK_FOLDER": str(stack.folder),
        "TIDEMARK_SERVED": str(stack.log),
        "AWS_ENDPOINT_URL": stack.described["Emulator"],
        "AWS_REGION": REGION,
        **CREDENTIALS,
        "TIDEMARK_POINTS_TABLE": stack.described["PointsTable"],
        "TIDEMARK_CATALOG_TABLE": aside(stack, stack.described["CatalogTable"]),
        "TIDEMARK_DISCARDS_TABLE": stack.described["DiscardsTable"],
        "TIDEMARK_HISTORY_TABLE": stack.described["HistoryTable"],
        "TIDEMARK_QUEUE_URL": queue,
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
    with Stack(folder, data_server=options(MIXED)) as stack:
        # In a group of its own, so that all that it starts is found.
        process = subprocess.Popen(
            command, env=os.environ | environment(stack), start_new_session=True
        )
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

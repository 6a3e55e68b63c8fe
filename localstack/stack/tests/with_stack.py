"""Runs a command beside a stack, which it finds by its environment: for the end-to-end suite, whose
data server it has, and for the conformance suites of the ports.

    python with_stack.py FOLDER COMMAND [ARGUMENT ...]
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from place import CREDENTIALS, REGION
from process import MIXED, options
from stack import Stack


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
        "TIDEMARK_CATALOG_TABLE": stack.described["CatalogTable"],
        "TIDEMARK_DISCARDS_TABLE": stack.described["DiscardsTable"],
        "TIDEMARK_HISTORY_TABLE": stack.described["HistoryTable"],
        "TIDEMARK_QUEUE_URL": queue,
    }


def main() -> int:
    """Runs the command, and tells its status."""
    # So that the stack is taken down.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder, command = Path(sys.argv[1]).resolve(), sys.argv[2:]
    with (
        Stack(folder, data_server=options(MIXED)) as stack,
        subprocess.Popen(command, env=os.environ | environment(stack)) as process,
    ):
        try:
            return process.wait()
        finally:
            process.terminate()


if __name__ == "__main__":
    sys.exit(main())

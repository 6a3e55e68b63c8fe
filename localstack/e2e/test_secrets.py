"""No key, token or payload is in any log of the whole run. This module runs last: in one process
by itself, after several with TIDEMARK_E2E_FOLDER, which they were told, too."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness import evidence
from harness.client import IS_DEPLOYED, eventually
from harness.guarded import Guarded, new_tenant


def logs() -> Iterator[tuple[str, str]]:
    """Every log, and what it is called."""
    if IS_DEPLOYED:
        for path in Path(os.environ["TIDEMARK_STACK_FOLDER"]).glob("*.log"):
            yield path.name, path.read_text(errors="replace")
        yield from of_functions()
    for path in evidence.logs():
        yield path.name, path.read_text(errors="replace")


def of_functions() -> Iterator[tuple[str, str]]:
    """What the functions logged, as the emulator keeps it."""
    import boto3

    client = boto3.client(
        "logs",
        endpoint_url=os.environ["AWS_ENDPOINT_URL"],
        region_name=os.environ["AWS_REGION"],
    )
    for group in client.get_paginator("describe_log_groups").paginate():
        for name in (group["logGroupName"] for group in group["logGroups"]):
            yield name, "\n".join(messages(client, name))


def messages(client: Any, group: str) -> Iterator[str]:
    """The lines of a log. The emulator tells ten thousand at once, and no page after them."""
    start = 0
    while True:
        events = client.filter_log_events(logGroupName=group, startTime=start)["events"]
        yield from (event["message"] for event in events)
        if not events or events[-1]["timestamp"] == start:
            return
        # From the last instant again, of which there may be more.
        start = events[-1]["timestamp"]


def test_no_log_has_a_secret(guarded: Guarded) -> None:
    found = evidence.secrets()
    assert len(found) > 5, f"there are no secrets of other tests in {evidence.folder()}"
    # In a place where it may be: the path of a request.
    allowed = f"canary-{uuid.uuid4().hex}"
    client = guarded.client(new_tenant("canary"))
    assert client.get(f"/api/{allowed}").status_code == 404

    def is_logged() -> list[tuple[str, str]]:
        all_logs = list(logs())
        assert any(allowed in text for _, text in all_logs), [name for name, _ in all_logs]
        return all_logs

    # All of the logs, so that one look is enough.
    texts = eventually(is_logged, 240)
    leaked = [(name, text[:8]) for name, log in texts for text in found if text in log]
    assert leaked == []

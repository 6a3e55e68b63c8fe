"""Has points written through a deployed API, and adds up what is billed of it."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import urlsplit

from billing import KB, Item, billed_requests, item_size, write_units
from harness.stack import Stack
from load import batches, naive_items
from place import REPOSITORY
from prices import PRICES

#: A line of the gateway's access log, which the emulator does not write, as `infra/api.yaml` has
#: it; and what CloudWatch adds to each event.
ACCESS_LINE, EVENT_OVERHEAD = 400, 26
#: What says how long replaced chunks stay.
REPLACED = REPOSITORY / "functions/shared/aws/src/dynamodb/points/replaced.rs"
#: Memory that comes with a whole processor, in MB.
WHOLE_PROCESSOR = 1769
REPORT = re.compile(r"^REPORT .*Billed Duration: ([\d.]+) ms\tMemory Size: (\d+) MB")


@dataclass
class Bill:
    """How much of each thing in `PRICES` is billed, and by whom."""

    #: Calls by service, and of the tables by operation.
    calls: Counter[str] = field(default_factory=Counter)
    ingest: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    compaction: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    #: Bytes of the table of points in the end.
    stored: int = 0

    def amount(self, kind: str) -> float:
        """All that is billed of a thing."""
        return self.ingest[kind] + self.compaction[kind]

    def dollars(self, kind: str) -> float:
        """What that costs."""
        return PRICES[kind].of(self.amount(kind))


def measured(stack: Stack, points: int, together: int) -> Bill:
    """Writes points, one batch after the other, has them compacted, and adds up."""
    # Known, or not, before the long work.
    stay = stay_seconds()
    is_timestream = stack.store == "timestream"
    bill = Bill()
    gateway = urlsplit(stack.url)
    connection = HTTPConnection(gateway.hostname or "", gateway.port)
    for body in batches(points, together):
        headers = {"content-type": "application/json", "x-api-key": stack.key}
        connection.request("POST", "/api", body, headers)
        answer = connection.getresponse()
        told = answer.read()
        assert answer.status == 201, told
        bill.ingest["gateway"] += billed_requests(len(body), 512 * KB)
        bill.ingest["logs"] += ACCESS_LINE + EVENT_OVERHEAD
        # So that each message is handled alone, as where there is little traffic.
        while stack.waiting():
            time.sleep(0.002)
    if not is_timestream:
        compact(stack, stay)
    handled = 0
    for function, log in logs(stack).items():
        share = bill.compaction if function == "compactor" else bill.ingest
        reports = [found for line in log if (found := REPORT.match(line))]
        share["invocations"] += len(reports)
        share["compute"] += sum(gb_seconds(float(r[1]), int(r[2])) for r in reports)
        share["logs"] += sum(len(line.encode()) + EVENT_OVERHEAD for line in log)
        handled += len(reports) if function == "validator" else 0
    # Lambda asks for messages, and deletes them.
    bill.ingest["queue"] += 2 * handled
    for call in stack.calls():
        of_compactor = call["function"].endswith("compactor")
        share = bill.compaction if of_compactor else bill.ingest
        share["queue"] += call["billed"].get("requests", 0)
        share["write"] += call["billed"].get("write", 0)
        share["read"] += call["billed"].get("read", 0)
        bill.calls[f"{call['service']}:{call['operation']}"] += 1
    if is_timestream:
        writes = metered(stack)["writes"]
        assert writes["records"] == points
        bill.ingest["records"] = writes["billed_kib"]
    bill.stored = sum(item_size(item) for item in chunks(stack))
    return bill


def metered(stack: Stack) -> dict[str, dict[str, int]]:
    """What the emulator of Timestream metered."""
    with urllib.request.urlopen(f"{stack.described['Timestream']}/_metering") as answer:
        told: dict[str, dict[str, int]] = json.load(answer)
        return told


def gb_seconds(milliseconds: float, memory: int) -> float:
    """What is billed of an invocation that took so long here, with a whole processor: as if it had
    done nothing but compute, on the share of one that comes with its memory."""
    return milliseconds / 1000 * max(memory, WHOLE_PROCESSOR) / 1024


def compact(stack: Stack, stay: int) -> None:
    """Runs the compactor until it finds nothing to do; what it replaces stays for some seconds."""
    while True:
        before = len(stack.calls())
        stack.tick("compactor")
        new = [call for call in stack.calls()[before:] if call["function"].endswith("compactor")]
        if any(call["operation"] == "BatchWriteItem" for call in new):
            continue
        if not any_replaced(stack):
            return
        time.sleep(stay + 5)


def stay_seconds() -> int:
    """How long replaced chunks stay."""
    found = re.search(r"^const STAY: i64 = (\d+) \* 1_000_000_000;$", REPLACED.read_text(), re.M)
    assert found, REPLACED
    return int(found[1])


def any_replaced(stack: Stack) -> bool:
    """Whether there are notes of chunks that are to be deleted."""
    return any(item["chunk"]["S"].startswith("r") for item in chunks(stack))


def chunks(stack: Stack) -> Iterator[Item]:
    """All items of the table of points."""
    pages = stack.client("dynamodb").get_paginator("scan")
    for page in pages.paginate(TableName=stack.described["PointsTable"]):
        for item in page["Items"]:
            # In JSON, which sizes are computed of, bytes are in base64.
            yield {
                name: {kind: b64encode(content).decode() if kind == "B" else content}
                for name, value in item.items()
                for kind, content in value.items()
            }


def logs(stack: Stack) -> dict[str, list[str]]:
    """The lines that each function, and Lambda for it, wrote to its log."""
    client, prefix = stack.client("logs"), "/aws/lambda/"
    pages = client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    return {
        group["logGroupName"].rpartition("-")[2]: [
            event["message"]
            for events in client.get_paginator("filter_log_events").paginate(
                logGroupName=group["logGroupName"]
            )
            for event in events["events"]
        ]
        for page in pages
        for group in page["logGroups"]
    }


def naive(points: int) -> float:
    """The write units of as many points, each an item of its own: there is nothing to wait for."""
    return sum(write_units(None, item, ()) for item in naive_items(points))

"""WriteRecords: what of a call is stored, what is rejected, and what is rejected later."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import records
from clock import DAY, HOUR, MINUTE, milliseconds_text
from databases import Table
from fault_injection import Faults
from records import Record
from service_errors import RejectedRecordsException
from storage import Batch

#: "Future ingestion period in minutes" in "Service limits".
LEAD = 15 * MINUTE
# The reasons that the service was seen to tell.
LOWER = (
    "The record version {} is lower than the existing version {}. A higher version is required "
    "to update the measure value."
)
EQUAL = (
    "A record already exists with the same time, dimensions, measure name, and record version. A "
    "higher record version must be specified in order to update the measure value. Specifying "
    "record version is supported by the latest SDKs."
)
OUTSIDE = "The record timestamp is outside the time range [{}, {}) of the {}."
ON_DEMAND = "The record is refused on demand."


@dataclass
class Outcome:
    """What became of the records of a call."""

    memory: int = 0
    magnetic: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    #: Records that lost to a later version in the magnetic store, with the reason: the response
    #: does not tell of them ("Handling rejected records" in the developer guide).
    late: list[tuple[Record, str]] = field(default_factory=list)
    #: What is metered of the call.
    bytes: int = 0

    def answer(self) -> dict[str, Any]:
        """The response to the call."""
        if self.rejected:
            raise RejectedRecordsException(
                "One or more records have been rejected. See RejectedRecords for details.",
                RejectedRecords=self.rejected,
            )
        return {
            "RecordsIngested": {
                "Total": self.memory + self.magnetic,
                "MemoryStore": self.memory,
                "MagneticStore": self.magnetic,
            }
        }


class Window:
    """The times that a table takes."""

    def __init__(self, table: Table, now: int) -> None:
        self.end = now + LEAD
        self.memory = max(0, now - table.retention.memory_hours * HOUR)
        self.start, self.store = self.memory, "memory store"
        if table.magnetic["EnableMagneticStoreWrites"]:
            # One may be set to keep more hours in the memory store.
            magnetic = max(0, now - table.retention.magnetic_days * DAY)
            self.start, self.store = min(self.memory, magnetic), "data ingestion window"

    def refuse(self, time: int) -> str | None:
        """Why a time is not taken."""
        if self.start <= time < self.end:
            return None
        return OUTSIDE.format(
            milliseconds_text(self.start), milliseconds_text(self.end), self.store
        )


def write(table: Table, asked: dict[str, Any], now: int, faults: Faults) -> Outcome:
    """Stores the records of a call in order: each is held against what those before it wrote."""
    call = records.read(asked)
    outcome, batch, window = Outcome(bytes=call.common_size), Batch(now), Window(table, now)
    for record in call.records:
        outcome.bytes += record.own_size
        reason = (
            records.exceeded(record) or window.refuse(record.time) or table.schema.refuse(record)
        )
        if reason is None and faults.is_due("reject", faults.reject_every):
            faults.note("reject")
            reason = ON_DEMAND
        if reason is not None:
            outcome.rejected.append({"RecordIndex": record.index, "Reason": reason})
            continue
        is_magnetic = record.time < window.memory
        existing = store(table, record, batch)
        if existing is not None and not is_magnetic:
            outcome.rejected.append(
                {
                    "RecordIndex": record.index,
                    "Reason": conflict(record, existing),
                    "ExistingVersion": existing,
                }
            )
            continue
        if existing is not None:
            outcome.late.append((record, conflict(record, existing)))
        outcome.memory += not is_magnetic
        outcome.magnetic += is_magnetic
    if batch.rows or batch.replaced:
        table.stored.put(batch, int(faults.delay_visibility * 1e9))
    return outcome


def conflict(record: Record, existing: int) -> str:
    """Why a record does not replace the one of a version."""
    return EQUAL if record.version == existing else LOWER.format(record.version, existing)


def store(table: Table, record: Record, batch: Batch) -> int | None:
    """Stores a record, unless there is one of the same key whose version is not lower: then tells
    that version, but for a duplicate, which is nothing new ("Upserts" in WriteRecords)."""
    times = table.versions.setdefault((record.series.dimensions, record.measure), {})
    # Not the values themselves, for their memory; their text tells -0.0 from 0.0.
    digest = hash(repr(record.values))
    existing = times.get(record.time)
    if existing is not None:
        version, old_digest, row = existing
        if record.version < version:
            return version
        if digest == old_digest:
            times[record.time] = (record.version, digest, row)
            return None
        if record.version == version:
            return version
        batch.replaced.append(row)
    stored = table.stored
    stored.add_columns(table.schema.add(record))
    row = stored.next_row
    stored.next_row += 1
    cells: list[Any] = [None] * (3 + len(stored.columns))
    cells[0], cells[1], cells[2] = row, record.time, record.measure
    for name, value in record.series.dimensions:
        cells[stored.positions[name]] = value
    for column, _, value in record.values:
        cells[stored.positions[column]] = value
    batch.rows.append(cells)
    times[record.time] = (record.version, digest, row)
    table.bytes += record.size
    return None

//! The log: every write, as postcard encodes it, until its points are in chunks.

use std::sync::atomic::Ordering;

use rusqlite::Connection;
use tidemark_columnar::BatchStamp;
use tidemark_core::batch::Write;
use tidemark_ports::error::Result;

use crate::memory::Memory;
use crate::{corrupt, failed, lock};

/// A write as a record of the log.
pub(super) fn encode(write: &Write) -> Result<Vec<u8>> {
    postcard::to_stdvec(write).map_err(|e| corrupt("encoding a record of the log").because(e))
}

/// Adds a record behind the others.
pub(super) fn append(connection: &Connection, sequence: u64, record: &[u8]) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO log (sequence, record) VALUES (?1, ?2)")
        .and_then(|mut statement| statement.execute((sequence, record)))
        .map_err(failed("appending to the log"))?;
    Ok(())
}

/// Removes the records up to `sequence`, whose points are in chunks.
pub(super) fn cut(connection: &Connection, sequence: u64) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM log WHERE sequence <= ?1")
        .and_then(|mut statement| statement.execute([sequence]))
        .map_err(failed("cutting the log"))?;
    Ok(())
}

/// Puts what the log holds into memory again, but for what was deleted since.
pub(super) fn replay(connection: &Connection, memory: &Memory) -> Result<()> {
    let reading = "replaying the log";
    let mut statement = connection
        .prepare("SELECT sequence, record FROM log ORDER BY sequence")
        .map_err(failed(reading))?;
    let mut rows = statement.query([]).map_err(failed(reading))?;
    while let Some(row) = rows.next().map_err(failed(reading))? {
        let sequence: u64 = row.get(0).map_err(failed(reading))?;
        let record = row.get_ref(1).map_err(failed(reading))?;
        let unreadable = || corrupt(format!("record {sequence} of the log"));
        let record = record.as_blob().map_err(|e| unreadable().because(e))?;
        let write: Write = postcard::from_bytes(record).map_err(|e| unreadable().because(e))?;
        let batch = BatchStamp {
            received: write.received,
            id: write.batch,
        };
        for points in &write.series {
            let entry = memory
                .entry(&write.tenant, &points.name)
                .ok_or_else(unreadable)?;
            entry.list(|listing| listing.register(write.received));
            memory.append(&entry, batch, points);
        }
        memory.logged.fetch_add(record.len(), Ordering::Relaxed);
        memory.sequence.store(sequence, Ordering::Relaxed);
    }
    // What was deleted before its record could be cut stays deleted.
    for entry in lock(&memory.dirty).iter() {
        let listing = entry.listing();
        lock(&entry.tail)
            .active
            .retain(|time, received| !listing.tombstones.hides(time, received));
    }
    Ok(())
}

//! The log: every write, as postcard encodes it, until its points are in chunks.

use rusqlite::Connection;
use tidemark_core::batch::Write;
use tidemark_ports::error::Result;

use crate::error::{corrupt, failed};

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

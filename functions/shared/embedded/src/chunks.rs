//! Rows of the table `chunk`.

use rusqlite::Connection;
use tidemark_columnar::Columns;
use tidemark_columnar::chunk::{self, ChunkError, TARGET_POINTS};
use tidemark_core::summary::{Parts, Summary};
use tidemark_ports::error::Result;

use crate::error::{corrupt, failed};

/// Reads of a chunk what `decode` makes of its columns.
pub(super) fn read<T>(
    connection: &Connection,
    id: i64,
    decode: impl FnOnce(&[u8]) -> std::result::Result<T, ChunkError>,
) -> Result<T> {
    let mut statement = connection
        .prepare_cached("SELECT columns FROM chunk WHERE id = ?1")
        .map_err(failed("reading a chunk"))?;
    let mut rows = statement.query([id]).map_err(failed("reading a chunk"))?;
    let row = rows
        .next()
        .map_err(failed("reading a chunk"))?
        .ok_or_else(|| corrupt(format!("chunk {id} is not there")))?;
    let bytes = row
        .get_ref(0)
        .map_err(failed("reading a chunk"))?
        .as_blob()
        .map_err(|e| corrupt(format!("chunk {id}")).because(e))?;
    decode(bytes).map_err(|e| corrupt(format!("chunk {id}")).because(e))
}

/// Reads all of a chunk.
pub(super) fn load(connection: &Connection, id: i64) -> Result<Columns> {
    read(connection, id, chunk::decode)
}

/// Removes a chunk.
pub(super) fn remove(connection: &Connection, id: i64) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM chunk WHERE id = ?1")
        .and_then(|mut statement| statement.execute([id]))
        .map_err(failed("removing a chunk"))?;
    Ok(())
}

/// Stores sorted columns as chunks of about the same size, each of at least
/// [`TARGET_POINTS`] if there are so many.
pub(super) fn store(connection: &Connection, series: i64, columns: &Columns) -> Result<()> {
    if columns.is_empty() {
        return Ok(());
    }
    let pieces = (columns.len() / TARGET_POINTS).max(1);
    for piece in columns.pieces(columns.len().div_ceil(pieces)) {
        insert(connection, series, &piece)?;
    }
    Ok(())
}

fn insert(connection: &Connection, series: i64, columns: &Columns) -> Result<()> {
    let (Some(span), Some(received), Some(summary)) = (
        columns.span(),
        columns.received(),
        Summary::of(columns.times(), columns.values(), Parts::STORED),
    ) else {
        return Ok(());
    };
    let summary = postcard::to_stdvec(&summary.stored())
        .map_err(|e| corrupt("encoding the summary of a chunk").because(e))?;
    let bytes = chunk::encode(columns).map_err(|e| corrupt("encoding a chunk").because(e))?;
    connection
        .prepare_cached(
            "INSERT INTO chunk (series, first, last, points, min_received, max_received, summary, columns)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )
        .and_then(|mut statement| {
            statement.execute((
                series,
                span.from().nanos(),
                span.to().nanos(),
                columns.len(),
                received.from().nanos(),
                received.to().nanos(),
                summary,
                bytes,
            ))
        })
        .map_err(failed("storing a chunk"))?;
    Ok(())
}

//! What a start finds on disk, brought back into memory.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::{Connection, Row};
use tidemark_columnar::BatchStamp;
use tidemark_core::about::{About, Label, Remark};
use tidemark_core::batch::Write;
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::time::Timestamp;
use tidemark_ports::error::Result;

use crate::error::{corrupt, failed, lock};
use crate::memory::{Entry, Listing, Memory};

/// Reads the catalog and replays the log.
pub(super) fn recover(connection: &Connection) -> Result<Memory> {
    let memory = Memory::default();
    let reading = "reading the catalog";
    let mut statement = connection
        .prepare(
            "SELECT id, tenant, name, live, updated, deleted_at, tombstones, title, unit, note
             FROM series",
        )
        .map_err(failed(reading))?;
    let mut rows = statement.query([]).map_err(failed(reading))?;
    while let Some(row) = rows.next().map_err(failed(reading))? {
        let (id, tenant, name, live, updated, deleted_at, tombstones): (
            i64,
            String,
            String,
            bool,
            i64,
            i64,
            String,
        ) = row.try_into().map_err(failed(reading))?;
        let named = |e| corrupt(format!("series {id} of the catalog")).because(e);
        let key = SeriesKey {
            tenant: Tenant::new(tenant).map_err(named)?,
            name: SeriesName::new(name).map_err(named)?,
        };
        let tombstones = serde_json::from_str(&tombstones)
            .map_err(|e| corrupt(format!("tombstones of series {id}")).because(e))?;
        let mut listing = Listing {
            live,
            updated: Timestamp::from_nanos(updated),
            deleted_at: Timestamp::from_nanos(deleted_at),
            tombstones,
            about: None,
        };
        listing.say(about(row, id)?);
        let entry = Entry::new(id, listing, memory.live(&key.tenant));
        memory.insert(key, Arc::new(entry));
    }
    replay(connection, &memory)?;
    Ok(memory)
}

/// What is said of a series.
fn about(row: &Row<'_>, id: i64) -> Result<About> {
    let text = |column| {
        let text: rusqlite::Result<Option<String>> = row.get(column);
        text.map_err(failed("reading what is said of a series"))
    };
    let wrong = |e| corrupt(format!("what is said of series {id}")).because(e);
    Ok(About {
        title: text("title")?.map(Label::new).transpose().map_err(wrong)?,
        unit: text("unit")?.map(Label::new).transpose().map_err(wrong)?,
        note: text("note")?.map(Remark::new).transpose().map_err(wrong)?,
    })
}

/// Puts what the log holds into memory again, but for what was deleted since.
fn replay(connection: &Connection, memory: &Memory) -> Result<()> {
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
            entry.list(|listing| listing.register(write.received, None));
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

//! The store of one machine: every port over one SQLite database.
//!
//! A write is appended to the log and fsynced, together with what else was
//! waiting (`writer`); its points then stand in memory, in the tail of their
//! series (`memory`). From time to time tails are merged into chunks of
//! compressed columns (`flush`), which never overlap within a series, and the
//! log is cut. A reader merges chunks and tails (`scan`); a chunk that lies
//! inside the question is answered from its summary. On start the log is
//! replayed into the tails.

mod catalog;
mod chunks;
mod connection;
mod discards;
mod error;
mod flush;
mod history;
mod keys;
mod log;
mod memory;
mod points;
mod readers;
mod recovery;
mod scan;
mod schema;
mod transaction;
mod writer;

use std::fs::{File, TryLockError, create_dir_all};
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};
use tidemark_core::time::Timestamp;
use tidemark_ports::error::Result;

use connection::connect;
use error::{failed, unusable};
use history::Unrecorded;
pub use keys::Keys;
use memory::Memory;
use readers::Readers;
use writer::Writer;

/// The embedded store. Cheap to clone; the database is closed, after a last
/// flush, when the last clone is dropped.
#[derive(Clone)]
pub struct Embedded(Arc<Inner>);

struct Inner {
    // Dropped first: flushes what is in memory.
    writer: Writer,
    readers: Readers,
    memory: Arc<Memory>,
    unrecorded: Unrecorded,
    _lock: File,
}

impl Embedded {
    /// Opens the store in a folder, which is made where there is none. The
    /// folder is locked: it serves one process at a time.
    pub fn open(folder: &Path) -> Result<Self> {
        Self::open_with_vfs(folder, None)
    }

    /// The same through a SQLite VFS that was registered under a name; for
    /// tests of what happens when the power fails.
    pub fn open_with_vfs(folder: &Path, vfs: Option<&str>) -> Result<Self> {
        let place = folder.display();
        create_dir_all(folder)
            .map_err(|e| unusable(format!("making the data folder {place}")).because(e))?;
        let lock = File::create(folder.join("lock"))
            .map_err(|e| unusable(format!("making a lock in {place}")).because(e))?;
        lock.try_lock().map_err(|e| match e {
            TryLockError::WouldBlock => unusable(format!(
                "the data folder {place} is in use by another process"
            )),
            TryLockError::Error(e) => unusable(format!("locking {place}")).because(e),
        })?;
        let path = folder.join("tidemark.db");
        let mut connection = connect(&path, vfs, OpenFlags::SQLITE_OPEN_CREATE)?;
        connection
            .execute_batch(
                "PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL;
                 PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                 PRAGMA journal_size_limit = 67108864;",
            )
            .map_err(failed("setting up the database"))?;
        schema::migrate(&mut connection)?;
        let memory = Arc::new(recovery::recover(&connection)?);
        let flusher = flush::Flusher::new(Arc::clone(&memory));
        let readers = Readers::new(path, vfs.map(str::to_owned));
        let writer = Writer::start(connection, Arc::clone(&memory), flusher);
        Ok(Self(Arc::new(Inner {
            writer,
            readers,
            memory,
            unrecorded: Unrecorded::default(),
            _lock: lock,
        })))
    }
}

impl Embedded {
    /// Succeeds if data could be written now.
    pub async fn check(&self) -> Result<()> {
        self.0
            .writer
            .commit(|transaction| heartbeat(transaction.connection))
            .await
    }

    /// When the latest batch was received or series deleted, as far as the
    /// catalog knows.
    pub fn latest(&self) -> Timestamp {
        self.0.memory.latest()
    }

    /// Merges all that is in memory into chunks and cuts the log.
    pub async fn flush(&self) -> Result<()> {
        self.0.writer.flush().await
    }

    /// Writes what would be lost when the process ends: the last queries. The
    /// database is closed when the last clone is dropped.
    pub async fn close(&self) -> Result<()> {
        self.write_queries().await
    }
}

/// Writes something that nobody needs, to see whether that can be done.
fn heartbeat(connection: &Connection) -> Result<()> {
    connection
        .prepare_cached("UPDATE heartbeat SET beats = beats + 1")
        .and_then(|mut statement| statement.execute([]))
        .map_err(failed("checking whether the database can be written"))?;
    Ok(())
}

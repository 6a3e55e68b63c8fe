//! Connections to the database file.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use tidemark_ports::error::Result;

use crate::error::failed;

/// Opens one, through `vfs` in place of the operating system's files if there is
/// one.
pub(super) fn connect(path: &Path, vfs: Option<&str>, extra: OpenFlags) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | extra;
    let context = format!("opening the database {}", path.display());
    let connection = match vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs),
        None => Connection::open_with_flags(path, flags),
    }
    .map_err(failed(context.clone()))?;
    connection
        .execute_batch("PRAGMA busy_timeout = 10000; PRAGMA mmap_size = 268435456;")
        .map_err(failed(context))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

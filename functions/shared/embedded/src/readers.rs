//! Connections to read with, as many as are in use at once.

use std::path::PathBuf;
use std::sync::Mutex;

use rusqlite::{Connection, OpenFlags};
use tidemark_ports::error::{Kind, Result, StoreError};

use crate::connection::connect;
use crate::error::lock;

/// How many connections are kept open when nobody reads: as many as a question across
/// series reads with at the same time, or opening them would be most of what it takes.
const KEPT: usize = 32;

pub(super) struct Readers {
    path: PathBuf,
    vfs: Option<String>,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) const fn new(path: PathBuf, vfs: Option<String>) -> Self {
        Self {
            path,
            vfs,
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Runs `read` on a connection of its own. What it reads in one
    /// transaction is one state of the database.
    pub(super) fn read<T>(&self, read: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        let idle = lock(&self.idle).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => connect(&self.path, self.vfs.as_deref(), OpenFlags::empty())?,
        };
        let result = read(&mut connection);
        let mut idle = lock(&self.idle);
        if idle.len() < KEPT {
            idle.push(connection);
        }
        result
    }
}

/// Runs what may block on a thread where it may.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| StoreError::new(Kind::Internal, "reading was broken off").because(e))?
}

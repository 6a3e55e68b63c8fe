//! A store on a disk whose power can fail.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use tidemark_embedded::Embedded;
use tidemark_power_cut::{Disk, Image};

/// The database.
pub(crate) const DATABASE: &str = "tidemark.db";
/// Long beside the rest of a commit, so that most cuts fall into a sync.
pub(crate) const SYNC: Duration = Duration::from_millis(1);

/// A store on a disk whose power can fail.
pub(crate) struct Cuttable {
    pub(crate) disk: Arc<Disk>,
    pub(crate) store: Embedded,
    vfs: String,
    folder: TempDir,
}

impl Cuttable {
    pub(crate) fn new(sync_takes: Duration) -> Self {
        Self::start(&Image::default(), sync_takes)
    }

    /// A store as it is found after a power cut.
    pub(crate) fn found(image: &Image) -> Self {
        let found = Self::start(image, Duration::ZERO);
        let integrity: String = found
            .connect()
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(integrity, "ok");
        found
    }

    fn start(image: &Image, sync_takes: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        image.write_to(folder.path()).unwrap();
        let (disk, vfs) = Disk::attach(sync_takes);
        let store = Embedded::open_with_vfs(folder.path(), Some(&vfs)).unwrap();
        Self {
            disk,
            store,
            vfs,
            folder,
        }
    }

    /// A connection beside those of the store.
    pub(crate) fn connect(&self) -> Connection {
        let path = self.folder.path().join(DATABASE);
        Connection::open_with_flags_and_vfs(path, OpenFlags::default(), self.vfs.as_str()).unwrap()
    }

    /// A number that the database tells.
    pub(crate) fn number(&self, sql: &str) -> u64 {
        let number = self.connect().query_row(sql, [], |row| row.get(0));
        number.unwrap()
    }
}

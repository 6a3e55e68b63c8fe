//! The layer itself: what it drops, and that it sees everything.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use tidemark_power_cut::{Disk, Image, Unsynced};

struct Database {
    disk: Arc<Disk>,
    folder: TempDir,
    vfs: String,
}

impl Database {
    fn new() -> Self {
        Self::found(&Image::default())
    }

    /// A database as it is found after a power cut.
    fn found(image: &Image) -> Self {
        let (disk, vfs) = Disk::attach(Duration::ZERO);
        let folder = tempfile::tempdir().unwrap();
        image.write_to(folder.path()).unwrap();
        Self { disk, folder, vfs }
    }

    fn open(&self, pragmas: &str) -> Connection {
        let path = self.folder.path().join("test.db");
        let connection =
            Connection::open_with_flags_and_vfs(path, OpenFlags::default(), self.vfs.as_str())
                .unwrap();
        connection.execute_batch(pragmas).unwrap();
        connection
    }
}

/// The rows that a database holds after a power cut. None if it has no table.
fn rows(image: &Image) -> Option<u32> {
    let database = Database::found(image);
    let connection = database.open("");
    let count = |table| {
        let sql = format!("SELECT count(*) FROM {table}");
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    let tables: u32 = count("sqlite_schema");
    (tables > 0).then(|| count("t"))
}

fn real_files(folder: &Path) -> Image {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read(path).unwrap())
    });
    Image(files.filter(|(name, _)| !name.ends_with("-shm")).collect())
}

const FULL: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";
const OFF: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;";

#[test]
fn what_sqlite_synced_is_there_and_what_it_did_not_is_lost() {
    let database = Database::new();
    let connection = database.open(FULL);
    connection.execute_batch("CREATE TABLE t (x)").unwrap();
    let insert = || connection.execute("INSERT INTO t VALUES (1)", []).unwrap();
    for expected in 1..=20 {
        insert();
        assert_eq!(rows(&database.disk.image(Unsynced::Lost)), Some(expected));
    }
    connection
        .execute_batch("PRAGMA synchronous = OFF")
        .unwrap();
    insert();
    assert_eq!(rows(&database.disk.image(Unsynced::Lost)), Some(20));
    assert_eq!(rows(&database.disk.image(Unsynced::Kept)), Some(21));
    let torn = |seed| rows(&database.disk.image(Unsynced::Torn { seed })).unwrap();
    let torn: Vec<u32> = (0..50).map(torn).collect();
    assert!(torn.contains(&20) && torn.contains(&21), "{torn:?}");
    assert!(torn.iter().all(|rows| [20, 21].contains(rows)), "{torn:?}");
}

#[test]
fn a_database_that_never_syncs_is_lost_altogether() {
    let database = Database::new();
    let connection = database.open(OFF);
    connection
        .execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
        .unwrap();
    let image = database.disk.image(Unsynced::Lost);
    assert_eq!(rows(&image), None, "{image:?}");
    assert_eq!(rows(&database.disk.image(Unsynced::Kept)), Some(1));
}

#[test]
fn a_commit_fails_while_the_disk_refuses_to_sync() {
    let database = Database::new();
    let connection = database.open(FULL);
    connection.execute_batch("CREATE TABLE t (x)").unwrap();
    database.disk.refuse_syncs(true);
    connection
        .execute("INSERT INTO t VALUES (1)", [])
        .unwrap_err();
    database.disk.refuse_syncs(false);
    connection.execute("INSERT INTO t VALUES (2)", []).unwrap();
    assert_eq!(rows(&database.disk.image(Unsynced::Lost)), Some(1));
}

/// Nothing reaches the files behind the layer's back: with all that was done
/// kept, its image is what stands in the folder.
#[test]
fn the_layer_sees_every_change() {
    let database = Database::new();
    let connection = database.open(FULL);
    connection
        .execute_batch("PRAGMA mmap_size = 268435456; CREATE TABLE t (x)")
        .unwrap();
    let reader = database.open("PRAGMA mmap_size = 268435456");
    let agrees = || database.disk.image(Unsynced::Kept) == real_files(database.folder.path());
    for round in 0..30 {
        let transaction = connection.unchecked_transaction().unwrap();
        for _ in 0..50 {
            transaction
                .execute("INSERT INTO t VALUES (randomblob(700))", [])
                .unwrap();
        }
        transaction.commit().unwrap();
        // A checkpoint that a reader stops half-way makes the file longer only.
        match round % 10 {
            3 => reader
                .execute_batch("BEGIN; SELECT count(*) FROM t")
                .unwrap(),
            5 => connection
                .execute_batch("PRAGMA wal_checkpoint(PASSIVE)")
                .unwrap(),
            7 => reader.execute_batch("COMMIT").unwrap(),
            _ => {}
        }
        if round % 10 == 9 {
            connection
                .execute_batch(
                    "PRAGMA wal_checkpoint(TRUNCATE); DELETE FROM t WHERE rowid % 3 > 0; VACUUM",
                )
                .unwrap();
        }
        reader
            .query_row("SELECT count(*), sum(length(x)) FROM t", [], |_| Ok(()))
            .unwrap();
        assert!(agrees(), "round {round}");
    }
    drop((connection, reader));
    assert!(agrees(), "closed");
    let connection = database.open("PRAGMA journal_mode = DELETE; DROP TABLE t; VACUUM");
    drop(connection);
    assert!(agrees(), "with a rollback journal");
}

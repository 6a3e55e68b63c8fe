//! The tables of the embedded store, and how a database of an earlier version
//! becomes one of this. Instants are nanoseconds since 1970 UTC; the views show
//! them as text, for who opens the file with the `sqlite3` shell.

use rusqlite::Connection;
use tidemark_ports::error::{Kind, Result, StoreError};

use crate::error::failed;

/// Each step takes the schema one version further. A step that was released is
/// never changed.
const MIGRATIONS: &[&str] = &[include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// Brings the database to this program's version.
pub(super) fn migrate(connection: &mut Connection) -> Result<()> {
    let version: usize = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(failed("reading the schema's version"))?;
    if version > MIGRATIONS.len() {
        return Err(StoreError::new(
            Kind::Internal,
            format!(
                "the database has schema version {version}, this program knows up to {}: it was written by a newer Tidemark",
                MIGRATIONS.len()
            ),
        ));
    }
    for (done, script) in MIGRATIONS.iter().enumerate().skip(version) {
        let step = done + 1;
        let context = format!("migrating the database to schema version {step}");
        let transaction = connection.transaction().map_err(failed(context.clone()))?;
        transaction
            .execute_batch(script)
            .and_then(|()| transaction.pragma_update(None, "user_version", step))
            .and_then(|()| transaction.commit())
            .map_err(failed(context))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_database_gets_the_newest_schema() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        migrate(&mut connection).unwrap();
        let version: usize = connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version, MIGRATIONS.len());
    }

    /// A database as the first version left it, with a series in it.
    #[test]
    fn an_old_database_keeps_what_it_has() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        let insert = "INSERT INTO series (tenant, name, live, updated, deleted_at, tombstones)
             VALUES ('local', 'a', 1, 1500000000, 7, '[]'), ('local', 'b', 0, 5, 7, '[]')";
        connection.execute_batch(insert).unwrap();
        migrate(&mut connection).unwrap();
        let kept: (bool, i64, i64, String) = connection
            .query_row(
                "SELECT live, updated, deleted_at, tombstones FROM series WHERE name = 'a'",
                [],
                |row| row.try_into(),
            )
            .unwrap();
        assert_eq!(kept, (true, 1_500_000_000, 7, "[]".to_owned()));
        let said: i64 = connection
            .query_row(
                "SELECT count(title) + count(unit) + count(note) FROM series",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(said, 0);
        let row: (String, String, Option<String>) = connection
            .query_row("SELECT name, updated, unit FROM catalog", [], |row| {
                row.try_into()
            })
            .unwrap();
        assert_eq!(
            row,
            ("a".to_owned(), "1970-01-01T00:00:01.500Z".to_owned(), None)
        );
    }

    #[test]
    fn a_newer_database_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let error = migrate(&mut connection).unwrap_err().to_string();
        assert!(error.contains("newer Tidemark"), "{error}");
    }
}

//! API keys, in a database of their own beside the other: the process that serves
//! holds that one alone, and keys are made and revoked while it serves.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};
use tidemark_core::key::{ApiKey, KeyId};
use tidemark_core::name::Tenant;
use tidemark_core::time::Timestamp;
use tidemark_ports::KeyStore;
use tidemark_ports::error::Result;

use crate::connection::connect;
use crate::error::{corrupt, failed, unusable};
use crate::readers::{Readers, blocking};

/// Instants are nanoseconds since 1970 UTC.
const SCHEMA: &str = "PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS api_key (
        id        TEXT PRIMARY KEY,
        hash      TEXT NOT NULL,
        tenant    TEXT NOT NULL,
        scopes    TEXT NOT NULL,
        name      TEXT NOT NULL,
        created   INTEGER NOT NULL,
        expires   INTEGER,
        revoked   INTEGER,
        overrides TEXT NOT NULL               -- JSON: limits of its own
    ) STRICT;";

/// The keys of one machine. Cheap to clone; several processes may have them open.
#[derive(Clone)]
pub struct Keys(Arc<Readers>);

impl Keys {
    /// Opens the keys in a data folder, which is made where there is none.
    pub fn open(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|e| {
            unusable(format!("making the data folder {}", folder.display())).because(e)
        })?;
        let path = folder.join("keys.db");
        connect(&path, None, OpenFlags::SQLITE_OPEN_CREATE)?
            .execute_batch(SCHEMA)
            .map_err(failed("setting up the database of keys"))?;
        Ok(Self(Arc::new(Readers::new(path, None))))
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let connections = Arc::clone(&self.0);
        blocking(move || connections.read(|connection| work(connection))).await
    }
}

#[async_trait]
impl KeyStore for Keys {
    async fn create(&self, key: &ApiKey) -> Result<bool> {
        let key = key.clone();
        self.with(move |connection| insert(connection, &key)).await
    }

    async fn get(&self, id: KeyId) -> Result<Option<ApiKey>> {
        self.with(move |connection| find(connection, id)).await
    }

    async fn list(&self, tenant: Option<&Tenant>) -> Result<Vec<ApiKey>> {
        let tenant = tenant.cloned();
        self.with(move |connection| list(connection, tenant.as_ref()))
            .await
    }

    async fn revoke(&self, id: KeyId, at: Timestamp) -> Result<Option<ApiKey>> {
        self.with(move |connection| {
            connection
                .prepare_cached("UPDATE api_key SET revoked = ?2 WHERE id = ?1 AND revoked IS NULL")
                .and_then(|mut statement| statement.execute((id.to_string(), at.nanos())))
                .map_err(failed("revoking a key"))?;
            find(connection, id)
        })
        .await
    }
}

fn insert(connection: &Connection, key: &ApiKey) -> Result<bool> {
    let context = "keeping a key";
    let overrides = serde_json::to_string(&key.overrides)
        .map_err(|e| unusable(context.to_owned()).because(e))?;
    let inserted = connection
        .prepare_cached(
            "INSERT INTO api_key (id, hash, tenant, scopes, name, created, expires, revoked, overrides)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
        )
        .and_then(|mut statement| {
            statement.execute((
                key.id().to_string(),
                key.hash.to_string(),
                key.tenant.as_str(),
                key.scopes.to_string(),
                &key.name,
                key.created.nanos(),
                key.expires.map(Timestamp::nanos),
                key.revoked.map(Timestamp::nanos),
                overrides,
            ))
        })
        .map_err(failed(context))?;
    Ok(inserted == 1)
}

const COLUMNS: &str = "SELECT hash, tenant, scopes, name, created, expires, revoked, overrides
     FROM api_key";

fn find(connection: &Connection, id: KeyId) -> Result<Option<ApiKey>> {
    let row = connection
        .prepare_cached(&format!("{COLUMNS} WHERE id = ?1"))
        .and_then(|mut statement| statement.query_row([id.to_string()], columns).optional())
        .map_err(failed("reading a key"))?;
    row.map(key).transpose()
}

fn list(connection: &Connection, tenant: Option<&Tenant>) -> Result<Vec<ApiKey>> {
    let text = format!("{COLUMNS} WHERE ?1 IS NULL OR tenant = ?1 ORDER BY created, id");
    let rows: Vec<Columns> = connection
        .prepare_cached(&text)
        .and_then(|mut statement| {
            let rows = statement.query_map([tenant.map(Tenant::as_str)], columns)?;
            rows.collect()
        })
        .map_err(failed("listing keys"))?;
    rows.into_iter().map(key).collect()
}

type Columns = (
    String,
    String,
    String,
    String,
    i64,
    Option<i64>,
    Option<i64>,
    String,
);

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    row.try_into()
}

fn key(columns: Columns) -> Result<ApiKey> {
    let (hash, tenant, scopes, name, created, expires, revoked, overrides) = columns;
    let wrong = |what: &str| corrupt(format!("the {what} of a key"));
    Ok(ApiKey {
        hash: hash.parse().map_err(|e| wrong("hash").because(e))?,
        tenant: Tenant::new(tenant).map_err(|e| wrong("tenant").because(e))?,
        scopes: scopes.parse().map_err(|e| wrong("scopes").because(e))?,
        name,
        created: Timestamp::from_nanos(created),
        expires: expires.map(Timestamp::from_nanos),
        revoked: revoked.map(Timestamp::from_nanos),
        overrides: serde_json::from_str(&overrides).map_err(|e| wrong("limits").because(e))?,
    })
}

//! The queries that were asked: the table `query`, and the view `history`.
//! They wait in memory until the next commit and are lost in a crash.

use std::sync::Mutex;

use async_trait::async_trait;
use rusqlite::Connection;
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_core::time::Timestamp;
use tidemark_ports::error::Result;
use tidemark_ports::{LoggedQuery, QueryLog};

use crate::Embedded;
use crate::error::{corrupt, failed, lock};
use crate::readers::blocking;

/// How many queries wait in memory; of more, the new ones are dropped.
const WAITING: usize = 10_000;
/// How many queries wait before they are written.
const WRITTEN_AT: usize = 256;
/// How many queries are kept, roughly; the oldest go.
const KEPT: u64 = 1_000_000;

/// Queries that are not in the table yet.
pub(super) type Unrecorded = Mutex<Vec<LoggedQuery>>;

#[async_trait]
impl QueryLog for Embedded {
    async fn record(&self, query: LoggedQuery) {
        let due = {
            let mut waiting = lock(&self.0.unrecorded);
            if waiting.len() < WAITING {
                waiting.push(query);
            }
            waiting.len() == WRITTEN_AT
        };
        if due {
            let store = self.clone();
            tokio::spawn(async move {
                if let Err(error) = store.write_queries().await {
                    tracing::warn!(%error, "queries were not recorded");
                }
            });
        }
    }

    async fn list(
        &self,
        tenant: &Tenant,
        before: Option<(Timestamp, u64)>,
        limit: usize,
    ) -> Result<Vec<LoggedQuery>> {
        // Reading goes on while writing fails.
        if let Err(error) = self.write_queries().await {
            tracing::warn!(%error, "queries were not recorded");
        }
        let (store, tenant) = (self.clone(), tenant.clone());
        blocking(move || {
            store
                .0
                .readers
                .read(|connection| list(connection, &tenant, before, limit))
        })
        .await
    }
}

impl Embedded {
    pub(super) async fn write_queries(&self) -> Result<()> {
        let queries = std::mem::take(&mut *lock(&self.0.unrecorded));
        if queries.is_empty() {
            return Ok(());
        }
        self.0
            .writer
            .commit(move |transaction| {
                queries
                    .iter()
                    .try_for_each(|query| insert(transaction.connection, query))?;
                prune(transaction.connection)
            })
            .await
    }
}

fn insert(connection: &Connection, query: &LoggedQuery) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO query (tenant, time, sequence, series, path, range_from, range_to, duration_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        )
        .and_then(|mut statement| {
            statement.execute((
                query.tenant.as_str(),
                query.time.nanos(),
                query.sequence,
                query.series.as_ref().map(SeriesName::as_str),
                &query.path,
                query.from.map(Timestamp::nanos),
                query.to.map(Timestamp::nanos),
                query.duration_ms,
            ))
        })
        .map_err(failed("recording a query"))?;
    Ok(())
}

/// Forgets the oldest queries, when there are many more than are kept.
fn prune(connection: &Connection) -> Result<()> {
    let pruning = "forgetting old queries";
    let count: u64 = connection
        .prepare_cached("SELECT count(*) FROM query")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(failed(pruning))?;
    if count <= KEPT + KEPT / 10 {
        return Ok(());
    }
    connection
        .prepare_cached(
            "DELETE FROM query WHERE (tenant, time, sequence) IN
             (SELECT tenant, time, sequence FROM query ORDER BY time LIMIT ?1)",
        )
        .and_then(|mut statement| statement.execute([count - KEPT]))
        .map_err(failed(pruning))?;
    Ok(())
}

fn list(
    connection: &Connection,
    tenant: &Tenant,
    before: Option<(Timestamp, u64)>,
    limit: usize,
) -> Result<Vec<LoggedQuery>> {
    let reading = "listing queries";
    let (time, sequence) = before.map_or((i64::MAX, i64::MAX), |(time, sequence)| {
        (time.nanos(), i64::try_from(sequence).unwrap_or(i64::MAX))
    });
    let mut statement = connection
        .prepare_cached(
            "SELECT time, sequence, series, path, range_from, range_to, duration_ms FROM query
             WHERE tenant = ?1 AND (time, sequence) < (?2, ?3)
             ORDER BY time DESC, sequence DESC LIMIT ?4",
        )
        .map_err(failed(reading))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement
        .query((tenant.as_str(), time, sequence, limit))
        .map_err(failed(reading))?;
    let mut queries = Vec::new();
    while let Some(row) = rows.next().map_err(failed(reading))? {
        type Columns = (
            i64,
            u64,
            Option<String>,
            String,
            Option<i64>,
            Option<i64>,
            f64,
        );
        let (time, sequence, series, path, from, to, duration_ms): Columns =
            row.try_into().map_err(failed(reading))?;
        let series = series
            .map(SeriesName::new)
            .transpose()
            .map_err(|e| corrupt("the series of a query").because(e))?;
        queries.push(LoggedQuery {
            tenant: tenant.clone(),
            time: Timestamp::from_nanos(time),
            sequence,
            series,
            path,
            from: from.map(Timestamp::from_nanos),
            to: to.map(Timestamp::from_nanos),
            duration_ms,
        });
    }
    Ok(queries)
}

//! Discards: the tables `discard` and `discard_reason`, and the view `discards`.

use async_trait::async_trait;
use rusqlite::types::{ToSqlOutput, Value as SqlValue, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use tidemark_core::batch::Source;
use tidemark_core::discard::{Discard, DiscardId, Reason};
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_core::payload::{Cut, Payload};
use tidemark_core::point::{Stamp, Value};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_ports::error::Result;
use tidemark_ports::{DiscardCount, DiscardFilter, DiscardLog};

use crate::Embedded;
use crate::error::{corrupt, failed};
use crate::readers::blocking;

const COLUMNS: &str = "d.tenant, d.received, d.batch, d.position, d.source, d.series, d.time, d.value, \
     d.reasons, d.detail, d.payload, d.payload_length, d.payload_sha256, d.format, d.replayed";

#[async_trait]
impl DiscardLog for Embedded {
    async fn put(&self, discards: &[Discard]) -> Result<()> {
        let discards = discards.to_vec();
        self.0
            .writer
            .commit(move |transaction| {
                discards
                    .iter()
                    .try_for_each(|discard| insert(transaction.connection, discard))
            })
            .await
    }

    async fn get(&self, tenant: &Tenant, id: DiscardId) -> Result<Option<Discard>> {
        let (store, tenant) = (self.clone(), tenant.clone());
        let reading = "reading a discard";
        blocking(move || {
            store.0.readers.read(|connection| {
                let sql = format!("SELECT {COLUMNS} FROM discard d WHERE tenant = ?1 AND batch = ?2 AND position = ?3");
                let mut statement = connection.prepare_cached(&sql).map_err(failed(reading))?;
                statement
                    .query_row((tenant.as_str(), id.batch.to_string(), id.index), |row| Ok(discard(row)))
                    .optional()
                    .map_err(failed(reading))?
                    .transpose()
            })
        })
        .await
    }

    async fn list(
        &self,
        tenant: &Tenant,
        filter: &DiscardFilter,
        before: Option<Stamp>,
        limit: usize,
    ) -> Result<Vec<Discard>> {
        let (store, sql, arguments) = (
            self.clone(),
            statement(filter, before),
            arguments(tenant, filter, before, limit),
        );
        let reading = "listing discards";
        blocking(move || {
            store.0.readers.read(|connection| {
                let mut statement = connection.prepare_cached(&sql).map_err(failed(reading))?;
                let mut rows = statement
                    .query(params_from_iter(arguments))
                    .map_err(failed(reading))?;
                let mut discards = Vec::new();
                while let Some(row) = rows.next().map_err(failed(reading))? {
                    discards.push(discard(row)?);
                }
                Ok(discards)
            })
        })
        .await
    }

    async fn counts(&self, tenant: &Tenant, received: TimeRange) -> Result<Vec<DiscardCount>> {
        let (store, tenant) = (self.clone(), tenant.clone());
        let reading = "counting discards";
        blocking(move || {
            store.0.readers.read(|connection| {
                let mut statement = connection
                    .prepare_cached(
                        "SELECT source, reasons, count(*) FROM discard
                         WHERE tenant = ?1 AND received BETWEEN ?2 AND ?3 GROUP BY source, reasons",
                    )
                    .map_err(failed(reading))?;
                let mut rows = statement
                    .query((
                        tenant.as_str(),
                        received.from().nanos(),
                        received.to().nanos(),
                    ))
                    .map_err(failed(reading))?;
                let mut counts = Vec::new();
                while let Some(row) = rows.next().map_err(failed(reading))? {
                    let (source, reasons, count): (String, String, u64) =
                        row.try_into().map_err(failed(reading))?;
                    counts.push(DiscardCount {
                        source: read_source(&source)?,
                        reasons: read_reasons(&reasons)?,
                        count,
                    });
                }
                Ok(counts)
            })
        })
        .await
    }

    async fn mark_replayed(&self, tenant: &Tenant, id: DiscardId, at: Timestamp) -> Result<bool> {
        let tenant = tenant.clone();
        self.0
            .writer
            .commit(move |transaction| {
                let changed = transaction
                    .connection
                    .prepare_cached(
                        "UPDATE discard SET replayed = ?4
                         WHERE tenant = ?1 AND batch = ?2 AND position = ?3 AND replayed IS NULL",
                    )
                    .and_then(|mut statement| {
                        statement.execute((
                            tenant.as_str(),
                            id.batch.to_string(),
                            id.index,
                            at.nanos(),
                        ))
                    })
                    .map_err(failed("marking a discard as replayed"))?;
                Ok(changed == 1)
            })
            .await
    }
}

fn insert(connection: &Connection, discard: &Discard) -> Result<()> {
    let writing = "keeping a discard";
    let batch = discard.stamp.batch.to_string();
    let reasons: Vec<&str> = discard.reasons.iter().map(|r| r.as_str()).collect();
    let bytes = discard.payload.bytes();
    let payload = ToSqlOutput::Borrowed(match std::str::from_utf8(bytes) {
        Ok(_) => ValueRef::Text(bytes),
        Err(_) => ValueRef::Blob(bytes),
    });
    let cut = discard.payload.cut();
    let inserted = connection
        .prepare_cached(
            "INSERT INTO discard (tenant, received, batch, position, source, series, time, value,
                reasons, detail, payload, payload_length, payload_sha256, format, replayed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
             ON CONFLICT DO NOTHING",
        )
        .and_then(|mut statement| {
            statement.execute(rusqlite::params![
                discard.tenant.as_str(),
                discard.stamp.received.nanos(),
                batch,
                discard.stamp.index,
                discard.source.as_str(),
                discard.series.as_ref().map(SeriesName::as_str),
                discard.time.map(Timestamp::nanos),
                discard.value.map(Value::get),
                reasons.join(" "),
                discard.detail,
                payload,
                cut.map(|c| c.length),
                cut.map(|c| c.sha256.as_str()),
                discard.format.to_string(),
                discard.replayed.map(Timestamp::nanos),
            ])
        })
        .map_err(failed(writing))?;
    if inserted == 0 {
        return Ok(());
    }
    for reason in reasons {
        connection
            .prepare_cached(
                "INSERT INTO discard_reason (tenant, reason, received, batch, position)
                 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
            )
            .and_then(|mut statement| {
                statement.execute((
                    discard.tenant.as_str(),
                    reason,
                    discard.stamp.received.nanos(),
                    &batch,
                    discard.stamp.index,
                ))
            })
            .map_err(failed(writing))?;
    }
    Ok(())
}

/// The listing's SQL. Its shape depends on which filters there are, so that
/// each is served by an index; [`arguments`] has the values in the same order.
fn statement(filter: &DiscardFilter, before: Option<Stamp>) -> String {
    let key = if filter.reason.is_some() { "r" } else { "d" };
    let place = format!("({key}.received, {key}.batch, {key}.position)");
    let from = match filter.reason {
        Some(_) => {
            "discard_reason r CROSS JOIN discard d USING (tenant, batch, position) WHERE r.tenant = ? AND r.reason = ?"
        }
        None => "discard d WHERE d.tenant = ?",
    };
    let only = |wanted: bool, condition: &str| {
        if wanted {
            format!(" AND {condition}")
        } else {
            String::new()
        }
    };
    format!(
        "SELECT {COLUMNS} FROM {from} AND {key}.received BETWEEN ? AND ?{}{}{}
         ORDER BY {key}.received DESC, {key}.batch DESC, {key}.position DESC LIMIT ?",
        only(before.is_some(), &format!("{place} < (?, ?, ?)")),
        only(filter.source.is_some(), "d.source = ?"),
        only(filter.series.is_some(), "d.series = ?"),
    )
}

fn arguments(
    tenant: &Tenant,
    filter: &DiscardFilter,
    before: Option<Stamp>,
    limit: usize,
) -> Vec<SqlValue> {
    let mut values: Vec<SqlValue> = vec![tenant.as_str().to_owned().into()];
    values.extend(filter.reason.map(|r| r.as_str().to_owned().into()));
    values.extend([
        filter.received.from().nanos().into(),
        filter.received.to().nanos().into(),
    ]);
    if let Some(stamp) = before {
        values.extend([
            stamp.received.nanos().into(),
            stamp.batch.to_string().into(),
            stamp.index.into(),
        ]);
    }
    values.extend(filter.source.as_ref().map(|s| s.as_str().to_owned().into()));
    values.extend(filter.series.as_ref().map(|s| s.as_str().to_owned().into()));
    values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
    values
}

fn discard(row: &Row<'_>) -> Result<Discard> {
    let unreadable = |e: rusqlite::Error| failed("reading a discard")(e);
    let text = |column| row.get::<_, String>(column).map_err(unreadable);
    let optional = |column| row.get::<_, Option<String>>(column).map_err(unreadable);
    let instant = |column| {
        row.get::<_, Option<i64>>(column)
            .map(|t| t.map(Timestamp::from_nanos))
            .map_err(unreadable)
    };
    let wrong = |what: &str| corrupt(format!("{what} of a discard"));
    let payload = match row.get_ref(10).map_err(unreadable)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.to_vec(),
        _ => return Err(wrong("payload")),
    };
    let cut = match (
        row.get::<_, Option<u64>>(11).map_err(unreadable)?,
        optional(12)?,
    ) {
        (Some(length), Some(sha256)) => Some(Cut { length, sha256 }),
        _ => None,
    };
    let value: Option<f64> = row.get(7).map_err(unreadable)?;
    Ok(Discard {
        tenant: Tenant::new(text(0)?).map_err(|e| wrong("tenant").because(e))?,
        source: read_source(&text(4)?)?,
        stamp: Stamp {
            received: Timestamp::from_nanos(row.get(1).map_err(unreadable)?),
            batch: text(2)?.parse().map_err(|_| wrong("batch"))?,
            index: row.get(3).map_err(unreadable)?,
        },
        series: optional(5)?
            .map(SeriesName::new)
            .transpose()
            .map_err(|e| wrong("series").because(e))?,
        time: instant(6)?,
        value: value
            .map(Value::new)
            .transpose()
            .map_err(|e| wrong("value").because(e))?,
        reasons: read_reasons(&text(8)?)?,
        detail: text(9)?,
        payload: Payload::from_parts(payload, cut),
        format: text(13)?.parse().map_err(|_| wrong("format"))?,
        replayed: instant(14)?,
    })
}

fn read_source(text: &str) -> Result<Source> {
    text.parse().map_err(|_| corrupt("source of a discard"))
}

fn read_reasons(text: &str) -> Result<Vec<Reason>> {
    text.split(' ')
        .map(|r| r.parse().map_err(|_| corrupt("reasons of a discard")))
        .collect()
}

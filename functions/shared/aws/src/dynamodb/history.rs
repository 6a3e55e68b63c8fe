//! The queries that were asked. An item lies under the tenant and the instant
//! and sequence of the query, and expires after some weeks; `DynamoDB` deletes
//! within days what has expired, and until then it is listed.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use serde::{Deserialize, Serialize};
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_core::time::Timestamp;
use tidemark_ports::error::{Result, causes};
use tidemark_ports::{LoggedQuery, QueryLog, deadline};

use crate::client::Aws;
use crate::dynamodb::item::{self, Item, text};
use crate::dynamodb::times::{self, sortable};
use crate::error::{corrupt, failed};
use crate::settings::SettingError;

/// How long a query is kept, in seconds.
const KEPT: i64 = 30 * 24 * 3600;
/// How long an answer may wait for its question's being written, at most.
const PATIENCE: Duration = Duration::from_millis(100);
const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// The table of queries.
#[derive(Debug, Clone)]
pub struct HistoryTable {
    client: Client,
    table: String,
}

impl Aws {
    /// The history in the table `TIDEMARK_HISTORY_TABLE`.
    pub fn history(&self) -> std::result::Result<HistoryTable, SettingError> {
        Ok(HistoryTable {
            client: self.dynamodb(),
            table: self.settings.required("TIDEMARK_HISTORY_TABLE")?,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Row {
    tenant: Tenant,
    asked: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    series: Option<SeriesName>,
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    duration_ms: f64,
    /// In seconds since 1970.
    expires: i64,
}

/// Time and sequence as text that sorts as they do.
fn asked(time: Timestamp, sequence: u64) -> String {
    format!("{}/{sequence:020}", sortable(time))
}

fn row(query: LoggedQuery) -> Result<Item> {
    let row = Row {
        asked: asked(query.time, query.sequence),
        expires: query.time.nanos().div_euclid(NANOS_PER_SECOND) + KEPT,
        tenant: query.tenant,
        series: query.series,
        path: query.path,
        from: query.from.map(sortable),
        to: query.to.map(sortable),
        duration_ms: query.duration_ms,
    };
    item::write(&row, "writing a query")
}

fn query(item: Item) -> Result<LoggedQuery> {
    let row: Row = item::read(item, "a query")?;
    let wrong = || corrupt(format!("the query {}", row.asked));
    let (time, sequence) = row.asked.split_once('/').ok_or_else(wrong)?;
    let end = |text: Option<&str>| text.map(|t| times::read(t, "range of a query")).transpose();
    Ok(LoggedQuery {
        time: times::read(time, "time of a query")?,
        sequence: sequence.parse().map_err(|e| wrong().because(e))?,
        from: end(row.from.as_deref())?,
        to: end(row.to.as_deref())?,
        tenant: row.tenant,
        series: row.series,
        path: row.path,
        duration_ms: row.duration_ms,
    })
}

#[async_trait]
impl QueryLog for HistoryTable {
    async fn record(&self, query: LoggedQuery) {
        let put = self.client.put_item().table_name(&self.table);
        let writing = tokio::spawn(deadline::carried(async move {
            let written = async {
                put.set_item(Some(row(query)?))
                    .send()
                    .await
                    .map_err(failed("recording a query"))
            };
            if let Err(error) = written.await {
                tracing::warn!(error = causes(&error), "a query was not recorded");
            }
        }));
        // Once the answer is given, Lambda stops the process until the next
        // question; what is not written by then may be lost.
        let _ = tokio::time::timeout(PATIENCE, writing).await;
    }

    async fn list(
        &self,
        tenant: &Tenant,
        before: Option<(Timestamp, u64)>,
        limit: usize,
    ) -> Result<Vec<LoggedQuery>> {
        let mut request = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .scan_index_forward(false)
            .key_condition_expression("#tenant = :tenant")
            .expression_attribute_names("#tenant", "tenant")
            .expression_attribute_values(":tenant", text(tenant.as_str()));
        if let Some((time, sequence)) = before {
            request = request
                .key_condition_expression("#tenant = :tenant AND #asked < :before")
                .expression_attribute_names("#asked", "asked")
                .expression_attribute_values(":before", text(asked(time, sequence)));
        }
        let mut found = Vec::new();
        let mut start = None;
        while found.len() < limit {
            let page = request
                .clone()
                .limit(i32::try_from(limit - found.len()).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(failed("listing queries"))?;
            for item in page.items.unwrap_or_default() {
                found.push(query(item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_query_expires_after_weeks() {
        let asked = LoggedQuery {
            tenant: Tenant::local(),
            time: Timestamp::from_nanos(1_500_000_000),
            sequence: 0,
            series: None,
            path: String::new(),
            from: None,
            to: None,
            duration_ms: 1.0,
        };
        assert_eq!(row(asked).unwrap()["expires"], item::number(2_592_001));
    }

    proptest! {
        #[test]
        fn queries_sort_by_time_and_sequence(
            one: (i64, u64),
            other: (i64, u64),
            near in -2i64..3,
        ) {
            let key = |(nanos, sequence)| asked(Timestamp::from_nanos(nanos), sequence);
            for other in [other, (one.0.saturating_add(near), other.1)] {
                prop_assert_eq!(key(one).cmp(&key(other)), one.cmp(&other));
            }
        }

        #[test]
        fn queries_come_back(
            nanos: i64,
            sequence in 0..=u64::MAX >> 1,
            series in prop::option::of("[a-z]{1,9}"),
            path: String,
            range: (Option<i64>, Option<i64>),
            duration_ms in 0.0..1e9,
        ) {
            let asked = LoggedQuery {
                tenant: Tenant::local(),
                time: Timestamp::from_nanos(nanos),
                sequence,
                series: series.map(|name| SeriesName::new(name).unwrap()),
                path,
                from: range.0.map(Timestamp::from_nanos),
                to: range.1.map(Timestamp::from_nanos),
                duration_ms,
            };
            prop_assert_eq!(query(row(asked.clone()).unwrap()).unwrap(), asked);
        }
    }
}

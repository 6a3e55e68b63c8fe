//! Discards by the indexes, the latest first. An index follows its table within
//! moments and holds no payloads: those are read from the table.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::QueryError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use serde::Deserialize;
use tidemark_core::batch::Source;
use tidemark_core::discard::{Discard, Reason};
use tidemark_core::name::Tenant;
use tidemark_core::point::Stamp;
use tidemark_core::time::TimeRange;
use tidemark_ports::error::Result;
use tidemark_ports::{DiscardCount, DiscardFilter};

use super::DiscardsTable;
use super::row::{self, reason_key, source_key, stamp_text};
use crate::dynamodb::batch::get_all;
use crate::dynamodb::item::{self, Item, text};
use crate::dynamodb::times::sortable;
use crate::error::failed;

const LISTING: &str = "listing discards";
const COUNTING: &str = "counting discards";

/// An index, and where to look in it.
struct Place {
    index: &'static str,
    /// Name and value of the partition key.
    partition: (&'static str, String),
    /// Name of the sort key.
    sort: &'static str,
}

impl Place {
    fn by_received(tenant: &Tenant) -> Self {
        Self {
            index: "by-received",
            partition: ("tenant", tenant.to_string()),
            sort: "stamp",
        }
    }

    /// The index that leaves least to the filter.
    fn of(tenant: &Tenant, filter: &DiscardFilter) -> Self {
        match (filter.reason, &filter.source) {
            (Some(reason), _) => Self {
                index: "by-reason",
                partition: ("reason_key", reason_key(tenant, reason)),
                sort: "reason_stamp",
            },
            (None, Some(source)) => Self {
                index: "by-source",
                partition: ("source_key", source_key(tenant, source)),
                sort: "stamp",
            },
            (None, None) => Self::by_received(tenant),
        }
    }
}

/// What sorts before all stamps of the range, and what after.
fn bounds(received: TimeRange) -> (String, String) {
    // `0` comes after the `/` that follows the receipt in a stamp.
    (
        sortable(received.from()),
        format!("{}0", sortable(received.to())),
    )
}

impl DiscardsTable {
    pub(super) async fn page(
        &self,
        tenant: &Tenant,
        filter: &DiscardFilter,
        before: Option<Stamp>,
        limit: usize,
    ) -> Result<Vec<Discard>> {
        let place = Place::of(tenant, filter);
        let mut last = before.map(stamp_text);
        let (low, mut high) = bounds(filter.received);
        if let Some(last) = &last {
            high = high.min(last.clone());
        }
        if low > high {
            return Ok(Vec::new());
        }
        let query = filtered(self.query(&place, low, high), filter).scan_index_forward(false);
        let is_filtered = query.get_filter_expression().is_some();
        let mut found: Vec<Discard> = Vec::new();
        let mut start = None;
        while found.len() < limit {
            // `before` itself is read, too. Where a filter may pass few, as many
            // are read as an answer takes.
            let most = (limit - found.len()).saturating_add(1);
            let most = i32::try_from(most).ok().filter(|_| !is_filtered);
            let page = query
                .clone()
                .set_limit(most)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(failed(LISTING))?;
            let mut keys = Vec::new();
            for item in page.items.unwrap_or_default() {
                let stamp = row::part(&item, place.sort)?;
                // A discard that was put again with other reasons may be in an
                // index twice.
                if last.as_ref().is_none_or(|last| stamp < last) {
                    last = Some(stamp.clone());
                    keys.push(row::key_of(&item)?);
                }
            }
            while !keys.is_empty() && found.len() < limit {
                let rest = keys.split_off(keys.len().min(limit - found.len()));
                let discards = self.read(std::mem::replace(&mut keys, rest)).await?;
                // It keeps the reasons that it was put with first.
                let wanted = |d: &Discard| filter.reason.is_none_or(|r| d.reasons.contains(&r));
                found.extend(discards.into_iter().filter(wanted));
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// The discards of these keys, the latest first. One that is not there, or has
    /// expired, is left out.
    async fn read(&self, keys: Vec<Item>) -> Result<Vec<Discard>> {
        let items = get_all(&self.client, &self.calls, &self.table, keys).await?;
        let now = self.now();
        let items = items
            .into_iter()
            .filter(|item| !row::has_expired(item, now));
        let mut found: Vec<Discard> = items.map(row::discard).collect::<Result<_>>()?;
        found.sort_unstable_by_key(|discard| std::cmp::Reverse(discard.stamp));
        Ok(found)
    }

    pub(super) async fn count(
        &self,
        tenant: &Tenant,
        received: TimeRange,
    ) -> Result<Vec<DiscardCount>> {
        let (low, high) = bounds(received);
        let mut counts: HashMap<Kind, u64> = HashMap::new();
        let all = self.query(&Place::by_received(tenant), low.clone(), high.clone());
        kinds(all, |kind| *counts.entry(kind).or_default() += 1)
            .await
            .map_err(|error| failed(COUNTING)(*error))??;
        let expired = kinds(self.expired(tenant, low, high), |kind| {
            if let Some(count) = counts.get_mut(&kind) {
                *count = count.saturating_sub(1);
            }
        });
        match expired.await {
            Ok(read) => read?,
            Err(error) if has_no_index(&error) => {
                tracing::warn!("discards that have expired are counted: they have no index");
            }
            Err(error) => return Err(failed(COUNTING)(*error)),
        }
        let count = |(kind, count): (Kind, u64)| DiscardCount {
            source: kind.source,
            reasons: kind.reasons,
            count,
        };
        let counts = counts.into_iter().filter(|(_, count)| *count > 0);
        Ok(counts.map(count).collect())
    }

    /// Those between two stamps, both included, that have expired and are still
    /// there. (The items of further reasons have no stamp.)
    fn expired(&self, tenant: &Tenant, low: String, high: String) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .index_name("by-expiry")
            .key_condition_expression("#tenant = :tenant AND #expires <= :now")
            .filter_expression("#stamp BETWEEN :low AND :high")
            .expression_attribute_names("#tenant", "tenant")
            .expression_attribute_names("#expires", row::EXPIRES)
            .expression_attribute_names("#stamp", "stamp")
            .expression_attribute_values(":tenant", text(tenant.as_str()))
            .expression_attribute_values(":now", item::number(self.now()))
            .expression_attribute_values(":low", text(low))
            .expression_attribute_values(":high", text(high))
    }

    /// The items of an index between these two, both included.
    fn query(&self, place: &Place, low: String, high: String) -> QueryFluentBuilder {
        let (name, value) = &place.partition;
        self.client
            .query()
            .table_name(&self.table)
            .index_name(place.index)
            .key_condition_expression("#partition = :partition AND #sort BETWEEN :low AND :high")
            .expression_attribute_names("#partition", *name)
            .expression_attribute_names("#sort", place.sort)
            .expression_attribute_values(":partition", text(value))
            .expression_attribute_values(":low", text(low))
            .expression_attribute_values(":high", text(high))
    }
}

/// Whether a query failed since the table is older than the index, or is building it:
/// for neither has `DynamoDB` a code of its own, which it has for what is wrong with a
/// query.
fn has_no_index(error: &SdkError<QueryError>) -> bool {
    let told = error.message().unwrap_or_default();
    let is_told = |part| told.contains(part);
    error.code() == Some("ValidationException")
        && (is_told("does not have the specified index")
            || is_told("backfilling global secondary index"))
}

/// What discards are counted by.
#[derive(PartialEq, Eq, Hash, Deserialize)]
struct Kind {
    source: Source,
    reasons: Vec<Reason>,
}

/// Calls `each` with the kind of every discard that a query of an index finds; an
/// error of the query, or one of what was found.
async fn kinds(
    query: QueryFluentBuilder,
    mut each: impl FnMut(Kind),
) -> std::result::Result<Result<()>, Box<SdkError<QueryError>>> {
    let mut pages = query
        .projection_expression("#source, #reasons")
        .expression_attribute_names("#source", "source")
        .expression_attribute_names("#reasons", "reasons")
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        for item in page.map_err(Box::new)?.items.unwrap_or_default() {
            match item::read(item, "a discard in its index") {
                Ok(kind) => each(kind),
                Err(error) => return Ok(Err(error)),
            }
        }
    }
    Ok(Ok(()))
}

/// With what the index does not decide itself.
fn filtered(mut query: QueryFluentBuilder, filter: &DiscardFilter) -> QueryFluentBuilder {
    let source = filter.source.as_ref().filter(|_| filter.reason.is_some());
    let mut conditions = Vec::new();
    if let Some(source) = source {
        conditions.push("#source = :source");
        query = query
            .expression_attribute_names("#source", "source")
            .expression_attribute_values(":source", text(source.as_str()));
    }
    if let Some(series) = &filter.series {
        conditions.push("#series = :series");
        query = query
            .expression_attribute_names("#series", "series")
            .expression_attribute_values(":series", text(series.as_str()));
    }
    if conditions.is_empty() {
        query
    } else {
        query.filter_expression(conditions.join(" AND "))
    }
}

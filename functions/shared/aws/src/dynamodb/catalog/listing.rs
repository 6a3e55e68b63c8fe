//! Reading the catalog. All reads are strongly consistent.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use serde::Deserialize;
use tidemark_core::name::{NameError, SeriesKey, SeriesName, Tenant};
use tidemark_ports::Series;
use tidemark_ports::error::Result;

use super::entry::{Entries, Entry};
use super::{COUNTER, CatalogTable, item_key, tombstones_of};
use crate::dynamodb::item::{self, text};
use crate::error::failed;

const LISTING: &str = "listing series";
const COUNTING: &str = "counting series";

/// Sorts before all that names consist of, after `#`.
const FIRST: char = '$';
/// Sorts after all that names consist of.
const LAST: char = '~';

/// How many items one page of `DynamoDB` has, at least, and at most: series may
/// have tombstones beside them, and those that were deleted are passed over.
const PAGE: std::ops::RangeInclusive<usize> = 100..=1000;

#[derive(Deserialize)]
struct Counter {
    count: u64,
}

/// Between which sort keys the series lie whose names begin with `prefix`,
/// those after `after`. None where there cannot be any.
fn bounds(prefix: &str, after: Option<&SeriesName>) -> Option<(String, String)> {
    match SeriesName::check(prefix) {
        // A beginning of a name, though no name itself.
        Ok(()) | Err(NameError::Empty | NameError::Dots) => {}
        Err(NameError::Character(_) | NameError::TooLong(_)) => return None,
    }
    let mut low = match prefix {
        "" => FIRST.to_string(),
        prefix => prefix.to_owned(),
    };
    if let Some(after) = after {
        low = low.max(format!("{after}{FIRST}"));
    }
    let high = format!("{prefix}{LAST}");
    (low <= high).then_some((low, high))
}

impl CatalogTable {
    /// A series, listed or not.
    pub(super) async fn entry(&self, series: &SeriesKey) -> Result<Option<Entry>> {
        let name = series.name.as_str();
        let answer = self
            .between(&series.tenant, name, &tombstones_of(&series.name))
            .send()
            .await
            .map_err(failed("reading a series"))?;
        let mut entries = Entries::default();
        for item in answer.items.unwrap_or_default() {
            if let Some(entry) = entries.push(item)? {
                return Ok(Some(entry));
            }
        }
        Ok(entries.finish())
    }

    pub(super) async fn page(
        &self,
        tenant: &Tenant,
        prefix: &str,
        after: Option<&SeriesName>,
        limit: usize,
    ) -> Result<Vec<Series>> {
        let Some((low, high)) = bounds(prefix, after) else {
            return Ok(Vec::new());
        };
        let query = self.between(tenant, &low, &high);
        let mut found = Vec::new();
        let mut entries = Entries::default();
        let mut start = None;
        while found.len() < limit {
            // One more, to see that no tombstones follow the last.
            let items = (limit - found.len())
                .saturating_add(1)
                .clamp(*PAGE.start(), *PAGE.end());
            let page = query
                .clone()
                .limit(i32::try_from(items).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(failed(LISTING))?;
            for item in page.items.unwrap_or_default() {
                if let Some(entry) = entries.push(item)? {
                    found.extend(entry.listed()?);
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                if let Some(entry) = entries.finish() {
                    found.extend(entry.listed()?);
                }
                break;
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    pub(super) async fn count_all(&self, tenant: &Tenant) -> Result<u64> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(item_key(tenant, COUNTER)))
            .consistent_read(true)
            .send()
            .await
            .map_err(failed(COUNTING))?;
        let Some(item) = answer.item else {
            return Ok(0);
        };
        let counter: Counter = item::read(item, "the count of series")?;
        Ok(counter.count)
    }

    pub(super) async fn count_those(&self, tenant: &Tenant, prefix: &str) -> Result<u64> {
        let Some((low, high)) = bounds(prefix, None) else {
            return Ok(0);
        };
        let query = self
            .between(tenant, &low, &high)
            .select(Select::Count)
            .filter_expression("#live = :live")
            .expression_attribute_names("#live", "live")
            .expression_attribute_values(":live", AttributeValue::Bool(true));
        let mut pages = query.into_paginator().send();
        let mut count = 0;
        while let Some(page) = pages.next().await {
            let counted = page.map_err(failed(COUNTING))?.count;
            count += u64::from(counted.unsigned_abs());
        }
        Ok(count)
    }

    /// The items whose sort keys are between these two, both included.
    fn between(&self, tenant: &Tenant, low: &str, high: &str) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("#tenant = :tenant AND #name BETWEEN :low AND :high")
            .expression_attribute_names("#tenant", "tenant")
            .expression_attribute_names("#name", "name")
            .expression_attribute_values(":tenant", text(tenant.as_str()))
            .expression_attribute_values(":low", text(low))
            .expression_attribute_values(":high", text(high))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Held against the names themselves.
        #[test]
        fn bounds_hold_what_is_asked_for(
            name in "[aAz0:._-]{1,4}",
            prefix in "[aAz0:._#%~-]{0,3}",
            after in prop::option::of("[aAz0:._-]{1,4}"),
        ) {
            let Ok(name) = SeriesName::new(name) else { return Ok(()) };
            let after = after.and_then(|after| SeriesName::new(after).ok());
            let expected = name.as_str().starts_with(&prefix)
                && after.as_ref().is_none_or(|after| name > *after);
            let bounds = bounds(&prefix, after.as_ref());
            let within = |key: &str| {
                bounds.as_ref().is_some_and(|(low, high)| low.as_str() <= key && key <= high.as_str())
            };
            prop_assert_eq!(within(name.as_str()), expected);
            if expected {
                prop_assert!(within(&tombstones_of(&name)));
            }
            prop_assert!(!within(COUNTER));
            if let Some(after) = after {
                prop_assert!(!within(&tombstones_of(&after)));
            }
        }
    }
}

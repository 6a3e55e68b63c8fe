//! Many series in one query: a query is billed for half a minute at least.

use std::collections::HashMap;
use std::num::NonZeroUsize;

use futures_util::{StreamExt, TryStreamExt, stream};
use tidemark_core::name::SeriesKey;
use tidemark_core::time::TimeRange;
use tidemark_core::tombstone::Tombstones;
use tidemark_ports::error::Result;
use tidemark_ports::{Bucket, Extent, PointStore, Slots, Summarize};

use super::sql::{Selection, Selections};
use super::{Timestream, is_computed_there, query, selection, sql, started, summary};

/// How many series one query asks about at the most.
pub(super) const SERIES: NonZeroUsize = NonZeroUsize::new(300).unwrap();
/// How many bytes their names and deletions have in it, where names may stand twice: slots
/// take less than half of the 256 KiB that a query has.
const BYTES: usize = 60_000;
/// How many rows it may have, if that can be.
const ROWS: u64 = 50_000;
/// How many queries are under way at the same time.
const QUERIES: usize = 4;
/// How long the text of a deletion is, and what stands about a name, at the most.
const DELETION: usize = 150;

/// Cuts what is asked about many series into what one query asks, `slots` rows a series.
fn batches<'a, 's>(selections: &'s [Selection<'a>], slots: u64) -> Vec<&'s [Selection<'a>]> {
    let most = usize::try_from((ROWS / slots.max(1)).max(1)).unwrap_or(usize::MAX);
    let most = most.min(SERIES.get());
    let mut batches = Vec::new();
    let (mut begin, mut bytes) = (0, 0);
    for (position, selection) in selections.iter().enumerate() {
        let deletions = selection.tombstones.within(selection.range).len();
        let length = sql::series(selection.series).len() * (1 + deletions) + DELETION * deletions;
        let is_full = position - begin >= most || bytes + length > BYTES;
        if position > begin && is_full {
            batches.push(&selections[begin..position]);
            (begin, bytes) = (position, 0);
        }
        bytes += length;
    }
    if begin < selections.len() {
        batches.push(&selections[begin..]);
    }
    batches
}

impl Timestream {
    /// The summaries of many series.
    pub(super) async fn many(&self, requests: &[Summarize<'_>]) -> Result<Vec<Vec<Bucket>>> {
        let [first, ..] = requests else {
            return Ok(Vec::new());
        };
        if is_computed_there(first.parts)
            && let Some(found) = self.many_there(requests, *first).await?
        {
            return Ok(found);
        }
        let each: Vec<_> = requests.iter().map(|r| self.summarize(*r)).collect();
        stream::iter(each).buffered(QUERIES).try_collect().await
    }

    /// The same by Timestream alone; None where a bucket is beyond what it computes with.
    async fn many_there(
        &self,
        requests: &[Summarize<'_>],
        like: Summarize<'_>,
    ) -> Result<Option<Vec<Vec<Bucket>>>> {
        let selections: Vec<Selection<'_>> = requests
            .iter()
            .filter_map(|r| selection(r.series, r.range, r.tombstones))
            .collect();
        let slots = match like.slots {
            Slots::Whole => 1,
            Slots::Grid(grid) => {
                let slots = selections
                    .iter()
                    .map(|selection| grid.count(selection.range));
                slots.max().unwrap_or(1)
            }
        };
        let batches: Vec<_> = batches(&selections, slots)
            .into_iter()
            .map(|batch| self.batch(batch, like, slots))
            .collect();
        let found: Vec<Option<Vec<(String, Bucket)>>> = stream::iter(batches)
            .buffered(QUERIES)
            .try_collect()
            .await?;
        let Some(found) = found.into_iter().collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        let mut by_series: HashMap<String, Vec<Bucket>> = HashMap::new();
        for (series, bucket) in found.into_iter().flatten() {
            by_series.entry(series).or_default().push(bucket);
        }
        let buckets = requests.iter().map(|request| {
            let own = by_series.remove(&sql::series(request.series));
            let mut own = own.unwrap_or_default();
            own.truncate(request.limit.max(1));
            own.into_iter()
                .map(|bucket| started(bucket, *request))
                .collect()
        });
        Ok(Some(buckets.collect()))
    }

    /// The buckets of a few series, each with what its series is called in the table.
    async fn batch(
        &self,
        batch: &[Selection<'_>],
        like: Summarize<'_>,
        slots: u64,
    ) -> Result<Option<Vec<(String, Bucket)>>> {
        // All of them: the earliest of each series cannot be told apart in a query.
        let rows = slots.saturating_mul(batch.len() as u64);
        let limit = usize::try_from(rows).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        for question in summary::questions(&self.table, batch, like.slots, like.parts) {
            let sql = question.sql(limit);
            let rows = self.rows_if_computed(&sql, |row| question.bucket(row));
            let Some(rows) = rows.await? else {
                return Ok(None);
            };
            for row in rows {
                let Some((series, bucket)) = row else {
                    return Ok(None);
                };
                let only = || batch.first().map(|one| sql::series(one.series));
                found.extend(series.or_else(only).map(|series| (series, bucket)));
            }
        }
        Ok(Some(found))
    }

    /// What there is of many series.
    pub(super) async fn many_extents(
        &self,
        series: &[SeriesKey],
        range: TimeRange,
    ) -> Result<Vec<Option<Extent>>> {
        const NONE: &Tombstones = &Tombstones::none();
        let selections: Vec<Selection<'_>> = series
            .iter()
            .filter_map(|series| selection(series, range, NONE))
            .collect();
        let batches: Vec<_> = batches(&selections, 1)
            .into_iter()
            .map(async |batch| {
                let sql = sql::extents(&self.table, &Selections(batch));
                self.rows(&sql, query::extent_of).await
            })
            .collect();
        let found: Vec<Vec<(String, Extent)>> = stream::iter(batches)
            .buffered(QUERIES)
            .try_collect()
            .await?;
        let mut found: HashMap<String, Extent> = found.into_iter().flatten().collect();
        Ok(series
            .iter()
            .map(|series| found.remove(&sql::series(series)))
            .collect())
    }
}

#[cfg(test)]
mod tests;

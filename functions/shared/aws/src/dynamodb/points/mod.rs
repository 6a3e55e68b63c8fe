//! Points over `DynamoDB`: the embedded store's chunks as items.
//!
//! A batch is written once: the points of each of its series as a chunk, under
//! a key that is made from the batch, so that a second delivery writes the same
//! item. A reader merges what reaches into its range, by the order of writes,
//! and leaves out what tombstones hide. The [compactor](crate::jobs::compactor) merges
//! small chunks into large ones.

mod extent;
pub(crate) mod item;
pub(crate) mod replaced;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod tests;
mod walk;
pub(crate) mod window;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::WriteRequest;
use tidemark_columnar::{BatchStamp, Columns};
use tidemark_core::batch::Write;
use tidemark_core::name::SeriesKey;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_ports::error::Result;
use tidemark_ports::slots::Buckets;
use tidemark_ports::{Bucket, Extent, Order, Page, PointStore, Refusal, Scan, Summarize};

use crate::calls::Budget;
use crate::client::Aws;
use crate::dynamodb::batch::{get_all, write_all};
use crate::dynamodb::item::{Item, text};
use crate::error::failed;
use crate::settings::SettingError;
use futures_util::{StreamExt, TryStreamExt, stream};
use item::{Stored, series_key};
use replaced::Note;
use tokio::time::Instant;
use walk::Walk;
use window::Strand;

/// How long a deletion removes points: a client waits for it.
const REMOVING: Duration = Duration::from_secs(10);
/// How many chunks of a series are looked for in one query: as many small ones as the
/// compactor lets be, or thereabouts.
const FEW: i32 = 16;
/// How many series are looked at at the same time.
const SERIES: NonZeroUsize = NonZeroUsize::new(32).unwrap();

/// The table of points.
#[derive(Clone)]
pub struct Points {
    client: Client,
    calls: Budget,
    table: Arc<str>,
}

/// A part of a strand that was read.
pub(crate) struct Part {
    pub(crate) items: Vec<Item>,
    /// The key after which the strand goes on, if it does.
    pub(crate) last: Option<Item>,
}

/// How a strand is read.
#[derive(Clone, Copy)]
pub(crate) struct Reading<'a> {
    /// The partition key.
    pub(crate) series: &'a str,
    /// The range that chunks are to reach into.
    pub(crate) range: TimeRange,
    /// From which end.
    pub(crate) order: Order,
    /// How many chunks at a time at the most.
    pub(crate) limit: Option<i32>,
    /// Whether without the points.
    pub(crate) heads: bool,
}

impl Aws {
    /// The table of points (`TIDEMARK_POINTS_TABLE`).
    pub fn points(&self) -> std::result::Result<Points, SettingError> {
        Ok(Points {
            client: self.dynamodb(),
            calls: self.table_calls.clone(),
            table: self.settings.required("TIDEMARK_POINTS_TABLE")?.into(),
        })
    }
}

impl Part {
    pub(crate) fn of(answer: QueryOutput) -> Self {
        Self {
            items: answer.items.unwrap_or_default(),
            last: answer.last_evaluated_key.filter(|key| !key.is_empty()),
        }
    }
}

impl Points {
    /// Reads the next part of a strand.
    pub(crate) async fn part(
        &self,
        strand: Strand,
        reading: Reading<'_>,
        after: Option<Item>,
    ) -> Result<Part> {
        let keys = strand.keys(reading.range);
        self.query(keys, reading, after).await
    }

    /// All chunks that may reach into a range, and some that do not, of every strand in one
    /// query; None if these are not few.
    async fn few(&self, reading: Reading<'_>) -> Result<Option<Vec<Item>>> {
        let keys = Strand::keys_of_all(reading.range);
        let reading = Reading {
            limit: Some(FEW),
            ..reading
        };
        let mut part = self.query(keys, reading, None).await?;
        if part.last.is_some() {
            return Ok(None);
        }
        part.items
            .retain(|item| item::key(item).is_ok_and(|key| !key.starts_with(Note::LETTER)));
        Ok(Some(part.items))
    }

    /// Reads what stands under keys from one to another.
    async fn query(
        &self,
        (from, to): (String, String),
        reading: Reading<'_>,
        after: Option<Item>,
    ) -> Result<Part> {
        let mut query = self
            .between(reading.series, from, to)
            .scan_index_forward(reading.order == Order::Ascending)
            .set_limit(reading.limit)
            .set_exclusive_start_key(after);
        if reading.heads {
            query = query
                .projection_expression("chunk, points, #first, #last")
                .expression_attribute_names("#first", "first")
                .expression_attribute_names("#last", "last");
        }
        let answer = query.send().await.map_err(failed("reading chunks"))?;
        Ok(Part::of(answer))
    }

    /// Asks for what stands under keys from one to another.
    pub(crate) fn between(
        &self,
        series: &str,
        from: impl Into<String>,
        to: impl Into<String>,
    ) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&*self.table)
            .consistent_read(true)
            .key_condition_expression("series = :series AND chunk BETWEEN :from AND :to")
            .expression_attribute_values(":series", text(series))
            .expression_attribute_values(":from", text(from))
            .expression_attribute_values(":to", text(to))
    }

    /// Carries requests out.
    pub(crate) async fn carry_out(&self, requests: Vec<WriteRequest>) -> Result<()> {
        write_all(&self.client, &self.calls, &self.table, requests).await
    }

    /// The items of these keys, as far as they are there.
    pub(crate) async fn find(&self, keys: Vec<Item>) -> Result<Vec<Item>> {
        get_all(&self.client, &self.calls, &self.table, keys).await
    }

    /// Removes what a deletion hides; false if it was not done by the deadline.
    pub(crate) async fn remove(
        &self,
        series: &SeriesKey,
        range: TimeRange,
        deleted_at: Timestamp,
        deadline: Instant,
    ) -> Result<bool> {
        let series = &series_key(series);
        let strands =
            Strand::every().map(|strand| self.erase(series, strand, range, deleted_at, deadline));
        let done = futures_util::future::try_join_all(strands).await?;
        Ok(done.into_iter().all(|done| done))
    }

    /// Removes it from the chunks of a strand.
    async fn erase(
        &self,
        series: &str,
        strand: Strand,
        range: TimeRange,
        deleted_at: Timestamp,
        deadline: Instant,
    ) -> Result<bool> {
        let reading = Reading {
            series,
            range,
            order: Order::Ascending,
            limit: None,
            heads: false,
        };
        let mut after = None;
        loop {
            let part = self.part(strand, reading, after).await?;
            let mut requests = Vec::new();
            for item in part.items {
                let stored = Stored::read(item)?;
                let mut columns = stored.columns()?;
                let before = columns.len();
                columns.retain(|time, received| !(range.contains(time) && received <= deleted_at));
                if columns.is_empty() {
                    requests.push(item::delete(series, &stored.key)?);
                } else if columns.len() < before {
                    requests.push(item::put_again(series, stored.key, &columns)?);
                }
            }
            self.carry_out(requests).await?;
            after = part.last;
            if after.is_none() {
                return Ok(true);
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
        }
    }
}

/// Summarizes what a walk gives out.
async fn summary(mut walk: Walk<'_>, request: Summarize<'_>) -> Result<Vec<Bucket>> {
    let limit = request.limit.max(1);
    let mut buckets = Buckets::new(request.slots, request.range, request.parts, limit);
    while let Some(columns) = walk.next().await? {
        buckets.add(columns.times(), columns.values());
        if buckets.is_full() {
            break;
        }
    }
    Ok(buckets.finish())
}

#[async_trait]
impl PointStore for Points {
    async fn write(&self, write: &Arc<Write>) -> Result<Vec<Refusal>> {
        let batch = BatchStamp {
            received: write.received,
            id: write.batch,
        };
        let mut requests = Vec::new();
        for points in &write.series {
            let mut columns = Columns::new();
            columns.append(batch, points);
            columns.normalize();
            let series = series_key(&SeriesKey {
                tenant: write.tenant.clone(),
                name: points.name.clone(),
            });
            requests.extend(item::puts(&series, &columns, |window, piece| {
                let earliest = piece.indexes().first().copied().unwrap_or_default();
                window.batch_key(piece.len(), batch.id, earliest)
            })?);
        }
        self.carry_out(requests).await?;
        Ok(Vec::new())
    }

    async fn read(&self, scan: Scan<'_>) -> Result<Page> {
        let limit = scan.limit.max(1);
        let series = series_key(scan.series);
        let mut walk =
            Walk::new(self, &series, scan.range, scan.tombstones, scan.order).looking_for(limit);
        let mut points = Vec::new();
        let mut full = false;
        while let Some(columns) = walk.next().await? {
            let (n, room) = (columns.len(), limit - points.len());
            full = n > room;
            match scan.order {
                Order::Ascending => points.extend(columns.points(0..n.min(room))),
                Order::Descending => points.extend(columns.points(n.saturating_sub(room)..n).rev()),
            }
            if full {
                break;
            }
        }
        let rest = points
            .last()
            .filter(|_| full)
            .and_then(|last| match scan.order {
                Order::Ascending => TimeRange::new(last.time.next()?, scan.range.to()).ok(),
                Order::Descending => TimeRange::new(scan.range.from(), last.time.previous()?).ok(),
            });
        Ok(Page { points, rest })
    }

    async fn summarize(&self, request: Summarize<'_>) -> Result<Vec<Bucket>> {
        let series = series_key(request.series);
        let (range, tombstones) = (request.range, request.tombstones);
        let walk = Walk::new(self, &series, range, tombstones, Order::Ascending);
        summary(walk, request).await
    }

    async fn summarize_at_once(&self, request: Summarize<'_>) -> Result<Option<Vec<Bucket>>> {
        let series = series_key(request.series);
        let (range, tombstones) = (request.range, request.tombstones);
        let mut walk = Walk::new(self, &series, range, tombstones, Order::Ascending);
        // A megabyte of each strand, as `extent` looks at.
        if walk.is_read_at_once().await? {
            summary(walk, request).await.map(Some)
        } else {
            Ok(None)
        }
    }

    /// Series of few chunks take a query each, in place of one for each strand.
    async fn summarize_many(&self, requests: &[Summarize<'_>]) -> Result<Vec<Vec<Bucket>>> {
        let summaries: Vec<_> = requests
            .iter()
            .map(async |request| {
                let series = series_key(request.series);
                let (range, tombstones) = (request.range, request.tombstones);
                let mut walk = Walk::new(self, &series, range, tombstones, Order::Ascending);
                walk.read_few().await?;
                summary(walk, *request).await
            })
            .collect();
        stream::iter(summaries)
            .buffered(SERIES.get())
            .try_collect()
            .await
    }

    fn series_at_once(&self) -> NonZeroUsize {
        SERIES
    }

    async fn extent(&self, series: &SeriesKey, range: TimeRange) -> Result<Option<Extent>> {
        extent::extent(self, &series_key(series), range).await
    }

    /// Series of few chunks take a query each, in place of one for each strand.
    async fn extents(&self, series: &[SeriesKey], range: TimeRange) -> Result<Vec<Option<Extent>>> {
        let extents: Vec<_> = series
            .iter()
            .map(async |series| {
                let series = series_key(series);
                match extent::of_few(self, &series, range).await? {
                    Some(found) => Ok(found),
                    None => extent::extent(self, &series, range).await,
                }
            })
            .collect();
        stream::iter(extents)
            .buffered(SERIES.get())
            .try_collect()
            .await
    }

    async fn delete(
        &self,
        series: &SeriesKey,
        range: TimeRange,
        deleted_at: Timestamp,
    ) -> Result<()> {
        // What is left is removed by the compactor, and hidden until then.
        let deadline = Instant::now() + REMOVING;
        self.remove(series, range, deleted_at, deadline).await?;
        Ok(())
    }
}

//! `GET /meterdata/measurement`: what a meter measured, a row an instant, the
//! latest first. A row is put together from the series of its OBIS codes.

use std::collections::VecDeque;

use futures_util::{StreamExt, TryStreamExt, stream};
use tidemark_api::answer::measurements::Measurements;
use tidemark_api::problem::Problem;
use tidemark_api::requests::{Call, measurements};
use tidemark_core::name::SeriesKey;
use tidemark_core::point::{Point, Tags};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_formats::write::measurements::MeterRow;
use tidemark_ports::Order;

use super::{Answer, Asked, Known, Query, after};
use crate::failure;

/// How many OBIS codes of one meter are looked at.
const CODES: usize = 1000;
/// How many points are read ahead, of all codes together.
const AHEAD: usize = 50_000;
/// How many codes are read at the same time.
const READS: usize = 8;

/// The points of one OBIS code that were read ahead.
struct Feed {
    code: String,
    series: Known,
    ahead: VecDeque<Point>,
    rest: Option<TimeRange>,
}

impl Query {
    pub(super) async fn measurements(&self, call: &Call<'_>) -> Answer {
        let request = measurements::Measurements::read(call)?;
        let prefix = request.prefix();
        let paging = request.paging;
        let range = request
            .range
            .and_then(|range| after(range, paging.after, Order::Descending));
        let found = self
            .catalog
            .list(call.tenant(), &prefix, None, CODES)
            .await
            .map_err(|e| failure::problem(&e))?;
        let read_ahead = (AHEAD / found.len().max(1)).clamp(1, paging.limit + 1);
        let mut feeds: Vec<Feed> = found
            .into_iter()
            .map(|series| Feed {
                code: series.name.as_str()[prefix.len()..].to_owned(),
                series: Known {
                    key: SeriesKey {
                        tenant: call.tenant().clone(),
                        name: series.name,
                    },
                    tombstones: series.tombstones,
                },
                ahead: VecDeque::new(),
                rest: range,
            })
            .collect();
        let mut page = Measurements::new(&request.measurement, &request.meter, paging.limit);
        let mut last = None;
        let mut full = false;
        while let Some(time) = self.latest(&mut feeds, read_ahead).await? {
            let (values, tags) = take(&mut feeds, time);
            let values: Vec<(&str, f64)> =
                values.iter().map(|(code, v)| (code.as_str(), *v)).collect();
            if !page.push(&MeterRow {
                time,
                tags: &tags,
                values: &values,
            }) {
                full = true;
                break;
            }
            last = Some(time);
        }
        let next = match last {
            Some(last) if full => Some(paging.next(&last)?),
            _ => None,
        };
        let bound = |time: fn(TimeRange) -> Timestamp, open| {
            request.range.map(time).filter(|time| *time != open)
        };
        let asked = Asked {
            series: None,
            from: bound(TimeRange::from, Timestamp::MIN),
            to: bound(TimeRange::to, Timestamp::MAX),
        };
        Ok((page.finish(next), asked))
    }

    /// The latest instant of what is left, every feed being read ahead to it.
    async fn latest(
        &self,
        feeds: &mut [Feed],
        read_ahead: usize,
    ) -> Result<Option<Timestamp>, Problem> {
        let empty = feeds
            .iter_mut()
            .filter(|feed| feed.ahead.is_empty() && feed.rest.is_some());
        let reads: Vec<_> = empty.map(|feed| self.read_on(feed, read_ahead)).collect();
        let reads = stream::iter(reads).buffer_unordered(READS);
        reads.try_collect::<()>().await?;
        Ok(feeds
            .iter()
            .filter_map(|feed| Some(feed.ahead.front()?.time))
            .max())
    }

    /// Reads a feed ahead, to at least one point if it has any left.
    async fn read_on(&self, feed: &mut Feed, read_ahead: usize) -> Result<(), Problem> {
        while let Some(range) = feed.rest
            && feed.ahead.is_empty()
        {
            let scan = feed.series.scan(range, Order::Descending, read_ahead);
            let page = self
                .points
                .read(scan)
                .await
                .map_err(|e| failure::problem(&e))?;
            feed.ahead.extend(page.points);
            feed.rest = page.rest;
        }
        Ok(())
    }
}

/// Takes what the feeds have at `time`: values by code, and the tags of all.
fn take(feeds: &mut [Feed], time: Timestamp) -> (Vec<(String, f64)>, Tags) {
    let mut values = Vec::new();
    let mut tags: Vec<String> = Vec::new();
    for feed in feeds {
        if let Some(point) = feed.ahead.pop_front_if(|point| point.time == time) {
            values.push((feed.code.clone(), point.value.get()));
            tags.extend(point.tags.iter().map(str::to_owned));
        }
    }
    tags.sort_unstable();
    tags.dedup();
    tags.truncate(Tags::MAX);
    (values, Tags::new(tags).unwrap_or_default())
}

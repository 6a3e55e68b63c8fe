//! What a meter measured, the latest first. A row is put together from the series
//! of its OBIS codes: of what they have at one instant, that with the same tags. So
//! a row says of each point what is stored, and can be posted again.

use std::collections::VecDeque;

use futures_util::{StreamExt, TryStreamExt, stream};
use tidemark_core::name::{SeriesKey, Tenant};
use tidemark_core::point::{Point, Tags};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_formats::obis;
use tidemark_formats::write::measurements::FIELDS;
use tidemark_ports::Order;

use super::{Known, Query};
use crate::failure::Failure;

/// How many OBIS codes of one meter are looked at.
const CODES: usize = 1000;
/// How many points are read ahead, of all codes together.
const AHEAD: usize = 50_000;
/// How many codes are read at the same time.
const READS: usize = 8;

/// The points of one OBIS code that were read ahead.
struct Feed {
    code: String,
    /// Whether the series is named by the code as it is printed. Points that were
    /// posted under such a key once went there.
    is_printed: bool,
    series: Known,
    ahead: VecDeque<Point>,
    rest: Option<TimeRange>,
}

/// Where a row stands among all of a meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeterRowPlace {
    /// Its time.
    pub time: Timestamp,
    /// Which of the rows of that time it is, from 1.
    pub nth: usize,
}

/// What a meter measured at one instant, as far as it has the same tags.
#[derive(Debug, Clone, PartialEq)]
pub struct MeterReading {
    /// When, and which row of that time.
    pub place: MeterRowPlace,
    /// The tags of the row's points.
    pub tags: Tags,
    /// Values by OBIS code, in the order of the codes.
    pub values: Vec<(String, f64)>,
}

/// Rows, one after the other.
pub struct MeterReadings<'a> {
    query: &'a Query,
    feeds: Vec<Feed>,
    read_ahead: usize,
    /// The rows of one instant that are still to come.
    instant: VecDeque<MeterReading>,
    /// The last row that was shown before.
    last: Option<MeterRowPlace>,
}

impl Query {
    /// The rows of a range that are made of the series whose names begin with
    /// `prefix`, the OBIS code following; those that come after `last`. Who asks has
    /// a use for up to `rows` of them.
    pub async fn measurements(
        &self,
        tenant: &Tenant,
        prefix: &str,
        range: Option<TimeRange>,
        last: Option<MeterRowPlace>,
        rows: usize,
    ) -> Result<MeterReadings<'_>, Failure> {
        // Of the instant of the last row there may be more.
        let range = range.and_then(|range| match last {
            Some(last) => TimeRange::new(range.from(), last.time.min(range.to())).ok(),
            None => Some(range),
        });
        let found = self.catalog.list(tenant, prefix, None, CODES).await?;
        let read_ahead = (AHEAD / found.len().max(1)).clamp(1, rows);
        let feeds = found.into_iter().filter_map(|series| {
            let key = &series.name.as_str()[prefix.len()..];
            // A series may have such a name; a row cannot hold it.
            if FIELDS.contains(&key) {
                return None;
            }
            let hexadecimal = obis::hexadecimal(key);
            Some(Feed {
                is_printed: hexadecimal.is_some(),
                code: hexadecimal.unwrap_or_else(|| key.to_owned()),
                series: Known {
                    key: SeriesKey {
                        tenant: tenant.clone(),
                        name: series.name,
                    },
                    tombstones: series.tombstones,
                },
                ahead: VecDeque::new(),
                rest: range,
            })
        });
        let mut feeds: Vec<Feed> = feeds.collect();
        feeds.sort_by(|a, b| (&a.code, a.is_printed).cmp(&(&b.code, b.is_printed)));
        Ok(MeterReadings {
            query: self,
            feeds,
            read_ahead,
            instant: VecDeque::new(),
            last,
        })
    }
}

impl MeterReadings<'_> {
    /// The next row.
    pub async fn next(&mut self) -> Result<Option<MeterReading>, Failure> {
        loop {
            if let Some(row) = self.instant.pop_front() {
                return Ok(Some(row));
            }
            let Some(time) = self.latest().await? else {
                return Ok(None);
            };
            self.instant = take(&mut self.feeds, time);
            if let Some(last) = self.last.take_if(|last| last.time == time) {
                self.instant.retain(|row| row.place.nth > last.nth);
            }
        }
    }

    /// The latest instant of what is left, every feed being read ahead to it.
    async fn latest(&mut self) -> Result<Option<Timestamp>, Failure> {
        let (query, read_ahead) = (self.query, self.read_ahead);
        let empty = self
            .feeds
            .iter_mut()
            .filter(|feed| feed.ahead.is_empty() && feed.rest.is_some());
        let reads: Vec<_> = empty.map(|feed| query.read_on(feed, read_ahead)).collect();
        let reads = stream::iter(reads).buffer_unordered(READS);
        reads.try_collect::<()>().await?;
        Ok(self
            .feeds
            .iter()
            .filter_map(|feed| Some(feed.ahead.front()?.time))
            .max())
    }
}

impl Query {
    /// Reads a feed ahead, to at least one point if it has any left.
    async fn read_on(&self, feed: &mut Feed, read_ahead: usize) -> Result<(), Failure> {
        while let Some(range) = feed.rest
            && feed.ahead.is_empty()
        {
            let scan = feed.series.scan(range, Order::Descending, read_ahead);
            let page = self.points.read(scan).await?;
            feed.ahead.extend(page.points);
            feed.rest = page.rest;
        }
        Ok(())
    }
}

/// Takes what the feeds have at `time`: a row for each set of tags, in the order
/// of their first codes. Of one code the first feed counts that has a point.
fn take(feeds: &mut [Feed], time: Timestamp) -> VecDeque<MeterReading> {
    let mut rows: VecDeque<MeterReading> = VecDeque::new();
    let mut taken = None;
    for feed in feeds {
        let Some(point) = feed.ahead.pop_front_if(|point| point.time == time) else {
            continue;
        };
        if taken.replace(&feed.code) == Some(&feed.code) {
            continue;
        }
        let value = (feed.code.clone(), point.value.get());
        if let Some(row) = rows.iter_mut().find(|row| row.tags == point.tags) {
            row.values.push(value);
            continue;
        }
        let nth = rows.len() + 1;
        rows.push_back(MeterReading {
            place: MeterRowPlace { time, nth },
            tags: point.tags,
            values: vec![value],
        });
    }
    rows
}

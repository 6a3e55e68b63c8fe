//! Moves a tenant's points from Timestream to `DynamoDB`: for the day that
//! Timestream ends.
//!
//! Points keep the writes that they came from, so that what was written to
//! `DynamoDB` meanwhile counts if it is newer, and tombstones hide what they hid.
//! What is moved twice is there once.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use tidemark_columnar::{BatchStamp, Columns};
use tidemark_core::batch::SeriesPoints;
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::point::Point;
use tidemark_core::summary::{Parts, Reading, Summary};
use tidemark_core::time::TimeRange;
use tidemark_ports::error::{Result, StoreError};
use tidemark_ports::{Catalog, Extent, PointStore, Series, Slots, Summarize};

use crate::client::Aws;
use crate::dynamodb::catalog::CatalogTable;
use crate::dynamodb::points::Points;
use crate::dynamodb::points::item::{self, series_key};
use crate::dynamodb::points::window::Window;
use crate::settings::SettingError;
use crate::timestream::{Timestream, Versioned};

/// How many points are read at once: some chunks.
const AT_ONCE: usize = 20_000;
/// How many series are listed at once.
const LISTED: usize = 1000;

/// From the table of Timestream to that of `DynamoDB`.
#[derive(Clone)]
pub struct Migration {
    from: Timestream,
    to: Points,
    catalog: Arc<CatalogTable>,
}

/// What has become of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// Which.
    pub name: SeriesName,
    /// How many points that are not deleted Timestream has, and their sum.
    pub before: (u64, f64),
    /// The same of `DynamoDB`, which may have newer ones beside.
    pub after: (u64, f64),
    /// The greatest magnitude of a value there: sums may be as far apart as these
    /// were rounded, though they add up to nothing.
    pub peak: f64,
}

impl Aws {
    /// A migration between the tables that the environment names for both.
    pub fn migration(&self) -> std::result::Result<Migration, SettingError> {
        Ok(Migration {
            from: self.patiently().timestream()?,
            to: self.points()?,
            catalog: Arc::new(self.catalog()?),
        })
    }
}

impl Migration {
    /// Moves every series of a tenant, and tells of each.
    pub async fn run(&self, tenant: &Tenant, mut told: impl FnMut(&Moved)) -> Result<()> {
        let mut after: Option<SeriesName> = None;
        loop {
            let page = self.catalog.list(tenant, "", after.as_ref(), LISTED);
            let page = page.await?;
            for series in &page {
                let moved = self.series(tenant, series).await.map_err(|error| {
                    let context = format!("moving the series {} of {tenant}", series.name);
                    StoreError::new(error.kind(), context).because(error)
                })?;
                told(&moved);
            }
            match page.last() {
                Some(last) => after = Some(last.name.clone()),
                None => return Ok(()),
            }
        }
    }

    async fn series(&self, tenant: &Tenant, series: &Series) -> Result<Moved> {
        let key = SeriesKey {
            tenant: tenant.clone(),
            name: series.name.clone(),
        };
        let extent = self.from.extent(&key, TimeRange::ALL).await?;
        let mut stride = extent.map_or(i64::MAX, stride);
        let mut rest = extent.map(|extent| extent.range);
        while let Some(range) = rest {
            let part = beginning(range, stride);
            let found = self.from.whole(&key, part, &series.tombstones, AT_ONCE);
            let found = found.await?;
            let reached = match found.last() {
                Some((last, _)) if found.len() == AT_ONCE => last.time,
                _ => part.to(),
            };
            rest = reached
                .next()
                .and_then(|from| TimeRange::new(from, range.to()).ok());
            if found.len() < AT_ONCE / 2 {
                stride = stride.saturating_mul(2);
            } else if found.len() == AT_ONCE {
                stride = (stride / 2).max(1);
            }
            let columns = columns(&series.name, found);
            let partition = series_key(&key);
            let puts = item::puts(&partition, &columns, |window, piece| {
                chunk_key(window, &partition, piece)
            })?;
            self.to.carry_out(puts).await?;
        }
        let before = summary(&self.from, &key, series).await?;
        let after = summary(&self.to, &key, series).await?;
        Ok(Moved {
            name: series.name.clone(),
            before: total(before.as_ref()),
            after: total(after.as_ref()),
            peak: after.as_ref().map_or(0.0, peak),
        })
    }
}

/// How long a stretch of a series is that has about as many points as are read
/// at once, in nanoseconds: sorting those of a long one would take Timestream
/// longer than it may.
fn stride(extent: Extent) -> i64 {
    let length = extent.range.to().since(extent.range.from());
    let stretches = extent.points / AT_ONCE as u64 + 1;
    length / i64::try_from(stretches).unwrap_or(i64::MAX) + 1
}

/// The first so many nanoseconds of a range.
fn beginning(range: TimeRange, length: i64) -> TimeRange {
    let to = range.from().plus(length).min(range.to());
    TimeRange::new(range.from(), to).unwrap_or(range)
}

/// The same for the same points and no others, since one that was compacted is
/// about to be deleted; and unlike what a batch is kept under. Whichever build
/// moves points again finds what another has moved: it is the first half of the
/// SHA-256 of the partition, a zero byte, and by point its time, its receipt, both
/// halves of its batch's id and its index in that, the highest byte first.
fn chunk_key(window: Window, partition: &str, piece: &Columns) -> String {
    let mut hash = Sha256::new();
    hash.update(partition);
    hash.update([0]);
    for (at, time) in piece.times().iter().enumerate() {
        let write = piece.stamp_at(at);
        hash.update(time.nanos().to_be_bytes());
        hash.update(write.received.nanos().to_be_bytes());
        hash.update(write.batch.incarnation().to_be_bytes());
        hash.update(write.batch.sequence().to_be_bytes());
        hash.update(write.index.to_be_bytes());
    }
    let mut half = [0; 16];
    half.copy_from_slice(&hash.finalize()[..16]);
    window.compacted_key(u128::from_be_bytes(half))
}

fn columns(name: &SeriesName, found: Vec<(Point, Versioned)>) -> Columns {
    let mut columns = Columns::new();
    for (Point { time, value, tags }, write) in found {
        let mut one = SeriesPoints::new(name.clone());
        one.push(write.stamp.index, time, value, tags);
        let batch = BatchStamp {
            received: write.stamp.received,
            id: write.stamp.batch,
        };
        columns.append(batch, &one);
    }
    columns.normalize();
    columns
}

async fn summary(
    store: &dyn PointStore,
    key: &SeriesKey,
    series: &Series,
) -> Result<Option<Summary>> {
    let request = Summarize {
        series: key,
        range: TimeRange::ALL,
        tombstones: &series.tombstones,
        slots: Slots::Whole,
        parts: Parts::NONE,
        limit: 1,
    };
    let buckets = store.summarize(request).await?;
    Ok(buckets.into_iter().next().map(|bucket| bucket.summary))
}

fn total(summary: Option<&Summary>) -> (u64, f64) {
    summary.map_or((0, 0.0), |summary| {
        let sum = summary.sum().value().unwrap_or(f64::INFINITY);
        (summary.count().get(), sum)
    })
}

fn peak(summary: &Summary) -> f64 {
    let magnitude = |reading: Reading| reading.value.get().abs();
    magnitude(summary.min()).max(magnitude(summary.max()))
}

#[cfg(test)]
mod tests {
    use tidemark_core::batch::BatchId;
    use tidemark_core::point::{Stamp, Tags, Value};
    use tidemark_core::time::Timestamp;

    use super::*;

    fn found(times: &[i64]) -> Vec<(Point, Versioned)> {
        let one = |(&time, index): (&i64, u32)| {
            let point = Point {
                time: Timestamp::from_nanos(time),
                value: Value::new(1.5).unwrap(),
                tags: Tags::none(),
            };
            let stamp = Stamp {
                received: Timestamp::from_nanos(time % 3),
                batch: BatchId::new(1, 2),
                index,
            };
            (point, Versioned::new(stamp))
        };
        times.iter().zip(0..).map(one).collect()
    }

    #[test]
    fn points_keep_the_writes_that_they_came_from() {
        let name = SeriesName::new("a").unwrap();
        let columns = columns(&name, found(&[1, 2, 3, 7]));
        assert_eq!(columns.len(), 4);
        for (at, (_, write)) in found(&[1, 2, 3, 7]).into_iter().enumerate() {
            assert_eq!(columns.stamp_at(at), write.stamp);
        }
    }

    fn keys(partition: &str, times: &[i64]) -> Vec<String> {
        let columns = columns(&SeriesName::new("a").unwrap(), found(times));
        let mut keys = Vec::new();
        item::puts(partition, &columns, |window, piece| {
            keys.push(chunk_key(window, partition, piece));
            String::new()
        })
        .unwrap();
        keys
    }

    #[test]
    fn what_is_moved_again_has_the_same_key() {
        assert_eq!(keys("a/b", &[1, 2]), keys("a/b", &[1, 2]));
        assert_ne!(keys("a/b", &[1, 2]), keys("a/c", &[1, 2]));
        assert_ne!(keys("a/b", &[1, 2]), keys("a/b", &[2, 3]));
        assert_ne!(keys("a/b", &[1, 2]), keys("a/b", &[1, 2, 3]));
    }

    /// As another program computes them.
    #[test]
    fn keys_do_not_depend_on_the_build() {
        for (partition, times, expected) in [
            ("a/b", [1, 2], "la10000000-6d12e43710f6e415fb743c8687daf265"),
            (
                "tenant/series",
                [1, 60_000_000_001],
                "lb10000000-109b2ac2510d7c336b2e038c755ceef4",
            ),
        ] {
            assert_eq!(keys(partition, &times), [expected]);
        }
    }
}

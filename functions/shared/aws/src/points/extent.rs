//! What a range holds, roughly: exactly where that is little.

use futures_util::future::try_join_all;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_store::error::Result;
use tidemark_store::port::{Extent, Order};

use super::window::Strand;
use super::{Points, Reading, item};

/// Looks at the first megabyte of each strand, and where that is not all, at
/// its end; how much is between is estimated.
pub(super) async fn extent(
    points: &Points,
    series: &str,
    range: TimeRange,
) -> Result<Option<Extent>> {
    let strands = Strand::every().map(|strand| of_strand(points, series, range, strand));
    let extents = try_join_all(strands).await?;
    Ok(extents.into_iter().flatten().reduce(|a, b| Extent {
        range: around(a.range, b.range),
        points: a.points.saturating_add(b.points),
    }))
}

async fn of_strand(
    points: &Points,
    series: &str,
    range: TimeRange,
    strand: Strand,
) -> Result<Option<Extent>> {
    let mut reading = Reading {
        series,
        range,
        order: Order::Ascending,
        limit: None,
        heads: true,
    };
    let mut extent: Option<Extent> = None;
    let mut after = None;
    loop {
        let part = points.part(strand, reading, after).await?;
        for chunk in &part.items {
            if let Some(within) = item::span(chunk)?.intersection(range) {
                extent = Some(Extent {
                    range: extent.map_or(within, |e| around(e.range, within)),
                    points: extent.map_or(0, |e| e.points) + item::len(chunk)?,
                });
            }
        }
        after = part.last;
        if after.is_none() {
            return Ok(extent);
        }
        // Chunks of the first window may end before the range begins.
        if extent.is_some() {
            break;
        }
    }
    let Some(seen) = extent else {
        return Ok(None);
    };
    reading.order = Order::Descending;
    reading.limit = Some(1);
    let end = points.part(strand, reading, None).await?;
    let window = match end.items.first() {
        Some(last) => strand.window(item::key(last)?),
        None => None,
    };
    // Any chunk of the last window may hold the last point.
    let to = window.map_or(range.to(), |w| w.span().to().min(range.to()));
    let whole = TimeRange::new(seen.range.from(), to.max(seen.range.to())).unwrap_or(range);
    Ok(Some(Extent {
        range: whole,
        points: scaled(seen.points, length(whole), length(seen.range)),
    }))
}

/// `points` in `seen`, taken to be as dense in `whole`.
fn scaled(points: u64, whole: u64, seen: u64) -> u64 {
    let all = u128::from(points) * u128::from(whole) / u128::from(seen.max(1));
    u64::try_from(all).unwrap_or(u64::MAX)
}

fn length(range: TimeRange) -> u64 {
    range.to().nanos().abs_diff(range.from().nanos())
}

/// The shortest range that covers both.
fn around(a: TimeRange, b: TimeRange) -> TimeRange {
    let (from, to): (Timestamp, Timestamp) = (a.from().min(b.from()), a.to().max(b.to()));
    // In order, since each of them is.
    TimeRange::new(from, to).unwrap_or(TimeRange::ALL)
}

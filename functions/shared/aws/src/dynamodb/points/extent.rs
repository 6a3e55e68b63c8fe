//! What a range holds, roughly: exactly where that is little.

use futures_util::future::try_join_all;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_ports::error::Result;
use tidemark_ports::{Extent, Order};

use super::window::{Strand, Window};
use super::{Points, Reading, item};
use crate::dynamodb::item::Item;

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

/// The same of a series of few chunks; None if it has more.
#[allow(clippy::option_option, reason = "what there is, if it is known")]
pub(super) async fn of_few(
    points: &Points,
    series: &str,
    range: TimeRange,
) -> Result<Option<Option<Extent>>> {
    let reading = Reading {
        series,
        range,
        order: Order::Ascending,
        limit: None,
        heads: true,
    };
    let Some(chunks) = points.few(reading).await? else {
        return Ok(None);
    };
    let mut extent = None;
    for chunk in &chunks {
        extent = with(extent, chunk, range)?;
    }
    Ok(Some(extent))
}

/// What is known with another chunk.
fn with(known: Option<Extent>, chunk: &Item, range: TimeRange) -> Result<Option<Extent>> {
    let Some(within) = item::span(chunk)?.intersection(range) else {
        return Ok(known);
    };
    Ok(Some(Extent {
        range: known.map_or(within, |e| around(e.range, within)),
        points: known.map_or(0, |e| e.points) + item::len(chunk)?,
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
    let mut first: Option<Window> = None;
    let mut after = None;
    let ended = loop {
        let part = points.part(strand, reading, after).await?;
        for chunk in &part.items {
            extent = with(extent, chunk, range)?;
            if extent.is_some() {
                first = first.or(strand.window(item::key(chunk)?));
            }
        }
        after = part.last;
        if after.is_none() {
            return Ok(extent);
        }
        // Chunks of the first window may end before the range begins.
        if let (Some(_), Some(last)) = (extent, &after) {
            break strand.window(item::key(last)?);
        }
    };
    let (Some(seen), Some(first), Some(ended)) = (extent, first, ended) else {
        return Ok(extent);
    };
    reading.order = Order::Descending;
    reading.limit = Some(1);
    let end = points.part(strand, reading, None).await?;
    let window = match end.items.first() {
        Some(last) => strand.window(item::key(last)?),
        None => None,
    };
    // Any chunk of the first window may hold the first point, and any of the
    // last one the last.
    let from = first.span().from().max(range.from());
    let to = window.map_or(range.to(), |w| w.span().to().min(range.to()));
    let whole = TimeRange::new(from, to.max(seen.range.to())).unwrap_or(range);
    let complete = ended.span().from().since(from);
    Ok(Some(Extent {
        range: whole,
        points: scaled(seen.points, length(whole), complete),
    }))
}

/// What a range of the length `whole` holds, if it is as dense as its beginning,
/// of which so many points are known, and more than that if nothing is known of
/// it to the end.
fn scaled(points: u64, whole: u64, beginning: i64) -> u64 {
    match u128::try_from(beginning) {
        Err(_) | Ok(0) => u64::MAX,
        Ok(beginning) => {
            let all = u128::from(points) * u128::from(whole) / beginning;
            u64::try_from(all).unwrap_or(u64::MAX).max(points)
        }
    }
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

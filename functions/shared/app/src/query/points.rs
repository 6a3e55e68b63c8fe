//! The points of a range.

use tidemark_core::name::SeriesKey;
use tidemark_core::point::Point;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_ports::Order;

use super::{Known, Query, after};
use crate::failure::Failure;

impl Query {
    /// Up to `limit` points of a range, those that come after one at `last`.
    pub async fn points(
        &self,
        series: SeriesKey,
        range: TimeRange,
        order: Order,
        last: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<Point>, Failure> {
        let series = self.known(series).await?;
        match after(range, last, order) {
            Some(range) => self.read(&series, range, order, limit).await,
            None => Ok(Vec::new()),
        }
    }

    /// Reads up to `limit` points, in as many pages as the store makes of them.
    pub(super) async fn read(
        &self,
        series: &Known,
        range: TimeRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Point>, Failure> {
        let mut points: Vec<Point> = Vec::new();
        let mut rest = Some(range);
        while let Some(range) = rest
            && points.len() < limit
        {
            let scan = series.scan(range, order, limit - points.len());
            let mut page = self.points.read(scan).await?;
            points.append(&mut page.points);
            rest = page.rest;
        }
        Ok(points)
    }
}

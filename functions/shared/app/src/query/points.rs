//! The points of a range.

use tidemark_core::name::SeriesKey;
use tidemark_core::point::Point;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_ports::Order;

use super::{Query, after};
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
            Some(range) => Ok(self.reader(&series).read(range, order, limit).await?),
            None => Ok(Vec::new()),
        }
    }
}

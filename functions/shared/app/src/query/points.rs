//! `GET /api/{name}/points`: the points of a range.

use http::HeaderMap;
use tidemark_api::answer::points::Points;
use tidemark_api::params;
use tidemark_api::problem::Problem;
use tidemark_api::requests::{Call, series};
use tidemark_core::point::Point;
use tidemark_core::time::TimeRange;
use tidemark_ports::Order;

use super::{Answer, Asked, Known, Query, after};
use crate::failure;

impl Query {
    pub(super) async fn points(&self, call: &Call<'_>, headers: &HeaderMap) -> Answer {
        let request = series::Points::read(call, headers)?;
        let series = self.known(call, &request.series).await?;
        let order = match request.order {
            params::Order::Ascending => Order::Ascending,
            params::Order::Descending => Order::Descending,
        };
        let paging = request.paging;
        let points = match after(request.span.range, paging.after, order) {
            // One more than is shown tells whether there is a next page.
            Some(range) => self.read(&series, range, order, paging.limit + 1).await?,
            None => Vec::new(),
        };
        let mut page = Points::new(request.media, request.decimals, paging.limit);
        let shown = points
            .iter()
            .take_while(|p| page.push(p.time, p.value.get(), &p.tags))
            .count();
        let next = match points.get(shown.wrapping_sub(1)) {
            Some(last) if shown < points.len() => Some(paging.next(&last.time)?),
            _ => None,
        };
        let asked = Asked {
            series: Some(request.series),
            from: request.span.from,
            to: request.span.to,
        };
        Ok((page.finish(next), asked))
    }

    /// Reads up to `limit` points, in as many pages as the store makes of them.
    pub(super) async fn read(
        &self,
        series: &Known,
        range: TimeRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Point>, Problem> {
        let mut points: Vec<Point> = Vec::new();
        let mut rest = Some(range);
        while let Some(range) = rest
            && points.len() < limit
        {
            let scan = series.scan(range, order, limit - points.len());
            let mut page = self
                .points
                .read(scan)
                .await
                .map_err(|e| failure::problem(&e))?;
            points.append(&mut page.points);
            rest = page.rest;
        }
        Ok(points)
    }
}

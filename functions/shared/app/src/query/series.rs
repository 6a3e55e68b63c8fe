//! `GET /api`: which series there are.

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::Response;
use tidemark_api::answer::series::{Details, SeriesList};
use tidemark_api::problem::Problem;
use tidemark_api::requests::{Call, series};
use tidemark_core::name::SeriesKey;
use tidemark_core::point::{Point, Tags};
use tidemark_core::summary::{Parts, Reading};
use tidemark_core::time::TimeRange;
use tidemark_ports::Series;

use super::{Known, Query};
use crate::failure;

/// How many series are looked at in detail at the same time: each look is a
/// calculation.
const LOOKS: usize = 8;

impl Query {
    pub(super) async fn series(&self, call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
        let request = series::List::read(call)?;
        let fail = |e| failure::problem(&e);
        let prefix = request.prefix.as_deref().unwrap_or_default();
        let paging = request.paging;
        let (count, found) = tokio::try_join!(
            self.catalog.count(call.tenant(), prefix),
            self.catalog.list(
                call.tenant(),
                prefix,
                paging.after.as_ref(),
                paging.limit + 1
            ),
        )
        .map_err(fail)?;
        let mut list = SeriesList::new(count, request.decimals, paging.limit);
        let mut details: Vec<Details> = Vec::new();
        if request.details {
            let shown = found.iter().take(paging.limit);
            let looks: Vec<_> = shown.map(|series| self.details(call, series)).collect();
            let looks = stream::iter(looks).buffered(LOOKS);
            details = looks.try_collect().await?;
        }
        let mut shown = None;
        for (position, series) in found.iter().enumerate() {
            if !list.push(&series.name, series.updated, details.get(position)) {
                break;
            }
            shown = Some(position);
        }
        let next = match shown {
            Some(position) if position + 1 < found.len() => {
                Some(paging.next(&found[position].name)?)
            }
            _ => None,
        };
        Ok(list.finish(next))
    }

    async fn details(&self, call: &Call<'_>, series: &Series) -> Result<Details, Problem> {
        let key = SeriesKey {
            tenant: call.tenant().clone(),
            name: series.name.clone(),
        };
        let known = Known {
            key,
            tombstones: series.tombstones.clone(),
        };
        let summary = self.summary(&known, TimeRange::ALL, Parts::NONE).await?;
        let point = |reading: Reading| Point {
            time: reading.time,
            value: reading.value,
            tags: Tags::none(),
        };
        Ok(Details {
            points: summary.as_ref().map_or(0, |s| s.count().get()),
            first: summary.as_ref().map(|s| point(s.first())),
            last: summary.as_ref().map(|s| point(s.last())),
        })
    }
}

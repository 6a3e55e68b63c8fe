//! Which series there are.

use futures_util::{StreamExt, TryStreamExt, stream};
use tidemark_core::about::About;
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::summary::{Parts, Reading};
use tidemark_core::time::{TimeRange, Timestamp};

use super::{Known, Query};
use crate::failure::Failure;

/// How many series are looked at in detail at the same time: each look is a
/// calculation.
const LOOKS: usize = 8;

/// Some of a tenant's series.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesPage {
    /// How many match, on all pages.
    pub count: u64,
    /// Those of this page, by name.
    pub series: Vec<ListedSeries>,
    /// Whether there are more after them.
    pub more: bool,
}

/// A series of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedSeries {
    /// Its name.
    pub name: SeriesName,
    /// When the latest batch for it was received.
    pub updated: Timestamp,
    /// What it holds, where that was asked.
    pub details: Option<SeriesDetails>,
}

/// What a series holds.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesDetails {
    /// How many points.
    pub points: u64,
    /// The earliest and the latest of them.
    pub ends: Option<(Reading, Reading)>,
    /// What is said of it.
    pub about: About,
}

impl Query {
    /// Up to `limit` series whose names begin with `prefix`, those after `after`; with
    /// `details` if these are wanted.
    pub async fn series(
        &self,
        tenant: &Tenant,
        prefix: &str,
        after: Option<&SeriesName>,
        limit: usize,
        details: bool,
    ) -> Result<SeriesPage, Failure> {
        let (count, mut found) = tokio::try_join!(
            self.catalog.count(tenant, prefix),
            self.catalog.list(tenant, prefix, after, limit + 1),
        )?;
        let more = found.len() > limit;
        found.truncate(limit);
        let looks: Vec<_> = found
            .into_iter()
            .map(async |series| {
                let looked = if details {
                    let key = SeriesKey {
                        tenant: tenant.clone(),
                        name: series.name.clone(),
                    };
                    let known = Known {
                        key,
                        tombstones: series.tombstones,
                    };
                    Some(self.details(&known, series.about).await?)
                } else {
                    None
                };
                Ok::<_, Failure>(ListedSeries {
                    name: series.name,
                    updated: series.updated,
                    details: looked,
                })
            })
            .collect();
        let looks = stream::iter(looks).buffered(LOOKS);
        Ok(SeriesPage {
            count,
            series: looks.try_collect().await?,
            more,
        })
    }

    /// What is said of a series.
    pub async fn about(&self, series: &SeriesKey) -> Result<About, Failure> {
        match self.catalog.get(series).await? {
            Some(found) => Ok(found.about),
            None => Err(Failure::unknown_series(&series.name)),
        }
    }

    async fn details(&self, series: &Known, about: About) -> Result<SeriesDetails, Failure> {
        let series = self.reader(series);
        let summary = series.summary(TimeRange::ALL, Parts::NONE).await?;
        Ok(SeriesDetails {
            points: summary.as_ref().map_or(0, |s| s.count().get()),
            ends: summary.as_ref().map(|s| (s.first(), s.last())),
            about,
        })
    }
}

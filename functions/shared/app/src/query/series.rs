//! Which series there are.

use futures_util::{StreamExt, TryStreamExt, stream};
use tidemark_core::about::About;
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::pattern::Pattern;
use tidemark_core::summary::{Parts, Reading};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_ports::Series;

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

/// Which series are to be listed.
#[derive(Debug, Clone, Copy)]
pub struct SeriesQuestion<'a> {
    /// With what their names begin.
    pub prefix: &'a str,
    /// What their names match, too, if that was said.
    pub pattern: Option<&'a Pattern>,
    /// The last that was told before.
    pub after: Option<&'a SeriesName>,
    /// How many at the most.
    pub limit: usize,
    /// Whether with what they hold.
    pub details: bool,
}

impl Query {
    /// Series, by name.
    pub async fn series(
        &self,
        tenant: &Tenant,
        question: SeriesQuestion<'_>,
    ) -> Result<SeriesPage, Failure> {
        let SeriesQuestion { limit, details, .. } = question;
        let (count, mut found) = match question.pattern {
            Some(pattern) => self.matching(tenant, pattern, question).await?,
            None => tokio::try_join!(
                self.catalog.count(tenant, question.prefix),
                self.catalog
                    .list(tenant, question.prefix, question.after, limit + 1),
            )?,
        };
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

    /// How many series match, and the first of them after the last that was told, one
    /// more than are to be listed.
    async fn matching(
        &self,
        tenant: &Tenant,
        pattern: &Pattern,
        question: SeriesQuestion<'_>,
    ) -> Result<(u64, Vec<Series>), Failure> {
        let (mut count, mut found) = (0, Vec::new());
        self.each_matching(tenant, pattern, |series, _| {
            if series.name.as_str().starts_with(question.prefix) {
                count += 1;
                let is_later = question.after.is_none_or(|after| series.name > *after);
                if is_later && found.len() <= question.limit {
                    found.push(series);
                }
            }
            true
        })
        .await?;
        Ok((count, found))
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

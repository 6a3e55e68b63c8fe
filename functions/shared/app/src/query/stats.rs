//! Statistics over a range.

use tidemark_core::name::SeriesKey;
use tidemark_core::stat::{Answer, Stat};
use tidemark_core::time::TimeRange;

use super::Query;
use crate::failure::Failure;

impl Query {
    /// Statistics of the points in a range, in the order asked.
    pub async fn stats(
        &self,
        series: SeriesKey,
        range: TimeRange,
        stats: &[Stat],
    ) -> Result<Vec<(Stat, Answer)>, Failure> {
        let series = self.known(series).await?;
        let summary = self.summary(&series, range, Stat::parts(stats)).await?;
        let answer = |stat: &Stat| (*stat, stat.of(summary.as_ref()));
        Ok(stats.iter().map(answer).collect())
    }
}

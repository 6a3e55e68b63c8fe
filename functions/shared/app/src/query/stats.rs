//! Statistics over a range.

use tidemark_core::name::SeriesKey;
use tidemark_core::portion::Ways;
use tidemark_core::stat::{Answer, Stat};
use tidemark_core::time::TimeRange;

use super::Query;
use crate::failure::Failure;

impl Query {
    /// Statistics of a range, in the order asked.
    pub async fn stats(
        &self,
        series: SeriesKey,
        range: TimeRange,
        stats: &[Stat],
        ways: Ways,
    ) -> Result<Vec<(Stat, Answer)>, Failure> {
        let series = self.known(series).await?;
        Ok(self.reader(&series).stats(range, stats, ways).await?)
    }
}

//! `GET /api/{name}`: statistics over a range.

use tidemark_api::answer::stats;
use tidemark_api::requests::{Call, series};
use tidemark_core::stat::Stat;

use super::{Answer, Asked, Query};

impl Query {
    pub(super) async fn stats(&self, call: &Call<'_>) -> Answer {
        let request = series::Stats::read(call)?;
        let series = self.known(call, &request.series).await?;
        let parts = Stat::parts(&request.stats);
        let summary = self.summary(&series, request.span.range, parts).await?;
        let answers: Vec<_> = request
            .stats
            .iter()
            .map(|stat| (*stat, stat.of(summary.as_ref())))
            .collect();
        let asked = Asked {
            series: Some(request.series),
            from: request.span.from,
            to: request.span.to,
        };
        Ok((stats::answer(&answers, request.decimals), asked))
    }
}

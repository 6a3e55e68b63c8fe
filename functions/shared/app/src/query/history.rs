//! `GET /history`: the last queries.

use bytes::Bytes;
use http::Response;
use tidemark_api::answer::history::{Entry, History};
use tidemark_api::problem::Problem;
use tidemark_api::requests::{self, Call};

use super::Query;
use crate::failure;

impl Query {
    pub(super) async fn history(&self, call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
        let paging = requests::History::read(call)?.paging;
        let queries = self
            .history
            .list(call.tenant(), paging.after, paging.limit + 1)
            .await
            .map_err(|e| failure::problem(&e))?;
        let mut page = History::new(paging.limit);
        let shown = queries
            .iter()
            .take_while(|query| {
                page.push(&Entry {
                    time: query.time,
                    series: query.series.as_ref(),
                    path: &query.path,
                    from: query.from,
                    to: query.to,
                    duration_ms: query.duration_ms,
                })
            })
            .count();
        let next = match queries.get(shown.wrapping_sub(1)) {
            Some(last) if shown < queries.len() => Some(paging.next(&(last.time, last.sequence))?),
            _ => None,
        };
        Ok(page.finish(next))
    }
}

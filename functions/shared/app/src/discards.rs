//! Shows the administrator what was discarded, and validates a discard again
//! when asked to.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use tidemark_api::answer::discards::{self as answer, DiscardList};
use tidemark_api::problem::{ItemError, Problem};
use tidemark_api::requests::{Call, discards as requests};
use tidemark_api::routes::Discards as Operation;
use tidemark_core::batch::Write;
use tidemark_core::discard::Reason;
use tidemark_core::name::SeriesName;
use tidemark_ports::{Catalog, DiscardFilter, DiscardLog, PointStore};

use crate::access::audit;
use crate::batch_ids::BatchIds;
use crate::clock::Clock;
use crate::failure;
use crate::validator::reread;

/// How many discards are read at once: each may be 64 KiB long, and a page ends
/// at 4 MiB.
const READ_AT_ONCE: usize = 64;

/// The use case.
#[derive(Clone)]
pub struct Discards {
    /// Where discards are.
    pub discards: Arc<dyn DiscardLog>,
    /// Where a replayed point goes.
    pub points: Arc<dyn PointStore>,
    /// Where its series is made known.
    pub catalog: Arc<dyn Catalog>,
    /// When that is.
    pub clock: Arc<dyn Clock>,
    /// What its batch is called.
    pub ids: Arc<BatchIds>,
}

impl Discards {
    /// Answers an administrator.
    pub async fn handle(
        &self,
        operation: Operation,
        call: &Call<'_>,
    ) -> Result<Response<Bytes>, Problem> {
        match operation {
            Operation::List => self.list(call).await,
            Operation::Summary => self.summary(call).await,
            Operation::Replay => self.replay(call).await,
        }
    }

    async fn list(&self, call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
        let requests::List {
            reason,
            source,
            series,
            span,
            paging,
        } = requests::List::read(call)?;
        let filter = DiscardFilter {
            reason,
            source,
            series,
            received: span.range,
        };
        let mut page = DiscardList::new(paging.limit);
        let mut last = paging.after;
        loop {
            let rows = self
                .discards
                .list(call.tenant(), &filter, last, READ_AT_ONCE)
                .await
                .map_err(|e| failure::problem(&e))?;
            for discard in &rows {
                if !page.push(discard) {
                    let next = last.map(|last| paging.next(&last)).transpose()?;
                    return Ok(page.finish(next));
                }
                last = Some(discard.stamp);
            }
            if rows.len() < READ_AT_ONCE {
                return Ok(page.finish(None));
            }
        }
    }

    async fn summary(&self, call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
        let received = requests::Summary::read(call)?.span.range;
        let counts = self
            .discards
            .counts(call.tenant(), received)
            .await
            .map_err(|e| failure::problem(&e))?;
        let mut summary = answer::Summary::default();
        for count in &counts {
            summary.add(&count.source, &count.reasons, count.count);
        }
        Ok(summary.answer())
    }

    async fn replay(&self, call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
        let requests::Replay { id, waive } = requests::Replay::read(call)?;
        let fail = |e| failure::problem(&e);
        let tenant = call.tenant();
        let discard = self
            .discards
            .get(tenant, id)
            .await
            .map_err(fail)?
            .ok_or_else(Problem::unknown_discard)?;
        if discard.replayed.is_some() {
            return Err(Problem::already_replayed());
        }
        let received = self.clock.now();
        let series = reread(&discard, received, &waive).map_err(|faults| {
            Problem::still_invalid(faults.into_iter().map(ItemError::from).collect())
        })?;
        let write = Arc::new(Write {
            tenant: tenant.clone(),
            batch: self.ids.next(),
            received,
            source: discard.source,
            series,
        });
        let names: Vec<&SeriesName> = write.series.iter().map(|s| &s.name).collect();
        let ((), refusals) = tokio::try_join!(
            self.catalog.register(tenant, &names, received),
            self.points.write(&write),
        )
        .map_err(fail)?;
        if let Some(refusal) = refusals.into_iter().next() {
            let error = ItemError {
                pointer: String::new(),
                reason: Reason::StoreRejected,
                detail: refusal.detail,
            };
            return Err(Problem::still_invalid(vec![error]));
        }
        // Only now: had the write failed, the discard could be replayed again.
        // Of two replays at once both write the same, and one is told so.
        if self
            .discards
            .mark_replayed(tenant, id, received)
            .await
            .map_err(fail)?
        {
            audit::replayed(call.principal, id);
            Ok(answer::replayed())
        } else {
            Err(Problem::already_replayed())
        }
    }
}

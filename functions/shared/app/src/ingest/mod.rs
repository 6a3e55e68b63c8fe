//! Takes points in, and answers once the queue has the batch durably.

mod describe;
mod room;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tidemark_core::batch::{Batch, BatchId, Content, Source};
use tidemark_core::name::SeriesName;
use tidemark_core::principal::Principal;
use tidemark_core::time::Timestamp;
use tidemark_formats::{Fault, Parsed};
use tidemark_ports::{Allowance, Catalog, Clock, Queue};

use crate::batch_ids::BatchIds;
use crate::failure::{Failure, FailureKind};
use crate::measure::timed;

/// The use case.
#[derive(Clone)]
pub struct Ingest {
    /// Where batches go.
    pub queue: Arc<dyn Queue>,
    /// How many series there are, and what is said of them.
    pub catalog: Arc<dyn Catalog>,
    /// How many points come in.
    pub allowance: Arc<dyn Allowance>,
    /// When they were received.
    pub clock: Arc<dyn Clock>,
    /// What they are called.
    pub ids: Arc<BatchIds>,
}

/// What became of the points that came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// The batch that they were put in.
    pub batch: BatchId,
    /// How many points were taken.
    pub accepted: usize,
    /// How many were wrong in themselves.
    pub rejected: usize,
    /// What was wrong with them, as far as that is listed.
    pub errors: Vec<Fault>,
}

impl Ingest {
    /// Takes what `read` reads, which came from `source` and counts as received
    /// now; `strict`: all of it or nothing. Nothing is read of a tenant that has sent
    /// too much already.
    pub async fn take<E: From<Failure>>(
        &self,
        by: &Principal,
        source: Source,
        strict: bool,
        read: impl FnOnce() -> Result<Parsed, E>,
    ) -> Result<Taken, E> {
        timed("ingest_ms", async {
            let received = self.clock.now();
            let refused = self.allowance.body(by);
            refused.map_err(|excess| Failure::excess(excess, 1))?;
            let parsed = read()?;
            Ok(self.send(by, source, received, strict, parsed).await?)
        })
        .await
    }

    async fn send(
        &self,
        by: &Principal,
        source: Source,
        received: Timestamp,
        strict: bool,
        parsed: Parsed,
    ) -> Result<Taken, Failure> {
        let Parsed {
            series,
            rejects,
            errors,
            accepted,
            rejected,
        } = parsed;
        let count = accepted + rejected;
        if strict && rejected > 0 {
            let told = format!("{rejected} of {count} points are wrong, so none was taken");
            return Err(Failure::new(FailureKind::InvalidPoints(errors), told));
        }
        let counted = self.allowance.points(by, count);
        counted.map_err(|excess| Failure::excess(excess, count))?;
        let names: Vec<&SeriesName> = series.iter().map(|series| &series.name).collect();
        room::room(&*self.catalog, by, &names).await?;
        let batch = Batch {
            tenant: by.tenant.clone(),
            source,
            id: self.ids.next(),
            received,
            content: Content::Points { series, rejects },
        };
        let id = batch.id;
        // Rows of meters may all be without a value.
        if count > 0 {
            timed("queue_send_ms", self.queue.send(batch)).await?;
        }
        if accepted == 0 && rejected > 0 {
            // They are discards now.
            let told = format!("all {rejected} points are wrong");
            return Err(Failure::new(FailureKind::InvalidPoints(errors), told));
        }
        Ok(Taken {
            batch: id,
            accepted,
            rejected,
            errors,
        })
    }
}

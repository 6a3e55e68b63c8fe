//! Shows the administrator what was discarded, and validates a discard again
//! when asked to.

use std::collections::VecDeque;
use std::sync::Arc;

use tidemark_core::batch::Write;
use tidemark_core::discard::{Discard, DiscardId, Reason};
use tidemark_core::name::Tenant;
use tidemark_core::point::Stamp;
use tidemark_core::principal::Principal;
use tidemark_core::time::TimeRange;
use tidemark_formats::Fault;
use tidemark_ports::{Catalog, Clock, DiscardCount, DiscardFilter, DiscardLog, PointStore};

use crate::audit;
use crate::batch_ids::BatchIds;
use crate::failure::{Failure, FailureKind};
use crate::validator::{registrations, reread};

/// How many discards are read at once: each may be 64 KiB long, and who asks may
/// have enough of a few.
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
    /// A tenant's discards, the latest first, those before `before`.
    pub fn list<'a>(
        &'a self,
        tenant: &'a Tenant,
        filter: DiscardFilter,
        before: Option<Stamp>,
    ) -> DiscardRows<'a> {
        DiscardRows {
            log: &*self.discards,
            tenant,
            filter,
            before,
            ahead: VecDeque::new(),
            is_over: false,
        }
    }

    /// How many discards there are that were received in a range, by source and set
    /// of reasons.
    pub async fn counts(
        &self,
        tenant: &Tenant,
        received: TimeRange,
    ) -> Result<Vec<DiscardCount>, Failure> {
        Ok(self.discards.counts(tenant, received).await?)
    }

    /// Validates a discard again as if it were received now, overlooking what is
    /// waived; its point is stored.
    pub async fn replay(
        &self,
        by: &Principal,
        id: DiscardId,
        waive: &[Reason],
    ) -> Result<(), Failure> {
        let tenant = &by.tenant;
        let unknown = || {
            Failure::new(
                FailureKind::UnknownDiscard,
                "there is no discard of this id",
            )
        };
        let replayed = || {
            let told = "the discard was replayed and its point accepted; it can be replayed once";
            Failure::new(FailureKind::AlreadyReplayed, told)
        };
        let discard = self.discards.get(tenant, id).await?.ok_or_else(unknown)?;
        if discard.replayed.is_some() {
            return Err(replayed());
        }
        let received = self.clock.now();
        let series = reread(&discard, received, waive).map_err(Failure::still_invalid)?;
        let write = Arc::new(Write {
            tenant: tenant.clone(),
            batch: self.ids.next(),
            received,
            source: discard.source,
            series,
        });
        let series = registrations(&write);
        let ((), refusals) = tokio::try_join!(
            self.catalog.register(tenant, &series, received),
            self.points.write(&write),
        )?;
        if let Some(refusal) = refusals.into_iter().next() {
            let fault = Fault::at("", Reason::StoreRejected, refusal.detail);
            return Err(Failure::still_invalid(vec![fault]));
        }
        // Only now: had the write failed, the discard could be replayed again.
        // Of two replays at once both write the same, and one is told so.
        if !self.discards.mark_replayed(tenant, id, received).await? {
            return Err(replayed());
        }
        audit::replayed(by, id);
        Ok(())
    }
}

/// Discards, one after the other.
pub struct DiscardRows<'a> {
    log: &'a dyn DiscardLog,
    tenant: &'a Tenant,
    filter: DiscardFilter,
    before: Option<Stamp>,
    ahead: VecDeque<Discard>,
    is_over: bool,
}

impl DiscardRows<'_> {
    /// The next one.
    pub async fn next(&mut self) -> Result<Option<Discard>, Failure> {
        if self.ahead.is_empty() && !self.is_over {
            let listed = self
                .log
                .list(self.tenant, &self.filter, self.before, READ_AT_ONCE);
            self.ahead = listed.await?.into();
            self.is_over = self.ahead.len() < READ_AT_ONCE;
            if let Some(last) = self.ahead.back() {
                self.before = Some(last.stamp);
            }
        }
        Ok(self.ahead.pop_front())
    }
}

//! Decides point by point what is kept: valid points go to the point store,
//! every other one, with all the reasons against it, to the discards.

mod judge;

use std::sync::Arc;

use tidemark_core::batch::{Batch, Reject, SeriesPoints, Source, Write};
use tidemark_core::discard::Discard;
use tidemark_formats::obis;
use tidemark_ports::error::Result;
use tidemark_ports::{Catalog, DiscardLog, PointStore, Registration};

use crate::measure::{self, timed};

pub(crate) use judge::reread;

/// The use case.
#[derive(Clone)]
pub struct Validator {
    /// Where valid points go.
    pub points: Arc<dyn PointStore>,
    /// Where their series are made known.
    pub catalog: Arc<dyn Catalog>,
    /// Where the others go.
    pub discards: Arc<dyn DiscardLog>,
}

impl Validator {
    /// Validates a batch. When this returns, each of its points is stored or is
    /// a discard. After an error the batch can be delivered again, whatever was
    /// done of it.
    pub async fn handle(&self, batch: Batch) -> Result<()> {
        timed("validate_ms", self.validate(batch)).await
    }

    async fn validate(&self, batch: Batch) -> Result<()> {
        let mut judged = judge::judge(batch);
        let discards: Vec<Discard> = std::mem::take(&mut judged.rejects)
            .into_iter()
            .map(|reject| discard(&judged.write, reject))
            .collect();
        let write = &judged.write;
        let registrations = registrations(write);
        let register = async {
            match registrations.as_slice() {
                [] => Ok(()),
                series => {
                    self.catalog
                        .register(&write.tenant, series, write.received)
                        .await
                }
            }
        };
        let store = async {
            match write.series.as_slice() {
                [] => Ok(Vec::new()),
                _ => timed("store_write_ms", self.points.write(write)).await,
            }
        };
        // At once, so that a store with group commit syncs once.
        let ((), refusals, ()) = tokio::try_join!(register, store, self.keep(&discards))?;
        let refused: Vec<Discard> = refusals
            .iter()
            .filter_map(|refusal| Some(discard(write, judged.refused(refusal)?)))
            .collect();
        self.keep(&refused).await?;
        let points: usize = write.series.iter().map(SeriesPoints::len).sum();
        measure::accepted(points.saturating_sub(refused.len()));
        measure::discarded(&discards);
        measure::discarded(&refused);
        Ok(())
    }

    async fn keep(&self, discards: &[Discard]) -> Result<()> {
        for discard in discards {
            tracing::debug!(id = %discard.id(), source = %discard.source, reasons = ?discard.reasons, "discarded");
        }
        if discards.is_empty() {
            Ok(())
        } else {
            self.discards.put(discards).await
        }
    }
}

/// The series of a write. Those of meters begin with the unit that their code
/// implies; told with the registration, it costs no write of its own, and none
/// where the series is there.
pub(crate) fn registrations(write: &Write) -> Vec<Registration<'_>> {
    let is_of_meters = write.source == Source::Meterdata;
    let registration = |name| Registration {
        name,
        unit: if is_of_meters { obis::unit(name) } else { None },
    };
    let names = write.series.iter().map(|series| &series.name);
    names.map(registration).collect()
}

fn discard(write: &Write, reject: Reject) -> Discard {
    Discard {
        tenant: write.tenant.clone(),
        source: write.source.clone(),
        stamp: write.stamp(reject.index),
        series: reject.series,
        time: reject.time,
        value: reject.value,
        reasons: reject.reasons,
        detail: reject.detail,
        payload: reject.payload,
        format: reject.format,
        replayed: None,
    }
}

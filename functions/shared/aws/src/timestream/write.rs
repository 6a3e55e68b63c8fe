//! Writing: in calls that are full, several at the same time, each tried again
//! by itself while Timestream is busy, until every point is stored, lost to a
//! later write, or refused for good.

use aws_sdk_timestreamwrite::config::Config;
use aws_sdk_timestreamwrite::operation::write_records::WriteRecordsError;
use tidemark_core::batch::Write;
use tidemark_ports::Refusal;
use tidemark_ports::error::{Kind, Result, StoreError};

use super::Timestream;
use super::record::{Outgoing, Records};
use super::version::{Verdict, Versioned};
use crate::calls::{Done, Undone, each, once, retry};
use crate::error::failed;

const WRITING: &str = "writing to Timestream";
/// How many records a call takes.
const RECORDS: usize = 100;
/// How many calls are under way at the same time, if the budget has room.
const CALLS: usize = 8;

/// A record that was not taken, and why.
struct Rejected {
    point: Outgoing,
    reason: String,
    existing: Option<i64>,
}

impl Timestream {
    pub(super) async fn put(&self, write: &Write) -> Result<Vec<Refusal>> {
        let batch = &Records::new(write);
        let mut refusals = Vec::new();
        let mut going = Vec::new();
        for point in batch.outgoing() {
            match batch.fault(point) {
                Some(detail) => refusals.push(refusal(point, detail)),
                None => going.push(point),
            }
        }
        refusals.extend(self.store(batch, going).await?);
        Ok(refusals)
    }

    /// Sends points until each is stored, has lost to a later write, or is
    /// refused.
    async fn store(&self, batch: &Records<'_>, going: Vec<Outgoing>) -> Result<Vec<Refusal>> {
        let left = (going, Vec::new());
        let ((_, refusals), outcome) = retry(left, async |(mut going, mut refusals)| {
            let outcome = self.try_to_store(batch, &mut going, &mut refusals).await;
            ((going, refusals), outcome)
        })
        .await;
        outcome.map(|()| refusals)
    }

    /// Leaves of the points those that are to be sent again.
    async fn try_to_store(
        &self,
        batch: &Records<'_>,
        going: &mut Vec<Outgoing>,
        refusals: &mut Vec<Refusal>,
    ) -> std::result::Result<(), Undone> {
        let mut contended: Vec<(Outgoing, i64)> = Vec::new();
        for Rejected {
            point,
            reason,
            existing,
        } in self.send(batch, std::mem::take(going)).await?
        {
            match existing.map(|version| (version, point.write.rejected_by(version))) {
                Some((_, Verdict::Superseded)) => {}
                Some((version, Verdict::Contended)) => contended.push((point, version)),
                Some((_, Verdict::Unfounded)) | None => refusals.push(refusal(point, reason)),
            }
        }
        if contended.is_empty() {
            return Ok(());
        }
        *going = self.outdo(batch, contended).await?;
        if going.is_empty() {
            return Ok(());
        }
        let contended = StoreError::new(Kind::Unavailable, WRITING);
        Err(Undone::Contended(
            contended.because("others write to the same points"),
        ))
    }

    /// Writes a point again, with a version above that of an earlier write.
    pub(super) async fn raise(&self, write: &Write, held: Versioned) -> Result<Vec<Refusal>> {
        let batch = &Records::new(write);
        let mut raised = Vec::new();
        for point in batch.outgoing() {
            raised.extend(later(point, Some(held), held.version())?);
        }
        self.store(batch, raised).await
    }

    /// Sends records until Timestream has taken or rejected each.
    async fn send(&self, batch: &Records<'_>, points: Vec<Outgoing>) -> Result<Vec<Rejected>> {
        let calls: Vec<Vec<Outgoing>> = points.chunks(RECORDS).map(<[_]>::to_vec).collect();
        let call = |mut one: Vec<Vec<Outgoing>>| async move {
            let points = one.pop().unwrap_or_default();
            Ok(Done {
                found: self.call(batch, &points).await?,
                left: Vec::new(),
            })
        };
        each(&self.calls, calls, 1, CALLS, call).await
    }

    /// One call.
    async fn call(&self, batch: &Records<'_>, points: &[Outgoing]) -> Result<Vec<Rejected>> {
        let (common, records) = batch
            .records(points)
            .map_err(|e| StoreError::new(Kind::Internal, "making a record").because(e))?;
        let answer = self
            .write
            .call(|client| {
                client
                    .write_records()
                    .database_name(self.table.database.as_str())
                    .table_name(self.table.name.as_str())
                    .common_attributes(common.clone())
                    .set_records(Some(records.clone()))
                    .customize()
                    .config_override(Config::builder().retry_config(once()))
                    .send()
            })
            .await?;
        let Err(error) = answer else {
            return Ok(Vec::new());
        };
        let Some(WriteRecordsError::RejectedRecordsException(rejected)) = error.as_service_error()
        else {
            return Err(failed(WRITING)(error));
        };
        // The others are written.
        let rejected = rejected.rejected_records().iter().map(|rejected| {
            let index = usize::try_from(rejected.record_index()).ok()?;
            Some(Rejected {
                point: *points.get(index)?,
                reason: rejected
                    .reason()
                    .unwrap_or("Timestream refuses it")
                    .to_owned(),
                existing: rejected.existing_version(),
            })
        });
        match rejected.collect::<Option<Vec<_>>>() {
            Some(rejected) if !rejected.is_empty() => Ok(rejected),
            _ => Err(StoreError::new(Kind::Unavailable, WRITING)
                .because("records are rejected, and it is not said which")),
        }
    }

    /// Of writes that met others of the same microsecond, those that are later,
    /// with higher versions; and those of which that cannot be told yet, since
    /// what they met cannot be seen yet.
    async fn outdo(
        &self,
        batch: &Records<'_>,
        contended: Vec<(Outgoing, i64)>,
    ) -> Result<Vec<Outgoing>> {
        let points = contended
            .iter()
            .map(|&(point, _)| (batch.key(point), batch.time(point)));
        let held = self.held(points).await?;
        let mut again = Vec::new();
        for (point, existing) in contended {
            let held = held.get(batch.key(point), batch.time(point));
            again.extend(later(point, held, existing)?);
        }
        Ok(again)
    }
}

/// A write that met one of the same microsecond, of which that `held` is seen
/// and was said to have the version `existing`: again, if it is the later one or
/// if that cannot be told yet.
fn later(point: Outgoing, held: Option<Versioned>, existing: i64) -> Result<Option<Outgoing>> {
    let Some(held) = held.filter(|held| held.version() >= existing) else {
        return Ok(Some(point));
    };
    if held.stamp >= point.write.stamp {
        return Ok(None);
    }
    let write = point.write.after(held).ok_or_else(|| {
        StoreError::new(Kind::Unavailable, WRITING).because("a microsecond has no more versions")
    })?;
    Ok(Some(Outgoing { write, ..point }))
}

fn refusal(point: Outgoing, detail: String) -> Refusal {
    Refusal {
        series: point.series,
        position: point.position,
        detail,
    }
}

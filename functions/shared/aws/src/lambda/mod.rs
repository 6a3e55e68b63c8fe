//! Calculations by another function, which runs a job and answers with as many
//! of its buckets as an answer holds; the caller asks again for the rest. Where
//! the account's concurrency refuses, the job is run here.

mod groups;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::config::{Builder, Config};
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use tidemark_core::summary::Parts;
use tidemark_core::time::TimeRange;
use tidemark_ports::calculator::wire::{CalculationReply, JobRequest};
use tidemark_ports::error::{Kind, Result, StoreError};
use tidemark_ports::{Bucket, Calculator, GroupJob, GroupSlot, Job, Slots};

use crate::error::failed;
use crate::in_time::InTime;
use crate::{Aws, SettingError};

/// How long one calculation may take at the most, which is what its function has; less
/// where whoever asks has less time.
const PATIENCE: Duration = Duration::from_secs(25);
/// How often it is tried. While it is refused, it is sooner done here.
const TRIES: u32 = 3;
/// How long a request may be, in bytes: somewhat less than Lambda takes. A job over many
/// series, of which much was deleted here and there, can be longer.
const LONGEST_REQUEST: usize = 6_000_000;
/// How much of what a function says of its failure goes to the log, in bytes.
const TOLD: usize = 500;

/// Errors by which Lambda says that a function cannot run now, for there run
/// too many, or this one too often in a row.
const REFUSALS: [&str; 4] = [
    "TooManyRequestsException",
    "EC2ThrottledException",
    "ServiceQuotaExceededException",
    "RecursiveInvocationException",
];

/// Has a function calculate.
#[derive(Clone)]
pub struct LambdaCalculator {
    config: Config,
    /// Made when it is needed: most of what the function itself calculates it
    /// does not divide.
    client: OnceLock<Client>,
    function: String,
    inline: Arc<dyn Calculator>,
}

impl Aws {
    /// Has the function that `TIDEMARK_CALCULATION_FUNCTION` names calculate,
    /// or `inline` where that is refused.
    pub fn calculator(
        &self,
        inline: Arc<dyn Calculator>,
    ) -> std::result::Result<LambdaCalculator, SettingError> {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(PATIENCE)
            .operation_timeout(PATIENCE);
        let retries = RetryConfig::standard()
            .with_max_attempts(TRIES)
            .with_initial_backoff(Duration::from_millis(50));
        let config = Builder::from(&self.sdk)
            .timeout_config(timeouts.build())
            .retry_config(retries)
            .interceptor(InTime::FEW_TRIES)
            .build();
        Ok(LambdaCalculator {
            config,
            client: OnceLock::new(),
            function: self.settings.required("TIDEMARK_CALCULATION_FUNCTION")?,
            inline,
        })
    }
}

#[async_trait]
impl Calculator for LambdaCalculator {
    async fn run(&self, job: Job) -> Result<Vec<Bucket>> {
        let mut buckets = Vec::new();
        let mut left = Some(job);
        // How long a stretch is asked for, in nanoseconds; all of it at first.
        let mut stretch = None;
        while let Some(job) = left.take() {
            let asked = Job {
                range: beginning(&job, stretch),
                ..job.clone()
            };
            let Some(reply) = self.invoke(&JobRequest::Job(asked.clone())).await? else {
                buckets.extend(self.inline.run(job).await?);
                break;
            };
            let CalculationReply::Job(reply) = reply else {
                return Err(unexpected());
            };
            let (part, rest) = reply.read()?;
            // A function of an earlier version, during a deployment, leaves out what
            // it does not know.
            let is_whole = |b: &Bucket| b.summary.parts().or(Parts::EARLIER).cover(job.parts);
            if !part.iter().all(is_whole) {
                buckets.extend(self.inline.run(job).await?);
                break;
            }
            if part.is_empty() && rest.is_some() {
                return Err(StoreError::new(
                    Kind::Internal,
                    "a calculation does not get on",
                ));
            }
            let limit = job.limit.saturating_sub(part.len());
            buckets.extend(part);
            let next = match rest {
                Some(rest) => {
                    // What was calculated beyond was in vain.
                    stretch = Some(rest.from().since(asked.range.from()));
                    Some(rest.from())
                }
                None => asked.range.to().next(),
            };
            stretch = stretch.map(|stretch: i64| stretch.saturating_mul(2));
            left = next
                .filter(|_| limit > 0)
                .and_then(|from| TimeRange::new(from, job.range.to()).ok())
                .map(|range| Job {
                    range,
                    limit,
                    ..job
                });
        }
        Ok(buckets)
    }

    async fn run_groups(&self, job: GroupJob) -> Result<Vec<Vec<GroupSlot>>> {
        self.groups(job).await
    }
}

impl LambdaCalculator {
    /// Has a job run; None where that is refused, or would be.
    async fn invoke(&self, request: &JobRequest) -> Result<Option<CalculationReply>> {
        let request = serde_json::to_vec(request)
            .map_err(|e| StoreError::new(Kind::Internal, "writing a calculation").because(e))?;
        if request.len() > LONGEST_REQUEST {
            tracing::info!(bytes = request.len(), "calculated here, as it is long");
            return Ok(None);
        }
        let invoked = self
            .client
            .get_or_init(|| Client::from_conf(self.config.clone()))
            .invoke()
            .function_name(&self.function)
            .payload(Blob::new(request))
            .send()
            .await;
        match invoked {
            Ok(output) => answer(&output).map(Some),
            Err(error) if error.code().is_some_and(|code| REFUSALS.contains(&code)) => {
                tracing::info!(code = error.code(), "calculated here, as Lambda refuses");
                Ok(None)
            }
            Err(error) => Err(failed("having a range calculated")(error)),
        }
    }
}

/// The beginning of a job's range, of about that length: whole slots.
fn beginning(job: &Job, stretch: Option<i64>) -> TimeRange {
    let (Some(stretch), Slots::Grid(grid)) = (stretch, job.slots) else {
        return job.range;
    };
    let end = grid.slot_of(job.range.from().plus(stretch)).last();
    TimeRange::new(job.range.from(), end.min(job.range.to())).unwrap_or(job.range)
}

/// What a function answered, if it did.
fn answer(output: &InvokeOutput) -> Result<CalculationReply> {
    let payload = output.payload().map(AsRef::as_ref).unwrap_or_default();
    if let Some(kind) = output.function_error() {
        let told = String::from_utf8_lossy(&payload[..payload.len().min(TOLD)]);
        let context = format!("a calculation failed ({kind}): {told}");
        return Err(StoreError::new(Kind::Internal, context));
    }
    let reply: CalculationReply = serde_json::from_slice(payload)
        .map_err(|e| StoreError::new(Kind::Internal, "reading a calculation").because(e))?;
    if reply.is_busy() {
        return Err(StoreError::new(
            Kind::Unavailable,
            "a calculation met a store that is busy",
        ));
    }
    Ok(reply)
}

/// An answer to another question.
fn unexpected() -> StoreError {
    StoreError::new(Kind::Internal, "a calculation answers what was not asked")
}

#[cfg(test)]
mod tests;

//! The queue over SQS: a batch travels as JSON, in several messages where it is
//! longer than one may be. The messages of a tenant are a group, so that SQS
//! delivers those of others meanwhile (fair queues).

mod pieces;

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::Builder;
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, QueueAttributeName, SendMessageBatchRequestEntry as Entry,
};
use backon::ExponentialBuilder;
use futures_util::{TryStreamExt, stream};
use tidemark_core::batch::Batch;
use tidemark_core::name::Tenant;
use tidemark_ports::Queue;
use tidemark_ports::error::{Kind, Result, StoreError};

use crate::calls::{Undone, retry_after};
use crate::error::{failed, passes};
use crate::in_time::InTime;
use crate::{Aws, SettingError};

/// The longest message, and the most bytes of one call, in UTF-8: somewhat less
/// than SQS takes (1 MiB since August 2025).
const LONGEST: usize = 1_000_000;
/// The same where points go to Timestream, a hundred a call: as many messages as
/// are handled at once are to be done in time, since what is not begins anew.
const LONGEST_OF_RECORDS: usize = 200_000;
/// How many messages one call takes.
const ENTRIES: usize = 10;
/// How many calls are made at once for one batch.
const CALLS: usize = 4;
/// How long a name of a group is at the most.
const GROUP: usize = 128;
/// How often a message is sent that SQS did not take, if there is time: a queue has no
/// rate to be short of, so what it refuses for longer is an outage. A client had better
/// hear of it than hold one of the executions of ingest until the gateway gives up,
/// and the fetcher begins anew by itself.
const TRIES: usize = 6;
/// How long to wait at least before the second time; then twice as long each
/// time.
const WAIT: Duration = Duration::from_millis(25);

/// A queue in SQS. It must take messages of 1 MiB (`MaximumMessageSize`).
#[derive(Debug, Clone)]
pub struct SqsQueue {
    client: Client,
    url: String,
    /// The longest message.
    longest: usize,
}

impl Aws {
    /// The queue that `TIDEMARK_QUEUE_URL` names.
    pub fn queue(&self) -> std::result::Result<SqsQueue, SettingError> {
        let config = Builder::from(&self.sdk).interceptor(InTime::FEW_TRIES);
        Ok(SqsQueue {
            url: self.settings.required("TIDEMARK_QUEUE_URL")?,
            client: Client::from_conf(config.build()),
            longest: if self.writes_to_timestream() {
                LONGEST_OF_RECORDS
            } else {
                LONGEST
            },
        })
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send(&self, batch: Batch) -> Result<()> {
        let group = group(&batch.tenant);
        let texts = pieces::texts(batch, self.longest).map_err(|e| broken(e, "writing a batch"))?;
        stream::iter(calls(texts, &group))
            .try_for_each_concurrent(CALLS, |entries| self.deliver(entries))
            .await
    }

    async fn check(&self) -> Result<()> {
        self.client
            .get_queue_attributes()
            .queue_url(&self.url)
            .attribute_names(QueueAttributeName::QueueArn)
            .send()
            .await
            .map_err(failed("asking for the queue"))?;
        Ok(())
    }
}

impl SqsQueue {
    /// Sends what fits one call until SQS has all of it.
    async fn deliver(&self, entries: Vec<Entry>) -> Result<()> {
        let pauses = ExponentialBuilder::new()
            .with_min_delay(WAIT)
            .with_max_times(TRIES - 1)
            .with_jitter();
        let one = async |mut entries| {
            let outcome = self.try_to_deliver(&mut entries).await;
            (entries, outcome)
        };
        retry_after(pauses, entries, one).await.1
    }

    /// Leaves of the messages those that SQS did not take.
    async fn try_to_deliver(&self, entries: &mut Vec<Entry>) -> std::result::Result<(), Undone> {
        let answer = self
            .client
            .send_message_batch()
            .queue_url(&self.url)
            .set_entries(Some(entries.clone()))
            .send()
            .await
            .map_err(failed("sending to the queue"))?;
        let refused = answer.failed();
        let Some(first) = refused.first() else {
            return Ok(());
        };
        if let Some(fault) = refused.iter().find(|entry| !may_pass(entry)) {
            return Err(refusal(Kind::Internal, fault).into());
        }
        entries.retain(|entry| refused.iter().any(|r| r.id() == entry.id()));
        Err(Undone::Contended(refusal(Kind::Unavailable, first)))
    }
}

/// Whether an entry that was not taken may be taken later.
fn may_pass(entry: &BatchResultErrorEntry) -> bool {
    !entry.sender_fault() || passes(entry.code())
}

fn refusal(kind: Kind, entry: &BatchResultErrorEntry) -> StoreError {
    let message = entry.message().unwrap_or_default();
    let context = format!(
        "the queue did not take a message: {} {message}",
        entry.code()
    );
    StoreError::new(kind, context)
}

fn broken(error: impl std::error::Error + Send + Sync + 'static, what: &str) -> StoreError {
    StoreError::new(Kind::Internal, what).because(error)
}

/// The group of a tenant's messages. Tenants whose names begin alike share one,
/// which costs them fairness to each other, and nothing else.
fn group(tenant: &Tenant) -> String {
    tenant.as_str().chars().take(GROUP).collect()
}

/// The calls that send these messages, each as full as can be.
fn calls(
    texts: impl Iterator<Item = serde_json::Result<String>>,
    group: &str,
) -> impl Iterator<Item = Result<Vec<Entry>>> {
    let mut texts = texts.peekable();
    std::iter::from_fn(move || {
        let mut call: Vec<Entry> = Vec::new();
        let mut length = 0;
        while call.len() < ENTRIES {
            let fits = |text: &serde_json::Result<String>| {
                let more = text.as_ref().map_or(0, String::len);
                call.is_empty() || length + more <= LONGEST
            };
            match texts.next_if(fits) {
                None => break,
                Some(Err(error)) => return Some(Err(broken(error, "writing a batch"))),
                Some(Ok(text)) => {
                    length += text.len();
                    match entry(call.len(), text, group) {
                        Ok(entry) => call.push(entry),
                        Err(error) => return Some(Err(broken(error, "addressing a batch"))),
                    }
                }
            }
        }
        (!call.is_empty()).then_some(Ok(call))
    })
}

fn entry(
    number: usize,
    text: String,
    group: &str,
) -> std::result::Result<Entry, aws_sdk_sqs::error::BuildError> {
    Entry::builder()
        .id(number.to_string())
        .message_body(text)
        .message_group_id(group)
        .build()
}

#[cfg(test)]
mod tests;

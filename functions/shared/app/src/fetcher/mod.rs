//! Drains the data server: asks for one message after the other until there is
//! none or the time is up, and forwards each untouched. Asking takes a message
//! away from the server, so what was answered is forwarded whatever it is, and
//! tried until the queue has it; while the queue fails, nothing more is asked.

mod backoff;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tidemark_core::batch::{Batch, Content, Source};
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_core::payload::Payload;
use tidemark_core::time::Timestamp;
use tidemark_ports::{Clock, DataServer, Fetched, Queue};
use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, sleep};

use crate::batch_ids::BatchIds;
use crate::measure::timed;

pub use backoff::Backoff;

/// How many messages wait at the most while a batch is sent. There are as many
/// in that batch, and one on either side: 64 in hand altogether.
const WAITING: usize = 31;
/// How far apart messages of one batch, which has one time of receipt, may come.
const APART: i64 = 50_000_000;

/// The use case.
pub struct Fetcher {
    /// Who is asked.
    pub server: Arc<dyn DataServer>,
    /// Where messages go.
    pub queue: Arc<dyn Queue>,
    /// When they were received.
    pub clock: Arc<dyn Clock>,
    /// What their batches are called.
    pub ids: Arc<BatchIds>,
    /// Whose points they hold.
    pub tenant: Tenant,
    /// Of which series.
    pub series: SeriesName,
    /// How long to wait before the server is asked again, from tick to tick.
    pub backoff: Mutex<Backoff>,
}

/// A message and when it was received.
type Received = (Timestamp, Payload);

impl Fetcher {
    /// Fetches what there is, for `budget` or a little longer: what is in hand
    /// is forwarded to the end. Returns how many messages were forwarded.
    pub async fn tick(&self, budget: Duration) -> u64 {
        let deadline = Instant::now() + budget;
        let (hand, taken) = mpsc::channel(WAITING);
        let stuck = AtomicBool::new(false);
        let ((), forwarded) = tokio::join!(
            self.ask(deadline, hand, &stuck),
            self.forward(taken, &stuck)
        );
        forwarded
    }

    async fn ask(&self, deadline: Instant, hand: mpsc::Sender<Received>, stuck: &AtomicBool) {
        let mut backoff = self.backoff.lock().await;
        loop {
            if backoff.until().max(Instant::now()) >= deadline {
                return;
            }
            tokio::time::sleep_until(backoff.until()).await;
            if stuck.load(Ordering::Relaxed) {
                sleep(Duration::from_millis(20)).await;
                continue;
            }
            // Never broken off: the server may have forgotten the message already.
            match timed("fetch_ms", self.server.next()).await {
                Ok(Fetched::Message(message)) => {
                    backoff.succeeded();
                    if hand.send((self.clock.now(), message)).await.is_err() {
                        return;
                    }
                }
                Ok(Fetched::Empty) => {
                    backoff.succeeded();
                    return;
                }
                Err(error) => {
                    tracing::warn!(%error, "the data server failed");
                    backoff.failed();
                }
            }
        }
    }

    async fn forward(&self, mut taken: mpsc::Receiver<Received>, stuck: &AtomicBool) -> u64 {
        let mut forwarded = 0;
        let mut next = taken.recv().await;
        while let Some((received, message)) = next.take() {
            let mut payloads = vec![message];
            // What came meanwhile goes along.
            while let Ok((later, message)) = taken.try_recv() {
                if later.since(received) > APART {
                    next = Some((later, message));
                    break;
                }
                payloads.push(message);
            }
            forwarded += payloads.len() as u64;
            self.send(received, payloads, stuck).await;
            if next.is_none() {
                next = taken.recv().await;
            }
        }
        forwarded
    }

    /// Sends a batch, until the queue has it.
    async fn send(&self, received: Timestamp, payloads: Vec<Payload>, stuck: &AtomicBool) {
        let batch = Batch {
            tenant: self.tenant.clone(),
            source: Source::DataServer,
            id: self.ids.next(),
            received,
            content: Content::Messages {
                series: self.series.clone(),
                first: 0,
                payloads,
            },
        };
        let mut backoff = Backoff::new(Duration::from_secs(2));
        while let Err(error) = timed("queue_send_ms", self.queue.send(batch.clone())).await {
            error.log();
            stuck.store(true, Ordering::Relaxed);
            backoff.failed();
            tokio::time::sleep_until(backoff.until()).await;
        }
        stuck.store(false, Ordering::Relaxed);
    }
}

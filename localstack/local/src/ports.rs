//! The ports of one process, and the use cases wired to them.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::Request;
use hyper::body::Incoming;
use tidemark_access::Access;
use tidemark_api::pipeline::{Lines, PipelineSettings, Reply, pipeline};
use tidemark_api::use_cases::All;
use tidemark_app::batch_ids::BatchIds;
use tidemark_app::calculation::InProcess;
use tidemark_app::discards::Discards;
use tidemark_app::eraser::Eraser;
use tidemark_app::fetcher::{Backoff, Fetcher};
use tidemark_app::health::Health;
use tidemark_app::ingest::Ingest;
use tidemark_app::query::Query;
use tidemark_app::validator::Validator;
use tidemark_core::batch::Batch;
use tidemark_embedded::{Embedded, Keys};
use tidemark_ports::error::Result;
use tidemark_ports::{Allowance, Clock, Queue, SystemClock};
use tidemark_sources::HttpDataServer;
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval};
use tower::Service;

use crate::config::Config;

#[cfg(test)]
mod tests;

/// How often the data server is drained.
const TICK: Duration = Duration::from_secs(1);
/// How long that may go on, so that ticks stay apart.
const BUDGET: Duration = Duration::from_millis(900);
/// The longest wait between two tries while the data server fails.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// How many shards of a calculation run at the same time.
const SHARDS_AT_ONCE: usize = 16;

/// What there is to run.
pub(crate) struct Wired {
    /// Answer requests.
    pub(crate) use_cases: All,
    /// Who may ask.
    pub(crate) access: Access,
    /// How they are asked.
    pub(crate) settings: PipelineSettings,
    /// Drains the data server, if there is one.
    pub(crate) fetcher: Option<Fetcher>,
}

impl Wired {
    /// What requests go through.
    pub(crate) fn pipeline(
        self,
    ) -> impl Service<Request<Incoming>, Response = Reply, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static {
        pipeline(self.use_cases, self.access, self.settings)
    }
}

/// Gives every use case its ports.
pub(crate) fn wire(
    store: &Embedded,
    config: &Config,
) -> std::result::Result<Wired, Box<dyn Error>> {
    let embedded = || Arc::new(store.clone());
    let clock: Arc<dyn Clock> = Arc::new(clock(store));
    let access = if config.is_authenticated {
        let keys = Arc::new(Keys::open(&config.data)?);
        Access::new(config.access.clone(), keys, Arc::clone(&clock))?
    } else {
        Access::open(config.access.clone())
    };
    let ids = Arc::new(BatchIds::new());
    let validator = Validator {
        points: embedded(),
        catalog: embedded(),
        discards: embedded(),
    };
    let queue: Arc<dyn Queue> = Arc::new(Direct {
        validator,
        store: store.clone(),
    });
    let fetcher = match &config.source_url {
        None => None,
        Some(url) => Some(Fetcher {
            server: Arc::new(url.parse::<HttpDataServer>()?),
            queue: Arc::clone(&queue),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
            tenant: config.source_tenant.clone(),
            series: config.source_series.clone(),
            backoff: Backoff::new(LONGEST_WAIT).into(),
        }),
    };
    let use_cases = All {
        ingest: Ingest {
            queue: Arc::clone(&queue),
            catalog: embedded(),
            allowance: Arc::clone(&access.limiter) as Arc<dyn Allowance>,
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
        },
        query: Query {
            catalog: embedded(),
            points: embedded(),
            calculator: Arc::new(InProcess::new(embedded(), SHARDS_AT_ONCE)),
            history: embedded(),
            clock: Arc::clone(&clock),
            bounds: config.bounds,
        },
        eraser: Eraser {
            catalog: embedded(),
            points: embedded(),
            clock: Arc::clone(&clock),
        },
        discards: Discards {
            discards: embedded(),
            points: embedded(),
            catalog: embedded(),
            clock,
            ids,
        },
        health: Health { queue },
        openapi: tidemark_api::contract(),
    };
    Ok(Wired {
        use_cases,
        access,
        settings: PipelineSettings {
            max_body: config.max_body,
            lines: Lines::Failures,
        },
        fetcher,
    })
}

/// How far behind what is stored the system's clock may be for that to count
/// as its being set back; more, and what is stored is what is wrong.
const SET_BACK: i64 = 3600 * 1_000_000_000;

/// The system's clock, never behind what was received or deleted before.
fn clock(store: &Embedded) -> SystemClock {
    let (now, latest) = (SystemClock::new().now(), store.latest());
    if latest.since(now) > SET_BACK {
        tracing::error!(%latest, %now, "what is stored was received later than now: is the clock right?");
        return SystemClock::new();
    }
    SystemClock::after(latest)
}

/// Drains the data server every second until `stopped` tells so (its sender may
/// just be gone), but to the end of what is in hand: the data server has
/// forgotten that.
pub(crate) async fn tick(fetcher: Fetcher, mut stopped: oneshot::Receiver<()>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            _ = &mut stopped => return,
            _ = ticks.tick() => {}
        }
        let fetched = fetcher.tick(BUDGET).await;
        if fetched > 0 {
            tracing::debug!(fetched, "messages fetched");
        }
    }
}

/// The queue without a queue: the validator is called, and the batch is stored
/// when it returns.
struct Direct {
    validator: Validator,
    store: Embedded,
}

#[async_trait]
impl Queue for Direct {
    async fn send(&self, batch: Batch) -> Result<()> {
        self.validator.handle(batch).await
    }

    async fn check(&self) -> Result<()> {
        self.store.check().await
    }
}

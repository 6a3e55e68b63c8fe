//! Takes points in: checks the form of each, and answers once the queue has
//! the batch durably.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use tidemark_api::answer::ingest::Taken;
use tidemark_api::body::{self, Limits};
use tidemark_api::problem::{ItemError, Problem};
use tidemark_api::requests::{self, Call};
use tidemark_api::routes::Ingest as Operation;
use tidemark_core::batch::{Batch, Content, Source};
use tidemark_core::name::SeriesName;
use tidemark_formats::Parsed;
use tidemark_ports::{Catalog, Queue};

use crate::access::{self, Limiter};
use crate::batch_ids::BatchIds;
use crate::clock::Clock;
use crate::failure;
use crate::measure::timed;

/// The use case.
#[derive(Clone)]
pub struct Ingest {
    /// Where batches go.
    pub queue: Arc<dyn Queue>,
    /// How many series there are.
    pub catalog: Arc<dyn Catalog>,
    /// How many points come in.
    pub limiter: Arc<Limiter>,
    /// When they were received.
    pub clock: Arc<dyn Clock>,
    /// What they are called.
    pub ids: Arc<BatchIds>,
}

impl Ingest {
    /// Answers a request to take points.
    pub async fn handle(
        &self,
        operation: Operation,
        call: &Call<'_>,
        request: &Request<Bytes>,
    ) -> Result<Response<Bytes>, Problem> {
        timed("ingest_ms", self.take(operation, call, request)).await
    }

    async fn take(
        &self,
        operation: Operation,
        call: &Call<'_>,
        request: &Request<Bytes>,
    ) -> Result<Response<Bytes>, Problem> {
        let received = self.clock.now();
        let strict = requests::Ingest::read(call)?.strict;
        self.limiter.body(call.principal)?;
        let (headers, body) = (request.headers(), request.body());
        let (source, parsed) = match operation {
            Operation::Points => (
                Source::Api,
                body::read_points(headers, body, Limits::default()),
            ),
            Operation::Measurements => (
                Source::Meterdata,
                body::read_measurements(headers, body, Limits::default()),
            ),
        };
        let Parsed {
            series,
            rejects,
            errors,
            accepted,
            rejected,
        } = parsed?;
        let errors: Vec<ItemError> = errors.into_iter().map(ItemError::from).collect();
        if strict && rejected > 0 {
            let detail = format!(
                "{rejected} of {} points are wrong, so none was taken",
                accepted + rejected
            );
            return Err(Problem::invalid_points(detail, errors));
        }
        self.limiter.points(call.principal, accepted + rejected)?;
        let names: Vec<&SeriesName> = series.iter().map(|series| &series.name).collect();
        access::room(&*self.catalog, call.principal, &names).await?;
        let batch = Batch {
            tenant: call.tenant().clone(),
            source,
            id: self.ids.next(),
            received,
            content: Content::Points { series, rejects },
        };
        let id = batch.id;
        // Rows of meters may all be without a value.
        if accepted + rejected > 0 {
            let sent = timed("queue_send_ms", self.queue.send(batch)).await;
            sent.map_err(|e| failure::problem(&e))?;
        }
        if accepted == 0 && rejected > 0 {
            // They are discards now.
            return Err(Problem::invalid_points(
                format!("all {rejected} points are wrong"),
                errors,
            ));
        }
        Ok(Taken {
            batch: id,
            accepted,
            rejected,
            errors: &errors,
        }
        .answer())
    }
}

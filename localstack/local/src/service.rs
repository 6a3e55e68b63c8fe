//! From a request to its use case: the routes, matched exhaustively.

use bytes::Bytes;
use http::{Request, Response};
use tidemark_api::access::Gate;
use tidemark_api::principal::Principal;
use tidemark_api::problem::Problem;
use tidemark_api::requests::Call;
use tidemark_api::routes::{Match, Operation};
use tidemark_app::discards::Discards;
use tidemark_app::eraser::Eraser;
use tidemark_app::health::Health;
use tidemark_app::ingest::Ingest;
use tidemark_app::openapi::Openapi;
use tidemark_app::query::Query;

/// Every use case that answers requests.
pub(crate) struct Service {
    /// Who may ask.
    pub(crate) gate: Gate,
    /// The largest body taken, in bytes as sent.
    pub(crate) max_body: usize,
    pub(crate) ingest: Ingest,
    pub(crate) query: Query,
    pub(crate) eraser: Eraser,
    pub(crate) discards: Discards,
    pub(crate) health: Health,
    pub(crate) openapi: Openapi,
}

impl Service {
    /// Answers a request that was let in, and whose route was found.
    pub(crate) async fn answer(
        &self,
        principal: &Principal,
        route: &Match,
        request: &Request<Bytes>,
    ) -> Result<Response<Bytes>, Problem> {
        let call = Call {
            principal,
            matched: route,
            uri: request.uri(),
        };
        match route.route.operation {
            Operation::Ingest(operation) => self.ingest.handle(operation, &call, request).await,
            Operation::Query(operation) => self.query.handle(operation, &call, request).await,
            Operation::Erase => self.eraser.handle(&call).await,
            Operation::Discards(operation) => self.discards.handle(operation, &call).await,
            Operation::Health => self.health.handle(&call).await,
            Operation::Openapi(operation) => self.openapi.handle(operation, &call),
        }
    }
}

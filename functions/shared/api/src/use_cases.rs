//! The use cases of a process, behind the routes.

use tidemark_app::discards::Discards;
use tidemark_app::eraser::Eraser;
use tidemark_app::health::Health;
use tidemark_app::ingest::Ingest;
use tidemark_app::query::Query;

use crate::call::Call;
use crate::contract::Contract;
use crate::route::{Answering, Endpoint, Function};
use crate::routes;

/// The use cases of a process: all of them, or that of one function.
pub trait UseCases: Send + Sync + 'static {
    /// Has the handler of an endpoint answer; `None` if that is another function's.
    fn answer<'a>(&'a self, endpoint: &Endpoint, call: Call<'a>) -> Option<Answering<'a>>;
}

/// A function has one of them.
macro_rules! alone {
    ($($use_case:ty: $handlers:ident),+ $(,)?) => {$(
        impl UseCases for $use_case {
            fn answer<'a>(&'a self, endpoint: &Endpoint, call: Call<'a>) -> Option<Answering<'a>> {
                let mut handlers = routes::$handlers.iter();
                let (_, handle) = handlers.find(|(id, _)| *id == endpoint.id)?;
                Some(handle(self, call))
            }
        }
    )+};
}

alone! {
    Ingest: INGEST,
    Query: QUERY,
    Eraser: ERASER,
    Discards: ADMIN,
    Health: HEALTH,
    Contract: OPENAPI,
}

/// Every use case that answers requests.
pub struct All {
    /// Takes points in.
    pub ingest: Ingest,
    /// Answers questions about series.
    pub query: Query,
    /// Deletes.
    pub eraser: Eraser,
    /// Serves the administrator.
    pub discards: Discards,
    /// Tells whether data can be accepted.
    pub health: Health,
    /// Serves the contract.
    pub openapi: Contract,
}

impl UseCases for All {
    fn answer<'a>(&'a self, endpoint: &Endpoint, call: Call<'a>) -> Option<Answering<'a>> {
        match endpoint.function {
            Function::Ingest => self.ingest.answer(endpoint, call),
            Function::Query => self.query.answer(endpoint, call),
            Function::Eraser => self.eraser.answer(endpoint, call),
            Function::Admin => self.discards.answer(endpoint, call),
            Function::Health => self.health.answer(endpoint, call),
            Function::Openapi => self.openapi.answer(endpoint, call),
        }
    }
}

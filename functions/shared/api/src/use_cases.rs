//! The use cases of a process, behind the routes.

use tidemark_app::discards::Discards;
use tidemark_app::eraser::Eraser;
use tidemark_app::health::Health;
use tidemark_app::ingest::Ingest;
use tidemark_app::query::Query;

use crate::call::Call;
use crate::contract::Contract;
use crate::route::{Answering, Handler};

/// The use cases of a process: all of them, or that of one function.
pub trait UseCases: Send + Sync + 'static {
    /// Has a handler answer; `None` if its use case is another function's.
    fn answer<'a>(&'a self, handler: Handler, call: Call<'a>) -> Option<Answering<'a>>;
}

/// A function has one of them.
macro_rules! alone {
    ($($handler:ident: $use_case:ty),+ $(,)?) => {$(
        impl UseCases for $use_case {
            fn answer<'a>(&'a self, handler: Handler, call: Call<'a>) -> Option<Answering<'a>> {
                if let Handler::$handler(handle) = handler {
                    Some(handle(self, call))
                } else {
                    None
                }
            }
        }
    )+};
}

alone! {
    Ingest: Ingest,
    Query: Query,
    Eraser: Eraser,
    Discards: Discards,
    Health: Health,
    Openapi: Contract,
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
    fn answer<'a>(&'a self, handler: Handler, call: Call<'a>) -> Option<Answering<'a>> {
        Some(match handler {
            Handler::Ingest(handle) => handle(&self.ingest, call),
            Handler::Query(handle) => handle(&self.query, call),
            Handler::Eraser(handle) => handle(&self.eraser, call),
            Handler::Discards(handle) => handle(&self.discards, call),
            Handler::Health(handle) => handle(&self.health, call),
            Handler::Openapi(handle) => handle(&self.openapi, call),
        })
    }
}

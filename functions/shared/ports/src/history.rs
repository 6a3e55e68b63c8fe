//! The queries that were asked.

use async_trait::async_trait;
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_core::time::Timestamp;

use crate::error::Result;

/// A query that was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedQuery {
    /// By whom.
    pub tenant: Tenant,
    /// When.
    pub time: Timestamp,
    /// Tells apart queries of one instant; below 2^63.
    pub sequence: u64,
    /// About which series, where it was about one.
    pub series: Option<SeriesName>,
    /// The request's path.
    pub path: String,
    /// The beginning of the range, where one was given.
    pub from: Option<Timestamp>,
    /// The end of the range, where one was given.
    pub to: Option<Timestamp>,
    /// How long the answer took, in milliseconds.
    pub duration_ms: f64,
}

/// Keeps the queries that were asked.
///
/// An implementer MUST record a query at most once and MUST NOT let a reader
/// wait for it: it may drop a query rather than that.
#[async_trait]
pub trait QueryLog: Send + Sync {
    /// Records a query, soon.
    async fn record(&self, query: LoggedQuery);

    /// Up to `limit` queries of a tenant, the latest first, those before the
    /// (time, sequence) `before`.
    async fn list(
        &self,
        tenant: &Tenant,
        before: Option<(Timestamp, u64)>,
        limit: usize,
    ) -> Result<Vec<LoggedQuery>>;
}

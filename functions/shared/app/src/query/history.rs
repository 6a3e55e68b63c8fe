//! The last queries.

use tidemark_core::name::Tenant;
use tidemark_core::time::Timestamp;
use tidemark_ports as ports;

use super::Query;
use crate::failure::Failure;

impl Query {
    /// Up to `limit` queries of a tenant, the latest first, those before the one of
    /// this time and sequence.
    pub async fn history(
        &self,
        tenant: &Tenant,
        before: Option<(Timestamp, u64)>,
        limit: usize,
    ) -> Result<Vec<ports::LoggedQuery>, Failure> {
        Ok(self.history.list(tenant, before, limit).await?)
    }
}

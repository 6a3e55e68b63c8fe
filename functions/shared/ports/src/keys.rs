//! API keys, by what is kept of them.

use async_trait::async_trait;
use tidemark_core::key::{ApiKey, KeyId};
use tidemark_core::name::Tenant;
use tidemark_core::time::Timestamp;

use crate::error::Result;

/// Keeps API keys.
///
/// An implementer MUST have a key durably when [`create`](Self::create) returns,
/// and answer [`get`](Self::get) as of the last call that returned before it.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// Keeps a new key. False if there is one of its id already, which stays as it
    /// is.
    async fn create(&self, key: &ApiKey) -> Result<bool>;

    /// A key, also one that has ended.
    async fn get(&self, id: KeyId) -> Result<Option<ApiKey>>;

    /// All keys, or those of a tenant, also such as have ended; by the time they
    /// were made, the earliest first, and by id.
    async fn list(&self, tenant: Option<&Tenant>) -> Result<Vec<ApiKey>>;

    /// Notes that a key was revoked at `at`; one that was before keeps its time.
    /// The key as it is now; None if there is none.
    async fn revoke(&self, id: KeyId, at: Timestamp) -> Result<Option<ApiKey>>;
}

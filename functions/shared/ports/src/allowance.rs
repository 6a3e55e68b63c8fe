//! How much a tenant may send.

use std::num::NonZeroU32;
use std::time::Duration;

use tidemark_core::principal::Principal;

/// More points than a tenant may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excess {
    /// At the moment: it may send so many a second, and there is room again after
    /// that time.
    Now {
        /// Points a second.
        rate: NonZeroU32,
        /// When to come again.
        wait: Duration,
    },
    /// In one body, whenever that is.
    Ever {
        /// The most points of a body.
        most: NonZeroU32,
    },
}

/// Counts the points that tenants send.
///
/// An implementer MUST count by tenant, and let pass whoever has no limits.
pub trait Allowance: Send + Sync {
    /// Refuses a tenant that has sent too many points already; counts one, so that
    /// a body need not be read for that.
    fn body(&self, by: &Principal) -> Result<(), Excess>;

    /// Counts the points of a body, of which [`body`](Self::body) has counted one.
    fn points(&self, by: &Principal, count: usize) -> Result<(), Excess>;
}

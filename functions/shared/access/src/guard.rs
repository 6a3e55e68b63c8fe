//! Who decides whether somebody is let in.

use std::time::Duration;

use async_trait::async_trait;
use tidemark_core::principal::Principal;

use crate::credential::Credential;

/// Decides who is let in.
#[async_trait]
pub trait Guard: Send + Sync {
    /// Who shows this, if that is true; it counts as a request of theirs.
    async fn admit(&self, shown: Option<Credential<'_>>) -> Result<Principal, Denial>;

    /// Whether nobody need show anything, so that it counts where a request comes
    /// from.
    fn lets_in_anyone(&self) -> bool {
        false
    }
}

/// Why somebody is not let in. What is said here is for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// What is shown is nothing, or wrong.
    Unauthenticated(String),
    /// There were too many requests; there is room for another after that time.
    TooMany(Duration),
    /// Nobody can say at the moment whether it is right.
    Unavailable,
}

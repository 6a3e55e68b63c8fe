//! What can go wrong in a store.

use std::error::Error;

/// A store's failure: what kind, and what was being done. Its text is for the
/// log; a client gets to know the kind alone.
#[derive(Debug, thiserror::Error)]
#[error("{context}")]
pub struct StoreError {
    kind: Kind,
    context: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What the caller can do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Busy, throttled, out of reach: the same call may succeed later.
    Unavailable,
    /// What is stored cannot be read, or a call makes no sense: the same call
    /// fails again.
    Internal,
    /// The call asks for more than the store can hold, such as too many
    /// separate deletions of one series.
    Exhausted,
}

impl StoreError {
    /// A failure of `kind` while doing what `context` says.
    pub fn new(kind: Kind, context: impl Into<String>) -> Self {
        Self {
            kind,
            context: context.into(),
            source: None,
        }
    }

    /// The same, with the error that caused it.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Logs it with its causes: once, by who handles it.
    pub fn log(&self) {
        tracing::error!(kind = ?self.kind, "{}", causes(self));
    }

    /// What the caller can do about it.
    pub const fn kind(&self) -> Kind {
        self.kind
    }
}

/// What a store answers.
pub type Result<T> = std::result::Result<T, StoreError>;

/// An error and, after a colon each, what caused it: what belongs into the log,
/// where the error alone often says no more than what was being done.
pub fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_down_to_the_first() {
        let refused = std::io::Error::other("connection refused");
        let busy = StoreError::new(Kind::Unavailable, "dispatch failure").because(refused);
        let error = StoreError::new(Kind::Unavailable, "reading chunks").because(busy);
        assert_eq!(
            causes(&error),
            "reading chunks: dispatch failure: connection refused"
        );
        assert_eq!(causes(&StoreError::new(Kind::Internal, "alone")), "alone");
    }
}

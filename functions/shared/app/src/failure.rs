//! What goes wrong in a use case: one type, with a message for who asked and one
//! for the log. What becomes of it (a status, a retry) is up to whoever called.

use std::fmt::Display;
use std::time::Duration;

use tidemark_core::name::SeriesName;
use tidemark_formats::Fault;
use tidemark_ports::Excess;
use tidemark_ports::error::{Kind, StoreError};

/// What kind of failure it is, and what the caller can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureKind {
    /// The question asks for what is not answered: ask something else.
    InvalidQuestion,
    /// The question can be answered, but not of what this series holds: ask otherwise.
    UnsuitableSeries,
    /// The caller has no series of this name.
    UnknownSeries(SeriesName),
    /// The caller has no discard of this id.
    UnknownDiscard,
    /// The discard was replayed before.
    AlreadyReplayed,
    /// More separate ranges of a series are deleted than can be kept.
    TooManyDeletions,
    /// None of the points can be taken, or not all where all were wanted.
    InvalidPoints(Vec<Fault>),
    /// What was replayed is still to be discarded.
    StillInvalid(Vec<Fault>),
    /// More at once than the tenant may ever send: send it in parts.
    TooMuch,
    /// More than the tenant may send or keep; come again after that time.
    TooOften(Duration),
    /// A fault of ours: the same again fails again.
    Internal,
    /// What it needs is not to be had: the same may succeed later.
    Unavailable,
}

/// Why a use case did not do what was asked.
#[derive(Debug)]
pub struct Failure {
    kind: FailureKind,
    told: String,
    cause: Option<StoreError>,
}

impl Failure {
    /// A failure that is no fault of ours; `told` says to who asked what is wrong.
    pub fn new(kind: FailureKind, told: impl Display) -> Self {
        Self {
            kind,
            told: told.to_string(),
            cause: None,
        }
    }

    /// There is no such series.
    pub(crate) fn unknown_series(name: &SeriesName) -> Self {
        let told = format!("there is no series `{name}`");
        Self::new(FailureKind::UnknownSeries(name.clone()), told)
    }

    /// A replay that came to nothing.
    pub(crate) fn still_invalid(faults: Vec<Fault>) -> Self {
        Self::new(
            FailureKind::StillInvalid(faults),
            "the payload was validated again and is still to be discarded",
        )
    }

    /// More points than a tenant may send, being `count`.
    pub(crate) fn excess(excess: Excess, count: usize) -> Self {
        match excess {
            Excess::Now { rate, wait } => Self::new(
                FailureKind::TooOften(wait),
                format!("more than {rate} points a second"),
            ),
            Excess::Ever { most } => Self::new(
                FailureKind::TooMuch,
                format!(
                    "{count} points are more than the {most} that this tenant may send at once: send them in several requests"
                ),
            ),
        }
    }

    /// Its kind.
    pub const fn kind(&self) -> &FailureKind {
        &self.kind
    }

    /// Kind and message, for whoever answers with them: nothing of the inside.
    pub fn into_parts(self) -> (FailureKind, String) {
        (self.kind, self.told)
    }

    /// Logs what caused it, if that is for the log: once, by who handles it.
    pub fn log(&self) {
        if let Some(cause) = &self.cause {
            cause.log();
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let (kind, told) = match error.kind() {
            Kind::Unavailable => (FailureKind::Unavailable, ""),
            Kind::Internal => (FailureKind::Internal, ""),
            Kind::Exhausted => (
                FailureKind::TooManyDeletions,
                "the series has too many separately deleted ranges: delete a wider range, or the series",
            ),
        };
        Self {
            cause: Some(error),
            ..Self::new(kind, told)
        }
    }
}

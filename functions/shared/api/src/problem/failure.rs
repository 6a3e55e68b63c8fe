//! How a failure of a use case becomes an answer: the one place where its kind
//! turns into a status, with its cause in the log and none of it in the answer.

use tidemark_app::failure::{Failure, FailureKind};

use super::Problem;

/// When a client may try again, in seconds.
const RETRY_AFTER: u32 = 1;

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        failure.log();
        let (kind, told) = failure.into_parts();
        match kind {
            FailureKind::InvalidQuestion => Self::invalid_parameter(told),
            FailureKind::UnknownSeries(name) => Self::unknown_series(&name),
            FailureKind::UnknownDiscard => Self::unknown_discard(),
            FailureKind::AlreadyReplayed => Self::already_replayed(told),
            FailureKind::TooManyDeletions => Self::too_many_deletions(told),
            FailureKind::InvalidPoints(faults) => Self::invalid_points(told, faults),
            FailureKind::StillInvalid(faults) => Self::still_invalid(told, faults),
            FailureKind::TooMuch => Self::body_too_large(told),
            FailureKind::TooOften(wait) => Self::too_many_requests(told, wait),
            FailureKind::Internal => Self::internal(),
            FailureKind::Unavailable => Self::unavailable(RETRY_AFTER),
        }
    }
}

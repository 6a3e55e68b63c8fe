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
            FailureKind::UnsuitableSeries => Self::unsuitable_series(told),
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use http::Response;
    use http::header::RETRY_AFTER as HEADER;
    use tidemark_core::name::SeriesName;
    use tidemark_ports::error::{Kind, StoreError};

    use super::*;

    #[test]
    fn each_kind_has_its_status() {
        let name = SeriesName::new("a").unwrap();
        let wait = Duration::from_millis(2500);
        for (kind, status, retry) in [
            (FailureKind::InvalidQuestion, 400, None),
            (FailureKind::UnsuitableSeries, 422, None),
            (FailureKind::UnknownSeries(name), 404, None),
            (FailureKind::UnknownDiscard, 404, None),
            (FailureKind::AlreadyReplayed, 409, None),
            (FailureKind::TooManyDeletions, 409, None),
            (FailureKind::InvalidPoints(Vec::new()), 422, None),
            (FailureKind::StillInvalid(Vec::new()), 422, None),
            (FailureKind::TooMuch, 413, None),
            (FailureKind::TooOften(wait), 429, Some("3")),
            (FailureKind::Internal, 500, None),
            (FailureKind::Unavailable, 503, Some("1")),
        ] {
            let response: Response<Bytes> =
                Problem::from(Failure::new(kind.clone(), "it is so")).into();
            assert_eq!(response.status(), status, "{kind:?}");
            let after = response.headers().get(HEADER).map(|v| v.to_str().unwrap());
            assert_eq!(after, retry, "{kind:?}");
        }
    }

    #[test]
    fn nothing_of_the_inside_is_told() {
        for (kind, status) in [(Kind::Internal, 500), (Kind::Unavailable, 503)] {
            let cause = StoreError::new(kind, "the table of secrets");
            let response: Response<Bytes> = Problem::from(Failure::from(cause)).into();
            assert_eq!(response.status(), status);
            let body = String::from_utf8(response.into_body().to_vec()).unwrap();
            assert!(!body.contains("secret"), "{body}");
        }
    }
}

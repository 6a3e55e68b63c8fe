//! What an error of AWS is to the caller of a port.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use std::error::Error;
use tidemark_ports::error::{Kind, StoreError};

/// Errors that pass: the service is busy, or has moved, or others write to the
/// same item.
const PASSING: [&str; 14] = [
    "InternalServerException",
    "InternalServerError",
    "InternalError",
    "InternalFailure",
    "ServiceUnavailable",
    "ServiceException",
    "ThrottlingException",
    "Throttling",
    "RequestThrottled",
    "RequestLimitExceeded",
    "ProvisionedThroughputExceededException",
    "InvalidEndpointException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Whether an error of this code passes.
pub(crate) fn passes(code: &str) -> bool {
    PASSING.contains(&code)
}

/// What an error, met while doing what `context` says, is to the caller. What
/// did not reach the service or was not answered in time passes, too.
pub(crate) fn failed<E, R>(context: impl Into<String>) -> impl FnOnce(SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    move |error| {
        let kind = match &error {
            SdkError::ServiceError(answer) => match answer.err().code() {
                Some(code) if passes(code) => Kind::Unavailable,
                // Whoever answered without a code is not the service.
                None => Kind::Unavailable,
                Some(_) => Kind::Internal,
            },
            SdkError::ConstructionFailure(_) => Kind::Internal,
            _ => Kind::Unavailable,
        };
        StoreError::new(kind, context).because(error)
    }
}

/// Something stored that this program did not write like that.
pub(crate) fn corrupt(what: impl Into<String>) -> StoreError {
    StoreError::new(Kind::Internal, what)
}

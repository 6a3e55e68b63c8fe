//! How a failure becomes an answer: the one place where a store's error turns
//! into a status, with its cause in the log and none of it in the answer.

use tidemark_api::problem::Problem;
use tidemark_ports::error::{Kind, StoreError, causes};

/// When a client may try again, in seconds.
const RETRY_AFTER: u32 = 1;

/// The problem document for an error of a store, which is logged here.
pub fn problem(error: &StoreError) -> Problem {
    log(error);
    match error.kind() {
        Kind::Unavailable => Problem::unavailable(RETRY_AFTER),
        Kind::Internal => Problem::internal(),
        Kind::Exhausted => Problem::too_many_deletions(
            "the series has too many separately deleted ranges: delete a wider range, or the series",
        ),
    }
}

/// Logs an error with its causes, once.
pub fn log(error: &StoreError) {
    tracing::error!(kind = ?error.kind(), "{}", causes(error));
}

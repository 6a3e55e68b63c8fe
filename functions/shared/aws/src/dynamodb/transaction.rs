//! Several changes of which either all are made or none.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::TransactWriteItem;
use tidemark_ports::error::Result;

use crate::error::failed;

/// How many items one transaction may change.
pub(crate) const CHANGED_AT_ONCE: usize = 100;

/// Why a transaction is cancelled that may be tried again: a condition does
/// not hold any more, others are changing the same items, the table is busy.
const PASSING: [&str; 5] = [
    "None",
    "ConditionalCheckFailed",
    "TransactionConflict",
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
];

/// Makes the changes. False if none was made and it is worth another look at
/// the items. A try that is repeated because its answer was lost counts once:
/// the client gives each call a token.
pub(crate) async fn transact(
    client: &Client,
    context: &str,
    changes: Vec<TransactWriteItem>,
) -> Result<bool> {
    let answer = client
        .transact_write_items()
        .set_transact_items(Some(changes))
        .send()
        .await;
    match answer {
        Ok(_) => Ok(true),
        Err(error) if error.as_service_error().is_some_and(passes) => Ok(false),
        Err(error) => Err(failed(context)(error)),
    }
}

fn passes(error: &TransactWriteItemsError) -> bool {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else {
        return false;
    };
    cancelled
        .cancellation_reasons()
        .iter()
        .all(|reason| reason.code().is_none_or(|code| PASSING.contains(&code)))
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::CancellationReason;
    use aws_sdk_dynamodb::types::error::TransactionCanceledException;

    use super::*;

    #[test]
    fn what_passes_is_told_from_what_does_not() {
        for (codes, expected) in [
            (&["None", "ConditionalCheckFailed"][..], true),
            (&["TransactionConflict", "None"], true),
            (&["None", "ValidationError"], false),
            (
                &["ConditionalCheckFailed", "ItemCollectionSizeLimitExceeded"],
                false,
            ),
        ] {
            let mut error = TransactionCanceledException::builder();
            for code in codes {
                error =
                    error.cancellation_reasons(CancellationReason::builder().code(*code).build());
            }
            let error = TransactWriteItemsError::TransactionCanceledException(error.build());
            assert_eq!(passes(&error), expected, "{codes:?}");
        }
    }
}

//! The answer to points that were posted.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;
use tidemark_core::batch::BatchId;

use crate::problem::{ItemError, Problem};

/// What became of the points of a body.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken<'a> {
    /// The batch that they were put in.
    pub batch: BatchId,
    /// How many points were taken.
    pub accepted: usize,
    /// How many were wrong in themselves.
    pub rejected: usize,
    /// What was wrong with them; the first [`Problem::MAX_ERRORS`] are listed.
    pub errors: &'a [ItemError],
}

impl Taken<'_> {
    /// 201.
    pub fn answer(&self) -> Response<Bytes> {
        #[derive(Serialize)]
        struct Body<'a> {
            batch: String,
            accepted: usize,
            rejected: usize,
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            errors: &'a [ItemError],
        }
        let listed = self.errors.len().min(Problem::MAX_ERRORS);
        let body = Body {
            batch: self.batch.to_string(),
            accepted: self.accepted,
            rejected: self.rejected,
            errors: &self.errors[..listed],
        };
        super::json(StatusCode::CREATED, &body)
    }
}

#[cfg(test)]
mod tests {
    use tidemark_core::discard::Reason;

    use super::super::page::text;
    use super::*;

    #[test]
    fn what_was_taken_and_what_not() {
        let taken = Taken {
            batch: BatchId::new(1, 2),
            accepted: 5,
            rejected: 0,
            errors: &[],
        };
        let answer = taken.answer();
        assert_eq!(answer.status(), StatusCode::CREATED);
        assert_eq!(
            text(&answer),
            r#"{"batch":"00000000000000010000000000000002","accepted":5,"rejected":0}"#
        );
        let error = ItemError {
            pointer: "/3/v".to_owned(),
            reason: Reason::NotFinite,
            detail: "`v` is too large".to_owned(),
        };
        let some = Taken {
            rejected: 101,
            errors: &vec![error; 101],
            ..taken
        };
        let listed =
            [r#"{"pointer":"/3/v","reason":"not_finite","detail":"`v` is too large"}"#; 100];
        assert_eq!(
            text(&some.answer()),
            format!(
                r#"{{"batch":"00000000000000010000000000000002","accepted":5,"rejected":101,"errors":[{}]}}"#,
                listed.join(",")
            )
        );
    }
}

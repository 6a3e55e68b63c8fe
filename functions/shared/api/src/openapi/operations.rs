//! Each operation in words.

use utoipa::openapi::path::{self, OperationBuilder};

use super::{answers, bodies, parameters, security};
use crate::routes::{Discards, Ingest, Openapi, Operation, Query};

/// Its part of the document, its name, and what there is to know about it.
struct Words {
    tag: &'static str,
    summary: &'static str,
    description: &'static str,
}

/// An operation as the document has it.
pub(super) fn describe(operation: Operation) -> path::Operation {
    let words = words(operation);
    let builder = OperationBuilder::new()
        .tag(words.tag)
        .operation_id(Some(operation.id()))
        .summary(Some(words.summary))
        .description((!words.description.is_empty()).then_some(words.description))
        .request_body(bodies::of_operation(operation));
    let builder = security::of_operation(operation)
        .into_iter()
        .fold(builder, OperationBuilder::security);
    let builder = parameters::of_operation(operation)
        .into_iter()
        .fold(builder, OperationBuilder::parameter);
    answers::of_operation(operation)
        .into_iter()
        .fold(builder, |builder, (status, answer)| {
            builder.response(status, answer)
        })
        .build()
}

const fn words(operation: Operation) -> Words {
    let (tag, summary, description) = match operation {
        Operation::Ingest(Ingest::Points) => (
            "Series",
            "Post points",
            "Takes points of any mix of series. Each is judged alone: one that is wrong in itself (a value that is a string, a time that does not parse, an unknown field) is rejected and kept as a discard, the others are taken. If all are wrong, the answer is 422. A body that is no JSON, NDJSON or CSV at all is refused as a whole.\n\nPosting a point again replaces it; posting a body twice changes nothing.",
        ),
        Operation::Ingest(Ingest::Measurements) => (
            "Meters",
            "Post measurements",
            "Takes rows of energy meters as `GET` answers them. Each value becomes a point of the series `{measurement}:{muid}:{OBIS code}`; the answer counts points.",
        ),
        Operation::Query(Query::Series) => ("Series", "List the series", ""),
        Operation::Query(Query::Stats) => (
            "Series",
            "Ask for statistics of a series",
            "The average and the sum of the points in a range, or whatever `stats` names. Of several equal extremes the earliest counts.",
        ),
        Operation::Query(Query::Points) => (
            "Series",
            "Read the points of a series",
            "`Accept` chooses between JSON, NDJSON and CSV.",
        ),
        Operation::Query(Query::Buckets) => (
            "Series",
            "Ask for statistics by time bucket",
            "The same as the statistics of the series, by buckets of a fixed width or of the calendar: in a zone with summer time a day in spring has 23 hours. The range is cut to the first and the last point of the series; more than 1000000 buckets in it are refused.",
        ),
        Operation::Query(Query::Measurements) => (
            "Meters",
            "Read the measurements of a meter",
            "Rows as they were posted, the latest first, one key for each OBIS code that has a value at that time. A date is taken in UTC.",
        ),
        Operation::Query(Query::History) => (
            "Operation",
            "See the last queries",
            "The queries that were asked of series, the latest first.",
        ),
        Operation::Erase => (
            "Series",
            "Delete a series, or a range of it",
            "Without `from` and `to`, the series and all its points go: asked again, it is unknown. With one of them or both, only the points of that range go, and it is no problem if there are none.",
        ),
        Operation::Discards(Discards::List) => (
            "Administration",
            "See the discards",
            "Every point that was not kept, with all its reasons and with its payload byte for byte, the latest first.",
        ),
        Operation::Discards(Discards::Summary) => ("Administration", "Count the discards", ""),
        Operation::Discards(Discards::Replay) => (
            "Administration",
            "Replay a discard",
            "Validates the payload again as if it were received now, overlooking the reasons that are waived. If it is accepted, the point is stored, and the discard stays, marked as replayed.",
        ),
        Operation::Health => ("Operation", "Ask whether data can be accepted", ""),
        Operation::Openapi(Openapi::Document) => ("Operation", "Read this document", ""),
        Operation::Openapi(Openapi::Page) => ("Operation", "Read this document as a page", ""),
    };
    Words {
        tag,
        summary,
        description,
    }
}

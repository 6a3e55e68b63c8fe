//! What is answered about points that come in or are discarded, about the
//! service, and about problems.

use utoipa::openapi::schema::{ArrayBuilder, Type};

use super::inputs::{reasons, source_name};
use super::{
    AnySchema, Properties, array, closed, count, map, named, of, one_of, or_null, text,
    time_or_null,
};
use crate::openapi::forms;
use crate::problem::{Kind, Problem};

pub(super) fn schemas() -> Vec<(&'static str, AnySchema)> {
    vec![
        ("Ingested", ingested()),
        ("Discard", discard()),
        ("DiscardSummary", discard_summary()),
        ("Replayed", replayed()),
        ("Health", health()),
        ("Checks", checks()),
        ("Problem", problem()),
        ("ItemError", item_error()),
    ]
}

fn errors() -> ArrayBuilder {
    array(named("ItemError")).max_items(Some(Problem::MAX_ERRORS))
}

fn ingested() -> AnySchema {
    let batch =
        text(forms::BATCH).that_is("The id of the batch; the ids of its discards begin with it");
    let errors = errors().description(Some("What is wrong with them; the first 100"));
    closed()
        .with("batch", batch)
        .with("accepted", count().that_is("How many points were taken"))
        .with(
            "rejected",
            count().that_is("How many points are wrong in themselves; they are kept as discards"),
        )
        .property("errors", errors)
        .into()
}

fn discard() -> AnySchema {
    let reasons = array(named("Reason")).min_items(Some(1)).unique_items(true);
    let series = or_null(Type::String);
    let base64 = of(Type::String).content_encoding("base64");
    let length = count().that_is("Only of a payload longer than 65536 bytes, of which the beginning is kept: how long it was");
    closed()
        .with("id", text(forms::DISCARD))
        .with("received", named("Time"))
        .with("source", named("Source"))
        .with(
            "series",
            series.that_is("Null where it could not be read; so are `time` and `value`"),
        )
        .with("time", time_or_null())
        .with("value", or_null(Type::Number))
        .with("reasons", reasons)
        .property("payload", of(Type::String).that_is("What came, verbatim"))
        .property(
            "payload_base64",
            base64.that_is("What came, in place of `payload` where it is not UTF-8"),
        )
        .property("payload_length", length)
        .property(
            "payload_sha256",
            text("^[0-9a-f]{64}$").that_is("Likewise: the SHA-256 of all of it"),
        )
        .with("detail", of(Type::String).that_is("The reasons for people"))
        .with(
            "replayed",
            time_or_null().that_is("When it was replayed and its point accepted"),
        )
        .into()
}

fn discard_summary() -> AnySchema {
    let by_reason = || map(count()).keys(one_of(reasons()));
    let of_source = closed()
        .with("count", count())
        .with("by_reason", by_reason());
    closed()
        .with("count", count().that_is("How many discards"))
        .with(
            "by_reason",
            by_reason().that_is("One with several reasons counts for each"),
        )
        .with("by_source", map(of_source).keys(source_name()))
        .into()
}

fn replayed() -> AnySchema {
    let accepted = of(Type::Boolean).enum_values(Some([true]));
    closed().with("accepted", accepted).into()
}

fn health() -> AnySchema {
    closed()
        .with("status", one_of(["ok"]))
        .with("checks", named("Checks"))
        .into()
}

fn checks() -> AnySchema {
    map(one_of(["ok", "failing"]))
        .that_is("What was checked, by name")
        .into()
}

fn problem() -> AnySchema {
    let kinds = one_of(Kind::ALL.map(Kind::type_uri));
    let status = of(Type::Integer).minimum(Some(400)).maximum(Some(599));
    let errors = errors().description(Some("Where several things are wrong; the first 100"));
    closed()
        .with(
            "type",
            kinds.that_is("Tells the kinds of problem apart, and where to read about it"),
        )
        .with(
            "title",
            of(Type::String).that_is("The kind in words; it never changes"),
        )
        .with("status", status)
        .with(
            "detail",
            of(Type::String).that_is("What is wrong in this case"),
        )
        .property("errors", errors)
        .property("checks", named("Checks"))
        .that_is("What went wrong (RFC 9457)")
        .into()
}

fn item_error() -> AnySchema {
    let pointer = of(Type::String).that_is("Where: a JSON pointer (`/3/v`); in NDJSON and CSV the line, counted from 1, stands for the index (`/4/v`)");
    closed()
        .with("pointer", pointer)
        .with("reason", named("Reason"))
        .with("detail", of(Type::String))
        .into()
}

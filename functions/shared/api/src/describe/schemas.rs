//! What stands in several places, on the way in or out.

use serde_json::json;
use tidemark_core::batch::Source;
use tidemark_core::discard::Reason;
use tidemark_core::name::SeriesName;
use tidemark_core::point::Tags;
use tidemark_core::stat::{Stat, Unit};
use tidemark_core::zone::Zone;
use tidemark_formats::{MAX_LISTED, MAX_PART_BYTES};
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, Type};

use super::{
    AnySchema, NamedSchema, Properties, array, closed, count, date_time, forms, map, named, of,
    one_of, or_null, text, time_or_null,
};
use crate::problem::ProblemKind;

/// All of them, by name.
pub(crate) fn all() -> Vec<NamedSchema> {
    vec![
        ("SeriesName", series_name()),
        ("Instant", instant()),
        ("Time", time()),
        ("TimeZone", time_zone()),
        ("Tag", tag()),
        ("Reason", reason()),
        ("Source", source()),
        ("StoredPoint", stored_point()),
        ("Ingested", ingested()),
        ("Checks", checks()),
        ("Problem", problem()),
        ("ItemError", item_error()),
    ]
}

fn series_name() -> AnySchema {
    text(forms::NAME)
        .min_length(Some(1))
        .max_length(Some(SeriesName::MAX_BYTES))
        .examples([json!("example1")])
        .that_is("ASCII letters, digits and `. _ : -`, 1 to 256 of them; neither `.` nor `..`")
        .into()
}

fn instant() -> AnySchema {
    text(forms::instant())
        .examples([json!("2023-02-01T00:00:00Z"), json!("13515551"), json!("2023-02-01")])
        .that_is("Epoch seconds, RFC 3339 with an offset, or a date, which stands for its first instant. From 1677-09-21T00:12:43.145224192Z to 2262-04-11T23:47:16.854775807Z; what is finer than a nanosecond is cut off. Accepted as well, though the pattern leaves them out: the days with which time begins and ends, epoch seconds with an exponent, and 23:59:60 in UTC on 30 June and 31 December, which is the second that follows")
        .into()
}

fn time() -> AnySchema {
    of(Type::String)
        .format(Some(date_time()))
        .examples([json!("2023-02-01T00:00:00Z")])
        .that_is("RFC 3339 in UTC, with as many digits after the second as needed")
        .into()
}

fn time_zone() -> AnySchema {
    one_of(Zone::all().map(Zone::name))
        .examples([json!("Europe/Zurich")])
        .that_is("A time zone of the IANA database")
        .into()
}

fn tag() -> AnySchema {
    text(forms::TAG)
        .min_length(Some(1))
        .max_length(Some(Tags::MAX_BYTES))
        .examples([json!("night")])
        .that_is("1 to 128 bytes of UTF-8, without control characters and without `;`")
        .into()
}

pub(crate) fn reasons() -> impl Iterator<Item = &'static str> {
    Reason::ALL.into_iter().map(Reason::as_str)
}

pub(crate) fn source_name() -> ObjectBuilder {
    text(forms::SOURCE).max_length(Some(Source::MAX_BYTES))
}

fn reason() -> AnySchema {
    one_of(reasons())
        .that_is("Why a point is discarded: `too_old` or `too_far_ahead` at receipt; tagged `system` or `suspect`; `malformed`; `not_finite`, beyond a 64-bit float; `out_of_range`, a time beyond 64-bit nanoseconds; `too_large`; `store_rejected`, for good: Timestream takes no time before 1970 or more than 15 minutes ahead, and less than 2 KB a point")
        .into()
}

fn source() -> AnySchema {
    source_name()
        .examples(Source::KNOWN.iter().map(|source| json!(source)))
        .that_is("Where points come from: `api`, `meterdata`, `data-server`, or what a later version calls it")
        .into()
}

fn stored_point() -> AnySchema {
    let tags = array(named("Tag")).description(Some("Only where there are some"));
    closed()
        .with("time", named("Time"))
        .with("value", of(Type::Number))
        .property("tags", tags)
        .into()
}

fn errors() -> ArrayBuilder {
    array(named("ItemError")).max_items(Some(MAX_LISTED))
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

fn checks() -> AnySchema {
    map(one_of(["ok", "failing"]))
        .that_is("What was checked, by name")
        .into()
}

fn problem() -> AnySchema {
    let kinds = one_of(ProblemKind::ALL.map(ProblemKind::type_uri));
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

/// A part of a meter's series name.
pub(crate) fn part() -> ObjectBuilder {
    text(forms::PART)
        .min_length(Some(1))
        .max_length(Some(MAX_PART_BYTES))
}

/// An object with a property for each statistic that may be asked for. Those of
/// quantiles can have any number in their names.
pub(crate) fn with_stats(object: ObjectBuilder) -> ObjectBuilder {
    let quantile = or_null(Type::Number).that_is("A quantile, by its name, as `p99.9`");
    let object = object.additional_properties(Some(AdditionalProperties::RefOr(quantile.into())));
    Stat::named().fold(object, |object, stat| {
        let schema = match stat.unit() {
            Unit::Count => count(),
            Unit::Instant => time_or_null(),
            Unit::Number => or_null(Type::Number),
        };
        object.property(stat.name(), schema.that_is(stat.meaning()))
    })
}

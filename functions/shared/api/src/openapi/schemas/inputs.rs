//! What clients send, and the small values that both sides write.

use chrono_tz::TZ_VARIANTS;
use serde_json::json;
use tidemark_core::batch::Source;
use tidemark_core::discard::Reason;
use tidemark_core::name::SeriesName;
use tidemark_core::point::Tags;
use utoipa::openapi::schema::{AnyOfBuilder, Type};

use super::{
    AnySchema, Properties, array, closed, date_time, map, named, of, one_of, or_null, part, text,
};
use crate::openapi::forms;
use tidemark_formats::{MAX_PART_BYTES, MAX_TAG_CHARACTERS};

pub(super) fn schemas() -> Vec<(&'static str, AnySchema)> {
    vec![
        ("Point", point()),
        ("MeasurementRow", measurement_row()),
        ("SeriesName", series_name()),
        ("Instant", instant()),
        ("Time", time()),
        ("TimeZone", time_zone()),
        ("Tag", tag()),
        ("Reason", reason()),
        ("Source", source()),
    ]
}

fn point() -> AnySchema {
    // Seconds that 64-bit nanoseconds can name, but for the last fraction.
    const LAST: isize = 9_223_372_036;
    let seconds = of(Type::Number).minimum(Some(-LAST)).maximum(Some(LAST));
    let time = AnyOfBuilder::new()
        .item(seconds)
        .item(named("Instant"))
        .description(Some("When: epoch seconds as a number, or text"));
    let value = of(Type::Number).that_is("How much: what a 64-bit float can hold");
    let tags = array(named("Tag"))
        .max_items(Some(Tags::MAX))
        .description(Some("A set of strings that stay with the point"));
    closed()
        .with("name", named("SeriesName"))
        .with("t", time)
        .with("v", value)
        .property("tags", tags)
        .that_is("A point of a series")
        .into()
}

fn measurement_row() -> AnySchema {
    // Together a tag of at most 128 bytes, in whatever script.
    let key = text(r"^[^\u0000-\u001f\u007f-\u009f;=]+$").max_length(Some(MAX_TAG_CHARACTERS));
    let value = text(forms::TAG).max_length(Some(MAX_TAG_CHARACTERS));
    let tags = map(value)
        .keys(key)
        .with("muid", part().that_is("The meter"))
        .max_properties(Some(Tags::MAX))
        .that_is("The meter's id, and further tags, which stay with the points as `key=value`");
    map(or_null(Type::Number).that_is("The value under an OBIS code; null is no value"))
        .keys(text(forms::NAME).max_length(Some(MAX_PART_BYTES)))
        .with("measurement", part().that_is("What was measured"))
        .with("timestamp", named("Instant"))
        .with("tags", tags)
        .min_properties(Some(4))
        .that_is("What a meter measured at one time: any number of values, each under its OBIS code. The points go to the series `{measurement}:{muid}:{OBIS code}`")
        .into()
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
        .that_is("Epoch seconds, RFC 3339 with an offset, or a date, which stands for its first instant. From 1677-09-21T00:12:43.145224192Z to 2262-04-11T23:47:16.854775807Z, though the pattern knows only the years 1700 to 2199 and no 29th of February; what is finer than a nanosecond is cut off")
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
    one_of(TZ_VARIANTS.iter().map(|zone| zone.name()))
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

pub(super) fn reasons() -> impl Iterator<Item = &'static str> {
    Reason::ALL.into_iter().map(Reason::as_str)
}

pub(super) fn sources() -> impl Iterator<Item = &'static str> {
    Source::ALL.into_iter().map(Source::as_str)
}

fn reason() -> AnySchema {
    one_of(reasons())
        .that_is("Why a point is discarded: `too_old` or `too_far_ahead` at receipt; tagged `system` or `suspect`; `malformed`; `not_finite`, beyond a 64-bit float; `out_of_range`, a time beyond 64-bit nanoseconds; `too_large`; `store_rejected`, for good: Timestream takes no time before 1970 or more than 15 minutes ahead, and less than 2 KB a point")
        .into()
}

fn source() -> AnySchema {
    one_of(sources()).that_is("Where points come from").into()
}

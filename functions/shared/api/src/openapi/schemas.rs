//! The schemas of bodies and of what stands in several places, by name.

use chrono_tz::TZ_VARIANTS;
use serde_json::{Value, json};
use tidemark_core::batch::Source;
use tidemark_core::discard::Reason;
use tidemark_core::name::SeriesName;
use tidemark_core::point::Tags;
use tidemark_core::stat::Stat;
use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ArrayBuilder, KnownFormat, ObjectBuilder, Schema,
    SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr};

use super::forms;
use crate::problem::{Kind, Problem};

pub(super) type AnySchema = RefOr<Schema>;

/// The schema of this name.
pub(super) fn named(name: &str) -> AnySchema {
    Ref::from_schema_name(name).into()
}

pub(super) fn of(schema_type: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(schema_type)
}

fn or_null(schema_type: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter([schema_type, Type::Null]))
}

pub(super) fn text(pattern: impl Into<String>) -> ObjectBuilder {
    of(Type::String).pattern(Some(pattern))
}

pub(super) fn one_of<'a>(values: impl IntoIterator<Item = &'a str>) -> ObjectBuilder {
    of(Type::String).enum_values(Some(values.into_iter().map(Value::from)))
}

pub(super) fn array(items: impl Into<AnySchema>) -> ArrayBuilder {
    ArrayBuilder::new().items(items.into())
}

fn count() -> ObjectBuilder {
    of(Type::Integer).minimum(Some(0))
}

/// An object of these properties and no others.
fn object<'a>(
    properties: impl IntoIterator<Item = (&'a str, AnySchema)>,
    required: &[&str],
) -> ObjectBuilder {
    let closed =
        of(Type::Object).additional_properties(Some(AdditionalProperties::FreeForm(false)));
    let with = properties
        .into_iter()
        .fold(closed, |object, (name, schema)| {
            object.property(name, schema)
        });
    required
        .iter()
        .fold(with, |object, name| object.required(*name))
}

/// A map from names to what `values` says.
fn map(values: impl Into<AnySchema>) -> ObjectBuilder {
    of(Type::Object).additional_properties(Some(AdditionalProperties::RefOr(values.into())))
}

fn time_or_null() -> ObjectBuilder {
    or_null(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
}

fn described(schema: ObjectBuilder, description: &str) -> AnySchema {
    schema.description(Some(description)).into()
}

/// A part of a meter's series name. The parser takes any that give a name of at
/// most 256 bytes together.
pub(super) fn part() -> ObjectBuilder {
    text(forms::PART)
        .min_length(Some(1))
        .max_length(Some(crate::requests::measurements::MAX_PART_BYTES))
}

/// Every named schema.
pub(super) fn all() -> Vec<(&'static str, AnySchema)> {
    let mut all = inputs();
    all.extend(small());
    all.extend(answers());
    all
}

fn small() -> Vec<(&'static str, AnySchema)> {
    vec![
        (
            "SeriesName",
            text(forms::NAME)
                .min_length(Some(1))
                .max_length(Some(SeriesName::MAX_BYTES))
                .description(Some("ASCII letters, digits and `. _ : -`, 1 to 256 of them; neither `.` nor `..`"))
                .examples([json!("example1")])
                .into(),
        ),
        (
            "Instant",
            text(forms::instant())
                .description(Some("Epoch seconds, RFC 3339 with an offset, or a date, which stands for its first instant. From 1677-09-21T00:12:43.145224192Z to 2262-04-11T23:47:16.854775807Z; what is finer than a nanosecond is cut off"))
                .examples([json!("2023-02-01T00:00:00Z"), json!("13515551"), json!("2023-02-01")])
                .into(),
        ),
        (
            "Time",
            of(Type::String)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
                .description(Some("RFC 3339 in UTC, with as many digits after the second as needed"))
                .examples([json!("2023-02-01T00:00:00Z")])
                .into(),
        ),
        (
            "TimeZone",
            one_of(TZ_VARIANTS.iter().map(|zone| zone.name()))
                .description(Some("A time zone of the IANA database"))
                .examples([json!("Europe/Zurich")])
                .into(),
        ),
        (
            "Tag",
            text(forms::TAG)
                .min_length(Some(1))
                .max_length(Some(Tags::MAX_BYTES))
                .description(Some("1 to 128 bytes of UTF-8, without control characters and without `;`"))
                .examples([json!("night")])
                .into(),
        ),
        (
            "Reason",
            one_of(Reason::ALL.map(Reason::as_str))
                .description(Some("Why a point is discarded: `too_old` or `too_far_ahead` at receipt; tagged `system` or `suspect`; `malformed`; `not_finite`, beyond a 64-bit float; `out_of_range`, a time beyond 64-bit nanoseconds; `too_large`; `store_rejected`"))
                .into(),
        ),
        ("Source", one_of(Source::ALL.map(Source::as_str)).description(Some("Where points come from")).into()),
    ]
}

fn inputs() -> Vec<(&'static str, AnySchema)> {
    let time = AnyOfBuilder::new()
        .item(
            of(Type::Number)
                .minimum(Some(-9_223_372_036_i64 as isize))
                .maximum(Some(9_223_372_036_i64 as isize)),
        )
        .item(named("Instant"))
        .description(Some("When: epoch seconds as a number, or text"));
    let point = object(
        [
            ("name", named("SeriesName")),
            ("t", time.into()),
            (
                "v",
                described(of(Type::Number), "How much: what a 64-bit float can hold"),
            ),
            (
                "tags",
                array(named("Tag"))
                    .max_items(Some(Tags::MAX))
                    .description(Some("A set of strings that stay with the point"))
                    .into(),
            ),
        ],
        &["name", "t", "v"],
    );
    let row = of(Type::Object)
        .property("measurement", part().description(Some("What was measured")))
        .property("timestamp", named("Instant"))
        .property(
            "tags",
            of(Type::Object)
                .property("muid", part().description(Some("The meter")))
                .required("muid")
                .additional_properties(Some(AdditionalProperties::RefOr(text(forms::TAG).max_length(Some(48)).into())))
                .property_names(Some(Schema::Object(text(r"^[^\u0000-\u001f\u007f-\u009f;=]+$").max_length(Some(48)).build())))
                .max_properties(Some(Tags::MAX))
                .description(Some("The meter's id and further tags, which stay with the points as `key=value`")),
        )
        .required("measurement")
        .required("timestamp")
        .required("tags")
        .property_names(Some(Schema::Object(
            text(forms::NAME).max_length(Some(crate::requests::measurements::MAX_PART_BYTES)).build(),
        )))
        .additional_properties(Some(AdditionalProperties::RefOr(described(of(Type::Number), "The value under an OBIS code"))))
        .min_properties(Some(4))
        .description(Some("What a meter measured at one time: any number of values, each under its OBIS code. The points go to the series `{measurement}:{muid}:{OBIS code}`"));
    vec![
        (
            "Point",
            point.description(Some("A point of a series")).into(),
        ),
        ("MeasurementRow", row.into()),
    ]
}

fn number_or_null(description: &str) -> AnySchema {
    described(or_null(Type::Number), description)
}

fn stat_property(stat: Stat) -> AnySchema {
    let instant = |text| described(time_or_null(), text);
    match stat {
        Stat::Avg => number_or_null("The mean: the sum by the count, rounded once"),
        Stat::Sum => number_or_null(
            "The correctly rounded sum of the values, whatever their order; 0 without points; null beyond the range of a 64-bit float, with a header `Warning`",
        ),
        Stat::Count => described(count(), "How many points"),
        Stat::Min => number_or_null("The least value"),
        Stat::Max => number_or_null("The greatest value"),
        Stat::Range => number_or_null("`max - min`"),
        Stat::First => number_or_null("The value of the earliest point"),
        Stat::Last => number_or_null("The value of the latest point"),
        Stat::Median => number_or_null("The quantile 0.5, interpolated linearly"),
        Stat::P90 => number_or_null("The quantile 0.9"),
        Stat::P95 => number_or_null("The quantile 0.95"),
        Stat::P99 => number_or_null("The quantile 0.99"),
        Stat::Variance => number_or_null("The population's variance"),
        Stat::Stddev => number_or_null("The square root of the variance"),
        Stat::Rms => number_or_null("The square root of the mean of the squares"),
        Stat::Peak => number_or_null("The largest magnitude"),
        Stat::PeakToPeak => number_or_null("`max - min`, by the name that goes with `peak`"),
        Stat::CrestFactor => number_or_null("`peak / rms`; null where the rms is zero"),
        Stat::Skewness => number_or_null("The third standardised moment; null without variance"),
        Stat::Kurtosis => number_or_null(
            "The fourth standardised moment, not in excess: 3 for a normal distribution; null without variance",
        ),
        Stat::MinTime => instant("When the least value was first"),
        Stat::MaxTime => instant("When the greatest value was first"),
        Stat::FirstTime => instant("When the earliest point was"),
        Stat::LastTime => instant("When the latest point was"),
        Stat::Duration => number_or_null("From the earliest to the latest point, in seconds"),
    }
}

fn stat_properties() -> Vec<(&'static str, AnySchema)> {
    let properties = Stat::ALL.map(|stat| (stat.as_str(), stat_property(stat)));
    properties.to_vec()
}

fn answers() -> Vec<(&'static str, AnySchema)> {
    let name_or_null = || or_null(Type::String);
    let errors = || array(named("ItemError")).max_items(Some(Problem::MAX_ERRORS));
    let point = object(
        [
            ("time", named("Time")),
            ("value", of(Type::Number).into()),
            (
                "tags",
                array(named("Tag"))
                    .description(Some("Only where there are some"))
                    .into(),
            ),
        ],
        &["time", "value"],
    );
    let series = object(
        [
            ("name", named("SeriesName")),
            ("updated", named("Time")),
            (
                "points",
                described(count(), "How many points, with `details=true`"),
            ),
            ("first", named("PointOrNull")),
            ("last", named("PointOrNull")),
        ],
        &["name", "updated"],
    );
    let mut bucket = vec![("start", named("Time")), ("end", named("Time"))];
    bucket.extend(stat_properties());
    let row = of(Type::Object)
        .property("measurement", of(Type::String))
        .property(
            "timestamp",
            described(
                of(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))),
                "With milliseconds, always",
            ),
        )
        .property(
            "tags",
            map(of(Type::String))
                .property("muid", of(Type::String))
                .required("muid"),
        )
        .required("measurement")
        .required("timestamp")
        .required("tags")
        .additional_properties(Some(AdditionalProperties::RefOr(of(Type::Number).into())));
    let by_reason = || {
        map(count()).property_names(Some(Schema::Object(
            one_of(Reason::ALL.map(Reason::as_str)).build(),
        )))
    };
    let by_source = map(object(
        [("count", count().into()), ("by_reason", by_reason().into())],
        &["count", "by_reason"],
    ))
    .property_names(Some(Schema::Object(
        one_of(Source::ALL.map(Source::as_str)).build(),
    )));
    vec![
        ("Ingested", object(
            [
                ("batch", described(text(forms::BATCH), "The id of the batch; the ids of its discards begin with it")),
                ("accepted", described(count(), "How many points were taken")),
                ("rejected", described(count(), "How many points are wrong in themselves; they are kept as discards")),
                ("errors", errors().description(Some("What is wrong with them; the first 100")).into()),
            ],
            &["batch", "accepted", "rejected"],
        ).into()),
        ("StoredPoint", point.into()),
        ("PointOrNull", AnyOfBuilder::new().item(named("StoredPoint")).item(of(Type::Null)).description(Some("With `details=true`")).into()),
        ("Series", series.into()),
        ("SeriesList", object(
            [("count", described(count(), "How many match, on all pages")), ("series", array(named("Series")).into())],
            &["count", "series"],
        ).into()),
        ("Stats", object(stat_properties(), &[]).description(Some("The statistics that were asked for, in that order. Null is what is not defined: for want of points, of variance, of an rms that is not zero")).into()),
        ("Bucket", object(bucket, &["start", "end"]).description(Some("A bucket from `start` up to, but without, `end`")).into()),
        ("StoredRow", row.into()),
        ("Measurements", object([("data", array(named("StoredRow")).into())], &["data"]).into()),
        ("HistoryEntry", object(
            [
                ("time", named("Time")),
                ("series", name_or_null().into()),
                ("path", of(Type::String).into()),
                ("from", time_or_null().into()),
                ("to", time_or_null().into()),
                ("duration_ms", of(Type::Number).minimum(Some(0)).into()),
            ],
            &["time", "series", "path", "from", "to", "duration_ms"],
        ).into()),
        ("Discard", object(
            [
                ("id", text(forms::DISCARD).into()),
                ("received", named("Time")),
                ("source", named("Source")),
                ("series", described(name_or_null(), "Null where it could not be read; so are `time` and `value`")),
                ("time", time_or_null().into()),
                ("value", or_null(Type::Number).into()),
                ("reasons", array(named("Reason")).min_items(Some(1)).unique_items(true).into()),
                ("payload", described(of(Type::String), "What came, verbatim")),
                ("payload_base64", described(of(Type::String).content_encoding("base64"), "What came, in place of `payload` where it is not UTF-8")),
                ("payload_length", described(count(), "Only where the payload was longer than 65536 bytes, of which the beginning is kept: its length")),
                ("payload_sha256", described(text("^[0-9a-f]{64}$"), "Likewise: the SHA-256 of all of it")),
                ("detail", described(of(Type::String), "The reasons for people")),
                ("replayed", described(time_or_null(), "When it was replayed and its point accepted")),
            ],
            &["id", "received", "source", "series", "time", "value", "reasons", "detail", "replayed"],
        ).into()),
        ("DiscardSummary", object(
            [("count", described(count(), "How many discards")), ("by_reason", described(by_reason(), "One with several reasons counts for each")), ("by_source", by_source.into())],
            &["count", "by_reason", "by_source"],
        ).into()),
        ("Replayed", object([("accepted", of(Type::Boolean).enum_values(Some([true])).into())], &["accepted"]).into()),
        ("Checks", described(map(one_of(["ok", "failing"])), "What was checked, by name")),
        ("Health", object([("status", one_of(["ok"]).into()), ("checks", named("Checks"))], &["status", "checks"]).into()),
        ("ItemError", object(
            [
                ("pointer", described(of(Type::String), "Where: a JSON pointer (`/3/v`); in NDJSON and CSV the line, counted from 1, stands for the index (`/4/v`)")),
                ("reason", named("Reason")),
                ("detail", of(Type::String).into()),
            ],
            &["pointer", "reason", "detail"],
        ).into()),
        ("Problem", object(
            [
                ("type", described(one_of(Kind::ALL.map(Kind::type_uri)), "Tells the kinds of problem apart, and where to read about it")),
                ("title", described(of(Type::String), "The kind in words; it never changes")),
                ("status", of(Type::Integer).minimum(Some(400)).maximum(Some(599)).into()),
                ("detail", described(of(Type::String), "What is wrong in this case")),
                ("errors", errors().description(Some("Where several things are wrong; the first 100")).into()),
                ("checks", named("Checks")),
            ],
            &["type", "title", "status", "detail"],
        ).description(Some("What went wrong (RFC 9457)")).into()),
    ]
}

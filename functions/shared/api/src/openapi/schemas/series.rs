//! What is answered about series.

use tidemark_core::stat::Stat;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Type};

use super::{
    AnySchema, Properties, array, closed, count, date_time, map, named, of, or_null, time_or_null,
};

pub(super) fn schemas() -> Vec<(&'static str, AnySchema)> {
    vec![
        ("StoredPoint", point()),
        ("PointOrNull", point_or_null()),
        ("Series", series()),
        ("SeriesList", series_list()),
        ("Stats", stats()),
        ("Bucket", bucket()),
        ("StoredRow", row()),
        ("Measurements", measurements()),
        ("HistoryEntry", history_entry()),
    ]
}

fn point() -> AnySchema {
    let tags = array(named("Tag")).description(Some("Only where there are some"));
    closed()
        .with("time", named("Time"))
        .with("value", of(Type::Number))
        .property("tags", tags)
        .into()
}

fn point_or_null() -> AnySchema {
    AnyOfBuilder::new()
        .item(named("StoredPoint"))
        .item(of(Type::Null))
        .into()
}

fn series() -> AnySchema {
    closed()
        .with("name", named("SeriesName"))
        .with("updated", named("Time"))
        .property(
            "points",
            count().that_is("With `details=true`, as `first` and `last`: how many points"),
        )
        .property("first", named("PointOrNull"))
        .property("last", named("PointOrNull"))
        .into()
}

fn series_list() -> AnySchema {
    closed()
        .with("count", count().that_is("How many match, on all pages"))
        .with("series", array(named("Series")))
        .into()
}

fn stats() -> AnySchema {
    with_stats(closed())
        .that_is("The statistics that were asked for, in that order. Null is what is not defined, for want of points, of variance, of an rms that is not zero")
        .into()
}

fn bucket() -> AnySchema {
    let ends = closed()
        .with("start", named("Time"))
        .with("end", named("Time"));
    with_stats(ends)
        .that_is("A bucket from `start` up to, but without, `end`")
        .into()
}

fn with_stats(object: ObjectBuilder) -> ObjectBuilder {
    Stat::ALL.into_iter().fold(object, |object, stat| {
        let schema = match stat {
            Stat::Count => count(),
            Stat::MinTime | Stat::MaxTime | Stat::FirstTime | Stat::LastTime => time_or_null(),
            _ => or_null(Type::Number),
        };
        object.property(stat.as_str(), schema.that_is(meaning(stat)))
    })
}

const fn meaning(stat: Stat) -> &'static str {
    match stat {
        Stat::Avg => "The mean",
        Stat::Sum => {
            "The correctly rounded sum of the values, whatever their order (with points in Timestream, its sum: within 1e-12 of that of the magnitudes); 0 without points; null, with a header `Warning`, beyond the range of a 64-bit float"
        }
        Stat::Count => "How many points",
        Stat::Min => "The least value",
        Stat::Max => "The greatest value",
        Stat::Range => "`max - min`",
        Stat::First => "The value of the earliest point",
        Stat::Last => "The value of the latest point",
        Stat::Median => "The quantile 0.5; quantiles are interpolated linearly",
        Stat::P90 => "The quantile 0.9",
        Stat::P95 => "The quantile 0.95",
        Stat::P99 => "The quantile 0.99",
        Stat::Variance => "The population's variance",
        Stat::Stddev => "The square root of the variance",
        Stat::Rms => "The square root of the mean of the squares",
        Stat::Peak => "The largest magnitude",
        Stat::PeakToPeak => "`max - min`, by the name that goes with `peak`",
        Stat::CrestFactor => "`peak / rms`",
        Stat::Skewness => "The third standardised moment",
        Stat::Kurtosis => {
            "The fourth standardised moment, not in excess: 3 for a normal distribution"
        }
        Stat::MinTime => "When the least value was, first",
        Stat::MaxTime => "When the greatest value was, first",
        Stat::FirstTime => "When the earliest point was",
        Stat::LastTime => "When the latest point was",
        Stat::Duration => "From the earliest to the latest point, in seconds",
    }
}

fn row() -> AnySchema {
    let time = of(Type::String).format(Some(date_time()));
    map(of(Type::Number).that_is("The value under an OBIS code"))
        .with("measurement", of(Type::String))
        .with("timestamp", time.that_is("With milliseconds, always"))
        .with("tags", map(of(Type::String)).with("muid", of(Type::String)))
        .into()
}

fn measurements() -> AnySchema {
    closed().with("data", array(named("StoredRow"))).into()
}

fn history_entry() -> AnySchema {
    let duration = of(Type::Number).minimum(Some(0));
    closed()
        .with("time", named("Time"))
        .with("series", or_null(Type::String))
        .with("path", of(Type::String))
        .with("from", time_or_null())
        .with("to", time_or_null())
        .with("duration_ms", duration)
        .into()
}

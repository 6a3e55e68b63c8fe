//! Parameters that several routes have, and how the others are described.

use serde_json::{Value, json};
use tidemark_core::pattern::Pattern;
use tidemark_core::portion::TimeUnit;
use tidemark_core::segments::Interpolation;
use tidemark_core::stat::Stat;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::Type;

use super::{AnySchema, array, forms, named, of, one_of, text};
use crate::params::{DEFAULT_LIMIT, MAX_DECIMALS, MAX_LIMIT};

pub(crate) fn query(
    name: &str,
    description: &str,
    schema: impl Into<AnySchema>,
    example: impl Into<Value>,
) -> ParameterBuilder {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .example(Some(example.into()))
}

/// A list, with commas between its items.
pub(crate) fn list(builder: ParameterBuilder) -> Parameter {
    let builder = builder.style(Some(ParameterStyle::Form));
    builder.explode(Some(false)).build()
}

pub(crate) fn in_path(
    name: &str,
    description: &str,
    schema: AnySchema,
    example: &str,
) -> Parameter {
    query(name, description, schema, example)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .build()
}

pub(crate) fn flag(name: &str, description: &str) -> Parameter {
    let schema = of(Type::Boolean).default(Some(json!(false)));
    query(name, description, schema, true).build()
}

pub(crate) fn instant(name: &str, description: &str) -> Parameter {
    query(name, description, named("Instant"), "2023-02-01T00:00:00Z").build()
}

pub(crate) fn name() -> Parameter {
    in_path(
        "name",
        "The name of the series",
        named("SeriesName"),
        "example1",
    )
}

pub(crate) fn from() -> Parameter {
    instant(
        "from",
        "The earliest time, included; not later than `to`. `start` means the same and may be given in its place",
    )
}

pub(crate) fn to() -> Parameter {
    instant(
        "to",
        "The latest time, included. `end` means the same and may be given in its place",
    )
}

pub(crate) fn received(name: &str, synonym: &str, which: &str) -> Parameter {
    let text = format!(
        "The {which} time of receipt, included. `{synonym}` means the same and may be given in its place"
    );
    instant(name, &text)
}

pub(crate) fn matching(what: &str) -> Parameter {
    let schema = text(forms::PATTERN)
        .min_length(Some(1))
        .max_length(Some(Pattern::MAX_BYTES));
    let text = format!(
        "{what}: a pattern of segments with `.` or `:` between them, as in the names. `*` stands for one segment, `**` for any number of segments (none, too; it takes the separator before it along), `{{label}}` for one that `by` can name. A label is not `start`, `end`, `series`, `contributing` or a statistic, and stands once"
    );
    query("match", &text, schema, "plant.{unit}.temp.*").build()
}

pub(crate) fn zone() -> Parameter {
    let text = "The time zone in which dates begin, and days, weeks, months, quarters and years; UTC unless it is said";
    query("tz", text, named("TimeZone"), "Europe/Zurich").build()
}

pub(crate) fn stats() -> Parameter {
    let all: Vec<_> = Stat::ALL.into_iter().map(Stat::name).collect();
    let more = Stat::MORE.map(|stat| format!("`{stat}`")).join(", ");
    let schema = array(text(forms::stats()))
        .min_items(Some(1))
        .default(Some(json!(["avg", "sum"])));
    let text = format!(
        "What to answer, in this order, each once; `all` for {} that are not named before. Beyond these {more}, and any quantile, as `p99.9`: per cent with up to 9 decimals, answered without zeros that say nothing",
        all.join(" ")
    );
    list(query(
        "stats",
        &text,
        schema,
        json!(["count", "max", "max_time"]),
    ))
}

pub(crate) fn interpolate() -> Parameter {
    let schema =
        one_of(Interpolation::CHOICES.map(|(name, _)| name)).default(Some(json!("linear")));
    let text = "What the value is between two points, for `integral` and `twa`: what lies on the `linear` way from one to the other, or the `previous` one. Without meaning for others, and harmless";
    query("interpolate", text, schema, "previous").build()
}

pub(crate) fn unit() -> Parameter {
    let schema = one_of(TimeUnit::CHOICES.map(|(name, _)| name)).default(Some(json!("s")));
    let text = "What `integral` counts time in: seconds, minutes or hours. Without meaning for others, and harmless";
    query("unit", text, schema, "h").build()
}

pub(crate) fn decimals() -> Parameter {
    let schema = of(Type::Integer)
        .minimum(Some(0))
        .maximum(Some(usize::from(MAX_DECIMALS)));
    let text = "How many decimals numbers are rounded to; full precision unless it is said. What is rounded is the binary number, so 2.675, which is a little less in binary, gives 2.67; what lies exactly between goes to the even digit";
    query("decimals", text, schema, 2).build()
}

pub(crate) fn limit(description: &str) -> Parameter {
    let schema = of(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(MAX_LIMIT))
        .default(Some(json!(DEFAULT_LIMIT)));
    query("limit", description, schema, 100).build()
}

pub(crate) fn cursor() -> Parameter {
    ParameterBuilder::new()
        .name("cursor")
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some("Where the page begins: follow the header `Link` of the page before. A cursor belongs to its query; only `limit` may change on the way"))
        .schema(Some(text(forms::CURSOR)))
        .build()
}

//! The parameters of the operations, each described once.

use chrono_tz::Tz;
use serde_json::{Value, json};
use tidemark_core::batch::Source;
use tidemark_core::discard::Reason;
use tidemark_core::stat::Stat;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::Type;

use super::forms;
use super::schemas::{AnySchema, array, named, of, one_of, part, text};
use crate::params::{DEFAULT_LIMIT, MAX_DECIMALS, MAX_LIMIT};
use crate::requests::discards::waivable;
use crate::requests::series::{Fill, MAX_DETAILED};
use crate::routes::{Discards, Ingest, Operation, Query};

/// The parameters of an operation.
pub(super) fn of_operation(operation: Operation) -> Vec<Parameter> {
    match operation {
        Operation::Ingest(Ingest::Points | Ingest::Measurements) => vec![strict()],
        Operation::Query(Query::Series) => {
            let limit = limit(
                "How many series a page holds; with `details=true` at most 100, which is then the default",
            );
            vec![prefix(), details(), decimals(), limit, cursor()]
        }
        Operation::Query(Query::Stats) => {
            vec![name(), from(), to(), zone(), stats(), decimals()]
        }
        Operation::Query(Query::Points) => vec![
            name(),
            from(),
            to(),
            zone(),
            order(),
            decimals(),
            limit("How many points a page holds"),
            cursor(),
        ],
        Operation::Query(Query::Buckets) => vec![
            name(),
            every(),
            from(),
            to(),
            zone(),
            stats(),
            fill(),
            decimals(),
            limit("How many buckets a page holds"),
            cursor(),
        ],
        Operation::Query(Query::Measurements) => vec![
            muid(),
            measurement(),
            instant("start", "Where the range begins, included"),
            instant("stop", "Where the range ends, not included"),
            limit("How many rows a page holds"),
            cursor(),
        ],
        Operation::Query(Query::History) => {
            vec![limit("How many queries a page holds"), cursor()]
        }
        Operation::Erase => vec![name(), from(), to(), zone()],
        Operation::Discards(Discards::List) => vec![
            reason(),
            source(),
            series(),
            received("from", "start", "earliest"),
            received("to", "end", "latest"),
            zone(),
            limit("How many discards a page holds"),
            cursor(),
        ],
        Operation::Discards(Discards::Summary) => vec![
            received("from", "start", "earliest"),
            received("to", "end", "latest"),
            zone(),
        ],
        Operation::Discards(Discards::Replay) => vec![id(), waive()],
        Operation::Health | Operation::Openapi(_) => Vec::new(),
    }
}

fn query(
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
fn list(builder: ParameterBuilder) -> Parameter {
    let builder = builder.style(Some(ParameterStyle::Form));
    builder.explode(Some(false)).build()
}

fn in_path(name: &str, description: &str, schema: AnySchema, example: &str) -> Parameter {
    query(name, description, schema, example)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .build()
}

fn flag(name: &str, description: &str) -> Parameter {
    let schema = of(Type::Boolean).default(Some(json!(false)));
    query(name, description, schema, true).build()
}

fn instant(name: &str, description: &str) -> Parameter {
    query(name, description, named("Instant"), "2023-02-01T00:00:00Z").build()
}

fn name() -> Parameter {
    in_path(
        "name",
        "The name of the series",
        named("SeriesName"),
        "example1",
    )
}

fn id() -> Parameter {
    let example = "5f0c6c1f6f1e4a0b0000000000000007-3";
    in_path(
        "id",
        "The id of the discard",
        text(forms::DISCARD).into(),
        example,
    )
}

fn from() -> Parameter {
    instant(
        "from",
        "The earliest time, included; not later than `to`. `start` means the same and may be given in its place",
    )
}

fn to() -> Parameter {
    instant(
        "to",
        "The latest time, included. `end` means the same and may be given in its place",
    )
}

fn received(name: &str, synonym: &str, which: &str) -> Parameter {
    let text = format!(
        "The {which} time of receipt, included. `{synonym}` means the same and may be given in its place"
    );
    instant(name, &text)
}

fn zone() -> Parameter {
    let text = "The time zone in which dates begin, and days, weeks, months, quarters and years; UTC unless it is said";
    query("tz", text, named("TimeZone"), Tz::Europe__Zurich.name()).build()
}

fn stats() -> Parameter {
    let names = Stat::ALL.map(Stat::as_str).into_iter().chain(["all"]);
    let schema = array(one_of(names))
        .min_items(Some(1))
        .default(Some(json!(["avg", "sum"])));
    let text = "What to answer, in this order, each once; `all` for all that are not named before";
    list(query(
        "stats",
        text,
        schema,
        json!(["count", "max", "max_time"]),
    ))
}

fn every() -> Parameter {
    let text_ = "How wide a bucket is: `1s` to `24h` (any number of `s`, `m` or `h`), or, by the calendar in `tz`, `1d`, `1w` (from Monday), `1mo`, `1q`, `1y`";
    query("every", text_, text(forms::EVERY), "15m")
        .required(Required::True)
        .build()
}

fn fill() -> Parameter {
    let schema = one_of(Fill::CHOICES.map(|(name, _)| name)).default(Some(json!("none")));
    let text = "What stands in a bucket without points: with `none` there is no such bucket; `null`; the `previous` bucket's; what lies on the line (`linear`) between the buckets on either side; `zero`";
    query("fill", text, schema, "null").build()
}

fn decimals() -> Parameter {
    let schema = of(Type::Integer)
        .minimum(Some(0))
        .maximum(Some(usize::from(MAX_DECIMALS)));
    let text =
        "How many decimals numbers are rounded to, half to even; full precision unless it is said";
    query("decimals", text, schema, 2).build()
}

fn order() -> Parameter {
    let schema = one_of(["asc", "desc"]).default(Some(json!("asc")));
    query(
        "order",
        "Whether the earliest or the latest comes first",
        schema,
        "desc",
    )
    .build()
}

fn limit(description: &str) -> Parameter {
    let schema = of(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(MAX_LIMIT))
        .default(Some(json!(DEFAULT_LIMIT)));
    query("limit", description, schema, MAX_DETAILED).build()
}

fn cursor() -> Parameter {
    ParameterBuilder::new()
        .name("cursor")
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some("Where the page begins: follow the header `Link` of the page before. A cursor belongs to its query; only `limit` may change on the way"))
        .schema(Some(text(forms::CURSOR)))
        .build()
}

fn strict() -> Parameter {
    let text = "Whether one wrong point refuses them all. Otherwise those that are right are taken";
    flag("strict", text)
}

fn prefix() -> Parameter {
    let schema = text(forms::PREFIX)
        .min_length(Some(1))
        .max_length(Some(256));
    query("prefix", "What the names begin with", schema, "example").build()
}

fn details() -> Parameter {
    let text = "Whether to tell how many points a series has, and the first and the last of them";
    flag("details", text)
}

fn muid() -> Parameter {
    query(
        "muid",
        "The meter",
        part(),
        "95ce3367-cbce-4a4d-bbe3-da082831d7bd",
    )
    .required(Required::True)
    .build()
}

fn measurement() -> Parameter {
    query("measurement", "What was measured", part(), "energy")
        .required(Required::True)
        .build()
}

fn reason() -> Parameter {
    let text = "One of the reasons that a discard has";
    query("reason", text, named("Reason"), Reason::TooOld.as_str()).build()
}

fn source() -> Parameter {
    let example = Source::DataServer.as_str();
    query("source", "Where it came from", named("Source"), example).build()
}

fn series() -> Parameter {
    let text = "The series that it would have belonged to";
    query("series", text, named("SeriesName"), "data-server").build()
}

fn waive() -> Parameter {
    let schema = array(one_of(waivable().into_iter().map(|(name, _)| name))).min_items(Some(1));
    let text = "The reasons to overlook; only those of the rules can be";
    list(query("waive", text, schema, json!(["too_old"])))
}

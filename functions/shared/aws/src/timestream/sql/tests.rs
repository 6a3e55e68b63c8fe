use std::fmt::Write;

use proptest::prelude::*;
use tidemark_core::grid::Grid;
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_core::summary::Parts;
use tidemark_core::tombstone::Tombstone;
use tidemark_store::port::{Slots, Summarize};

use super::super::{selection, summary as asked};
use super::*;

fn table() -> Table {
    Table {
        database: "tidemark".parse().unwrap(),
        name: "points".parse().unwrap(),
    }
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text, chrono_tz::Tz::UTC).unwrap()
}

fn key(tenant: &str, name: &str) -> SeriesKey {
    SeriesKey {
        tenant: Tenant::new(tenant).unwrap(),
        name: SeriesName::new(name).unwrap(),
    }
}

/// Every kind of query, each with its title.
fn every_kind(key: &SeriesKey, range: TimeRange, tombstones: &Tombstones) -> Vec<(String, String)> {
    let table = table();
    let selected = selection(key, range, tombstones).unwrap();
    let mut all = vec![
        ("points", points(&table, selected, Order::Ascending, 10_001)),
        (
            "points, the latest first",
            points(&table, selected, Order::Descending, 2),
        ),
        ("points to be summarized here", samples(&table, selected)),
        ("how much there is", extent(&table, selected)),
        (
            "writes that were met",
            writes(&table, key, &[range.from(), range.to()]),
        ),
        ("points to be moved", whole(&table, selected, 5000)),
    ];
    for (title, slots, moments) in [
        ("a summary", None, false),
        ("a summary with moments", None, true),
        ("buckets of a fixed width", Some(["15m", "UTC"]), false),
        (
            "buckets of days, where clocks change",
            Some(["1d", "Europe/Zurich"]),
            true,
        ),
        ("buckets of months", Some(["1mo", "UTC"]), false),
    ] {
        let grid = |parts| serde_json::from_value::<Grid>(serde_json::json!(parts)).unwrap();
        let parts = Parts {
            moments,
            ..Parts::NONE
        };
        let request = Summarize {
            series: key,
            range,
            tombstones,
            slots: slots.map_or(Slots::Whole, |parts| Slots::Grid(grid(parts))),
            parts,
            limit: 1000,
        };
        for question in asked::questions(&table, selected, request) {
            all.push((title, question.sql(1000)));
        }
    }
    let named = |(title, sql): (&str, String)| (title.to_owned(), sql);
    all.into_iter().map(named).collect()
}

/// The queries as they were reviewed. To accept others, run this with
/// `TIDEMARK_ACCEPT=1`, and look at the difference.
#[test]
fn queries_are_those_that_were_reviewed() {
    let mut tombstones = Tombstones::none();
    for (from, to) in [("2023-02-03", "2023-02-04"), ("2024-01-01", "2024-01-02")] {
        let tombstone = Tombstone {
            range: TimeRange::new(at(from), at(to)).unwrap(),
            deleted_at: at("2023-02-05T06:07:08.000009Z"),
        };
        tombstones.insert(tombstone).unwrap();
    }
    let range = TimeRange::new(at("2023-02-01"), at("2023-05-15T12:00:00Z")).unwrap();
    let mut text = String::new();
    for (title, sql) in every_kind(&key("local", "sensor-1"), range, &tombstones) {
        write!(text, "-- {title}\n{sql};\n\n").unwrap();
    }
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/timestream/sql/reviewed.sql"
    );
    if std::env::var_os("TIDEMARK_ACCEPT").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(path).unwrap());
}

/// A query has 256 KiB.
#[test]
fn the_longest_queries_fit() {
    let mut tombstones = Tombstones::none();
    for i in 0..1000 {
        let time = |nanos| Timestamp::from_nanos(i64::MAX - 4 * i - nanos);
        let tombstone = Tombstone {
            range: TimeRange::new(time(1), time(0)).unwrap(),
            deleted_at: Timestamp::from_nanos(i64::MAX - i),
        };
        tombstones.insert(tombstone).unwrap();
    }
    let key = key(&"t".repeat(256), &"x".repeat(256));
    let mut longest = 0;
    for (_, sql) in every_kind(&key, TimeRange::ALL, &tombstones) {
        longest = longest.max(sql.len());
    }
    // Tombstones, and stretches of slots.
    assert!((150_000..250_000).contains(&longest), "{longest}");
    let times: Vec<Timestamp> = (0..1000)
        .map(|i| Timestamp::from_nanos(i64::MAX - i))
        .collect();
    assert!(writes(&table(), &key, &times).len() < 100_000);
}

#[test]
fn a_name_is_checked() {
    for (text, is_one) in [
        ("tidemark", true),
        ("a-b_c.1", true),
        ("ab", false),
        ("a\"b", false),
        ("a b", false),
        ("ä123", false),
        ("", false),
    ] {
        assert_eq!(text.parse::<Name>().is_ok(), is_one, "{text:?}");
    }
}

/// What others chose: names of tenants and series.
fn chosen() -> impl Strategy<Value = SeriesKey> {
    ("[A-Za-z0-9._:-]{1,40}", "[A-Za-z0-9._:-]{1,30}").prop_filter_map("names", |names| {
        Some(SeriesKey {
            tenant: Tenant::new(names.0).ok()?,
            name: SeriesName::new(names.1).ok()?,
        })
    })
}

/// Texts that mean something to SQL; no name can be like that.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,40}",
        "['\"\\\\;\u{2019}\u{ff07}-]{0,12}",
        Just("' OR '1'='1".to_owned()),
        Just("'; DROP TABLE x; --".to_owned()),
        Just("\\' OR 1=1 /*".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is chosen: outside literals and numbers the text is the same.
    /// The queries are written to a file too, for a parser of SQL to compare
    /// (`localstack/timestream/tests/test_structure.py`).
    #[test]
    fn no_name_changes_a_query(
        chosen in chosen(),
        hostile in hostile(),
        from in 0..i64::MAX / 2,
        length in 1..i64::MAX / 4,
        deleted in prop::collection::vec(0..9_i64, 0..4),
    ) {
        let time = Timestamp::from_nanos;
        let range = TimeRange::new(time(from), time(from + length)).unwrap();
        let mut tombstones = Tombstones::none();
        for part in deleted {
            let start = from + length / 9 * part;
            let range = TimeRange::new(time(start), time(start + length / 20)).unwrap();
            tombstones.insert(Tombstone { range, deleted_at: time(from) }).unwrap();
        }
        let mut queries: Vec<(String, String, String)> = every_kind(&chosen, range, &tombstones)
            .into_iter()
            .zip(every_kind(&key("t", "s"), range, &tombstones))
            .map(|((_, sql), (_, plain))| (series(&chosen), sql, plain))
            .collect();
        let literal = format!("SELECT {}", Literal(&hostile));
        queries.push((hostile, literal, "SELECT 't/s'".to_owned()));
        for (text, sql, plain) in queries {
            prop_assert_eq!(masked(&sql), masked(&plain));
            let line = serde_json::json!({"text": text, "sql": sql, "plain": plain});
            append(&format!("{line}\n"));
        }
    }
}

/// A query without what stands in its literals.
fn masked(sql: &str) -> String {
    let mut text = String::new();
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once('\'') {
        text.push_str(before);
        text.push('?');
        let mut end = after;
        loop {
            let (_, more) = end.split_once('\'').unwrap();
            end = more;
            match end.strip_prefix('\'') {
                Some(more) => end = more,
                None => break,
            }
        }
        rest = end;
    }
    text + rest
}

fn append(lines: &str) {
    use std::fs::{File, create_dir_all};
    use std::io::Write as _;
    use std::sync::{LazyLock, Mutex};
    // Of this run alone.
    static FILE: LazyLock<Mutex<File>> = LazyLock::new(|| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../target/timestream");
        create_dir_all(folder).unwrap();
        File::create(format!("{folder}/queries.jsonl"))
            .unwrap()
            .into()
    });
    FILE.lock().unwrap().write_all(lines.as_bytes()).unwrap();
}

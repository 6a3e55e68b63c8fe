use std::fmt::Write;

use proptest::prelude::*;
use tidemark_core::grid::Grid;
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_core::summary::Parts;
use tidemark_core::tombstone::Tombstone;
use tidemark_ports::{Slots, Summarize};

use super::super::{selection, summary as asked};
use super::*;

fn table() -> Table {
    Table {
        database: "tidemark".parse().unwrap(),
        name: "points".parse().unwrap(),
    }
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text, tidemark_core::zone::Zone::UTC).unwrap()
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
            writes(
                &table,
                &[series(key)].into(),
                &[range.from(), range.to()].into(),
            ),
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
        for question in asked::questions(&table, &[selected], request.slots, request.parts) {
            all.push((title, question.sql(1000)));
        }
    }
    let named = |(title, sql): (&str, String)| (title.to_owned(), sql);
    all.into_iter().map(named).collect()
}

/// Those about this series and another, with the same range and with others.
fn of_several(
    key: &SeriesKey,
    range: TimeRange,
    tombstones: &Tombstones,
) -> Vec<(&'static str, String)> {
    let (table, none) = (table(), Tombstones::none());
    let other = SeriesKey {
        tenant: key.tenant.clone(),
        name: SeriesName::new("sensor-2").unwrap(),
    };
    let later = TimeRange::new(range.from().plus(1), range.to()).unwrap();
    let one = selection(key, range, tombstones).unwrap();
    let same = selection(&other, range, &none).unwrap();
    let others = selection(&other, later, &none).unwrap();
    let plain = selection(key, range, &none).unwrap();
    let summary = |selected: &[Selection<'_>]| {
        let questions = asked::questions(&table, selected, Slots::Whole, Parts::NONE);
        questions[0].sql(1000)
    };
    vec![
        (
            "how much there is of several",
            extents(&table, &Selections(&[plain, same])),
        ),
        ("summaries of several", summary(&[one, same])),
        (
            "summaries of several, of other ranges",
            summary(&[one, others]),
        ),
    ]
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
    let key = key("local", "sensor-1");
    let several = of_several(&key, range, &tombstones);
    let several = several
        .into_iter()
        .map(|(title, sql)| (title.to_owned(), sql));
    for (title, sql) in every_kind(&key, range, &tombstones)
        .into_iter()
        .chain(several)
    {
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
    let times = (0..1000).map(|i| Timestamp::from_nanos(i64::MAX - i));
    let names = (0..300).map(|i| format!("{}{i:03}", &series(&key)[3..]));
    let writes = writes(&table(), &names.collect(), &times.collect());
    assert!(
        (150_000..250_000).contains(&writes.len()),
        "{}",
        writes.len()
    );
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

    /// Whatever is chosen: outside literals and numbers the text is the same. The
    /// same queries at other times and of other deletions differ in numbers alone,
    /// but for buckets, whose stretches are more or fewer. The queries are written to a file too, for a parser of SQL to compare
    /// (`localstack/timestream/tests/test_structure.py`).
    #[test]
    fn no_name_changes_a_query(
        chosen in chosen(),
        hostile in hostile(),
        from in 0..i64::MAX / 2,
        length in 1..i64::MAX / 4,
        deleted in prop::collection::vec(0..9_i64, 0..4),
        moved in 1..i64::MAX / 4,
        deleted_at: i64,
    ) {
        let time = Timestamp::from_nanos;
        let asked = |from: i64, deleted_at: i64, key: &SeriesKey| {
            let range = TimeRange::new(time(from), time(from + length)).unwrap();
            let mut tombstones = Tombstones::none();
            for part in &deleted {
                let start = from + length / 9 * part;
                let range = TimeRange::new(time(start), time(start + length / 20)).unwrap();
                let deleted_at = time(deleted_at);
                tombstones.insert(Tombstone { range, deleted_at }).unwrap();
            }
            every_kind(key, range, &tombstones)
        };
        let plain = key("t", "s");
        let queries = asked(from, from, &chosen).into_iter().zip(asked(from, from, &plain));
        for ((title, sql), (_, plain)) in queries {
            prop_assert_eq!(masked(&sql), masked(&plain), "{}", title);
            append(&serde_json::json!({"text": series(&chosen), "sql": sql, "plain": plain}));
        }
        let queries = asked(from, from, &plain).into_iter();
        for ((title, sql), (_, moved)) in queries.zip(asked(from + moved, deleted_at, &plain)) {
            if !title.starts_with("buckets") {
                prop_assert_eq!(without_numbers(&sql), without_numbers(&moved), "{}", title);
                append(&serde_json::json!({"sql": sql, "moved": moved}));
            }
        }
        let literal = format!("SELECT {}", Literal(&hostile));
        append(&serde_json::json!({"text": hostile, "sql": literal, "plain": "SELECT 't/s'"}));
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

/// A query without the digits of its numbers.
fn without_numbers(sql: &str) -> String {
    let is_number = |c: char| c.is_ascii_digit() || c == '-';
    let parts = sql.split(is_number).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("0")
}

fn append(line: &serde_json::Value) {
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
    writeln!(FILE.lock().unwrap(), "{line}").unwrap();
}

use proptest::prelude::*;
use serde_json::value::RawValue;
use tidemark_core::discard::Format;
use tidemark_core::time::Timestamp;

use super::*;
use crate::json::{plain, point};
use crate::reread;

/// A good point as the test knows it.
#[derive(Debug, Clone)]
struct Known {
    name: String,
    nanos: i64,
    value: f64,
    tags: Vec<String>,
}

fn known() -> impl Strategy<Value = Known> {
    let name = prop_oneof!["[a-c]", "[A-Za-z0-9_:-][A-Za-z0-9._:-]{0,20}"];
    let value = any::<u64>()
        .prop_map(f64::from_bits)
        .prop_filter("finite", |v| v.is_finite());
    let tags = prop::collection::btree_set("[a-zé\"\\\\,= ]{1,6}", 0..3);
    (name, any::<i64>(), value, tags).prop_map(|(name, nanos, value, tags)| Known {
        name,
        nanos,
        value,
        tags: tags.into_iter().collect(),
    })
}

impl Known {
    /// The time in one of the ways to write it.
    fn time(&self, way: u8) -> String {
        let text = Timestamp::from_nanos(self.nanos).to_string();
        let sign = if self.nanos < 0 { "-" } else { "" };
        let nanos = self.nanos.unsigned_abs();
        let number = format!(
            "{sign}{}.{:09}",
            nanos / 1_000_000_000,
            nanos % 1_000_000_000
        );
        match way % 3 {
            0 => number,
            1 => format!("\"{text}\""),
            _ => format!("\"{number}\""),
        }
    }

    fn json(&self, way: u8) -> String {
        let name = serde_json::to_string(&self.name).unwrap();
        let (time, value) = (self.time(way), format!("{:e}", self.value));
        let tags = serde_json::to_string(&self.tags).unwrap();
        match way / 3 % 4 {
            0 if self.tags.is_empty() => format!(r#"{{"name":{name},"t":{time},"v":{value}}}"#),
            1 if self.tags.is_empty() => {
                format!("{{ \"name\" :\t{name} , \"t\": {time},\"v\" :{value} }}")
            }
            2 => format!(r#"{{"tags":{tags},"v":{value},"t":{time},"name":{name}}}"#),
            _ => format!(r#"{{"name": {name}, "t": {time}, "v": {value}, "tags": {tags}}}"#),
        }
    }

    fn csv(&self, way: u8) -> String {
        let tags = self.tags.join(";");
        let time = self.time(way);
        let time = time.trim_matches('"');
        let quoted = tags.contains(['"', ',']) || way > 100;
        let tags = if quoted {
            format!("\"{}\"", tags.replace('"', "\"\""))
        } else {
            tags
        };
        format!("{},{time},{},{tags}", self.name, self.value)
    }
}

/// Values compared bit for bit.
fn bits(series: &[SeriesPoints]) -> Vec<(u32, String, i64, u64, Vec<String>)> {
    rows(series)
        .into_iter()
        .map(|(index, name, time, value, tags)| (index, name, time, value.to_bits(), tags))
        .collect()
}

/// Elements that are JSON and no points.
fn wrong() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("null".to_owned()),
        Just("[[{}]]".to_owned()),
        Just(r#"{"name":"a","t":1}"#.to_owned()),
        Just(r#"{"name":"a","t":1,"v":1e999}"#.to_owned()),
        Just(r#"{"name":"..","t":1,"v":1}"#.to_owned()),
        Just(r#"{"name":"a","t":"","v":1}"#.to_owned()),
        Just(r#"{"name":"a","t":1,"v":1,"t":1}"#.to_owned()),
        "[a-z]{5,9}".prop_map(|key| format!(r#"{{"name":"a","t":1,"v":1,"{key}":[1,{{}}]}}"#)),
        any::<f64>().prop_map(|v| serde_json::json!(v).to_string()),
    ]
}

/// What is like a body, and perhaps broken.
fn nearly() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{\"name\":\"a\",\"t\":1,\"v\":2}".to_owned()),
        Just(
            "{\"measurement\":\"e\",\"timestamp\":1,\"tags\":{\"muid\":\"m\"},\"x\":1}".to_owned()
        ),
        Just("{\"data\":[".to_owned()),
        Just("name,t,v\n".to_owned()),
        Just("\"\\ud800\"".to_owned()),
        "[\\[\\]{}:,\"\\\\ \n\r\t0-9.eE+-]{1,4}",
        "(\"name\"|\"t\"|\"v\"|\"tags\"|true|null|NaN|a|é|\u{feff})",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// What the short way must leave to the long one, because it is broken, wrong, or
/// in another form.
#[test]
fn the_short_way_is_narrow() {
    let taken = |name: &str, t: &str, v: &str| {
        let text = format!(r#"{{"name":{name},"t":{t},"v":{v}}}"#);
        plain::point(&text).is_some_and(|(_, length)| length == text.len())
    };
    for number in ["0", "-0", "0.5", "10", "-1.25e+2", "1E-2", "1e0"] {
        assert!(taken("\"a\"", number, number), "{number}");
    }
    for number in [
        "", "-", "01", "-01", "00", "1.", ".5", "1e", "1e+", "+1", "--1", "1 2", "0x1", "NaN",
        "inf", "1_0", "1e400", "null", "\"x\"",
    ] {
        assert!(!taken("\"a\"", "1", number), "{number}");
        assert!(!taken("\"a\"", number, "1"), "{number}");
    }
    for name in [
        "\"a\nb\"",
        "\"a\u{1}\"",
        r#""\u0061""#,
        r#""a\""#,
        "\"a",
        "1",
        "a",
    ] {
        assert!(!taken(name, "1", "1"), "{name}");
    }
}

proptest! {
    #[test]
    fn every_form_of_a_batch_reads_the_same(
        batch in prop::collection::vec((known(), any::<u8>()), 1..40),
        comma: bool,
    ) {
        let expected: Vec<_> = (0u32..)
            .zip(&batch)
            .map(|(index, (p, _))| {
                (index, p.name.clone(), p.nanos, p.value.to_bits(), p.tags.clone())
            })
            .collect();
        let items: Vec<String> = batch.iter().map(|(p, way)| p.json(*way)).collect();
        let end = if comma { ",\n]" } else { "]" };
        let json = points(JSON, format!("[{}{end}", items.join(",\n"))).unwrap();
        prop_assert_eq!(bits(&json.series), &expected[..]);
        prop_assert_eq!((json.accepted, json.rejected), (batch.len(), 0));
        let mut order: Vec<&str> = Vec::new();
        for (point, _) in &batch {
            if !order.contains(&point.name.as_str()) {
                order.push(&point.name);
            }
        }
        let names: Vec<&str> = json.series.iter().map(|s| s.name.as_str()).collect();
        prop_assert_eq!(names, order);

        prop_assert_eq!(&points(NDJSON, items.join("\n")).unwrap(), &json);
        let table: Vec<String> = batch.iter().map(|(p, way)| p.csv(*way)).collect();
        let table = format!("name,t,v,tags\n{}", table.join("\n"));
        prop_assert_eq!(&points(CSV, table).unwrap(), &json);

        for ((point, way), row) in batch.iter().zip(expected) {
            for (format, payload) in [
                (Format::Point, point.json(*way)),
                (Format::Csv, point.csv(*way)),
            ] {
                let again = reread(format, payload.as_bytes(), None).unwrap();
                prop_assert_eq!(again.len(), 1);
                prop_assert_eq!(again[0].series.as_str(), &row.1);
                prop_assert_eq!(again[0].time.nanos(), row.2);
                prop_assert_eq!(again[0].value.get().to_bits(), row.3);
            }
        }
    }

    #[test]
    fn one_wrong_element_is_rejected_alone(
        batch in prop::collection::vec((known(), any::<u8>()), 1..20),
        at: prop::sample::Index,
        wrong in wrong(),
    ) {
        let mut items: Vec<String> = batch.iter().map(|(p, way)| p.json(*way)).collect();
        let at = at.index(items.len() + 1);
        let whole = points(JSON, format!("[{}]", items.join(","))).unwrap();
        items.insert(at, wrong.clone());
        let parsed = points(JSON, format!("[{}]", items.join(","))).unwrap();
        prop_assert_eq!((parsed.accepted, parsed.rejected), (batch.len(), 1));
        prop_assert_eq!(parsed.rejects[0].index as usize, at);
        prop_assert_eq!(parsed.rejects[0].payload.whole(), Some(wrong.as_bytes()));
        let prefix = format!("/{at}");
        prop_assert!(!parsed.errors.is_empty());
        prop_assert!(parsed.errors.iter().all(|e| e.pointer.starts_with(&prefix)));
        let shifted: Vec<_> = bits(&whole.series)
            .into_iter()
            .map(|(i, n, t, v, tags)| (i + u32::from(i as usize >= at), n, t, v, tags))
            .collect();
        prop_assert_eq!(bits(&parsed.series), shifted);
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes: Vec<u8>, near in nearly()) {
        for body in [&bytes[..], near.as_bytes()] {
            for syntax in SYNTAXES {
                let _ = points(syntax, body);
            }
            let _ = meters(body);
            for format in [Format::Point, Format::Csv, Format::Meter, Format::Message] {
                let _ = reread(format, body, None);
            }
        }
    }

    /// Accepted, refused, and refused where: as by `serde_json`, which reads the
    /// array at once, but for the comma before the closing bracket.
    #[test]
    fn syntax_is_that_of_serde_json(near in nearly()) {
        let body = format!("[{near}");
        match (points(JSON, &body), serde_json::from_str::<Vec<&RawValue>>(&body)) {
            (Err(ReadError::Empty), Ok(items)) => prop_assert!(items.is_empty()),
            (Ok(parsed), Ok(items)) => {
                prop_assert_eq!(parsed.accepted + parsed.rejected, items.len());
            }
            (Err(ReadError::Syntax { line, column, detail }), Err(error)) => {
                let text = error.to_string();
                if !text.starts_with("trailing comma") {
                    prop_assert_eq!(format!("{detail} at line {line} column {column}"), text);
                }
            }
            (Ok(_), Err(error)) => {
                prop_assert!(error.to_string().starts_with("trailing comma"), "{}", error);
            }
            (other, _) => prop_assert!(false, "{:?}", other),
        }
    }

    /// The short way and the long way agree wherever the short one is taken.
    #[test]
    fn the_short_way_is_right(point in known(), way: u8, near in nearly()) {
        let text = point.json(way);
        for text in [text.clone(), format!("{text}{near}"), near] {
            if let Some((plain, length)) = plain::point(&text) {
                let item: &RawValue = serde_json::from_str(&text[..length]).unwrap();
                let long = point::read(item.get());
                prop_assert!(long.faults.is_empty());
                prop_assert_eq!(long.name.as_deref(), Some(plain.name));
                prop_assert_eq!(long.time, Some(plain.time));
                prop_assert_eq!(
                    long.value.map(|v| v.get().to_bits()),
                    Some(plain.value.get().to_bits())
                );
                prop_assert!(long.tags.is_empty());
            }
        }
    }

    /// Points with one byte changed: never a panic, and the short way never
    /// takes what is not JSON.
    #[test]
    fn the_short_way_is_strict(point in known(), at: prop::sample::Index, byte in " -~") {
        let mut text = Known { tags: vec![], ..point }.json(0).into_bytes();
        let at = at.index(text.len());
        text[at] = byte.as_bytes()[0];
        let text = String::from_utf8(text).unwrap();
        if let Some((_, length)) = plain::point(&text) {
            prop_assert!(serde_json::from_str::<&RawValue>(&text[..length]).is_ok(), "{}", text);
            prop_assert!(point::read(&text[..length]).faults.is_empty());
        }
    }
}

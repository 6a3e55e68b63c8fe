use tidemark_core::discard::Format;

use super::*;
use crate::{ReadPoint, reread};

/// In the form of the customer's sample, with its comma at the end.
const SAMPLE: &str = r#"[
    { "name": "north", "t": 13515551, "v": 1.1 },
    { "name": "north", "t": 13515552, "v": 2.4 },
    { "name": "south", "t": "1970-06-06T10:19:14Z", "v": 1.5, "tags": ["night", "a"] },
    { "name": "north", "t": "13515553.25", "v": -3e-1 },
]
"#;

#[test]
fn points_are_grouped_by_series_in_order() {
    let parsed = points(JSON, SAMPLE).unwrap();
    assert_eq!((parsed.accepted, parsed.rejected), (4, 0));
    assert!(parsed.errors.is_empty() && parsed.rejects.is_empty());
    let names: Vec<&str> = parsed.series.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["north", "south"]);
    assert_eq!(parsed.series[0].index, [0, 1, 3]);
    assert_eq!(parsed.series[1].index, [2]);
    assert!(parsed.series[0].tags.is_empty());
    let second = 1_000_000_000;
    let none = Vec::new;
    assert_eq!(
        rows(&parsed.series),
        [
            (0, "north".into(), 13_515_551 * second, 1.1, none()),
            (1, "north".into(), 13_515_552 * second, 2.4, none()),
            (
                2,
                "south".into(),
                13_515_554 * second,
                1.5,
                vec!["a".into(), "night".into()]
            ),
            (3, "north".into(), 13_515_553_250_000_000, -0.3, none()),
        ]
    );
}

#[test]
fn all_forms_say_the_same() {
    let ndjson = "{\"name\":\"a\",\"t\":1,\"v\":2}\r\n\n  \n{\"v\":-0.5, \"tags\":[\"x\",\"y\"], \"t\":\"2023-02-01\", \"name\":\"b\"}";
    let csv = "name,t,v,tags\r\na,1,2,\r\n\r\n\"b\",2023-02-01T00:00:00Z,\"-0.5\",\"y;x\"\r\n";
    let json = r#"[{"name":"a","t":1.0,"v":2e0},
        {"n\u0061me":"\u0062","t":1675209600,"v":-5e-1,"tags":["y","x"]}]"#;
    let expected = points(JSON, json).unwrap();
    assert_eq!(expected.accepted, 2);
    assert_eq!(points(NDJSON, ndjson).unwrap(), expected);
    assert_eq!(points(CSV, csv).unwrap(), expected);
    assert_eq!(points(CSV, format!("\u{feff}{csv}")).unwrap(), expected);
}

/// Some programs begin UTF-8 with a mark, which is no part of the text.
#[test]
fn a_byte_order_mark_is_skipped() {
    for (syntax, body) in [
        (JSON, SAMPLE),
        (NDJSON, "{\"name\":\"a\",\"t\":1,\"v\":2}\n7\n"),
        (CSV, "\"name\",t,v\na,1,2\nb,1,x\n"),
    ] {
        let expected = points(syntax, body);
        assert!(expected.is_ok());
        assert_eq!(points(syntax, format!("\u{feff}{body}")), expected);
        assert_eq!(points(syntax, "\u{feff}"), Err(ReadError::Empty));
        // One mark, and only there.
        assert!(points(syntax, format!("\u{feff}\u{feff}{body}")).is_err());
        assert!(points(syntax, format!("\n\u{feff}{body}")).is_err());
    }
    let row = r#"{"measurement":"e","timestamp":"1","tags":{"muid":"m"},"x":1}"#;
    for body in [format!("{{\"data\":[{row}]}}"), format!("[{row}]")] {
        assert_eq!(meters(format!("\u{feff}{body}")), meters(body));
    }
    assert_eq!(meters("\u{feff}"), Err(ReadError::Empty));
    // It shifts no position.
    assert_eq!(syntax("\u{feff}[1 2]").0, 1);
    assert_eq!(syntax("\u{feff}[1 2]"), syntax("[1 2]"));
}

#[test]
fn a_comma_is_tolerated_before_the_closing_bracket_only() {
    for good in [
        r#"[{"name":"a","t":1,"v":2},]"#,
        "[{\"name\":\"a\",\"t\":1,\"v\":2}\n,\n]\n",
    ] {
        assert_eq!(points(JSON, good).unwrap().accepted, 1, "{good}");
    }
    assert_eq!(syntax("[,]"), (1, 2, "expected value".into()));
    assert_eq!(syntax("[1,,]"), (1, 4, "expected value".into()));
    assert_eq!(
        syntax(r#"[{"name":"a","t":1,"v":2,},]"#),
        (1, 26, "key must be a string".into())
    );
    assert_eq!(
        syntax(r#"[{"name":"a","t":1,"v":2,"tags":["x",]}]"#),
        (1, 38, "expected value".into())
    );
    // It shifts no position.
    assert_eq!(syntax("[1,\n],"), (2, 2, "trailing characters".into()));
}

#[test]
fn values_round_correctly() {
    // Half way between two floats, and just above it.
    let body = r#"[{"name":"a","t":1,"v":9007199254740993},
        {"name":"a","t":2,"v":9007199254740993.0000000000000000000000000000001},
        {"name":"a","t":3,"v":5e-324}, {"name":"a","t":4,"v":1e-400}, {"name":"a","t":5,"v":-0}]"#;
    let parsed = points(JSON, body).unwrap();
    let values: Vec<u64> = parsed.series[0]
        .values
        .iter()
        .map(|v| v.get().to_bits())
        .collect();
    let expected = [
        9_007_199_254_740_992.0,
        9_007_199_254_740_994.0,
        5e-324,
        0.0,
        -0.0f64,
    ];
    assert_eq!(values, expected.map(f64::to_bits));
}

#[test]
fn the_same_point_twice_keeps_both_in_order() {
    let body = r#"[{"name":"a","t":1,"v":1},{"name":"b","t":1,"v":5},{"name":"a","t":1,"v":2}]"#;
    let parsed = points(JSON, body).unwrap();
    assert_eq!(parsed.accepted, 3);
    assert_eq!(parsed.series[0].index, [0, 2]);
    assert_eq!(parsed.series[0].times[0], parsed.series[0].times[1]);
}

#[test]
fn sixty_thousand_points_in_one_body() {
    let items: Vec<String> = (0..60_000)
        .map(|i| format!(r#"{{"name":"s{}","t":{i},"v":{i}.5}}"#, i % 700))
        .collect();
    let parsed = points(JSON, format!("[{}]", items.join(","))).unwrap();
    assert_eq!((parsed.accepted, parsed.series.len()), (60_000, 700));
    let rows = rows(&parsed.series);
    assert!((0..60_000u32).zip(&rows).all(|(i, row)| row.0 == i
        && row.1 == format!("s{}", i % 700)
        && row.2 == i64::from(i) * 1_000_000_000
        && row.3 == f64::from(i) + 0.5));
}

#[test]
fn a_payload_is_read_again() {
    let parsed = points(
        JSON,
        r#"[{"name":"a","t":1,"v":1e400}, {"name":"a","t":1,"v":2,"tags":["x"]}]"#,
    )
    .unwrap();
    let reject = &parsed.rejects[0];
    let again = reread(reject.format, reject.payload.bytes(), None).unwrap_err();
    assert_eq!(
        again
            .iter()
            .map(|e| (&*e.pointer, e.reason.as_str()))
            .collect::<Vec<_>>(),
        [("/v", "not_finite")]
    );
    let good = [
        (Format::Point, r#"{"name":"a","t":1,"v":2,"tags":["x"]}"#),
        (Format::Csv, "a,1,2,x"),
        (Format::Csv, "\"a\",1,2,\"x\""),
    ];
    for (format, payload) in good {
        let expected = ReadPoint {
            series: parsed.series[0].name.clone(),
            time: parsed.series[0].times[0],
            value: parsed.series[0].values[0],
            tags: parsed.series[0].tags[0].clone(),
        };
        assert_eq!(reread(format, payload.as_bytes(), None), Ok(vec![expected]));
    }
    assert!(reread(Format::Csv, b"a,1,2", None).is_ok());
    for (format, payload) in [
        (Format::Point, &b"{\"name\":"[..]),
        (Format::Point, b"{} {}"),
        (Format::Point, b"\xff"),
        (Format::Csv, b"a,1"),
        (Format::Csv, b"/,1,2"),
        (Format::Message, b"{}"),
    ] {
        assert!(reread(format, payload, None).is_err(), "{payload:?}");
    }
}

use tidemark_core::discard::{Format, Reason};
use tidemark_core::name::SeriesName;
use tidemark_core::point::Value;
use tidemark_core::time::Timestamp;

use super::*;

/// One wrong element between two good ones: it alone is rejected, and its
/// faults are these.
#[track_caller]
fn rejected(element: &str, expected: &[(&str, &str, &str)]) {
    let good = r#"{"name":"a","t":1,"v":2}"#;
    for (media, body, at) in [
        (JSON, format!("[{good}, {element} ,{good}]"), 1),
        (NDJSON, format!("{good}\n\n {element} \n{good}\n"), 3),
    ] {
        let parsed = points(media, body).unwrap();
        assert_eq!((parsed.accepted, parsed.rejected), (2, 1), "{element}");
        assert_eq!(parsed.series.len(), 1);
        assert_eq!(parsed.series[0].index, [0, 2]);
        let expected: Vec<_> = expected
            .iter()
            .map(|(place, reason, detail)| (format!("/{at}{place}"), *reason, *detail))
            .collect();
        let expected: Vec<_> = expected.iter().map(|e| (e.0.as_str(), e.1, e.2)).collect();
        assert_eq!(errors(&parsed), expected);
        let reject = &parsed.rejects[0];
        assert_eq!(reject.index, 1);
        assert_eq!(reject.format, Format::Point);
        assert_eq!(reject.payload.whole(), Some(element.as_bytes()));
        let mut reasons: Vec<Reason> = parsed.errors.iter().map(|e| e.reason).collect();
        reasons.sort();
        reasons.dedup();
        assert_eq!(reject.reasons, reasons);
        let details: Vec<&str> = parsed.errors.iter().map(|e| e.detail.as_str()).collect();
        assert_eq!(reject.detail, details.join("; "));
    }
}

#[test]
fn values() {
    let beyond = "`v` is beyond what a 64-bit float can hold";
    rejected(
        r#"{"name":"a","t":1,"v":1e400}"#,
        &[("/v", "not_finite", beyond)],
    );
    rejected(
        r#"{"name":"a","t":1,"v":-1e309}"#,
        &[("/v", "not_finite", beyond)],
    );
    for (value, kind) in [
        (r#""1.5""#, "a string"),
        (r#""NaN""#, "a string"),
        ("null", "null"),
        ("true", "a boolean"),
        ("[1]", "an array"),
        ("{}", "an object"),
    ] {
        let detail = format!("`v` is to be a number, not {kind}");
        rejected(
            &format!(r#"{{"name":"a","t":1,"v":{value}}}"#),
            &[("/v", "malformed", &detail)],
        );
    }
}

#[test]
fn times() {
    let out =
        "`t`: the time is outside 1677-09-21T00:12:43.145224192Z to 2262-04-11T23:47:16.854775807Z";
    for time in [
        "9223372036.854775808",
        "-9223372036.854775809",
        "1e400",
        "1e99999999999",
        "9223372036854775808000",
        r#""9223372037""#,
        r#""2263-01-01T00:00:00Z""#,
        r#""1500-01-01""#,
    ] {
        rejected(
            &format!(r#"{{"name":"a","t":{time},"v":1}}"#),
            &[("/t", "out_of_range", out)],
        );
    }
    let wrong = "`t`: not a time: write epoch seconds, RFC 3339 with an offset, or a date";
    for time in [
        r#""""#,
        r#""now""#,
        r#""2023-02-30""#,
        r#""2023-02-01T00:00:00""#,
    ] {
        rejected(
            &format!(r#"{{"name":"a","t":{time},"v":1}}"#),
            &[("/t", "malformed", wrong)],
        );
    }
    rejected(
        r#"{"name":"a","t":null,"v":1}"#,
        &[(
            "/t",
            "malformed",
            "`t` is to be a number or a string, not null",
        )],
    );
    let last = r#"[{"name":"a","t":9223372036.854775807,"v":1}]"#;
    assert_eq!(points(JSON, last).unwrap().accepted, 1);
}

#[test]
fn names() {
    let long = "x".repeat(257);
    for (name, detail) in [
        ("", "`name`: a name must not be empty"),
        ("..", "`name`: `.` and `..` are not names"),
        (
            &long,
            "`name`: a name has at most 256 bytes, this one has 257",
        ),
        (
            "a/b",
            "`name`: a name consists of ASCII letters, digits and . _ : - only; byte 1 is something else",
        ),
    ] {
        rejected(
            &format!(r#"{{"name":"{name}","t":1,"v":1}}"#),
            &[("/name", "malformed", detail)],
        );
    }
    rejected(
        r#"{"name":7,"t":1,"v":1}"#,
        &[(
            "/name",
            "malformed",
            "`name` is to be a string, not a number",
        )],
    );
    rejected(
        r#"{"name":"\ud800","t":1,"v":1}"#,
        &[(
            "/name",
            "malformed",
            "`name` holds an escape that is no character",
        )],
    );
    rejected(
        r#"{"name":"a","t":1,"v":1,"\ud800":1}"#,
        &[(
            "",
            "malformed",
            "a key holds an escape that is no character",
        )],
    );
    let longest = format!(r#"[{{"name":"{}","t":1,"v":1}}]"#, &long[1..]);
    assert_eq!(points(JSON, longest).unwrap().accepted, 1);
}

#[test]
fn tags() {
    let wrong = "`tags` is to be an array of at most 256 strings";
    for (tags, detail) in [
        (
            r#""x""#,
            "`tags` is to be an array of strings, not a string",
        ),
        ("null", "`tags` is to be an array of strings, not null"),
        ("[1]", wrong),
        (r#"["x", null]"#, wrong),
        (
            r#"["a;b"]"#,
            "`tags`: a tag holds no control character and no `;`",
        ),
        (
            r#"[""]"#,
            "`tags`: a tag has 1 to 128 bytes, one of these has 0",
        ),
    ] {
        rejected(
            &format!(r#"{{"name":"a","t":1,"v":1,"tags":{tags}}}"#),
            &[("/tags", "malformed", detail)],
        );
    }
    let many = vec!["\"x\""; 257].join(",");
    rejected(
        &format!(r#"{{"name":"a","t":1,"v":1,"tags":[{many}]}}"#),
        &[("/tags", "malformed", wrong)],
    );
}

#[test]
fn fields() {
    rejected(
        r#"{"name":"a","t":1}"#,
        &[("", "malformed", "`v` is missing")],
    );
    rejected(
        "{}",
        &[
            ("", "malformed", "`name` is missing"),
            ("", "malformed", "`t` is missing"),
            ("", "malformed", "`v` is missing"),
        ],
    );
    rejected(
        r#"{"name":"a","t":1,"v":2,"a/~b":3}"#,
        &[("/a~1~0b", "malformed", "`a/~b` is not a field of a point")],
    );
    rejected(
        r#"{"name":"a","v":1,"t":1,"v":2}"#,
        &[("/v", "malformed", "`v` stands twice")],
    );
    rejected(
        &format!(r#"{{"name":"a","t":1,"v":2,"{}":3}}"#, "k".repeat(65)),
        &[(
            "",
            "malformed",
            "a field whose name has 65 bytes is not a field of a point",
        )],
    );
    let object = r#"a point is to be an object: {"name": ..., "t": ..., "v": ...}"#;
    for element in ["1", "null", "\"a\"", "[]", r#"[{"name":"a","t":1,"v":2}]"#] {
        rejected(element, &[("", "malformed", object)]);
    }
}

#[test]
fn every_fault_is_told_and_what_could_be_read_is_kept() {
    let element = r#"{"name":"","t":1e300,"v":1e400,"x":0}"#;
    let parsed = points(JSON, format!("[{element}]")).unwrap();
    let places: Vec<_> = errors(&parsed).iter().map(|e| (e.0, e.1)).collect();
    assert_eq!(
        places,
        [
            ("/0/name", "malformed"),
            ("/0/t", "out_of_range"),
            ("/0/v", "not_finite"),
            ("/0/x", "malformed")
        ]
    );
    let reject = &parsed.rejects[0];
    assert_eq!(
        reject.reasons,
        [Reason::Malformed, Reason::NotFinite, Reason::OutOfRange]
    );
    assert_eq!(
        (&reject.series, reject.time, reject.value),
        (&None, None, None)
    );

    let parsed = points(JSON, r#"[{"name":"a","t":1,"v":2,"x":0}]"#).unwrap();
    let reject = &parsed.rejects[0];
    assert_eq!(reject.series.as_ref().map(SeriesName::as_str), Some("a"));
    assert_eq!(reject.time.map(Timestamp::nanos), Some(1_000_000_000));
    assert_eq!(reject.value.map(Value::get), Some(2.0));
    // A series that has no good point does not exist.
    assert!(parsed.series.is_empty());
}

#[test]
fn broken_json_has_line_and_column() {
    let at = |line, column, detail: &str| (line, column, detail.to_owned());
    assert_eq!(
        syntax("[{\"name\": \"a\", \"t\": 1, \"v\": NaN}]"),
        at(1, 29, "expected value")
    );
    assert_eq!(syntax("[Infinity]"), at(1, 2, "expected value"));
    assert_eq!(syntax("[-Infinity]"), at(1, 3, "invalid number"));
    assert_eq!(syntax("[01]"), at(1, 3, "invalid number"));
    assert_eq!(
        syntax("[\n  {\"name\": \"a\", \"t\": 1, \"v\": 2},\n  {\"name\": \"a\" \"t\": 1}\n]"),
        at(3, 16, "expected `,` or `}`")
    );
    assert_eq!(syntax("[1\n 2]"), at(2, 2, "expected `,` or `]`"));
    assert_eq!(syntax("[1,\n"), at(2, 0, "EOF while parsing a value"));
    assert_eq!(syntax("["), at(1, 1, "EOF while parsing a list"));
    assert_eq!(syntax("[1"), at(1, 2, "EOF while parsing a list"));
    assert_eq!(syntax("[1] x"), at(1, 5, "trailing characters"));
    assert_eq!(
        syntax("{\"name\": 1"),
        at(1, 10, "EOF while parsing an object")
    );
    assert_eq!(
        syntax("[\"a\nb\"]").2,
        "control character (\\u0000-\\u001F) found while parsing a string"
    );
    assert_eq!(syntax("hello"), at(1, 1, "expected value"));
    assert_eq!(
        points(JSON, "[NaN]").unwrap_err().to_string(),
        "expected value at line 1 column 2"
    );
}

#[test]
fn a_broken_line_refuses_the_body() {
    let good = r#"{"name":"a","t":1,"v":2}"#;
    for (line, column, detail) in [
        ("{\"name\":\"a\",", 12, "EOF while parsing an object"),
        ("NaN", 1, "expected value"),
        ("{} {}", 4, "trailing characters"),
        ("{},", 3, "trailing characters"),
    ] {
        // As many bytes follow as would make it whole.
        let error = points(NDJSON, format!("{good}\n\n{line}\n\"t\":1,\"v\":2}}\n")).unwrap_err();
        assert_eq!(
            error,
            ReadError::Syntax {
                line: 3,
                column,
                detail: detail.to_owned()
            }
        );
        assert_eq!(error.position(), Some((3, column)));
    }
}

#[test]
fn there_must_be_points_in_an_array() {
    for (media, body) in [
        (JSON, ""),
        (JSON, " \n"),
        (JSON, "[]"),
        (JSON, " [ ] "),
        (NDJSON, ""),
        (NDJSON, "\n\r\n"),
        (CSV, ""),
        (CSV, "name,t,v\n"),
        (CSV, "\r\nname,t,v\r\n\r\n"),
    ] {
        let error = points(media, body).unwrap_err();
        assert_eq!(error, ReadError::Empty, "{body:?}");
        assert_eq!(error.to_string(), "the body holds no points");
    }
    for body in [r#"{"name":"a","t":1,"v":2}"#, "null", "1", "\"[]\""] {
        assert_eq!(
            points(JSON, body).unwrap_err().to_string(),
            r#"the body is to be an array of points: [{"name": ..., "t": ..., "v": ...}]"#
        );
    }
}

#[test]
fn invalid_utf_8_has_line_and_column() {
    for (syntax, body) in [
        (JSON, &b"[1,\n\"\xc3\xa9\xff\"]"[..]),
        (NDJSON, b"1\n\"\xc3\xa9\xff\""),
        (CSV, b"name,t,v\n\"\xc3\xa9\xff\""),
    ] {
        let error = points(syntax, body).unwrap_err();
        assert_eq!(error, ReadError::Utf8 { line: 2, column: 4 });
        assert_eq!(
            error.to_string(),
            "the body is not UTF-8 at line 2 column 4"
        );
    }
}

/// Of several things that are wrong the first is told.
#[test]
fn the_first_error_is_told() {
    assert_eq!(
        syntax(b"[1 2, \"\xff\"]"),
        (1, 4, "expected `,` or `]`".into())
    );
    assert_eq!(
        points(JSON, b"[1, \xff, 1 2]"),
        Err(ReadError::Utf8 { line: 1, column: 5 })
    );
    assert_eq!(
        points(NDJSON, b"1 2\n\xff").unwrap_err().position(),
        Some((1, 3))
    );
    assert!(matches!(
        points(CSV, b"t,v\n\xff"),
        Err(ReadError::Shape { .. })
    ));
}

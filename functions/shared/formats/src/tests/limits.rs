use super::*;
use crate::body::{BodyErrorKind, MAX_LISTED};

/// Neither the stack nor quadratic time would survive this.
#[test]
fn brackets_nested_deep() {
    let depth = 100_000;
    let (open, close) = ("[".repeat(depth), "]".repeat(depth));
    assert_eq!(
        syntax(&open),
        (1, depth, "EOF while parsing a list".to_owned())
    );
    let parsed = points(JSON, format!("{open}{close}")).unwrap();
    assert_eq!((parsed.accepted, parsed.rejected), (0, 1));
    let objects = "{\"a\":".repeat(depth);
    assert_eq!(syntax(format!("[{objects}")).2, "EOF while parsing a value");
    for field in ["name", "t", "v", "tags", "other"] {
        let body = format!(r#"[{{"name":"a","t":1,"v":2,"{field}":{open}{close}}}]"#);
        let parsed = points(JSON, &body).unwrap();
        assert_eq!(parsed.rejected, 1, "{field}");
        let payload = &parsed.rejects[0].payload;
        assert_eq!(
            payload.cut().map(|cut| cut.length),
            Some(body.len() as u64 - 2)
        );
        assert_eq!(meters(body).unwrap().rejected, 1, "{field}");
    }
    assert!(matches!(
        meters(format!("{{\"data\":{open}")),
        Err(BodyError::Syntax { .. })
    ));
}

#[test]
fn of_many_errors_the_first_are_listed() {
    let parsed = points(JSON, format!("[{}]", vec!["{}"; 1000].join(","))).unwrap();
    assert_eq!((parsed.accepted, parsed.rejected), (0, 1000));
    assert_eq!(parsed.errors.len(), MAX_LISTED);
    assert_eq!(parsed.rejects[999].index, 999);
    // Of one element no more than a few.
    let fields: Vec<String> = (0..1000).map(|i| format!("\"f{i}\":0")).collect();
    let parsed = points(JSON, format!("[{{{}}}]", fields.join(","))).unwrap();
    assert_eq!(parsed.errors.len(), 16);
}

#[test]
fn memory_is_bounded() {
    let limits = Limits {
        memory: 100_000,
        ..Limits::default()
    };
    let tagged = r#"{"name":"a","t":1,"v":1,"tags":["a","b","c","d","e","f","g","h"]}"#;
    let named: Vec<String> = (0..1000)
        .map(|i| format!(r#"{{"name":"{i}","t":1,"v":1}}"#))
        .collect();
    for body in [
        vec!["1"; 1000].join(","),
        vec![tagged; 1000].join(","),
        named.join(","),
    ] {
        let error =
            read_points(&headers(JSON), format!("[{body}]").as_bytes(), limits).unwrap_err();
        assert!(matches!(error, BodyError::TooMuch { limit: 100_000, .. }));
        assert_eq!(error.kind(), BodyErrorKind::TooLarge);
    }
    let tags: Vec<String> = (0..15)
        .map(|i| format!("\"{i}\":\"{}\"", "x".repeat(100)))
        .collect();
    let values: Vec<String> = (0..1000).map(|i| format!("\"{i}\":1")).collect();
    let row = format!(
        r#"[{{"measurement":"m","timestamp":1,"tags":{{"muid":"a",{}}},{}}}]"#,
        tags.join(","),
        values.join(",")
    );
    let error = read_measurements(&headers(JSON), row.as_bytes(), limits).unwrap_err();
    assert!(matches!(error, BodyError::TooMuch { .. }));
}

use super::*;
use crate::{MAX_ITEM, MAX_LISTED};

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
        Err(ReadError::Syntax { .. })
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
    const LIMIT: usize = 100_000;
    let tagged = r#"{"name":"a","t":1,"v":1,"tags":["a","b","c","d","e","f","g","h"]}"#;
    let named: Vec<String> = (0..1000)
        .map(|i| format!(r#"{{"name":"{i}","t":1,"v":1}}"#))
        .collect();
    for body in [
        vec!["1"; 1000].join(","),
        vec![tagged; 1000].join(","),
        named.join(","),
    ] {
        let body = format!("[{body}]");
        let error = read(Reader::points(JSON), body.as_bytes(), LIMIT).unwrap_err();
        assert!(matches!(error, ReadError::TooMuch { limit: LIMIT, .. }));
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
    let error = read(Reader::measurements(), row.as_bytes(), LIMIT).unwrap_err();
    assert!(matches!(error, ReadError::TooMuch { .. }));
}

/// Feeds 100 MB of small items, and nothing stays of them but what was read.
#[test]
fn what_is_kept_of_a_stream_does_not_grow() {
    const PIECE: usize = 60_000;
    let item = r#"{"name":"a","t":1,"v":2.5,"tags":["x"]}"#;
    let row = r#"{"measurement":"m","timestamp":"1","tags":{"muid":"a"},"x":1}"#;
    for (mut reader, head, item) in [
        (Reader::points(JSON), "[", format!("{item},")),
        (Reader::points(NDJSON), "", format!("{item}\n")),
        (Reader::points(CSV), "name,t,v\n", "a,1,2.5\n".to_owned()),
        (
            Reader::points(CSV),
            "tags,v,t,name\n",
            "\"x \"\"y\"\"\",2.5,1,a\n".to_owned(),
        ),
        (Reader::measurements(), "{\"data\":[", format!("{row},")),
    ] {
        let mut collector = Collector::new(4 << 20);
        reader.feed(head.as_bytes(), &mut collector).unwrap();
        // Not of the length of items, so that they are cut anywhere.
        let stream = item.repeat(2 * PIECE / item.len() + 2);
        let (mut fed, mut accepted, mut begin) = (0, 0, 0);
        while fed < 100_000_000 / 4 {
            let piece = &stream.as_bytes()[begin..begin + PIECE];
            reader.feed(piece, &mut collector).unwrap();
            fed += PIECE;
            begin = (begin + PIECE) % item.len();
            accepted += collector.take().accepted;
            assert!(reader.buffered() <= 256, "{}", reader.buffered());
        }
        assert_eq!(accepted, fed / item.len());
    }
}

#[test]
fn an_item_has_a_longest_length() {
    let blanks = |wanted: usize, rest: &str| " ".repeat(wanted - rest.len());
    let point = r#"{"name":"a","t":1,"v":2"#;
    let of = |length: usize| format!("{point}{}}}", blanks(length - 1, point));
    let good = format!("[{}]", of(MAX_ITEM));
    assert_eq!(points(JSON, good).unwrap().accepted, 1);
    let long = |pointer: &str| {
        Err(ReadError::LongItem {
            pointer: pointer.to_owned(),
        })
    };
    let body = format!("[{}, {}]", of(100), of(MAX_ITEM + 1));
    assert_eq!(points(JSON, &body), long("/1"));
    assert_eq!(meters(format!("{{\"data\": {body}}}")), long("/data/1"));
    let lines = format!("{}\n\n{}\n", of(MAX_ITEM), of(MAX_ITEM + 1));
    assert_eq!(points(NDJSON, lines), long("/3"));
    let rows = format!("name,t,v\na,1,2\n{}\n", "a".repeat(MAX_ITEM + 1));
    assert_eq!(points(CSV, rows), long("/3"));
    assert_eq!(
        points(JSON, body).unwrap_err().to_string(),
        "the item at /1 has more than 1048576 bytes"
    );
    // Between items there may be anything that is nothing.
    let blank = " \n".repeat(MAX_ITEM);
    let body = format!("{blank}[{blank}{}{blank},{blank}]{blank}", of(100));
    assert_eq!(points(JSON, body).unwrap().accepted, 1);
    // What is no array at all is told without its end.
    let object = format!("{{\"data\":{}1}}", " ".repeat(MAX_ITEM));
    assert!(matches!(meters(object), Err(ReadError::Shape { .. })));
}

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::body::BodyErrorKind;

const BODY: &str = r#"[{"name":"a","t":1,"v":2}]"#;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn unpacked(body: &[u8], unpacked: usize) -> Result<Parsed, BodyError> {
    let limits = BodyLimits {
        unpacked,
        ..BodyLimits::default()
    };
    read_points(&gzip_headers(), body, limits)
}

#[test]
fn gzip_is_unpacked() {
    let whole = unpacked(&gzip(BODY.as_bytes()), 1000).unwrap();
    assert_eq!(whole, points(JSON, BODY).unwrap());
    let (one, two) = BODY.as_bytes().split_at(9);
    let members = [gzip(one), gzip(two)].concat();
    assert_eq!(unpacked(&members, 1000).unwrap(), whole);
    // Positions are those of the text.
    assert_eq!(
        unpacked(&gzip(b"[1,\nNaN]"), 1000).unwrap_err().to_string(),
        "expected value at line 2 column 1"
    );
    let many = format!("[{}]", vec![&BODY[1..BODY.len() - 1]; 10_000].join(","));
    assert_eq!(
        unpacked(&gzip(many.as_bytes()), 1 << 20),
        points(JSON, many)
    );
}

/// Some programs write it before UTF-8.
#[test]
fn a_byte_order_mark_is_skipped() {
    let marked = format!("\u{feff}{BODY}");
    let expected = points(JSON, BODY);
    assert_eq!(points(JSON, &marked), expected);
    assert_eq!(unpacked(&gzip(marked.as_bytes()), 1000), expected);
    // Also where the pieces of a gzip cut it.
    let (one, two) = marked.as_bytes().split_at(2);
    assert_eq!(unpacked(&[gzip(one), gzip(two)].concat(), 1000), expected);
    assert_eq!(points(JSON, "\u{feff}"), points(JSON, ""));
    for (media, body) in [
        (NDJSON, "{\"name\":\"a\",\"t\":1,\"v\":2}"),
        (CSV, "name,t,v\na,1,2"),
    ] {
        assert_eq!(
            points(media, format!("\u{feff}{body}")),
            points(media, body)
        );
    }
    let row = r#"{"data":[{"measurement":"e","timestamp":"1","tags":{"muid":"m"},"x":1}]}"#;
    let rows =
        |body: &str| read_measurements(&headers(JSON), body.as_bytes(), BodyLimits::default());
    assert_eq!(rows(row).unwrap().accepted, 1);
    assert_eq!(rows(&format!("\u{feff}{row}")), rows(row));
}

#[test]
fn broken_gzip_is_refused() {
    let packed = gzip(BODY.as_bytes());
    for cut in 1..packed.len() {
        assert_eq!(
            unpacked(&packed[..cut], 1000),
            Err(BodyError::Gzip {
                detail: "it ends too early"
            }),
            "{cut}"
        );
    }
    let mut wrong = packed.clone();
    wrong[packed.len() - 6] ^= 1;
    for body in [
        &wrong,
        BODY.as_bytes(),
        &[packed, b"more than a header".to_vec()].concat(),
    ] {
        let error = unpacked(body, 1000).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the body is not gzip data: it is corrupt"
        );
        assert_eq!(error.kind(), BodyErrorKind::Malformed);
    }
    assert!(unpacked(b"", 1000).is_err());
}

#[test]
fn what_is_unpacked_is_limited() {
    let size = BODY.len();
    assert!(unpacked(&gzip(BODY.as_bytes()), size).is_ok());
    let error = unpacked(&gzip(BODY.as_bytes()), size - 1).unwrap_err();
    assert_eq!(
        error,
        BodyError::TooLarge {
            limit: size - 1,
            unpacked: true
        }
    );
    assert_eq!(error.kind(), BodyErrorKind::TooLarge);
    let limits = BodyLimits {
        unpacked: size - 1,
        ..BodyLimits::default()
    };
    let plain = read_points(&headers(JSON), BODY.as_bytes(), limits).unwrap_err();
    assert_eq!(
        plain.to_string(),
        format!("the body has more than {} bytes", size - 1)
    );
}

/// 100 MiB of blanks in 100 KiB; what follows the limit is not unpacked, so that
/// the broken end is not even seen.
#[test]
fn a_gzip_bomb_is_refused_at_the_limit() {
    let mut bomb = gzip(&vec![b' '; 100 << 20]);
    assert!(bomb.len() < 200 << 10);
    bomb.truncate(bomb.len() - 100);
    let error = read_points(&gzip_headers(), &bomb, BodyLimits::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the body has more than 67108864 bytes once unpacked"
    );
}

#[test]
fn each_media_type_is_read_in_its_syntax() {
    let line = &BODY[1..BODY.len() - 1];
    let expected = points(JSON, BODY).unwrap();
    for (media, body) in [
        (NDJSON, line),
        ("application/ndjson", line),
        (CSV, "name,t,v\na,1,2"),
    ] {
        assert_eq!(points(media, body).unwrap(), expected, "{media}");
        assert!(points(JSON, body).is_err());
    }
}

/// What is wrong with a body, and whether its size or its text is.
#[test]
fn every_error_has_a_kind() {
    let long = format!("[\"{}\"]", "x".repeat(tidemark_formats::MAX_ITEM));
    let tight = BodyLimits {
        memory: 100,
        ..BodyLimits::default()
    };
    let kind = |body: &str, limits| {
        let error = read_points(&headers(JSON), body.as_bytes(), limits).unwrap_err();
        error.kind()
    };
    assert_eq!(kind(&long, BodyLimits::default()), BodyErrorKind::TooLarge);
    assert_eq!(kind(BODY, tight), BodyErrorKind::TooLarge);
    for body in ["", "[]", "{}", "[NaN]"] {
        assert_eq!(kind(body, BodyLimits::default()), BodyErrorKind::Malformed);
    }
}

#[test]
fn media_types() {
    let no_header = read_points(&HeaderMap::new(), BODY.as_bytes(), BodyLimits::default());
    assert_eq!(no_header.unwrap().accepted, 1);
    for good in [
        "application/json",
        "Application/JSON; charset=UTF-8",
        "application/json;charset=\"utf-8\"",
        "application/json; profile=x",
        "application/json ; charset=utf-8",
        "application/json;\tcharset=utf-8",
        "application/json \t ; \t charset=utf8",
        "APPLICATION/JSON;CHARSET=\"UTF-8\"",
        "application/json;",
    ] {
        assert_eq!(points(good, BODY).unwrap().accepted, 1, "{good}");
    }
    for (bad, found) in [
        (
            "application/x-www-form-urlencoded",
            "application/x-www-form-urlencoded",
        ),
        ("text/plain; charset=utf-8", "text/plain"),
        ("application/json; charset=latin1", "the charset latin1"),
        (
            "application/json; charset=\"utf-8",
            "application/json; charset=\"utf-8",
        ),
        (
            "application/json, application/json",
            "application/json, application/json",
        ),
        ("json", "json"),
        ("", "an empty value"),
    ] {
        let error = points(bad, BODY).unwrap_err();
        assert_eq!(error.kind(), BodyErrorKind::Unsupported);
        assert_eq!(
            error.to_string(),
            format!(
                "{found} is not read here; send application/json, application/x-ndjson, text/csv, application/gzip"
            )
        );
    }
    let mut twice = headers(JSON);
    twice.append(CONTENT_TYPE, HeaderValue::from_static(JSON));
    let error = read_points(&twice, BODY.as_bytes(), BodyLimits::default()).unwrap_err();
    assert_eq!(error, BodyError::RepeatedType);
    assert_eq!(error.kind(), BodyErrorKind::Unsupported);
    let error = read_measurements(&headers(CSV), b"name,t,v\n", BodyLimits::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "text/csv is not read here; send application/json, application/gzip"
    );
}

/// What may be inside, and how it is written.
fn each_syntax() -> [(&'static str, &'static str, String); 4] {
    [
        (JSON, "\"application/json\"", BODY.to_owned()),
        (
            NDJSON,
            "\"application/x-ndjson; charset=utf-8\"",
            BODY[1..BODY.len() - 1].to_owned(),
        ),
        (
            NDJSON,
            "\"Application/NDJSON\"",
            BODY[1..BODY.len() - 1].to_owned(),
        ),
        (CSV, "\"text/csv\"", "name,t,v\na,1,2\n".to_owned()),
    ]
}

#[test]
fn gzip_may_be_the_type() {
    for (media, inner, text) in each_syntax() {
        let expected = points(media, &text);
        assert_eq!(expected.as_ref().unwrap().accepted, 1);
        for named in ["application/gzip", "application/x-gzip", "Application/GZIP"] {
            for header in [named.to_owned(), format!("{named}; type={inner}")] {
                let value = HeaderValue::from_str(&header).unwrap();
                let headers = HeaderMap::from_iter([(CONTENT_TYPE, value)]);
                let packed = gzip(text.as_bytes());
                let read = read_points(&headers, &packed, BodyLimits::default());
                assert_eq!(read, expected, "{header}");
            }
        }
    }
}

/// However the text is cut, and whatever blanks stand before it.
#[test]
fn what_is_inside_is_found_out() {
    for (media, _, text) in each_syntax() {
        let blanks = if media == CSV { "" } else { " \r\n\t" };
        let text = format!("\u{feff}{blanks}{text}");
        let expected = points(media, &text);
        assert_eq!(expected.as_ref().unwrap().accepted, 1, "{media}");
        let members: Vec<u8> = text.bytes().flat_map(|byte| gzip(&[byte])).collect();
        for body in [gzip(text.as_bytes()), members] {
            assert_eq!(points("application/gzip", body), expected, "{media}");
        }
    }
    for nothing in ["", " \n", "\u{feff}"] {
        let read = points("application/gzip", gzip(nothing.as_bytes()));
        assert_eq!(read, points(JSON, nothing), "{nothing:?}");
    }
    let blanks = " ".repeat(1 << 20);
    let read = points(
        "application/gzip",
        gzip(format!("{blanks}{BODY}").as_bytes()),
    );
    assert_eq!(read.unwrap().accepted, 1);
}

#[test]
fn measurements_may_be_gzip_by_their_type() {
    let row = r#"{"data":[{"measurement":"e","timestamp":"1","tags":{"muid":"m"},"x":1}]}"#;
    let read = |media, body: &[u8]| read_measurements(&headers(media), body, BodyLimits::default());
    let expected = read(JSON, row.as_bytes());
    assert_eq!(expected.as_ref().unwrap().accepted, 1);
    let packed = gzip(row.as_bytes());
    assert_eq!(read("application/gzip", &packed), expected);
    let told = "application/x-gzip; type=\"application/json\"";
    assert_eq!(read(told, &packed), expected);
    let error = read("application/gzip; type=\"text/csv\"", &packed).unwrap_err();
    assert_eq!(
        error.to_string(),
        "text/csv is not read here; send application/json, application/gzip"
    );
}

#[test]
fn what_is_inside_has_to_be_readable() {
    let packed = gzip(BODY.as_bytes());
    for (header, found) in [
        ("application/gzip; type=\"text/plain\"", "text/plain"),
        (
            "application/gzip; type=\"application/gzip\"",
            "application/gzip",
        ),
        ("application/gzip; type=csv", "csv"),
        (
            "application/gzip; type=\"text/csv; charset=latin1\"",
            "the charset latin1",
        ),
        ("application/gzip; charset=latin1", "the charset latin1"),
        (
            "application/gzip; type=text/csv",
            "application/gzip; type=text/csv",
        ),
    ] {
        let error = points(header, &packed).unwrap_err();
        assert_eq!(error.kind(), BodyErrorKind::Unsupported);
        let told = error.to_string();
        assert!(
            told.starts_with(&format!("{found} is not read here")),
            "{told}"
        );
    }
    // The type is believed.
    assert!(points("application/gzip; type=\"text/csv\"", &packed).is_err());
    let plain = points("application/gzip", BODY).unwrap_err();
    assert_eq!(
        plain.to_string(),
        "the body is not gzip data: it is corrupt"
    );
    let mut twice = headers("application/gzip");
    twice.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    let error = read_points(&twice, &packed, BodyLimits::default()).unwrap_err();
    assert_eq!(error, BodyError::PackedTwice);
    assert_eq!(error.kind(), BodyErrorKind::Unsupported);
}

/// The limits of what is unpacked hold, too.
#[test]
fn a_bomb_is_one_by_its_type_as_well() {
    let bomb = gzip(&vec![b' '; 100 << 20]);
    let error = points("application/gzip", bomb).unwrap_err();
    assert_eq!(error.kind(), BodyErrorKind::TooLarge);
}

#[test]
fn content_encodings() {
    let with = |coding: &'static str, body: &[u8]| {
        let mut headers = headers(JSON);
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        read_points(&headers, body, BodyLimits::default())
    };
    for none in ["identity", "Identity", "", " , identity"] {
        assert_eq!(with(none, BODY.as_bytes()).unwrap().accepted, 1, "{none}");
    }
    for packed in ["gzip", "GZIP", "x-gzip", "identity, gzip"] {
        assert_eq!(with(packed, &gzip(BODY.as_bytes())).unwrap().accepted, 1);
    }
    for bad in ["br", "deflate", "zstd", "gzip, gzip"] {
        let error = with(bad, BODY.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), BodyErrorKind::Unsupported);
        assert_eq!(
            error.to_string(),
            format!("the content encoding {bad} is not read here; send gzip or none")
        );
    }
}

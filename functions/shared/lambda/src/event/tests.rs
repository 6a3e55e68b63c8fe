use http::StatusCode;
use http::header::{CONNECTION, CONTENT_TYPE, LINK};
use serde_json::{Value, json};
use tidemark_api::answer::page;

use super::*;

fn request(event: Value) -> Request<Bytes> {
    serde_json::from_value::<HttpEvent>(event)
        .unwrap()
        .request()
        .unwrap()
}

fn at(path: &str, query: &str) -> Request<Bytes> {
    request(json!({
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "requestContext": {"http": {"method": "GET", "path": path}, "requestId": "x"},
    }))
}

#[test]
fn a_query_that_is_null_is_none() {
    // As `cargo lambda watch` has it.
    let request = request(json!({
        "rawPath": "/health",
        "rawQueryString": null,
        "requestContext": {"http": {"method": "GET", "path": "/health"}},
    }));
    assert_eq!(request.uri(), "/health");
}

/// An answer as Lambda gets it.
fn sent(response: Response<Bytes>) -> (usize, Value) {
    let json = serde_json::to_vec(&answer(response)).unwrap();
    (json.len(), serde_json::from_slice(&json).unwrap())
}

#[test]
fn a_request_is_what_the_client_sent() {
    let request = request(json!({
        "version": "2.0",
        "routeKey": "POST /api",
        "rawPath": "/api",
        "rawQueryString": "strict=true&a=%20%C3%A9&a=+",
        "cookies": ["a=b"],
        "headers": {"content-type": "text/csv", "accept": "a, b", "x-odd": "\u{e9}"},
        "queryStringParameters": {"strict": "true", "a": " \u{e9}, "},
        "requestContext": {"http": {"method": "POST", "path": "/api"}, "stage": "$default"},
        "body": "name,t,v\n\u{e9}",
        "isBase64Encoded": false,
    }));
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.uri(), "/api?strict=true&a=%20%C3%A9&a=+");
    assert_eq!(request.headers()[CONTENT_TYPE], "text/csv");
    assert_eq!(request.headers()["accept"], "a, b");
    assert_eq!(request.headers()["x-odd"].as_bytes(), "\u{e9}".as_bytes());
    assert_eq!(request.body(), "name,t,v\n\u{e9}".as_bytes());
}

#[test]
fn a_body_in_base64_is_the_bytes() {
    let every: Vec<u8> = (0..=255).collect();
    let request = request(json!({
        "rawPath": "/api",
        "headers": {"content-type": "application/json", "content-encoding": "gzip"},
        "requestContext": {"http": {"method": "POST"}},
        "body": STANDARD.encode(&every),
        "isBase64Encoded": true,
    }));
    assert_eq!(request.body(), &every);
}

/// What the gateway takes for binary, which gzip is by this type.
#[test]
fn gzip_by_its_type_is_the_bytes() {
    let packed = b"\x1f\x8b\x08\0\0\0\0\0\0\xff";
    let request = request(json!({
        "rawPath": "/api",
        "headers": {"content-type": "application/gzip; type=\"text/csv\""},
        "requestContext": {"http": {"method": "POST"}},
        "body": STANDARD.encode(packed),
        "isBase64Encoded": true,
    }));
    assert_eq!(
        request.headers()[CONTENT_TYPE],
        "application/gzip; type=\"text/csv\""
    );
    assert_eq!(request.body(), &packed[..]);
}

#[test]
fn a_path_that_the_gateway_decoded_is_encoded_again() {
    for (given, path) in [
        ("/api/a:b", "/api/a:b"),
        ("/api/a%3Ab", "/api/a%3Ab"),
        ("/api/a%253Ab", "/api/a%253Ab"),
        ("/api/a b", "/api/a%20b"),
        ("/api/a?b", "/api/a%3Fb"),
        ("/api/gr\u{f6}\u{df}er", "/api/gr%C3%B6%C3%9Fer"),
        ("/api/\u{fffd}", "/api/%EF%BF%BD"),
        (
            "/api/a\"<>[]^`{|}\\",
            "/api/a%22%3C%3E%5B%5D%5E%60%7B%7C%7D%5C",
        ),
        ("/api/../x", "/api/../x"),
        ("//api", "//api"),
        ("/api/", "/api/"),
    ] {
        assert_eq!(at(given, "").uri().path(), path, "{given}");
    }
}

#[test]
fn a_query_stays_as_it_is() {
    for query in ["a=%20", "a=b?c", "a", "a=", "=&&", "a=%zz", "a='/;:@!$()*,"] {
        assert_eq!(at("/api", query).uri().query(), Some(query));
    }
    assert_eq!(at("/api", "").uri().query(), None);
    assert_eq!(at("/api", "a= #").uri().query(), Some("a=%20%23"));
}

#[test]
fn text_is_sent_as_text() {
    let mut response = Response::new(Bytes::from_static("{\"a\": \"\u{e9}\"}".as_bytes()));
    *response.status_mut() = StatusCode::CREATED;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.append(LINK, HeaderValue::from_static("<a>"));
    headers.append(LINK, HeaderValue::from_static("<b>"));
    // Which is the gateway's own matter.
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    let (_, sent) = sent(response);
    assert_eq!(
        sent,
        json!({
            "statusCode": 201,
            "headers": {"content-type": "application/json", "link": "<a>, <b>"},
            "multiValueHeaders": {},
            "cookies": [],
            "body": "{\"a\": \"\u{e9}\"}",
            "isBase64Encoded": false,
        })
    );
}

#[test]
fn bytes_are_sent_as_base64() {
    let (_, sent) = sent(Response::new(Bytes::from_static(b"\xff\0")));
    assert_eq!(
        (&sent["body"], &sent["isBase64Encoded"]),
        (&json!("/wA="), &json!(true))
    );
}

#[test]
fn a_full_page_of_anything_is_an_answer() {
    let odd = "\"\\".repeat(page::MAX_BYTES / 2);
    let plain = "x".repeat(page::MAX_BYTES);
    let control = "\u{1}".repeat(page::MAX_BYTES);
    let wide = "\u{1f30a}".repeat(page::MAX_BYTES / 4);
    for (body, is_text) in [(odd, false), (plain, true), (control, false), (wide, true)] {
        let mut response = Response::new(Bytes::from(body.clone()));
        // A cursor is short; this is what other headers may take with it.
        let link = HeaderValue::from_str(&"l".repeat(16_000)).unwrap();
        response.headers_mut().insert(LINK, link);
        let (length, sent) = sent(response);
        assert!(length <= LONGEST, "{length}");
        assert_eq!(sent["isBase64Encoded"], !is_text);
        let text = sent["body"].as_str().unwrap();
        let bytes = if is_text {
            text.as_bytes().to_vec()
        } else {
            STANDARD.decode(text).unwrap()
        };
        assert!(bytes == body.as_bytes());
    }
}

#[test]
fn the_longest_text_fits() {
    for (quotes, is_text) in [(0, true), (1, false)] {
        let mut body = "x".repeat(LONGEST - HEAD - 2 - quotes);
        body.push_str(&"\"".repeat(quotes));
        let (length, sent) = sent(Response::new(Bytes::from(body)));
        assert_eq!(sent["isBase64Encoded"], !is_text);
        assert!(!is_text || length <= LONGEST);
    }
}

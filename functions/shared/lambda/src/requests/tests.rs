use bytes::Bytes;
use http::StatusCode;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use serde_json::{Value, json};
use tidemark_access::AccessSettings;
use tidemark_api::pipeline::REQUEST_ID;

use super::*;

async fn ask(method: &str, path: &str, encoding: &str) -> Response<Bytes> {
    let settings = PipelineSettings {
        max_body: MAX_BODY,
        lines: Lines::All,
    };
    let access = Access::public(AccessSettings::default());
    let pipeline = pipeline(tidemark_api::contract(), access, settings);
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(ACCEPT_ENCODING, encoding)
        .body(Full::default())
        .unwrap();
    let extensions = request.extensions_mut();
    extensions.insert(RequestId("the-id".to_owned()));
    answer(pipeline, request).await.unwrap()
}

#[tokio::test]
async fn an_answer_names_the_invocation() {
    for (path, status) in [
        ("/openapi.json", StatusCode::OK),
        ("/health", StatusCode::NOT_FOUND),
        ("/nothing", StatusCode::NOT_FOUND),
    ] {
        let response = ask("GET", path, "").await;
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(response.headers()[REQUEST_ID], "the-id");
    }
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    for encoding in ["", "gzip"] {
        let get = ask("GET", "/openapi.json", encoding).await;
        let head = ask("HEAD", "/openapi.json", encoding).await;
        assert_eq!(head.headers(), get.headers());
        assert!(head.body().is_empty() && !get.body().is_empty());
    }
    let missing = ask("HEAD", "/nothing", "").await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    assert!(missing.body().is_empty());
}

/// Bytes that are no text leave in base64, and so does what is packed.
#[tokio::test]
async fn what_is_packed_leaves_in_base64() {
    let sent = |response| -> Value {
        let answer = event::answer(response);
        serde_json::to_value(&answer).unwrap()
    };
    let plain = sent(ask("GET", "/docs", "").await);
    assert_eq!(plain["isBase64Encoded"], json!(false));
    let response = ask("GET", "/docs", "gzip").await;
    assert_eq!(response.headers()[CONTENT_ENCODING], "gzip");
    let packed = sent(response);
    assert_eq!(packed["isBase64Encoded"], json!(true));
    assert!(packed["body"].as_str().unwrap().starts_with("H4sI"));
}

//! The issuer's documents, over HTTP.

use std::collections::HashMap;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::access::tokens::issuer::HttpIssuer;

const DISCOVERY: &str = "/realm/.well-known/openid-configuration";

/// Serves documents by their paths, in which `{base}` stands for where that is; a
/// body that begins with `HTTP/` is the whole answer.
async fn serving(documents: &[(&'static str, String)]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let documents: HashMap<&str, String> = documents
        .iter()
        .map(|(path, body)| (*path, body.replace("{base}", &base)))
        .collect();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap();
            let head = String::from_utf8_lossy(&request[..length]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default();
            let answer = match documents.get(path) {
                None => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
                Some(whole) if whole.starts_with("HTTP/") => whole.clone(),
                Some(body) => {
                    let length = body.len();
                    format!(
                        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
                    )
                }
            };
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    base
}

fn discovery(issuer: &str, keys: &str) -> String {
    json!({"issuer": issuer, "jwks_uri": keys}).to_string()
}

fn key_set() -> String {
    json!({"keys": [public(&rsa(), Algorithm::RS256, "rsa-1")]}).to_string()
}

/// How many keys an issuer at `{base}/realm` has, or why there are none.
async fn fetched(documents: &[(&'static str, String)]) -> Result<usize, String> {
    let base = serving(documents).await;
    let issuer = HttpIssuer::new(format!("{base}/realm")).unwrap();
    issuer.keys().await.map(|keys| keys.len())
}

#[tokio::test]
async fn keys_are_found_by_discovery() {
    let documents = [
        (DISCOVERY, discovery("{base}/realm", "{base}/keys")),
        ("/keys", key_set()),
    ];
    assert_eq!(fetched(&documents).await, Ok(1));
}

#[tokio::test]
async fn what_is_wrong_with_a_document_is_told() {
    let moved = "HTTP/1.1 302 Found\r\nlocation: {base}/other\r\ncontent-length: 0\r\n\r\n";
    let long = format!("{{\"keys\": [], \"padding\": \"{}\"}}", "x".repeat(1 << 20));
    let found = discovery("{base}/realm", "{base}/keys");
    for (discovery, keys, why) in [
        (
            discovery("{base}/other", "{base}/keys"),
            key_set(),
            "of another issuer",
        ),
        (
            discovery("{base}/realm", "http://evil.net/keys"),
            key_set(),
            "no https URL",
        ),
        (moved.to_owned(), key_set(), "302"),
        ("{}".to_owned(), key_set(), "issuer"),
        (found.clone(), moved.to_owned(), "302"),
        (found.clone(), "[]".to_owned(), "/keys"),
        (found.clone(), long, "limit"),
    ] {
        let documents = [
            (DISCOVERY, discovery),
            ("/keys", keys),
            ("/other", key_set()),
        ];
        let told = fetched(&documents).await.unwrap_err();
        assert!(told.contains(why), "{told}");
    }
    let nothing = fetched(&[]).await.unwrap_err();
    assert!(nothing.contains("404"), "{nothing}");
}

//! The issuer's documents, fetched over HTTP.

use std::io::{Read, Write};
use std::net::TcpListener;

use super::super::issuer::HttpIssuer;
use super::*;

const DISCOVERY: &str = "/.well-known/openid-configuration";

/// An issuer on this machine that answers as it is told.
struct Site {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    /// `answer` makes a response of its own address and the path that is asked for.
    fn new(answer: impl Fn(&str, &str) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (own, paths) = (url.clone(), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    head.extend(byte);
                }
                let head = String::from_utf8(head).unwrap();
                let path = head.split(' ').nth(1).unwrap();
                paths.lock().unwrap().push(path.to_owned());
                // Whoever has read enough hangs up.
                let _ = stream.write_all(answer(&own, path).as_bytes());
            }
        });
        Self { url, asked }
    }

    /// How many keys it has.
    async fn keys(&self) -> Result<usize, String> {
        let issuer = HttpIssuer::new(self.url.clone()).unwrap();
        issuer.keys().await.map(|keys| keys.len())
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn response(head: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

fn discovery(issuer: &str, keys: &str) -> String {
    let document = json!({"issuer": issuer, "jwks_uri": keys});
    response("200 OK", &document.to_string())
}

fn key_set() -> String {
    let keys = [
        public(&rsa(), Algorithm::RS256, "rsa-1"),
        public(&ec(), Algorithm::ES256, "ec-1"),
        json!({"kty": "oct", "k": "c2VjcmV0"}),
    ];
    json!({"keys": keys}).to_string()
}

#[tokio::test]
async fn keys_are_where_the_issuer_says() {
    let site = Site::new(|url, path| match path {
        DISCOVERY => discovery(url, &format!("{url}/keys?of=all")),
        _ => response("200 OK", &key_set()),
    });
    assert_eq!(site.keys().await, Ok(2));
    assert_eq!(site.asked(), [DISCOVERY, "/keys?of=all"]);
}

/// What is answered for the two documents, in place of what is right.
type Answers = fn(&str, &str) -> (Option<String>, Option<String>);

#[tokio::test]
async fn a_document_that_cannot_be_trusted_has_no_keys() {
    let right = |url: &str| discovery(url, &format!("{url}/keys"));
    let moved = "302 Found\r\nLocation: /other";
    // Who answers so, why that is wrong, and what was asked for by then.
    let cases: [(Answers, &str, usize); 8] = [
        (
            |_, _| {
                (
                    Some(discovery("https://evil.net", "https://evil.net/keys")),
                    None,
                )
            },
            "is of another issuer",
            1,
        ),
        (
            |url, _| {
                (
                    Some(discovery(&format!("{url}/"), &format!("{url}/keys"))),
                    None,
                )
            },
            "is of another issuer",
            1,
        ),
        (
            |url, _| (Some(discovery(url, "http://login.example.org/keys")), None),
            "names a jwks_uri",
            1,
        ),
        (
            |url, _| (Some(discovery(url, "file:///etc/passwd")), None),
            "names a jwks_uri",
            1,
        ),
        (|_, moved| (Some(response(moved, "")), None), "302", 1),
        (|_, moved| (None, Some(response(moved, ""))), "302", 2),
        (
            |_, _| (None, Some(response("200 OK", "<html>"))),
            "expected value",
            2,
        ),
        (
            |_, _| {
                let padded = format!("{}{}", key_set(), " ".repeat(1 << 20));
                (None, Some(response("200 OK", &padded)))
            },
            "length limit exceeded",
            2,
        ),
    ];
    for (answers, reason, asked) in cases {
        let site = Site::new(move |url, path| {
            let (first, second) = answers(url, moved);
            match path {
                DISCOVERY => first.unwrap_or_else(|| right(url)),
                _ => second.unwrap_or_else(|| response("200 OK", &key_set())),
            }
        });
        let why = site.keys().await.unwrap_err();
        assert!(why.contains(reason), "{why}");
        assert_eq!(site.asked().len(), asked, "{reason}");
    }
}

/// A document that came safely cannot send us to what listens on this machine.
#[test]
fn an_issuer_elsewhere_has_its_keys_elsewhere() {
    let far = HttpIssuer::new("https://login.example.org".to_owned()).unwrap();
    let near = HttpIssuer::new("http://127.0.0.1:1".to_owned()).unwrap();
    for (keys, of_far, of_near) in [
        ("https://keys.example.org/a", true, true),
        ("http://127.0.0.1:1/a", false, true),
        ("http://localhost/a", false, true),
        ("http://[::1]/a", false, true),
        ("http://keys.example.org/a", false, false),
        ("http://169.254.169.254/latest", false, false),
        ("/keys", false, false),
        ("", false, false),
    ] {
        assert_eq!(far.trusts(keys), of_far, "{keys}");
        assert_eq!(near.trusts(keys), of_near, "{keys}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_issuer_is_not_waited_for_long() {
    // Connections are accepted for it, and nobody answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let issuer = HttpIssuer::new(url).unwrap();
    let why = issuer.keys().await.err().unwrap();
    assert_eq!(why, "it took longer than 5s");
}

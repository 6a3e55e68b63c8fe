//! Clients that wait with a body until they are told that it is wanted.

use super::client::{POINT, Server};

fn head(target: &str, rest: &str) -> String {
    format!("{target} HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\n{rest}\r\n")
}

#[tokio::test]
async fn a_body_that_is_wanted_is_asked_for() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    for expect in ["100-continue", "100-Continue"] {
        let head = head("POST /api", &format!("content-length: {}\r\n", POINT.len()));
        let head = head.replace("100-continue", expect);
        client.send(head.as_bytes()).await;
        assert_eq!(client.head().await.status, 100);
        client.send(POINT.as_bytes()).await;
        assert_eq!(client.reply().await.status, 201);
    }
    client
        .send(head("POST /api", "transfer-encoding: chunked\r\n").as_bytes())
        .await;
    assert_eq!(client.head().await.status, 100);
}

#[tokio::test]
async fn who_is_refused_need_not_send_the_body() {
    let server = Server::start().await;
    let large = "content-length: 99999999\r\n";
    let small = "content-length: 9\r\n";
    for (target, rest, status) in [
        ("POST /api", large, 413),
        ("POST /meterdata/measurement", large, 413),
        ("GET /api", large, 413),
        ("POST /none", large, 404),
        ("POST /none", small, 404),
        ("PUT /api", small, 405),
        ("POST http://evil.net/api", small, 403),
        ("POST /api", "content-length: 9\r\nhost: localhost\r\n", 400),
        ("POST /none", "transfer-encoding: chunked\r\n", 404),
        // Several: hyper would let them wait.
        (
            "POST /api",
            "content-length: 9\r\nexpect: 100-continue\r\n",
            400,
        ),
        (
            "POST /api",
            "content-length: 9\r\nexpect: other, 100-continue\r\n",
            400,
        ),
        (
            "POST /api",
            "content-length: 99999999\r\nexpect: other\r\n",
            400,
        ),
    ] {
        let mut client = server.connect().await;
        client.send(head(target, rest).as_bytes()).await;
        let reply = client.reply().await;
        assert_eq!(reply.status, status, "{target} {rest}");
        assert_eq!(reply.header("connection"), Some("close"), "{target} {rest}");
        assert!(client.is_closed().await, "{target} {rest}");
    }
    // What it has no part of yet it need not wait with.
    let mut client = server.connect().await;
    for _ in 0..2 {
        client.send(head("POST /none", "").as_bytes()).await;
        let reply = client.reply().await;
        assert_eq!((reply.status, reply.header("connection")), (404, None));
    }
}

/// Which a server may refuse or ignore (RFC 9110, 10.1.1).
#[tokio::test]
async fn other_expectations_are_ignored() {
    let server = Server::start().await;
    let head = head("POST /api", &format!("content-length: {}\r\n", POINT.len()));
    let other = head.replace("100-continue", "a-miracle");
    assert_eq!(server.ask(&(other + POINT)).await.status, 201);
    // HTTP/1.0 does not know any.
    let old = head.replace("HTTP/1.1", "HTTP/1.0");
    assert_eq!(server.ask(&(old + POINT)).await.status, 201);
}

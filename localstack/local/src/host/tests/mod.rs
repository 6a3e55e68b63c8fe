//! The server over real sockets, spoken to byte by byte.

mod bodies;
mod client;
mod expect;
mod heads;

use std::sync::Arc;

use async_trait::async_trait;
use client::{POINT, Server, get, post};
use tidemark_core::batch::Batch;
use tidemark_ports::Queue;
use tidemark_ports::error::Result as Stored;
use tokio::sync::Notify;

use super::*;

#[tokio::test]
async fn what_was_answered_is_seen_by_the_next_request_on_a_connection() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    for sum in [1.5, 1.5] {
        client.send(post(POINT).as_bytes()).await;
        assert_eq!(client.reply().await.status, 201);
        client.send(get("/api/a?stats=sum").as_bytes()).await;
        assert_eq!(client.reply().await.json()["sum"], sum);
    }
    // Two requests in one go.
    let both = get("/health") + &get("/api");
    client.send(both.as_bytes()).await;
    assert_eq!(client.reply().await.json()["status"], "ok");
    assert_eq!(client.reply().await.json()["count"], 1);
}

#[tokio::test]
async fn head_is_answered_like_get_but_for_the_body() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.send(get("/openapi.json").as_bytes()).await;
    let with_body = client.reply().await;
    client
        .send(b"HEAD /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await;
    let head = client.head().await;
    assert_eq!(head.status, 200);
    let length = with_body.header("content-length");
    assert!(length.is_some());
    assert_eq!(head.header("content-length"), length);
    // No body follows: the next answer does.
    client.send(get("/health").as_bytes()).await;
    assert_eq!(client.reply().await.json()["status"], "ok");
    client
        .send(b"HEAD /api/none HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await;
    assert_eq!(client.head().await.status, 404);
}

#[tokio::test]
async fn an_answer_says_what_it_depends_on() {
    let server = Server::start_with(|mut wired| {
        wired.access.origins = "https://a.b".parse().unwrap();
        wired
    })
    .await;
    let points: Vec<String> = (0..100)
        .map(|t| format!(r#"{{"name":"a","t":{t},"v":1}}"#))
        .collect();
    let points = format!("[{}]", points.join(","));
    assert_eq!(server.ask(&post(&points)).await.status, 201);
    for (path, accept, status, vary) in [
        (
            "/api/a/points",
            "text/csv",
            200,
            &["accept", "accept-encoding", "origin"] as &[_],
        ),
        ("/api/a/points?limit=1", "*/*", 200, &["accept", "origin"]),
        ("/api/a/points", "text/html", 406, &["accept", "origin"]),
        ("/api/b/points", "text/csv", 404, &["accept", "origin"]),
        ("/api/a", "text/csv", 200, &["origin"]),
        ("/docs", "text/csv", 200, &["accept-encoding", "origin"]),
    ] {
        let more = format!("accept: {accept}\r\naccept-encoding: gzip\r\n\r\n");
        let request = get(path).trim_end().to_owned() + "\r\n" + &more;
        let reply = server.ask(&request).await;
        assert_eq!(reply.status, status, "{path}");
        assert_eq!(reply.all("vary"), vary, "{path} {accept}");
    }
}

#[tokio::test]
async fn an_unknown_method_or_path_is_a_problem() {
    let server = Server::start().await;
    let reply = server.ask(&get("/api").replace("GET", "PUT")).await;
    assert_eq!(
        (reply.status, reply.problem().as_str()),
        (405, "/docs#method-not-allowed")
    );
    let mut allowed: Vec<&str> = reply.header("allow").unwrap().split(", ").collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);
    let reply = server.ask(&get("/apis")).await;
    assert_eq!(
        (reply.status, reply.problem().as_str()),
        (404, "/docs#not-found")
    );
    let reply = server.ask(&get("/api/a")).await;
    assert_eq!(
        (reply.status, reply.problem().as_str()),
        (404, "/docs#unknown-series")
    );
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own() {
    let server = Server::start().await;
    let mut ids = Vec::new();
    for request in [
        get("/health"),
        get("/health"),
        get("/none"),
        get("/api").replace("GET", "PATCH"),
        post("["),
    ] {
        let reply = server.ask(&request).await;
        ids.push(reply.header("x-request-id").unwrap().to_owned());
    }
    assert!(ids.iter().all(|id| id.len() == 16), "{ids:?}");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5);
}

/// A queue that breaks.
struct Broken;

#[async_trait]
impl Queue for Broken {
    async fn send(&self, _: Batch) -> Stored<()> {
        panic!("the inside is broken")
    }

    async fn check(&self) -> Stored<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_panic_is_500_and_the_server_lives() {
    let server = Server::start_with(|mut wired| {
        wired.use_cases.ingest.queue = Arc::new(Broken);
        wired
    })
    .await;
    let mut client = server.connect().await;
    for _ in 0..3 {
        client.send(post(POINT).as_bytes()).await;
        let reply = client.reply().await;
        assert_eq!(
            (reply.status, reply.problem().as_str()),
            (500, "/docs#internal")
        );
        assert!(!String::from_utf8_lossy(&reply.body).contains("broken"));
        assert!(reply.header("x-request-id").is_some());
    }
    assert_eq!(server.ask(&get("/health")).await.status, 200);
}

/// A queue that has the batch when it is let in.
#[derive(Default)]
struct Gate {
    reached: Notify,
    open: Notify,
}

#[async_trait]
impl Queue for Gate {
    async fn send(&self, _: Batch) -> Stored<()> {
        self.reached.notify_one();
        self.open.notified().await;
        Ok(())
    }

    async fn check(&self) -> Stored<()> {
        Ok(())
    }
}

#[tokio::test]
async fn what_is_under_way_is_finished_before_the_server_stops() {
    let gate = Arc::new(Gate::default());
    let queue = Arc::clone(&gate);
    let server = Server::start_with(|mut wired| {
        wired.use_cases.ingest.queue = queue;
        wired
    })
    .await;
    let mut idle = server.connect().await;
    idle.send(get("/health").as_bytes()).await;
    assert_eq!(idle.reply().await.status, 200);
    let mut client = server.connect().await;
    client.send(post(POINT).as_bytes()).await;
    gate.reached.notified().await;
    server.stop.send(()).unwrap();
    // Who asks for nothing is not waited for, and nobody else is let in.
    assert!(idle.is_closed().await);
    assert!(TcpStream::connect(server.address).await.is_err());
    assert!(!server.serving.is_finished());
    gate.open.notify_one();
    assert_eq!(client.reply().await.status, 201);
    assert!(client.is_closed().await);
    server.serving.await.unwrap();
}

// The clock of these runs ahead whenever there is nothing else to do.

#[tokio::test(start_paused = true)]
async fn what_takes_too_long_is_broken_off_in_the_end() {
    let gate = Arc::new(Gate::default());
    let queue = Arc::clone(&gate);
    let server = Server::start_with(|mut wired| {
        wired.use_cases.ingest.queue = queue;
        wired
    })
    .await;
    let mut client = server.connect().await;
    client.send(post(POINT).as_bytes()).await;
    gate.reached.notified().await;
    let started = tokio::time::Instant::now();
    server.stop.send(()).unwrap();
    server.serving.await.unwrap();
    assert!(started.elapsed() >= GRACE);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_ends_its_head_is_dropped() {
    let server = Server::start().await;
    for start in ["", "GET /api HTTP/1.1\r\nhost: localhost\r\n"] {
        let mut client = server.connect().await;
        client.send(start.as_bytes()).await;
        let started = tokio::time::Instant::now();
        assert!(client.is_closed().await, "{start}");
        let waited = started.elapsed();
        assert!(HEAD_TIME <= waited && waited < 2 * HEAD_TIME, "{waited:?}");
    }
}

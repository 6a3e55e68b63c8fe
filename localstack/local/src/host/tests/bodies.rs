//! Bodies that are too long, come in pieces, or never end.

use tidemark_api::pipeline::BODY_TIME;

use super::client::{POINT, Server, get, post};

#[tokio::test]
async fn who_sends_too_much_sees_the_answer() {
    let server = Server::start().await;
    let body = vec![b' '; 5 << 20];
    for target in ["POST /api", "POST /meterdata/measurement"] {
        let mut client = server.connect().await;
        let head = format!(
            "{target} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        client.send(head.as_bytes()).await;
        client.send(&body).await;
        let reply = client.reply().await;
        assert_eq!(
            (reply.status, reply.problem().as_str()),
            (413, "/docs#body-too-large")
        );
    }
    // One that does not say how much it will be.
    let mut client = server.connect().await;
    client
        .send(b"POST /api HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n")
        .await;
    for chunk in body.chunks(1 << 18) {
        client
            .send(format!("{:x}\r\n", chunk.len()).as_bytes())
            .await;
        client.send(chunk).await;
        client.send(b"\r\n").await;
    }
    client.send(b"0\r\n\r\n").await;
    assert_eq!(client.reply().await.status, 413);
    assert_eq!(server.ask(&get("/api")).await.json()["count"], 0);
}

#[tokio::test]
async fn a_body_to_where_none_is_expected_does_not_hide_the_answer() {
    let server = Server::start().await;
    let body = vec![b' '; 20 << 20];
    for (target, status) in [("POST /none", 404), ("PUT /api", 405), ("GET /api", 413)] {
        let mut client = server.connect().await;
        let head = format!(
            "{target} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        client.send(head.as_bytes()).await;
        client.send(&body).await;
        assert_eq!(client.reply().await.status, status, "{target}");
    }
}

#[tokio::test]
async fn the_limit_is_the_last_size_that_is_taken() {
    let server = Server::start_with(|mut wired| {
        wired.settings.max_body = POINT.len();
        wired
    })
    .await;
    assert_eq!(server.ask(&post(POINT)).await.status, 201);
    let longer = format!("{POINT} ");
    assert_eq!(server.ask(&post(&longer)).await.status, 413);
}

#[tokio::test]
async fn a_body_may_come_in_chunks() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client
        .send(b"POST /api HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n")
        .await;
    for chunk in POINT.as_bytes().chunks(3) {
        client
            .send(format!("{:x}\r\n", chunk.len()).as_bytes())
            .await;
        client.send(chunk).await;
        client.send(b"\r\n").await;
    }
    client.send(b"0\r\n\r\n").await;
    let reply = client.reply().await;
    assert_eq!((reply.status, &reply.json()["accepted"]), (201, &1.into()));
}

#[tokio::test]
async fn who_hangs_up_in_the_middle_stores_nothing() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    let whole = post(POINT);
    client.send(&whole.as_bytes()[..whole.len() - 1]).await;
    drop(client);
    assert_eq!(server.ask(&get("/api")).await.json()["count"], 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_ends_its_body_is_told_and_dropped() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    let whole = post(POINT);
    client.send(&whole.as_bytes()[..whole.len() - 1]).await;
    let started = tokio::time::Instant::now();
    let reply = client.reply().await;
    assert_eq!(
        (reply.status, reply.problem().as_str()),
        (400, "/docs#malformed-body")
    );
    assert!(started.elapsed() >= BODY_TIME);
    assert!(client.is_closed().await);
}

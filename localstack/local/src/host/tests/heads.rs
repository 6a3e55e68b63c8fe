//! Heads that are malformed, and bodies that are framed so: what is answered, and
//! whether the connection goes on.

use super::client::{Client, Server, get};

/// What a client sees that sends some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// An answer, after which the connection goes on.
    Open(u16),
    /// An answer, after which it is closed.
    Closed(u16),
    /// Nothing: it is closed.
    Nothing,
}

use Seen::{Closed, Nothing, Open};

const HOST: &str = "Host: localhost\r\n";

async fn seen(client: &mut Client, sent: &[u8]) -> Seen {
    client.send(sent).await;
    let Some(first) = client.answer().await else {
        return Nothing;
    };
    // Whatever was sent is one request: only another is answered again.
    client.try_send(get("/health").as_bytes()).await;
    match client.answer().await {
        None => Closed(first.status),
        Some(next) => {
            let is_health = next.body.starts_with(br#"{"status":"ok""#);
            assert!(is_health, "{:?}", String::from_utf8_lossy(&next.body));
            Open(first.status)
        }
    }
}

async fn check(right: Seen, sent: &[&str]) {
    let server = Server::start().await;
    let mut wrong = Vec::new();
    for sent in sent {
        let mut client = server.connect().await;
        let seen = seen(&mut client, sent.as_bytes()).await;
        if seen != right {
            let start: String = sent.chars().take(200).collect();
            wrong.push(format!("{start:?}: {seen:?}"));
        }
    }
    assert!(wrong.is_empty(), "not {right:?}: {wrong:#?}");
    assert_eq!(
        server.ask(&get("/api")).await.json()["count"],
        0,
        "nothing is stored"
    );
}

#[tokio::test]
async fn the_host_is_named_once() {
    check(
        Open(200),
        &[
            "GET /api HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /api HTTP/1.1\r\nhOsT:localhost:3000 \r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: LocalHost:3411\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: LOCALHOST\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: localhost:\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: [::1]:3000\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: LocalHost:1\r\nOrigin: http://localhost:1\r\n\r\n",
        ],
    )
    .await;
    let other = "GET /api HTTP/1.1\r\nHost: evil.example.net\r\n\r\n";
    check(Open(403), &[other]).await;
    check(
        Closed(400),
        &[
            "GET /api HTTP/1.1\r\n\r\n",
            "GET /health HTTP/1.1\r\n\r\n",
            "GET /nothing HTTP/1.1\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: localhost\r\nhost: evil.net\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost:\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: user@localhost\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: http://localhost\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: localhost/api\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: local host\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: localhost:http\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: localhost:+80\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: localhost:65536\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: [::1\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: [localhost]\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: ::1\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: caf\u{e9}\r\n\r\n",
            "GET /api HTTP/1.0\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
            "GET /api HTTP/1.0\r\nHost: user@localhost\r\n\r\n",
            "OPTIONS /api HTTP/1.1\r\nOrigin: http://a.b\r\nAccess-Control-Request-Method: GET\r\n\r\n",
        ],
    )
    .await;
    // HTTP/1.0 does without it.
    check(Closed(200), &["GET /api HTTP/1.0\r\n\r\n"]).await;
}

#[tokio::test]
async fn a_target_has_one_of_four_forms() {
    // An absolute one names the host, whatever `Host` says.
    check(
        Open(200),
        &[
            "GET http://localhost/api HTTP/1.1\r\nHost: evil.example.net\r\n\r\n",
            "GET HTTP://LOCALHOST:3000/api HTTP/1.1\r\nHost: localhost\r\n\r\n",
        ],
    )
    .await;
    let other = "GET http://evil.example.net/api HTTP/1.1\r\nHost: localhost\r\n\r\n";
    check(Open(403), &[other]).await;
    let old = "GET http://localhost/api HTTP/1.0\r\n\r\n";
    check(Closed(200), &[old]).await;
    check(
        Closed(400),
        &[
            "GET http://localhost/api HTTP/1.1\r\n\r\n",
            "GET http://localhost/api HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            "GET http://localhost/api HTTP/1.1\r\nHost: user@localhost\r\n\r\n",
            "GET http://user@localhost/api HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET http://localhost:x/api HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET http:///api HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET https://localhost/api HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET ftp://localhost/api HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET localhost:3000 HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET api HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET * HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "CONNECT /api HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /api/a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
        ],
    )
    .await;
    check(
        Open(404),
        &[
            "GET http://localhost HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET //api HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "CONNECT localhost:3000 HTTP/1.1\r\nHost: localhost:3000\r\n\r\n",
        ],
    )
    .await;
    check(
        Open(400),
        &[
            "GET /api/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /api/%ff HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /api/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        ],
    )
    .await;
    let long = "a".repeat(66_000);
    let long = format!("GET /{long} HTTP/1.1\r\n{HOST}\r\n");
    check(Closed(414), &[&long]).await;
}

#[tokio::test]
async fn a_head_is_made_of_lines() {
    let many = "x: y\r\n".repeat(100);
    let many = format!("GET /api HTTP/1.1\r\n{HOST}{many}\r\n");
    let long = "y".repeat(500_000);
    let long = format!("GET /api HTTP/1.1\r\n{HOST}x: {long}\r\n\r\n");
    check(Closed(431), &[&many, &long]).await;
    // A line may end with LF alone (RFC 9112, 2.2), and blank ones may go before.
    check(
        Open(200),
        &[
            "GET /api HTTP/1.1\nHost: localhost\n\n",
            "\r\n\r\nGET /api HTTP/1.1\r\nHost: localhost\r\n\r\n",
        ],
    )
    .await;
    check(
        Closed(400),
        &[
            "GET /api HTTP/1.1\rHost: localhost\r\r",
            "GET /api HTTP/1.1\r\nHost: localhost\r\nx: a\r\n b\r\n\r\n",
            "GET /api HTTP/1.1\r\n Host: localhost\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost : localhost\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: localhost\r\ncontent-length\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: localhost\r\n: no name\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: localhost\r\nx: a\0b\r\n\r\n",
            "GET /api HTTP/1.1\r\nHost: localhost\r\nx: a\rb\r\n\r\n",
            "G@T /api HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /api http/1.1\r\nHost: localhost\r\n\r\n",
            "GET /api HTTP/1.2\r\nHost: localhost\r\n\r\n",
            "GET /api HTTP/2.0\r\nHost: localhost\r\n\r\n",
            "GET  /api HTTP/1.1\r\nHost: localhost\r\n\r\n",
            "GET /api\r\n\r\n",
            // The start of a TLS handshake.
            "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0",
        ],
    )
    .await;
    let lower = "get /api HTTP/1.1\r\nHost: localhost\r\n\r\n";
    check(Open(405), &[lower]).await;
    check(Nothing, &["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]).await;
}

/// As [`check`], of what follows the `Host` of a request that posts a point without a
/// name.
async fn check_post(right: Seen, rest: &[&str]) {
    let sent = rest.iter();
    let sent: Vec<_> = sent
        .map(|rest| format!("POST /api HTTP/1.1\r\n{HOST}{rest}"))
        .collect();
    let sent: Vec<_> = sent.iter().map(String::as_str).collect();
    check(right, &sent).await;
}

#[tokio::test]
async fn a_length_is_a_number() {
    let read = [
        "Content-Length: 3\r\n\r\n[1]",
        // The same twice is the same (RFC 9112, 6.3).
        "Content-Length: 3\r\nContent-Length: 3\r\n\r\n[1]",
    ];
    check_post(Open(422), &read).await;
    check_post(
        Closed(400),
        &[
            "Content-Length: 3\r\nContent-Length: 2\r\n\r\n[1]",
            "Content-Length: 3, 3\r\n\r\n[1]",
            "Content-Length: -3\r\n\r\n[1]",
            "Content-Length: +3\r\n\r\n[1]",
            "Content-Length: 0x3\r\n\r\n[1]",
            "Content-Length: 3.0\r\n\r\n[1]",
            "Content-Length:\r\n\r\n[1]",
            "Content-Length : 3\r\n\r\n[1]",
            "Content-Length: 18446744073709551619\r\n\r\n[1]",
        ],
    )
    .await;
    let longest = format!("Content-Length: {}\r\n\r\n[1]", u64::MAX);
    check_post(Closed(431), &[&longest]).await;
    // Without one there is no body.
    check_post(Open(400), &["\r\n"]).await;
}

#[tokio::test]
async fn chunked_is_the_only_coding() {
    let read = [
        "Transfer-Encoding: chunked\r\n\r\n3\r\n[1]\r\n0\r\n\r\n",
        "Transfer-Encoding: , CHUNKED\r\n\r\n3\r\n[1]\r\n0\r\n\r\n",
    ];
    check_post(Open(422), &read).await;
    // The coding counts, and nothing comes after such a request.
    check_post(
        Closed(422),
        &[
            "Transfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n3\r\n[1]\r\n0\r\n\r\n",
            "Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1]\r\n0\r\n\r\n",
        ],
    )
    .await;
    check_post(
        Closed(400),
        &[
            "Transfer-Encoding: gzip, chunked\r\n\r\n3\r\n[1]\r\n0\r\n\r\n",
            "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1]\r\n0\r\n\r\n",
            "Transfer-Encoding: chunked, chunked\r\n\r\n3\r\n[1]\r\n0\r\n\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1]\r\n0\r\n\r\n",
            "Transfer-Encoding: identity, chunked\r\n\r\n3\r\n[1]\r\n0\r\n\r\n",
            "Transfer-Encoding: chunked, gzip\r\n\r\n3\r\n[1]\r\n0\r\n\r\n",
            "Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\n[1]",
            "Transfer-Encoding: xchunked\r\n\r\n3\r\n[1]\r\n0\r\n\r\n",
            "Transfer-Encoding: \u{b}chunked\r\n\r\n3\r\n[1]\r\n0\r\n\r\n",
            "Transfer-Encoding: chunked;q=1\r\n\r\n3\r\n[1]\r\n0\r\n\r\n",
            "Transfer-Encoding : chunked\r\n\r\n3\r\n[1]\r\n0\r\n\r\n",
            "Transfer-Encoding:\r\n\r\n",
        ],
    )
    .await;
    let old = "POST /api HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1]\r\n0\r\n\r\n";
    check(Closed(400), &[old]).await;
}

#[tokio::test]
async fn a_chunk_is_as_long_as_it_says() {
    let sent = |body: &&str| format!("Transfer-Encoding: chunked\r\n\r\n{body}");
    let read = [
        "3;a=\"b\" ; c\r\n[1]\r\n0\r\nx: y\r\n\r\n",
        "003 \r\n[1]\r\n00\r\n\r\n",
    ];
    let read = read.each_ref().map(sent);
    check_post(Open(422), &read.each_ref().map(String::as_str)).await;
    let long = format!("3;{}\r\n[1]\r\n0\r\n\r\n", "x".repeat(20_000));
    let broken = [
        "x\r\n[1]\r\n0\r\n\r\n",
        "+3\r\n[1]\r\n0\r\n\r\n",
        "0x3\r\n[1]\r\n0\r\n\r\n",
        "3\n[1]\n0\n\n",
        "3\r\n[1]x\r\n0\r\n\r\n",
        "3\r\n[1]0\r\n\r\n",
        "3;\n[1]\r\n0\r\n\r\n",
        "10000000000000003\r\n[1]\r\n0\r\n\r\n",
        "\r\n[1]\r\n0\r\n\r\n",
        &long,
    ];
    let broken = broken.each_ref().map(sent);
    check_post(Closed(400), &broken.each_ref().map(String::as_str)).await;
}

/// A request that hides in another is never answered.
#[tokio::test]
async fn nothing_is_smuggled() {
    let server = Server::start().await;
    let hidden = get("/api");
    let length = hidden.len() + 5;
    let malformed = Some("/docs#malformed-head");
    for (head, problem) in [
        (
            format!("Content-Length: {length}\r\nTransfer-Encoding: chunked"),
            None,
        ),
        (
            format!("Transfer-Encoding: chunked\r\nContent-Length: {length}"),
            None,
        ),
        ("Transfer-Encoding: chunked, chunked".to_owned(), malformed),
        ("Transfer-Encoding: gzip, chunked".to_owned(), malformed),
    ] {
        let mut client = server.connect().await;
        let sent = format!("POST /api HTTP/1.1\r\n{HOST}{head}\r\n\r\n0\r\n\r\n{hidden}");
        client.send(sent.as_bytes()).await;
        let reply = client.reply().await;
        assert_eq!(reply.status, 400, "{head}");
        if let Some(problem) = problem {
            assert_eq!(reply.problem(), problem, "{head}");
        }
        assert_eq!(reply.header("connection"), Some("close"));
        assert!(client.is_closed().await, "{head}");
    }
}

/// However they and their bodies come.
#[tokio::test]
async fn requests_in_a_row_are_told_apart() {
    let server = Server::start().await;
    let post = |rest: &str| format!("POST /api HTTP/1.1\r\n{HOST}{rest}");
    let row = [
        post("Content-Length: 3\r\n\r\n[1]"),
        post("Transfer-Encoding: chunked\r\n\r\n1;a=b\r\n[\r\n2\r\n1]\r\n0\r\nContent-Length: 1\r\n\r\n"),
        get("/health"),
        // A body that looks like a header.
        post("Content-Length: 28\r\n\r\nTransfer-Encoding: chunked\r\n"),
        post("Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        post("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ]
    .concat();
    for size in [1, 7, row.len()] {
        let mut client = server.connect().await;
        for piece in row.as_bytes().chunks(size) {
            client.send(piece).await;
        }
        for status in [422, 422, 200, 400, 400, 400] {
            assert_eq!(client.reply().await.status, status);
        }
        assert!(client.is_closed().await);
    }
}

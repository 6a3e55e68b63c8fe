//! The server over real sockets, spoken to byte by byte.

use async_trait::async_trait;
use http::Method;
use serde_json::Value as Json;
use tempfile::TempDir;
use tidemark_core::batch::Batch;
use tidemark_embedded::Embedded;
use tidemark_ports::Queue;
use tidemark_ports::error::Result as Stored;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::*;
use crate::config::Config;
use crate::ports;

/// A server of its own, with an empty store.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    _folder: TempDir,
}

impl Server {
    async fn start() -> Self {
        Self::start_with(|service| service).await
    }

    async fn start_with(change: impl FnOnce(Service) -> Service) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let variable = |name: &str| (name == "TIDEMARK_SOURCE_URL").then(|| "none".to_owned());
        let config = Config::read(variable).unwrap();
        let store = Embedded::open(folder.path()).unwrap();
        let service = change(ports::wire(&store, &config).unwrap().service);
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(serve(listener, Arc::new(service), async {
            let _ = stopped.await;
        }));
        Self {
            address,
            stop,
            serving,
            _folder: folder,
        }
    }

    async fn connect(&self) -> Client {
        Client(BufStream::new(
            TcpStream::connect(self.address).await.unwrap(),
        ))
    }

    /// One request on a connection of its own.
    async fn ask(&self, request: &str) -> Reply {
        let mut client = self.connect().await;
        client.send(request.as_bytes()).await;
        client.reply().await
    }
}

struct Client(BufStream<TcpStream>);

struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Client {
    async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// A head, whose length of the body is left to the caller.
    async fn head(&mut self) -> Reply {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let headers = lines.filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_ascii_lowercase(), value.to_owned()))
        });
        Reply {
            status: status.parse().unwrap(),
            headers: headers.collect(),
            body: Vec::new(),
        }
    }

    async fn reply(&mut self) -> Reply {
        let mut reply = self.head().await;
        let length: usize = reply.header("content-length").unwrap().parse().unwrap();
        reply.body = vec![0; length];
        self.0.read_exact(&mut reply.body).await.unwrap();
        reply
    }

    /// Whether the server has closed the connection, without another byte.
    async fn is_closed(&mut self) -> bool {
        // Closed with bytes of ours unread, it is reset.
        self.0.read_u8().await.is_err()
    }
}

impl Reply {
    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The type of a problem document, whose status is that of the answer.
    fn problem(&self) -> String {
        let media = self.header("content-type");
        assert_eq!(media, Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        problem["type"].as_str().unwrap().to_owned()
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n")
}

const POINT: &str = r#"[{"name":"a","t":1,"v":1.5}]"#;

fn post(body: &str) -> String {
    let length = body.len();
    format!("POST /api HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n{body}")
}

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

#[test]
fn only_points_and_measurements_are_kept() {
    for (method, path, expected) in [
        (Method::POST, "/api", 9),
        (Method::POST, "/meterdata/measurement", 9),
        (Method::POST, "/admin/discards/1-0/replay", 0),
        (Method::DELETE, "/api/a", 0),
        (Method::GET, "/api/a", 0),
        (Method::GET, "/health", 0),
        (Method::GET, "/docs", 0),
    ] {
        let route = routes::find(&method, path).unwrap();
        assert_eq!(kept(&route, 9), expected, "{method} {path}");
    }
}

#[tokio::test]
async fn the_limit_is_the_last_size_that_is_taken() {
    let server = Server::start_with(|service| Service {
        max_body: POINT.len(),
        ..service
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
    let server = Server::start_with(|mut service| {
        service.ingest.queue = Arc::new(Broken);
        service
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
    let server = Server::start_with(|mut service| {
        service.ingest.queue = queue;
        service
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
    let server = Server::start_with(|mut service| {
        service.ingest.queue = queue;
        service
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

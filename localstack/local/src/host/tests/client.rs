//! A server of a test's own, and a client that speaks to it byte by byte.

use serde_json::Value as Json;
use tempfile::TempDir;
use tidemark_embedded::Embedded;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;
use crate::config::Config;
use crate::ports::{Wired, wire};

/// A server of its own, with an empty store.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) stop: oneshot::Sender<()>,
    pub(super) serving: JoinHandle<()>,
    _folder: TempDir,
}

impl Server {
    pub(super) async fn start() -> Self {
        Self::start_with(|wired| wired).await
    }

    pub(super) async fn start_with(change: impl FnOnce(Wired) -> Wired) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let variable = |name: &str| (name == "TIDEMARK_SOURCE_URL").then(|| "none".to_owned());
        let config = Config::read(variable).unwrap();
        let store = Embedded::open(folder.path()).unwrap();
        let pipeline = change(wire(&store, &config).unwrap()).pipeline();
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(serve(listener, pipeline, async {
            let _ = stopped.await;
        }));
        Self {
            address,
            stop,
            serving,
            _folder: folder,
        }
    }

    pub(super) async fn connect(&self) -> Client {
        Client(BufStream::new(
            TcpStream::connect(self.address).await.unwrap(),
        ))
    }

    /// One request on a connection of its own.
    pub(super) async fn ask(&self, request: &str) -> Reply {
        let mut client = self.connect().await;
        client.send(request.as_bytes()).await;
        client.reply().await
    }
}

pub(super) struct Client(BufStream<TcpStream>);

pub(super) struct Reply {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Client {
    pub(super) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// The same to a server that may have closed the connection.
    pub(super) async fn try_send(&mut self, bytes: &[u8]) {
        if self.0.write_all(bytes).await.is_ok() {
            let _ = self.0.flush().await;
        }
    }

    /// A head, whose length of the body is left to the caller.
    pub(super) async fn head(&mut self) -> Reply {
        self.try_head().await.unwrap()
    }

    /// The same; None if the connection is closed in its place.
    async fn try_head(&mut self) -> Option<Reply> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let headers = lines.filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_ascii_lowercase(), value.to_owned()))
        });
        Some(Reply {
            status: status.parse().unwrap(),
            headers: headers.collect(),
            body: Vec::new(),
        })
    }

    pub(super) async fn reply(&mut self) -> Reply {
        self.answer().await.unwrap()
    }

    /// A reply; None if the connection is closed in its place.
    pub(super) async fn answer(&mut self) -> Option<Reply> {
        let mut reply = self.try_head().await?;
        let length: usize = reply.header("content-length").unwrap().parse().unwrap();
        reply.body = vec![0; length];
        self.0.read_exact(&mut reply.body).await.unwrap();
        Some(reply)
    }

    /// Whether the server has closed the connection, without another byte.
    pub(super) async fn is_closed(&mut self) -> bool {
        // Closed with bytes of ours unread, it is reset.
        self.0.read_u8().await.is_err()
    }
}

impl Reply {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        let of = self.headers.iter().filter(|(n, _)| n == name);
        of.map(|(_, v)| v.as_str()).collect()
    }

    pub(super) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The type of a problem document, whose status is that of the answer.
    pub(super) fn problem(&self) -> String {
        let media = self.header("content-type");
        assert_eq!(media, Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        problem["type"].as_str().unwrap().to_owned()
    }
}

pub(super) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n")
}

pub(super) const POINT: &str = r#"[{"name":"a","t":1,"v":1.5}]"#;

pub(super) fn post(body: &str) -> String {
    let length = body.len();
    format!("POST /api HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n{body}")
}

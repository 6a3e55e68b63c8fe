//! HTTP as a client of average diligence speaks it: one connection that is kept
//! alive, one request at a time.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

/// Anything that ends the measurement.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// No answer takes longer.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where a system listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Host and port.
    pub(crate) authority: String,
    /// API key, if it wants one.
    pub(crate) key: Option<String>,
}

impl Endpoint {
    /// A port of this machine.
    pub(crate) fn local(port: u16) -> Self {
        Self {
            authority: format!("127.0.0.1:{port}"),
            key: None,
        }
    }

    /// What `url` says.
    pub(crate) fn parse(url: &str, key: Option<String>) -> Result<Self, Failure> {
        let uri: Uri = url.parse()?;
        let authority = uri.authority().map(http::uri::Authority::as_str);
        let (Some("http"), Some(authority)) = (uri.scheme_str(), authority) else {
            return Err(format!("{url} is not an address like http://127.0.0.1:3000").into());
        };
        let authority = match uri.port() {
            Some(_) => authority.to_owned(),
            None => format!("{authority}:80"),
        };
        Ok(Self { authority, key })
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// Its body.
    pub(crate) body: Bytes,
}

impl Reply {
    /// What to tell of an answer that was not expected.
    pub(crate) fn complaint(&self, asked: &str) -> Failure {
        let body = String::from_utf8_lossy(&self.body[..self.body.len().min(500)]);
        format!("unexpected answer to {asked}: {} {body}", self.status).into()
    }
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    endpoint: Endpoint,
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(endpoint: &Endpoint) -> Result<Self, Failure> {
        let stream = TcpStream::connect(&endpoint.authority).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // How it ends is seen by the request that it fails.
        tokio::spawn(async { drop(connection.await) });
        Ok(Self {
            endpoint: endpoint.clone(),
            sender,
        })
    }

    /// Sends a request and waits for the whole answer.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<(&'static str, Bytes)>,
    ) -> Result<Reply, Failure> {
        if self.sender.is_closed() {
            // A server may end a connection that was idle.
            *self = Self::open(&self.endpoint).await?;
        }
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.endpoint.authority);
        if let Some(key) = &self.endpoint.key {
            request = request.header(AUTHORIZATION, format!("Bearer {key}"));
        }
        let body = match body {
            Some((media_type, bytes)) => {
                request = request.header(CONTENT_TYPE, media_type);
                Full::new(bytes)
            }
            None => Full::default(),
        };
        let request = request.body(body)?;
        let exchange = async {
            self.sender.ready().await?;
            let (head, body) = self.sender.send_request(request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok::<_, hyper::Error>(Reply {
                status: head.status,
                headers: head.headers,
                body,
            })
        };
        Ok(tokio::time::timeout(PATIENCE, exchange)
            .await
            .map_err(|_| format!("no answer within {} s to {path}", PATIENCE.as_secs()))??)
    }

    /// `GET` of a path.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Reply, Failure> {
        self.send(Method::GET, path, None).await
    }
}

/// What one connection runs on: the thread that asks for it.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

/// One request on a connection of its own.
pub(crate) fn request(endpoint: &Endpoint, method: Method, path: &str) -> Result<Reply, Failure> {
    runtime()?.block_on(async {
        let mut connection = Connection::open(endpoint).await?;
        connection.send(method, path, None).await
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let authority = |url| Endpoint::parse(url, None).map(|e| e.authority).ok();
        assert_eq!(
            authority("http://127.0.0.1:3000"),
            Some("127.0.0.1:3000".to_owned())
        );
        assert_eq!(authority("http://host/"), Some("host:80".to_owned()));
        assert_eq!(authority("https://host"), None);
        assert_eq!(authority("host"), None);
    }
}

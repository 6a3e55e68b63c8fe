//! The data server over HTTP.

use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use http::{StatusCode, Uri};
use http_body_util::BodyExt;
use tidemark_core::payload::PayloadBuilder;
use tidemark_https as https;
use tidemark_ports::error::causes;
use tidemark_ports::{DataServer, Fetched};

/// How long an answer may take. Long, since a message that comes after we hung
/// up is lost.
const PATIENCE: Duration = Duration::from_secs(20);

/// Not a URL that can be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an http or https URL: {0}")]
pub struct UrlError(String);

/// The data server at a URL.
pub struct HttpDataServer {
    uri: Uri,
    client: https::Client,
}

/// Reads the URL that is asked, which is http or https.
impl FromStr for HttpDataServer {
    type Err = UrlError;
    fn from_str(url: &str) -> Result<Self, UrlError> {
        let wrong = || UrlError(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        if uri.host().is_none() || !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(wrong());
        }
        let client = https::client().map_err(|_| wrong())?;
        Ok(Self { uri, client })
    }
}

#[async_trait]
impl DataServer for HttpDataServer {
    async fn next(&self) -> Result<Fetched, String> {
        let ask = async {
            let response = self
                .client
                .get(self.uri.clone())
                .await
                .map_err(|e| causes(&e))?;
            match response.status() {
                StatusCode::OK => {
                    // To its end, however long it is, for its length and digest.
                    let mut body = response.into_body();
                    let mut message = PayloadBuilder::default();
                    while let Some(frame) = body.frame().await {
                        if let Ok(data) = frame.map_err(|e| causes(&e))?.into_data() {
                            message.push(&data);
                        }
                    }
                    Ok(Fetched::Message(message.finish()))
                }
                StatusCode::NOT_FOUND => Ok(Fetched::Empty),
                status => Err(format!("it answered {status}")),
            }
        };
        tokio::time::timeout(PATIENCE, ask)
            .await
            .unwrap_or_else(|_| Err(format!("it did not answer within {PATIENCE:?}")))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use tidemark_core::payload::Payload;

    use super::*;

    /// A data server that answers one request with `body`. Where it is.
    fn one_answer(body: Vec<u8>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                asked.extend(byte);
            }
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&body).unwrap();
        });
        format!("http://{address}/")
    }

    /// What is kept of a message does not depend on how much that is: length and
    /// digest are those of all that came.
    #[tokio::test]
    async fn a_message_of_any_length_is_read_to_its_end() {
        for length in [10, Payload::MAX_BYTES + 1, 17 << 20] {
            let body: Vec<u8> = (0..=250).cycle().take(length).collect();
            let expected = Payload::new(&body);
            let server = one_answer(body).parse::<HttpDataServer>().unwrap();
            assert_eq!(server.next().await, Ok(Fetched::Message(expected)));
        }
    }
}

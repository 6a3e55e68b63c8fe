//! The data server, and how it is asked over HTTP.

use std::time::Duration;

use async_trait::async_trait;
use http::{StatusCode, Uri};
use http_body_util::BodyExt;
use tidemark_core::payload::{Payload, PayloadBuilder};
use tidemark_ports::error::causes;

use crate::https;

/// How long an answer may take. Long, since a message that comes after we hung
/// up is lost.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the data server answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A message, which the server has forgotten by now; what is kept of it.
    Message(Payload),
    /// There is none at the moment.
    Empty,
}

/// The external data server.
#[async_trait]
pub trait DataServer: Send + Sync {
    /// Asks for the next message. The error is for the log.
    async fn next(&self) -> Result<Answer, String>;
}

/// Not a URL that can be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an http or https URL: {0}")]
pub struct UrlError(String);

/// The data server at a URL.
pub struct HttpDataServer {
    uri: Uri,
    client: https::Client,
}

impl HttpDataServer {
    /// Asks `url`, which is http or https.
    pub fn new(url: &str) -> Result<Self, UrlError> {
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
    async fn next(&self) -> Result<Answer, String> {
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
                    Ok(Answer::Message(message.finish()))
                }
                StatusCode::NOT_FOUND => Ok(Answer::Empty),
                status => Err(format!("it answered {status}")),
            }
        };
        tokio::time::timeout(PATIENCE, ask)
            .await
            .unwrap_or_else(|_| Err(format!("it did not answer within {PATIENCE:?}")))
    }
}

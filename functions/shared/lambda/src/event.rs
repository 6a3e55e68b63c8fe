//! HTTP requests as API Gateway puts them into events (payload format 2.0), and
//! answers as it takes them.
//!
//! Answers are those of `lambda_http`. Its requests are not byte for byte what
//! the client sent: it normalizes paths, and panics on what is no URI.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONNECTION, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Response, Uri};
use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;

/// The most bytes of an answer, as JSON: Lambda takes 6 MB (6291556 bytes).
pub(crate) const LONGEST: usize = 6 * 1024 * 1024;
/// How many bytes of that are kept for status and headers.
const HEAD: usize = 32 * 1024;

/// What stands in neither path nor query of a URI. The gateway decodes a path,
/// all but `%25`, so that encoding this again is enough.
const NOT_IN_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');
const NOT_IN_QUERY: &AsciiSet = &NOT_IN_PATH.remove(b'?');

/// A request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HttpEvent {
    raw_path: String,
    #[serde(default)]
    raw_query_string: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    request_context: RequestContext,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Debug, Deserialize)]
struct RequestContext {
    http: Http,
}

#[derive(Debug, Deserialize)]
struct Http {
    method: String,
}

impl HttpEvent {
    /// The request as the client sent it.
    pub(crate) fn request(self) -> Result<Request<Bytes>, crate::Error> {
        let path = utf8_percent_encode(&self.raw_path, NOT_IN_PATH);
        let mut target = path.to_string();
        if let Some(query) = self.raw_query_string.filter(|query| !query.is_empty()) {
            target.push('?');
            target.extend(utf8_percent_encode(&query, NOT_IN_QUERY));
        }
        let body = match self.body {
            None => Bytes::new(),
            Some(body) if self.is_base64_encoded => STANDARD.decode(body)?.into(),
            Some(body) => body.into(),
        };
        let mut request = Request::new(body);
        *request.method_mut() = Method::from_bytes(self.request_context.http.method.as_bytes())?;
        *request.uri_mut() = Uri::try_from(target)?;
        *request.headers_mut() = self
            .headers
            .iter()
            .filter_map(|(name, value)| {
                let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
                Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
            })
            .collect::<HeaderMap>();
        Ok(request)
    }
}

/// An answer for the gateway.
///
/// Text stays text, unless it is so long and so full of what JSON escapes that
/// base64 is shorter: of a page of 4 MiB one of the two always fits.
pub(crate) fn answer(response: Response<Bytes>) -> ApiGatewayV2httpResponse {
    let (head, body) = response.into_parts();
    let text = std::str::from_utf8(&body).ok();
    let text = text.filter(|text| escaped(text) <= LONGEST - HEAD);
    let mut answer = ApiGatewayV2httpResponse::default();
    answer.status_code = head.status.as_u16().into();
    answer.is_base64_encoded = text.is_none();
    answer.body = Some(text.map_or_else(
        || Body::Binary(body.to_vec()),
        |text| Body::Text(text.to_owned()),
    ));
    // Connections are the gateway's.
    for name in head.headers.keys().filter(|name| **name != CONNECTION) {
        let values = head.headers.get_all(name).iter();
        let values: Vec<&[u8]> = values.map(HeaderValue::as_bytes).collect();
        // Only what is UTF-8 can be written as JSON.
        let joined = String::from_utf8_lossy(&values.join(&b", "[..])).into_owned();
        if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(joined)) {
            answer.headers.insert(name, value);
        }
    }
    answer
}

/// How many bytes a text has as a JSON string.
fn escaped(text: &str) -> usize {
    let of = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(of).sum::<usize>() + 2
}

#[cfg(test)]
mod tests;

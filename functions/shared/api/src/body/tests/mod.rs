mod decode;

use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue};
use tidemark_formats::Parsed;

use super::{BodyError, BodyLimits, read_measurements, read_points};

const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";
const CSV: &str = "text/csv";

fn headers(media: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(media))])
}

fn gzip_headers() -> HeaderMap {
    let mut headers = headers(JSON);
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers
}

fn points(media: &'static str, body: impl AsRef<[u8]>) -> Result<Parsed, BodyError> {
    read_points(&headers(media), body.as_ref(), BodyLimits::default())
}

//! Answers over 1 KiB are packed where the client takes that.
//!
//! Not `tower-http`'s, whose answers are streams of unknown length: `HEAD` could not
//! tell the length that `GET` has, and Lambda sends nothing but whole answers, which
//! these are from the start.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, VARY};
use http::{HeaderMap, HeaderValue, Response};
use http_body_util::Full;
use tokio::task::spawn_blocking;

use super::stage::Admitted;
use super::step::{Next, Step};
use crate::accept::quality;

/// Up to so many bytes an answer stays as it is: packing would gain nothing.
const SMALL: usize = 1024;
/// Up to so many bytes an answer is packed where it is; what takes longer than other
/// requests should wait goes to a thread of its own.
const QUICK: usize = 64 << 10;

#[derive(Debug, Clone, Copy)]
pub(super) struct Compress;

impl<N> Step<Admitted<Bytes>, N> for Compress
where
    N: Next<Admitted<Bytes>, Answer = Response<Bytes>>,
{
    type Answer = Response<Full<Bytes>>;

    async fn run(self, admitted: Admitted<Bytes>, next: N) -> Response<Full<Bytes>> {
        let takes_gzip = takes_gzip(admitted.request.headers());
        let mut response = next.answer(admitted).await;
        // What is packed already is sent as it is.
        if response.body().len() <= SMALL || response.headers().contains_key(CONTENT_ENCODING) {
            return response.map(Full::new);
        }
        let accept = HeaderValue::from_static("accept-encoding");
        response.headers_mut().append(VARY, accept);
        if takes_gzip && let Some(packed) = packed(response.body()).await {
            let gzip = HeaderValue::from_static("gzip");
            response.headers_mut().insert(CONTENT_ENCODING, gzip);
            *response.body_mut() = packed;
        }
        response.map(Full::new)
    }
}

/// The same as gzip data. It does not fail; if it did, the answer would be as good
/// without.
async fn packed(body: &Bytes) -> Option<Bytes> {
    if body.len() <= QUICK {
        return gzip(body);
    }
    let body = body.clone();
    spawn_blocking(move || gzip(&body)).await.ok()?
}

fn gzip(body: &[u8]) -> Option<Bytes> {
    let mut packer = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    packer.write_all(body).ok()?;
    packer.finish().ok().map(Bytes::from)
}

/// Whether the headers prefer gzip to nothing (RFC 9110, 12.5.3). A member of
/// `Accept-Encoding` that is none is passed over.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let (mut gzip, mut plain, mut any) = (None, None, None);
    let values = headers.get_all(ACCEPT_ENCODING).iter();
    let members = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    for member in members {
        let mut parts = member.split(';').map(str::trim);
        let coding = parts.next().unwrap_or_default();
        let Some(quality) = quality(parts) else {
            continue;
        };
        let is = |name: &str| coding.eq_ignore_ascii_case(name);
        if is("gzip") || is("x-gzip") {
            gzip = Some(quality);
        } else if is("identity") {
            plain = Some(quality);
        } else if coding == "*" {
            any = Some(quality);
        }
    }
    let gzip = gzip.or(any).unwrap_or(0);
    gzip > 0 && gzip >= plain.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_say_what_they_take() {
        for (accept, takes) in [
            (&[] as &[&str], false),
            (&["gzip"], true),
            (&["GZip"], true),
            (&["x-gzip"], true),
            (&["gzip, deflate, br, zstd"], true),
            (&["br", "gzip;q=0.5"], true),
            (&["br"], false),
            (&["identity"], false),
            (&["gzip;q=0"], false),
            (&["gzip; q=0.000"], false),
            (&["gzip;q=0.001"], true),
            (&["*"], true),
            (&["*;q=0"], false),
            (&["gzip;q=0, *"], false),
            (&["*;q=0, gzip"], true),
            (&["identity, gzip;q=0.5"], false),
            (&["identity;q=0.5, gzip"], true),
            (&["identity;q=0.5, gzip;q=0.5"], true),
            // What is no quality is passed over with its coding.
            (&["gzip;q=2"], false),
            (&["", ", gzip"], true),
        ] {
            let mut headers = HeaderMap::new();
            for value in accept {
                headers.append(ACCEPT_ENCODING, HeaderValue::from_static(value));
            }
            assert_eq!(takes_gzip(&headers), takes, "{accept:?}");
        }
    }
}

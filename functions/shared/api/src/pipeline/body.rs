//! Bodies: read to their end, kept where a route wants one, and refused where they
//! are too large.
//!
//! Not `tower-http`'s limit, which hangs up on who sends too much: a client that is
//! still sending sees no answer.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT};
use http::{HeaderValue, Request, Response, Version};
use http_body_util::{BodyExt, Full};
use tokio::time::timeout;

use super::stage::Admitted;
use super::step::{Next, Step};
use crate::problem::Problem;

/// How long a client may take to send a body.
pub const BODY_TIME: Duration = Duration::from_mins(1);
/// How much of a body that is too large is read and forgotten, so that the
/// client, which is still sending, comes to see the answer.
const OVERRUN: usize = 32 << 20;

/// Refuses a request. Its body is read and forgotten, unless the client waits to be
/// told that it is wanted.
pub(super) async fn refuse<B>(request: Request<B>, problem: Problem) -> Response<Full<Bytes>>
where
    B: BodyExt<Data = Bytes> + Send + Unpin,
{
    let waits = waits(&request);
    let body = request.into_body();
    if waits && !body.is_end_stream() {
        return closing(problem);
    }
    forget(body, problem).await
}

/// Whether the client sends the body only when told to go on (RFC 9110, 10.1.1). A
/// host says so as soon as the body is asked for.
fn waits<B>(request: &Request<B>) -> bool {
    let expected = request.headers().get_all(EXPECT).iter();
    let mut expected = expected.flat_map(|value| value.as_bytes().split(|b| *b == b','));
    request.version() >= Version::HTTP_11
        && expected.any(|it| it.trim_ascii().eq_ignore_ascii_case(b"100-continue"))
}

async fn forget<B>(body: B, problem: Problem) -> Response<Full<Bytes>>
where
    B: BodyExt<Data = Bytes> + Send + Unpin,
{
    let is_at_end = timeout(BODY_TIME, drain(body)).await;
    if is_at_end.unwrap_or(false) {
        answer(problem)
    } else {
        closing(problem)
    }
}

/// Reads what is left of a body, and tells whether that was all.
async fn drain<B>(mut body: B) -> bool
where
    B: BodyExt<Data = Bytes> + Send + Unpin,
{
    let mut length = 0;
    while length <= OVERRUN {
        match body.frame().await {
            None => return true,
            Some(Ok(frame)) => length += frame.data_ref().map_or(0, Bytes::len),
            Some(Err(_)) => return false,
        }
    }
    false
}

fn answer(problem: Problem) -> Response<Full<Bytes>> {
    Response::<Bytes>::from(problem).map(Full::new)
}

/// An answer before the end of the request, after which nobody finds the next one.
fn closing(problem: Problem) -> Response<Full<Bytes>> {
    let mut answer = answer(problem);
    let close = HeaderValue::from_static("close");
    answer.headers_mut().insert(CONNECTION, close);
    answer
}

fn too_large(limit: usize) -> Problem {
    Problem::body_too_large(format!("a body has at most {limit} bytes as sent"))
}

/// Collects the body of a request that was let in, up to `limit` bytes; of a route
/// that takes none, some of which are open to anyone, nothing is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Collect {
    pub(super) limit: usize,
}

impl<B, N> Step<Admitted<B>, N> for Collect
where
    B: BodyExt<Data = Bytes> + Send + Unpin,
    N: Next<Admitted<Bytes>, Answer = Response<Full<Bytes>>>,
{
    type Answer = Response<Full<Bytes>>;

    async fn run(self, admitted: Admitted<B>, next: N) -> Response<Full<Bytes>> {
        let Admitted {
            principal,
            matched,
            request,
        } = admitted;
        let declared = request.headers().get(CONTENT_LENGTH);
        let declared = declared.and_then(|value| value.to_str().ok()?.parse().ok());
        let declared = declared.unwrap_or(0);
        if declared > self.limit {
            return refuse(request, too_large(self.limit)).await;
        }
        let (head, mut body) = request.into_parts();
        let kept = if matched.endpoint.takes_body {
            self.limit
        } else {
            0
        };
        let reading = read(&mut body, declared, self.limit, kept);
        match timeout(BODY_TIME, reading).await {
            Ok(Ok(body)) => {
                let request = Request::from_parts(head, body);
                let admitted = Admitted {
                    principal,
                    matched,
                    request,
                };
                next.answer(admitted).await
            }
            Ok(Err(problem)) => forget(body, problem).await,
            Err(_) => closing(Problem::malformed_body(format!(
                "the body did not arrive within {BODY_TIME:?}"
            ))),
        }
    }
}

/// Reads a body of at most `limit` bytes. One that is longer than `kept` is
/// forgotten from there on.
async fn read<B>(body: &mut B, declared: usize, limit: usize, kept: usize) -> Result<Bytes, Problem>
where
    B: BodyExt<Data = Bytes> + Send + Unpin,
{
    let mut bytes = BytesMut::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::malformed_body("the body broke off"))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if length == 0 && data.len() <= kept && body.is_end_stream() {
            // It came in one piece, which need not be copied.
            return Ok(data);
        }
        length += data.len();
        if length > limit {
            return Err(too_large(limit));
        }
        if length <= kept {
            if bytes.is_empty() {
                bytes.reserve(declared.min(kept));
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes.freeze())
}

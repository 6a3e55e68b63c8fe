//! Bodies: read to their end, kept where a route wants one, and refused where they
//! are too large.
//!
//! Not `tower-http`'s limit, which hangs up on who sends too much: a client that is
//! still sending sees no answer.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_LENGTH;
use http::{Request, Response};
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

/// Refuses a request, whose body is read and forgotten.
pub(super) async fn refuse<B>(body: B, problem: Problem) -> Response<Full<Bytes>>
where
    B: BodyExt<Data = Bytes> + Send + Unpin,
{
    let _ = timeout(BODY_TIME, read(body, 0, 0, 0)).await;
    answer(problem)
}

fn answer(problem: Problem) -> Response<Full<Bytes>> {
    Response::<Bytes>::from(problem).map(Full::new)
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
        let (head, body) = request.into_parts();
        let kept = matched.route.body.map_or(0, |_| self.limit);
        let declared = head.headers.get(CONTENT_LENGTH);
        let declared = declared.and_then(|value| value.to_str().ok()?.parse().ok());
        let reading = read(body, declared.unwrap_or(0), self.limit, kept);
        let body = timeout(BODY_TIME, reading).await.unwrap_or_else(|_| {
            let detail = format!("the body did not arrive within {BODY_TIME:?}");
            Err(Problem::malformed_body(detail))
        });
        match body {
            Ok(body) => {
                let request = Request::from_parts(head, body);
                let admitted = Admitted {
                    principal,
                    matched,
                    request,
                };
                next.answer(admitted).await
            }
            Err(problem) => answer(problem),
        }
    }
}

/// Reads a body of at most `limit` bytes. One that is longer than `kept` is
/// forgotten from there on.
async fn read<B>(mut body: B, declared: usize, limit: usize, kept: usize) -> Result<Bytes, Problem>
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
        if length > limit + OVERRUN {
            break;
        }
        if length <= kept {
            if bytes.is_empty() {
                bytes.reserve(declared.min(kept));
            }
            bytes.extend_from_slice(&data);
        }
    }
    if length > limit {
        return Err(Problem::body_too_large(format!(
            "a body has at most {limit} bytes as sent"
        )));
    }
    Ok(bytes.freeze())
}

//! The HTTP server: connections, bodies and request ids around the service.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tidemark_api::problem::Problem;
use tidemark_api::routes::{self, Match, Operation};
use tokio::net::{TcpListener, TcpStream};
use tracing::Instrument;

use crate::service::Service;

#[cfg(test)]
mod tests;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// How long a client may take to send the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long it may take to send the body.
const BODY_TIME: Duration = Duration::from_mins(1);
/// How much of a body that is too large is read and forgotten, so that the
/// client, which is still sending, comes to see the answer.
const OVERRUN: usize = 32 << 20;
/// How long requests that are under way have when the server stops.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

/// Takes the address, so that connections wait there.
pub(crate) async fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .map_err(|e| std::io::Error::new(e.kind(), format!("listening on {address}: {e}")))
}

/// Serves until `stop` ends, then lets requests that are under way finish.
pub(crate) async fn serve(
    listener: TcpListener,
    service: Arc<Service>,
    stop: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, say: others may be closed soon.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        connect(stream, &service, &graceful);
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests were broken off: they took longer than {GRACE:?}");
    }
}

/// Ends when the process is told to stop (SIGINT, SIGTERM).
pub(crate) fn stop() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

fn connect(stream: TcpStream, service: &Arc<Service>, graceful: &GracefulShutdown) {
    // An answer is written at once; waiting for more only delays it.
    let _ = stream.set_nodelay(true);
    let service = Arc::clone(service);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .serve_connection(
            TokioIo::new(stream),
            service_fn(move |request| {
                let service = Arc::clone(&service);
                async move { Ok::<_, Infallible>(answer(&service, request).await) }
            }),
        );
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection broke");
        }
    });
}

async fn answer(service: &Service, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let id = format!("{:016x}", fastrand::u64(..));
    let (head, body) = request.into_parts();
    let (method, path) = (&head.method, head.uri.path());
    let route = routes::find(method, path);
    let span = tracing::info_span!("request", id, %method, path);
    let started = Instant::now();
    let handled = AssertUnwindSafe(handle(service, &route, &head, body))
        .catch_unwind()
        .instrument(span.clone())
        .await;
    let mut response = match handled {
        Ok(Ok(response)) => response,
        Ok(Err(problem)) => problem.into(),
        Err(_) => {
            span.in_scope(|| tracing::error!("a handler panicked"));
            Problem::internal().into()
        }
    };
    let marked = response.headers_mut();
    service
        .gate
        .mark(route.as_ref().ok(), &head.headers, marked);
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let (status, ms) = (
        response.status().as_u16(),
        started.elapsed().as_secs_f64() * 1e3,
    );
    span.in_scope(|| {
        if response.status().is_server_error() {
            tracing::error!(status, ms, "answered");
        } else {
            tracing::debug!(status, ms, "answered");
        }
    });
    response.map(Full::new)
}

async fn handle(
    service: &Service,
    route: &Result<Match, Problem>,
    head: &Parts,
    body: Incoming,
) -> Result<Response<Bytes>, Problem> {
    let (method, path, asked) = (&head.method, head.uri.path(), &head.headers);
    if let Some(response) = service.gate.preflight(method, path, asked) {
        return Ok(response);
    }
    let admitted = match route {
        Ok(route) => service.gate.admit(route, asked).await.map(|by| (by, route)),
        Err(problem) => Err(problem.clone()),
    };
    let declared = asked
        .get(CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok()?.parse().ok());
    // Where nothing will come of it as well: who is still sending sees no answer.
    let (limit, kept) = match &admitted {
        Ok((_, route)) => (service.max_body, kept(route, service.max_body)),
        Err(_) => (0, 0),
    };
    let body = tokio::time::timeout(BODY_TIME, read(body, declared, limit, kept)).await;
    let (principal, route) = admitted?;
    let body = body.map_err(|_| {
        Problem::malformed_body(format!("the body did not arrive within {BODY_TIME:?}"))
    })??;
    let request = Request::from_parts(head.clone(), body);
    service.answer(&principal, route, &request).await
}

/// How much of a body is kept, where so much is taken: nothing by a route that
/// wants none, some of which are open to anyone.
const fn kept(route: &Match, limit: usize) -> usize {
    match route.route.operation {
        Operation::Ingest(_) => limit,
        _ => 0,
    }
}

/// Reads a body of at most `limit` bytes. One that is longer than `kept` is
/// forgotten from there on.
async fn read(
    mut body: Incoming,
    declared: Option<usize>,
    limit: usize,
    kept: usize,
) -> Result<Bytes, Problem> {
    let mut bytes = BytesMut::with_capacity(declared.unwrap_or(0).min(kept));
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::malformed_body("the body broke off"))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length += data.len();
        if length > limit + OVERRUN {
            break;
        }
        if length <= kept {
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

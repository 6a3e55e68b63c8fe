//! The HTTP server: connections around the pipeline.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tidemark_api::pipeline::Reply;
use tokio::net::{TcpListener, TcpStream};
use tower::{Service, ServiceExt};

mod head;
#[cfg(test)]
mod tests;

/// How long a client may take to send the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long requests that are under way have when the server stops.
pub(crate) const GRACE: Duration = Duration::from_secs(10);

/// Takes the address, so that connections wait there.
pub(crate) async fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .map_err(|e| std::io::Error::new(e.kind(), format!("listening on {address}: {e}")))
}

/// Serves until `stop` ends, then lets requests that are under way finish.
pub(crate) async fn serve<P>(listener: TcpListener, pipeline: P, stop: impl Future<Output = ()>)
where
    P: Service<Request<Incoming>, Response = Reply, Error = Infallible, Future: Send>,
    P: Clone + Send + 'static,
{
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
        connect(stream, pipeline.clone(), &graceful);
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

fn connect<P>(stream: TcpStream, pipeline: P, graceful: &GracefulShutdown)
where
    P: Service<Request<Incoming>, Response = Reply, Error = Infallible, Future: Send>,
    P: Clone + Send + 'static,
{
    // An answer is written at once; waiting for more only delays it.
    let _ = stream.set_nodelay(true);
    let pipeline = pipeline.map_request(head::checked);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(pipeline));
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection broke");
        }
    });
}

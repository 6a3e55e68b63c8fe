//! The HTTP side: one route, and faults on demand.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::connection::{Connection, Outbox};
use crate::log::Log;
use crate::message::{Message, Producer};
use crate::options::Faults;

/// Tells the time: microseconds since 1970 UTC.
pub(crate) type Clock = fn() -> i64;

/// What all connections share.
pub(crate) struct Server {
    state: Mutex<State>,
    faults: Faults,
    clock: Clock,
}

struct State {
    producer: Producer,
    log: Log,
    /// Draws the faults. Separate from the producer's, so that the messages are
    /// the same whatever is asked.
    rng: Rng,
}

/// What happens to a request.
struct Fate {
    stalls: bool,
    fails: bool,
}

impl Server {
    /// Serves what `producer` makes and records it in `log`.
    pub(crate) const fn new(
        producer: Producer,
        log: Log,
        faults: Faults,
        rng: Rng,
        clock: Clock,
    ) -> Self {
        Self {
            state: Mutex::new(State { producer, log, rng }),
            faults,
            clock,
        }
    }

    /// Accepts connections for ever.
    pub(crate) async fn run(self: Arc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    tokio::spawn(Arc::clone(&self).serve(stream));
                }
                Err(e) => {
                    // Too many open files, mostly: waiting lets some be closed.
                    eprintln!("data-server: cannot accept a connection: {e}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    async fn serve(self: Arc<Self>, stream: TcpStream) {
        // Answers are small and wait for nothing that follows.
        let _ = stream.set_nodelay(true);
        let outbox = Outbox::default();
        let record = |message: &Message| self.record(message);
        let io = TokioIo::new(Connection::new(stream, outbox.clone(), record));
        let service = service_fn(|request| self.answer(request, &outbox));
        // A client that hangs up ends its connection with an error: no news.
        let _ = http1::Builder::new().serve_connection(io, service).await;
        for message in outbox.unsent() {
            eprintln!(
                "data-server: message {} is lost: the client hung up before it was written",
                message.n
            );
        }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        outbox: &Outbox,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        if request.uri().path() != "/" {
            return Ok(empty(StatusCode::NOT_FOUND));
        }
        if request.method() != Method::GET {
            let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
            response
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET"));
            return Ok(response);
        }
        let fate = self.fate();
        if fate.stalls {
            // If the client hangs up meanwhile, this future is dropped here, and
            // no message has been taken.
            tokio::time::sleep(Duration::from_millis(self.faults.stall_ms)).await;
        }
        if fate.fails {
            return Ok(empty(StatusCode::INTERNAL_SERVER_ERROR));
        }
        let Some(message) = self.state().producer.take((self.clock)()) else {
            return Ok(empty(StatusCode::NOT_FOUND));
        };
        let mut response = Response::new(Full::from(message.payload.clone()));
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        outbox.put(message);
        Ok(response)
    }

    fn fate(&self) -> Fate {
        let mut state = self.state();
        Fate {
            stalls: state.rng.f64() < self.faults.stalls,
            fails: state.rng.f64() < self.faults.errors,
        }
    }

    fn record(&self, message: &Message) -> io::Result<()> {
        let now = (self.clock)();
        let recorded = self.state().log.record(message, now);
        if let Err(e) = &recorded {
            eprintln!(
                "data-server: message {} was served but not logged: {e}",
                message.n
            );
        }
        recorded
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

//! A service of AWS that answers what a test says, over a socket of this
//! machine.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::Region;
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::Aws;
use crate::client::loader;
use crate::settings::Settings;

/// How many services there were.
static SERVED: AtomicUsize = AtomicUsize::new(1);

/// Serves `answer` to every request, and gives what the ports are made from to
/// ask it.
pub(crate) async fn serve<A, F>(answer: A, variable: fn(&str) -> Option<String>) -> Aws
where
    A: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<String>> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = Arc::clone(&answer);
            let service = service_fn(move |request: Request<Incoming>| {
                let answer = Arc::clone(&answer);
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    let response = answer(Request::from_parts(head, body)).await;
                    Ok::<_, Infallible>(response.map(|body| Full::new(Bytes::from(body))))
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    // The SDK has one allowance of retries for all clients of a service and region in
    // a process: tests would take it from each other.
    let number = SERVED.fetch_add(1, Ordering::Relaxed);
    let credentials = Credentials::new("test", "test", None, None, "test");
    let loader = loader()
        .endpoint_url(url)
        .region(Region::new(format!("eu-central-{number}")))
        .credentials_provider(SharedCredentialsProvider::new(credentials));
    Aws::of(loader.load().await, Settings::new(variable))
}

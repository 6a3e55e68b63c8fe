//! A service of AWS that answers what a test says: over a socket of this machine, or
//! without one, for a test whose clock stands still while there is something to do.

use std::convert::Infallible;
use std::fmt::{self, Debug, Formatter};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::{ConfigLoader, Region};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
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
    of(|loader| loader.endpoint_url(url), variable).await
}

/// The same without a socket.
pub(crate) async fn serve_here<A, F>(answer: A, variable: fn(&str) -> Option<String>) -> Aws
where
    A: Fn(Request<Bytes>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<String>> + Send + 'static,
{
    let here = SharedHttpConnector::new(Here(Box::new(move |request| Box::pin(answer(request)))));
    let client = http_client_fn(move |_, _| here.clone());
    of(|loader| loader.http_client(client), variable).await
}

type Answering = Pin<Box<dyn Future<Output = Response<String>> + Send>>;

/// Answers requests of the SDK.
struct Here(Box<dyn Fn(Request<Bytes>) -> Answering + Send + Sync>);

impl Debug for Here {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Here")
    }
}

impl HttpConnector for Here {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let request = request.try_into_http1x().unwrap();
        let answer = (self.0)(request.map(|body| Bytes::copy_from_slice(body.bytes().unwrap())));
        HttpConnectorFuture::new(async move {
            let answer = answer.await.map(SdkBody::from);
            Ok(HttpResponse::try_from(answer).unwrap())
        })
    }
}

async fn of(
    place: impl FnOnce(ConfigLoader) -> ConfigLoader,
    variable: fn(&str) -> Option<String>,
) -> Aws {
    // The SDK has one allowance of retries for all clients of a service and region in
    // a process: tests would take it from each other.
    let number = SERVED.fetch_add(1, Ordering::Relaxed);
    let credentials = Credentials::new("test", "test", None, None, "test");
    let loader = place(loader())
        .region(Region::new(format!("eu-central-{number}")))
        .credentials_provider(SharedCredentialsProvider::new(credentials));
    Aws::of(loader.load().await, Settings::new(variable))
}

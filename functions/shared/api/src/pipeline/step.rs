//! How a layer is written here: as a step that gets a request and what comes next,
//! and answers.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower::{Layer, Service, ServiceExt};

/// One layer around others.
pub(super) trait Step<R, N>: Clone {
    /// What it answers.
    type Answer;

    /// Answers, by what is `next` or in its place.
    fn run(self, request: R, next: N) -> impl Future<Output = Self::Answer> + Send;
}

/// What comes after a step: a service that always answers.
pub(super) trait Next<R>: Send {
    /// What it answers.
    type Answer;

    /// Its answer to a request.
    fn answer(self, request: R) -> impl Future<Output = Self::Answer> + Send;
}

impl<S, R> Next<R> for S
where
    S: Service<R, Error = Infallible, Future: Send> + Send,
    R: Send,
{
    type Answer = S::Response;

    async fn answer(self, request: R) -> S::Response {
        match self.oneshot(request).await {
            Ok(answer) => answer,
            Err(never) => match never {},
        }
    }
}

/// A step as a [`Layer`].
#[derive(Debug, Clone)]
pub(super) struct Around<T>(pub(super) T);

impl<T: Clone, S> Layer<S> for Around<T> {
    type Service = Surrounded<T, S>;

    fn layer(&self, inner: S) -> Surrounded<T, S> {
        Surrounded {
            step: self.0.clone(),
            inner,
        }
    }
}

/// A service with a step around it.
#[derive(Debug, Clone)]
pub(super) struct Surrounded<T, S> {
    step: T,
    inner: S,
}

impl<T, S, R> Service<R> for Surrounded<T, S>
where
    T: Step<R, S> + Send + 'static,
    S: Clone + Send + 'static,
    R: Send + 'static,
{
    type Response = T::Answer;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<T::Answer, Infallible>> + Send>>;

    /// At any time: what is next is asked only when a request is there.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: R) -> Self::Future {
        let (step, next) = (self.step.clone(), self.inner.clone());
        Box::pin(async move { Ok(step.run(request, next).await) })
    }
}

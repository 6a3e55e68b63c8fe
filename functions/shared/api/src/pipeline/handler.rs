//! The end of the pipeline: the handler of the route, if its use case is here.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use tower::{Service, service_fn};

use super::stage::Admitted;
use crate::call::Call;
use crate::problem::Problem;
use crate::use_cases::UseCases;

/// Has the use cases answer. What is another function's is 404.
pub(super) fn of(
    use_cases: impl UseCases,
) -> impl Service<Admitted<Bytes>, Response = Response<Bytes>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static {
    let use_cases = Arc::new(use_cases);
    service_fn(move |admitted: Admitted<Bytes>| {
        let use_cases = Arc::clone(&use_cases);
        async move {
            let call = Call {
                principal: &admitted.principal,
                path: &admitted.matched.path,
                request: &admitted.request,
            };
            let answered = match use_cases.answer(admitted.matched.endpoint, call) {
                Some(answering) => answering.await,
                None => Err(Problem::not_found()),
            };
            Ok(answered.unwrap_or_else(Response::from))
        }
    })
}

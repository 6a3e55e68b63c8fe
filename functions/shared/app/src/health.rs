//! Tells whether data can be accepted.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use tidemark_api::answer::health::Checks;
use tidemark_api::params::Params;
use tidemark_api::problem::Problem;
use tidemark_store::port::Queue;

use crate::failure;

/// The use case.
#[derive(Clone)]
pub struct Health {
    /// What takes data in.
    pub queue: Arc<dyn Queue>,
}

impl Health {
    /// Answers 200 if all is well, 503 otherwise.
    pub async fn handle(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, Problem> {
        Params::parse(request.uri().query())?.finish()?;
        let queue = self.queue.check().await.inspect_err(failure::log).is_ok();
        Ok([("queue", queue)].into_iter().collect::<Checks>().answer())
    }
}

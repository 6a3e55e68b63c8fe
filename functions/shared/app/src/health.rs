//! Tells whether data can be accepted.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use tidemark_api::answer::health::Checks;
use tidemark_api::problem::Problem;
use tidemark_api::requests::Call;
use tidemark_ports::Queue;

use crate::failure;

/// The use case.
#[derive(Clone)]
pub struct Health {
    /// What takes data in.
    pub queue: Arc<dyn Queue>,
}

impl Health {
    /// Answers 200 if all is well, 503 otherwise.
    pub async fn handle(&self, call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
        call.no_params()?;
        let queue = self.queue.check().await.inspect_err(failure::log).is_ok();
        Ok([("queue", queue)].into_iter().collect::<Checks>().answer())
    }
}

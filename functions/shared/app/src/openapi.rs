//! Serves the contract: as an OpenAPI document, and as a page.

use bytes::Bytes;
use http::Response;
use tidemark_api::problem::Problem;
use tidemark_api::requests::Call;
use tidemark_api::routes::Openapi as Operation;
use tidemark_api::{docs, openapi};

/// The use case; it needs nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Openapi;

impl Openapi {
    /// Answers with the document or the page.
    pub fn handle(self, operation: Operation, call: &Call<'_>) -> Result<Response<Bytes>, Problem> {
        call.no_params()?;
        Ok(match operation {
            Operation::Document => openapi::answer(),
            Operation::Page => docs::answer(),
        })
    }
}

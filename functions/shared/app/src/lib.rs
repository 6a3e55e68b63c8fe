//! What Tidemark does, one module a function. A use case is a struct whose
//! fields are the ports it needs and nothing else; it goes from a caller and what
//! is asked, in types, to an answer, in types, or a [`Failure`](failure::Failure).
//! How it is asked and answered (HTTP, a queue, a schedule) is the business of
//! adapters above.

mod audit;
pub mod batch_ids;
pub mod calculation;
pub mod discards;
pub mod eraser;
pub mod failure;
pub mod fetcher;
pub mod health;
pub mod ingest;
mod measure;
pub mod query;
pub mod reading;
pub mod validator;

//! What Tidemark does, one module a function. A use case is a struct whose
//! fields are the ports it needs and nothing else; its handler goes from a
//! principal and a request (or a batch, or a tick) to an answer. Hosts (a
//! Lambda runtime, a local process) do the rest.

pub mod access;
pub mod batch_ids;
pub mod calculation;
pub mod clock;
pub mod discards;
pub mod eraser;
pub mod failure;
pub mod fetcher;
pub mod health;
pub mod https;
pub mod ingest;
mod measure;
pub mod openapi;
pub mod query;
pub mod validator;

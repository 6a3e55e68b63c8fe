//! What points are fetched from, each behind the port that the fetcher asks.

mod http;

pub use http::{HttpDataServer, UrlError};

//! Nothing that was answered is lost when the power fails.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod cuttable;
mod http;
mod layer;
mod store;
mod traffic;

//! The use cases over the embedded store, as a host would call them. Every test
//! has a store of its own in a temporary folder, a clock that it sets, and hooks
//! around the ports through which it has calls fail.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should say where"
)]

mod about;
mod aggregate;
mod calculation;
mod compression;
mod discards;
mod documented;
mod eraser;
mod hooks;
mod ingest;
mod inline;
mod parameters;
mod query;
mod validator;
mod world;

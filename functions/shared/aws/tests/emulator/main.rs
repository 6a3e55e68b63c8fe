//! The ports over AWS, held to the suites of their ports by an emulator. What
//! the environment names is used: endpoint, credentials, tables, queue.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod points;

//! The ports over AWS, held against their suites on an emulator of AWS.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod queue;

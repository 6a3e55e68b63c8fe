//! What Lambda hands a function, and what becomes of it: HTTP requests, queue
//! messages, ticks of a schedule, direct invocations. The only package that
//! names the Lambda runtime.
//!
//! A function's `main` gives [`start`] a future that builds the ports and ends
//! in one of [`http()`], [`messages`], [`ticks`] and [`invoke`], which serve
//! until Lambda ends the process.
//!
//! X-Ray needs nothing here: the runtime puts the trace of each invocation in
//! `_X_AMZN_TRACE_ID`, and the AWS SDK sends that along with every call; Lambda
//! and SQS take it from there.

mod cloudwatch;
mod event;
mod invocation;
mod messages;
mod requests;
mod start;

pub use invocation::{Error, invoke, ticks};
pub use messages::messages;
pub use requests::http;
pub use start::start;
/// What the `main` of a function wires with the rest.
pub use tidemark_access::Access;
pub use tidemark_api::contract;
pub use tidemark_ports::{Clock, SystemClock};

//! Calls of AWS end in time: where the host has said until when the work is to be
//! done, every call, every try and every pause is over a little before that, and as
//! long as there is time, what passes is tried again. All steps of the work share
//! that one end.

use std::time::Duration;

use aws_sdk_dynamodb::config::retry::TokenBucket;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeSerializationInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use tidemark_ports::deadline;
use tidemark_ports::error::{Kind, Result, StoreError};
use tokio::time::{Instant, timeout_at};

/// How long before the deadline calls end: the error is still to go up through the
/// use case, to be logged, and to be the failure of its message or the answer to its
/// request. At the deadline itself the host breaks the work off, which tells only that
/// the time was up.
pub(crate) const RESERVE: Duration = Duration::from_millis(500);

/// When calls end; None where nobody has said until when there is time.
pub(crate) fn end() -> Option<Instant> {
    let until = deadline::current()?;
    Some(until.checked_sub(RESERVE).unwrap_or(until))
}

/// How long one try may take that may take `own` where there is time.
pub(crate) fn at_most(own: Duration) -> Duration {
    left().map_or(own, |left| own.min(left))
}

/// How long calls may still take.
fn left() -> Option<Duration> {
    Some(end()?.saturating_duration_since(Instant::now()))
}

/// Breaks `work` off at the end, as something that passes.
pub(crate) async fn cut<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    match end() {
        None => work.await,
        Some(end) => timeout_at(end, work).await.unwrap_or_else(|error| {
            Err(StoreError::new(Kind::Unavailable, "a call took too long").because(error))
        }),
    }
}

/// Part of every client of the SDK: limits each call, with all its tries, to the time
/// that there is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InTime {
    insists: bool,
}

impl InTime {
    /// Tries as often, and as long, as the client is told to, if there is time.
    pub(crate) const FEW_TRIES: Self = Self { insists: false };
    /// Tries as often as there is time, which takes the place of the client's own limit
    /// for all tries; a call that the client is told to try once is tried once.
    pub(crate) const WHILE_THERE_IS_TIME: Self = Self { insists: true };
}

impl Intercept for InTime {
    fn name(&self) -> &'static str {
        "InTime"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        cfg: &mut ConfigBag,
    ) -> std::result::Result<(), BoxError> {
        let Some(left) = left() else {
            return Ok(());
        };
        let told = cfg.load::<TimeoutConfig>();
        let at_most = |told: Option<Duration>| told.map_or(left, |told| told.min(left));
        let attempt = told.and_then(TimeoutConfig::operation_attempt_timeout);
        let all = told.and_then(TimeoutConfig::operation_timeout);
        // What is not said here is taken from the client's.
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(at_most(attempt))
            .operation_timeout(at_most(all.filter(|_| !self.insists)));
        cfg.interceptor_state().store_put(timeouts.build());
        Ok(())
    }

    /// A try for which there is no time after the longest pause is not made: the error
    /// that there is says more than that the time was up.
    ///
    /// The SDK's allowance of retries does not end it. All calls of a process share that
    /// one, and those of a single read of many parts use it up within seconds; that a
    /// service is not asked too often is a matter of the pauses, which grow to seconds.
    fn read_after_attempt(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> std::result::Result<(), BoxError> {
        let (Some(left), Some(told)) = (left(), cfg.load::<RetryConfig>()) else {
            return Ok(());
        };
        if self.insists && told.max_attempts() > 1 {
            let is_time = left > told.max_backoff();
            let tries = if is_time { u32::MAX } else { 1 };
            let told = told.clone().with_max_attempts(tries);
            let state = cfg.interceptor_state();
            state.store_put(told).store_put(TokenBucket::unlimited());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

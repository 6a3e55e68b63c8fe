//! Where Timestream is: in cells, whose addresses it tells and which change. A
//! client asks for one and uses it for as long as it was told to.
//!
//! The SDK's own discovery goes on with an address that has expired, until a task
//! of its has slept for a minute: a function that Lambda freezes between two
//! calls would call where nobody is. Here every call looks at the clock first.

use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_async::time::SharedTimeSource;
use aws_types::SdkConfig;
use tidemark_ports::error::{Kind, Result, StoreError};
use tokio::sync::Mutex;

use crate::client::Aws;
use crate::error::failed;
use crate::in_time::InTime;

const FINDING: &str = "asking Timestream for an address";
/// An address is not used in the last of its time.
const MARGIN: Duration = Duration::from_secs(10);

/// An address, and how long it may be used.
pub(super) struct Found {
    address: String,
    minutes: i64,
}

/// A client whose service tells addresses.
#[async_trait]
pub(super) trait Discoverable: Clone + Send + Sync {
    fn new(sdk: &SdkConfig) -> Self;
    /// Asks for an address.
    async fn find(&self) -> Result<Option<Found>>;
    /// The same client, calling another address.
    fn at(&self, url: String) -> Self;
}

/// Calls a service where it is.
pub(super) struct Endpoint<C> {
    client: C,
    /// None where somebody has said where the service is.
    discovered: Option<Mutex<Option<Known<C>>>>,
    time: SharedTimeSource,
}

#[derive(Clone)]
struct Known<C> {
    client: C,
    until: SystemTime,
}

impl Aws {
    /// Where a service of Timestream is: where `variable`, or `AWS_ENDPOINT_URL`,
    /// says, or else where it tells.
    pub(super) fn endpoint<C: Discoverable>(&self, variable: &'static str) -> Endpoint<C> {
        let told = [variable, "AWS_ENDPOINT_URL"]
            .iter()
            .find_map(|name| self.settings.optional(name));
        let discovers = self.settings.optional("TIDEMARK_TIMESTREAM_DISCOVERY");
        Endpoint::new(&self.timestream_sdk(), told, discovers.is_some())
    }
}

impl<C: Discoverable> Endpoint<C> {
    /// At `told`, where somebody has; it is asked for addresses all the same if
    /// `discovers` says so.
    pub(super) fn new(sdk: &SdkConfig, told: Option<String>, discovers: bool) -> Self {
        let discovers = discovers || told.is_none();
        let client = C::new(sdk);
        Self {
            client: match told {
                Some(url) => client.at(url),
                None => client,
            },
            discovered: discovers.then(Mutex::default),
            time: sdk.time_source().unwrap_or_default(),
        }
    }

    /// Makes a call. Where nobody is any more, the service is asked for its
    /// address and called once more; where nobody answers in time, there is none
    /// left for that, and the next call asks.
    pub(super) async fn call<F, T, E, R>(
        &self,
        call: impl Fn(C) -> F + Send,
    ) -> Result<std::result::Result<T, SdkError<E, R>>>
    where
        F: Future<Output = std::result::Result<T, SdkError<E, R>>> + Send,
        T: Send,
        E: ProvideErrorMetadata + Send,
        R: Debug + Send,
    {
        let Some(discovered) = &self.discovered else {
            return Ok(call(self.client.clone()).await);
        };
        let known = self.find(discovered).await?;
        let answer = call(known.client.clone()).await;
        let is_gone = answer.as_ref().is_err_and(is_elsewhere);
        let is_silent = matches!(answer, Err(SdkError::TimeoutError(_)));
        if is_gone || is_silent {
            // Somebody else may know better by now.
            let same = |now: &mut Known<C>| now.until == known.until;
            discovered.lock().await.take_if(same);
        }
        if !is_gone {
            return Ok(answer);
        }
        Ok(call(self.find(discovered).await?.client).await)
    }

    async fn find(&self, discovered: &Mutex<Option<Known<C>>>) -> Result<Known<C>> {
        // One asks, the others wait for its answer.
        let mut known = discovered.lock().await;
        let now = self.time.now();
        if let Some(known) = known.as_ref().filter(|known| now < known.until) {
            return Ok(known.clone());
        }
        let Some(found) = self.client.find().await? else {
            return Err(
                StoreError::new(Kind::Unavailable, FINDING).because("it has none, which it should")
            );
        };
        let minutes = u64::try_from(found.minutes).unwrap_or(0).max(1);
        tracing::debug!(address = found.address, minutes, "Timestream is found");
        let found = Known {
            client: self.client.at(format!("https://{}", found.address)),
            until: now + Duration::from_secs(60 * minutes) - MARGIN,
        };
        *known = Some(found.clone());
        Ok(found)
    }
}

/// Whether an error says that a service is not, or not any more, where it was
/// called.
fn is_elsewhere<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    match error {
        SdkError::ServiceError(answer) => answer.err().code() == Some("InvalidEndpointException"),
        SdkError::DispatchFailure(failure) => failure.is_io() || failure.is_timeout(),
        _ => false,
    }
}

macro_rules! discoverable {
    ($($sdk:ident)*) => { $(
        #[async_trait]
        impl Discoverable for $sdk::Client {
            fn new(sdk: &SdkConfig) -> Self {
                let config = $sdk::config::Builder::from(sdk);
                let config = config.interceptor(InTime::WHILE_THERE_IS_TIME);
                Self::from_conf(config.build())
            }

            async fn find(&self) -> Result<Option<Found>> {
                let found = self.describe_endpoints().send().await;
                let found = found.map_err(failed(FINDING))?;
                Ok(found.endpoints.into_iter().next().map(|e| Found {
                    address: e.address,
                    minutes: e.cache_period_in_minutes,
                }))
            }

            fn at(&self, url: String) -> Self {
                Self::from_conf(self.config().to_builder().endpoint_url(url).build())
            }
        }
    )* };
}

discoverable! { aws_sdk_timestreamwrite aws_sdk_timestreamquery }

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_sdk_dynamodb::error::ConnectorError;
    use aws_sdk_timestreamquery::operation::query::QueryError;
    use aws_smithy_async::test_util::ManualTimeSource;
    use tokio::sync::Mutex as Shared;

    use super::*;

    type Answer = std::result::Result<String, SdkError<QueryError, ()>>;

    /// A client of a service that moves from address to address.
    #[derive(Clone, Default)]
    struct Moving {
        /// What it tells next, and for how many minutes; no more is none.
        addresses: Arc<Shared<Vec<(&'static str, i64)>>>,
        asked: Arc<AtomicUsize>,
        at: String,
    }

    #[async_trait]
    impl Discoverable for Moving {
        fn new(_: &SdkConfig) -> Self {
            Self::default()
        }

        async fn find(&self) -> Result<Option<Found>> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let mut addresses = self.addresses.lock().await;
            Ok(if addresses.is_empty() {
                None
            } else {
                let (address, minutes) = addresses.remove(0);
                let address = address.to_owned();
                Some(Found { address, minutes })
            })
        }

        fn at(&self, url: String) -> Self {
            Self {
                at: url,
                ..self.clone()
            }
        }
    }

    fn endpoint(
        addresses: &[(&'static str, i64)],
        discovers: bool,
    ) -> (Endpoint<Moving>, ManualTimeSource) {
        let time = ManualTimeSource::new(SystemTime::UNIX_EPOCH);
        let client = Moving {
            addresses: Arc::new(Shared::new(addresses.to_vec())),
            ..Moving::default()
        };
        let endpoint = Endpoint {
            client,
            discovered: discovers.then(Mutex::default),
            time: time.clone().into(),
        };
        (endpoint, time)
    }

    /// Where a call arrives, of a service that is at none of `gone`, and does not
    /// answer at `silent`.
    async fn called(endpoint: &Endpoint<Moving>, gone: &[&str]) -> Result<Answer> {
        called_of(endpoint, gone, "none").await
    }

    async fn called_of(endpoint: &Endpoint<Moving>, gone: &[&str], silent: &str) -> Result<Answer> {
        let call = |client: Moving| {
            let is_gone = gone.contains(&client.at.as_str());
            let is_silent = client.at == silent;
            async move {
                if is_gone {
                    let broken = ConnectorError::io("nobody is there".into());
                    return Err(SdkError::dispatch_failure(broken));
                }
                if is_silent {
                    return Err(SdkError::timeout_error("nobody answers"));
                }
                Ok(client.at)
            }
        };
        endpoint.call(call).await
    }

    async fn arrives(endpoint: &Endpoint<Moving>, gone: &[&str]) -> String {
        called(endpoint, gone).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn where_somebody_said_it_is_nobody_is_asked() {
        let (endpoint, _) = endpoint(&[("a", 1)], false);
        assert_eq!(arrives(&endpoint, &[]).await, "");
        assert!(called(&endpoint, &[""]).await.unwrap().is_err());
        assert_eq!(endpoint.client.asked.load(Ordering::Relaxed), 0);
    }

    /// The clock of the system goes on while Lambda has a process frozen.
    #[tokio::test]
    async fn an_address_is_used_as_long_as_it_may() {
        let (endpoint, time) = endpoint(&[("a", 2), ("b", 1)], true);
        for _ in 0..3 {
            assert_eq!(arrives(&endpoint, &[]).await, "https://a");
        }
        time.advance(Duration::from_secs(100));
        assert_eq!(arrives(&endpoint, &[]).await, "https://a");
        time.advance(Duration::from_secs(20));
        assert_eq!(arrives(&endpoint, &[]).await, "https://b");
        assert_eq!(endpoint.client.asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn where_nobody_is_any_more_it_is_asked_for_again() {
        let (endpoint, _) = endpoint(&[("a", 60), ("b", 60)], true);
        assert_eq!(arrives(&endpoint, &["https://a"]).await, "https://b");
        // Only once: it may be down.
        let (endpoint, _) = self::endpoint(&[("a", 60), ("a", 60), ("a", 60)], true);
        assert!(called(&endpoint, &["https://a"]).await.unwrap().is_err());
        assert_eq!(endpoint.client.asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn where_nobody_answers_the_next_call_asks() {
        let (endpoint, _) = endpoint(&[("a", 60), ("b", 60)], true);
        let answer = called_of(&endpoint, &[], "https://a").await.unwrap();
        assert!(matches!(answer, Err(SdkError::TimeoutError(_))));
        assert_eq!(arrives(&endpoint, &[]).await, "https://b");
    }

    /// They fail at the same time, and the first of them has found the new one.
    #[tokio::test]
    async fn many_calls_of_an_address_that_is_gone_ask_once() {
        let (endpoint, time) = endpoint(&[("a", 60), ("b", 60), ("c", 60)], true);
        assert_eq!(arrives(&endpoint, &[]).await, "https://a");
        let call = |client: Moving| {
            let time = time.clone();
            async move {
                if client.at == "https://a" {
                    tokio::task::yield_now().await;
                    time.advance(Duration::from_secs(1));
                    let broken = ConnectorError::io("nobody is there".into());
                    return Err(SdkError::<QueryError, ()>::dispatch_failure(broken));
                }
                Ok(client.at)
            }
        };
        let calls = (0..8).map(|_| endpoint.call(call));
        let arrived = futures_util::future::join_all(calls).await;
        for answer in arrived {
            assert_eq!(answer.unwrap().unwrap(), "https://b");
        }
        assert_eq!(endpoint.client.asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_service_without_addresses_is_an_error_that_passes() {
        let (endpoint, _) = endpoint(&[], true);
        let error = called(&endpoint, &[]).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable);
    }

    #[tokio::test]
    async fn many_calls_ask_once() {
        let (endpoint, _) = endpoint(&[("a", 60)], true);
        let calls = (0..20).map(|_| arrives(&endpoint, &[]));
        let arrived = futures_util::future::join_all(calls).await;
        assert_eq!(arrived, vec!["https://a"; 20]);
    }
}

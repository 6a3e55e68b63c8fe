//! Clients of AWS, from what the environment says: region and credentials as
//! Lambda hands them to a function, endpoints where `AWS_ENDPOINT_URL` or
//! `AWS_ENDPOINT_URL_<SERVICE>` name others.

use std::sync::OnceLock;
use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, ConfigLoader, SdkConfig};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::calls::Budget;
use crate::in_time::InTime;
use crate::settings::Settings;
use crate::trust;

/// How long one try may take to connect.
const CONNECT: Duration = Duration::from_secs(2);
/// How long one try may take to be answered.
const ATTEMPT: Duration = Duration::from_secs(5);
/// How long one try of Timestream may take: as long as anybody waits.
const QUERY: Duration = Duration::from_secs(15);
/// The same where nobody waits: as long as Timestream itself lets a query take.
const LONG_QUERY: Duration = Duration::from_mins(1);
/// How long a call may take with all its tries where there is no
/// [deadline](InTime).
const OPERATION: Duration = Duration::from_secs(20);
/// How often a call is tried while the service is busy; calls of tables as often as
/// there is time, where there is a deadline.
const ATTEMPTS: u32 = 8;
/// How many calls that write to tables are under way at the same time, for all
/// messages of an invocation together: about as many as one batch of many series
/// can use.
pub(crate) const TABLE_CALLS: usize = 32;

/// What the ports are made from.
#[derive(Clone)]
pub struct Aws {
    /// Region, credentials, endpoints, retries.
    pub(crate) sdk: SdkConfig,
    /// Tables, queue, functions.
    pub(crate) settings: Settings,
    /// How long one try of Timestream may take, and all of them.
    pub(crate) query: (Duration, Duration),
    /// For all tables: to make a client takes a part of a function's start.
    dynamodb: OnceLock<aws_sdk_dynamodb::Client>,
    /// Of writes to all tables.
    pub(crate) table_calls: Budget,
}

impl Aws {
    /// Reads the environment.
    pub async fn from_env() -> Self {
        Self::new(Settings::from_env()).await
    }

    /// The same with other names for tables, queue and functions.
    pub async fn new(settings: Settings) -> Self {
        Self::of(loader().load().await, settings)
    }

    pub(crate) fn of(sdk: SdkConfig, settings: Settings) -> Self {
        Self {
            sdk,
            settings,
            query: (QUERY, OPERATION),
            dynamodb: OnceLock::new(),
            table_calls: Budget::new(TABLE_CALLS),
        }
    }

    /// What clients of Timestream are made from: a query may take long.
    pub(crate) fn timestream_sdk(&self) -> SdkConfig {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(self.query.0)
            .operation_timeout(self.query.1)
            .build();
        self.sdk.to_builder().timeout_config(timeouts).build()
    }

    /// The same for a program that nobody waits for.
    pub(crate) fn patiently(&self) -> Self {
        Self {
            query: (LONG_QUERY, LONG_QUERY * 3),
            ..self.clone()
        }
    }

    pub(crate) fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let client = || {
            let config = aws_sdk_dynamodb::config::Builder::from(&self.sdk);
            let config = config.interceptor(InTime::WHILE_THERE_IS_TIME);
            aws_sdk_dynamodb::Client::from_conf(config.build())
        };
        self.dynamodb.get_or_init(client).clone()
    }
}

const TLS: Provider = Provider::Rustls(CryptoMode::Ring);

/// What makes calls without a client of the SDK.
pub(crate) fn connector() -> Connector {
    let builder = Connector::builder().tls_provider(TLS);
    match trust::context(std::env::var_os("AWS_CA_BUNDLE")) {
        Some(context) => builder.tls_context(context).build(),
        None => builder.build(),
    }
}

/// What is not left to the environment.
pub(crate) fn loader() -> ConfigLoader {
    let mut http = aws_smithy_http_client::Builder::new().tls_provider(TLS);
    if let Some(context) = trust::context(std::env::var_os("AWS_CA_BUNDLE")) {
        http = http.tls_context(context);
    }
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_secs(2));
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http.build_https())
        .timeout_config(timeouts)
        .retry_config(retries);
    // Who gives them here, as Lambda does, wants none of the other ways to them,
    // and to prepare those is a tenth of a function's start.
    if std::env::var_os("AWS_ACCESS_KEY_ID").is_some() {
        loader = loader.credentials_provider(EnvironmentVariableCredentialsProvider::new());
    }
    // Names the caller in the user agent, and so in the account's trail.
    let name = std::env::var("AWS_LAMBDA_FUNCTION_NAME").ok();
    match name.and_then(|name| AppName::new(name).ok()) {
        Some(name) => loader.app_name(name),
        None => loader,
    }
}

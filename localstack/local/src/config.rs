//! What the environment says, read once at the start. What is missing has a
//! default; what is wrong is named.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use tidemark_core::name::{SeriesName, Tenant};
use tracing_subscriber::EnvFilter;

/// The configuration of the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    /// Where to listen (`PORT`): a loopback address.
    pub(crate) address: SocketAddr,
    /// Where the data is (`TIDEMARK_DATA`).
    pub(crate) data: PathBuf,
    /// The largest body taken, in bytes as sent (`TIDEMARK_MAX_BODY`).
    pub(crate) max_body: usize,
    /// The data server (`TIDEMARK_SOURCE_URL`), if there is one.
    pub(crate) source_url: Option<String>,
    /// The series of what is fetched (`TIDEMARK_SOURCE_SERIES`).
    pub(crate) source_series: SeriesName,
    /// The owner of what is fetched (`TIDEMARK_SOURCE_TENANT`).
    pub(crate) source_tenant: Tenant,
}

/// A variable that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {value:?}: {reason}")]
pub(crate) struct ConfigError {
    name: &'static str,
    value: String,
    reason: String,
}

impl Config {
    /// Reads the configuration; `variable` looks one up.
    pub(crate) fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        // Set to nothing is not set.
        let get = &|name: &str| variable(name).filter(|value| !value.is_empty());
        let port: u16 = parsed(get, "PORT", 3000)?;
        let source_url =
            get("TIDEMARK_SOURCE_URL").unwrap_or_else(|| "http://127.0.0.1:28462".to_owned());
        Ok(Self {
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            data: get("TIDEMARK_DATA")
                .unwrap_or_else(|| ".tidemark".to_owned())
                .into(),
            max_body: parsed(get, "TIDEMARK_MAX_BODY", 4 << 20)?,
            source_url: (source_url != "none").then_some(source_url),
            source_series: parsed_or(get, "TIDEMARK_SOURCE_SERIES", "data-server")?,
            source_tenant: parsed_or(get, "TIDEMARK_SOURCE_TENANT", "local")?,
        })
    }
}

fn parsed<T: FromStr<Err: Display>>(
    get: impl Fn(&str) -> Option<String>,
    name: &'static str,
    default: T,
) -> Result<T, ConfigError> {
    match get(name) {
        None => Ok(default),
        Some(value) => value.parse().map_err(|e: T::Err| ConfigError {
            name,
            reason: e.to_string(),
            value,
        }),
    }
}

fn parsed_or<T: FromStr<Err: Display>>(
    get: impl Fn(&str) -> Option<String>,
    name: &'static str,
    default: &str,
) -> Result<T, ConfigError> {
    let value = get(name).unwrap_or_else(|| default.to_owned());
    value.parse().map_err(|e: T::Err| ConfigError {
        name,
        reason: e.to_string(),
        value,
    })
}

/// What is logged: `TIDEMARK_LOG`, by default what is worth a look (`info`).
pub(crate) fn log_filter() -> EnvFilter {
    EnvFilter::try_from_env("TIDEMARK_LOG").unwrap_or_else(|_| EnvFilter::new("info"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, String> {
        let find = |name: &str| {
            variables
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Config::read(find).map_err(|e| e.to_string())
    }

    #[test]
    fn everything_has_a_default() {
        let config = read(&[]).unwrap();
        assert_eq!(config.address.to_string(), "127.0.0.1:3000");
        assert_eq!(config.source_url.as_deref(), Some("http://127.0.0.1:28462"));
        assert_eq!(config.max_body, 4 * 1024 * 1024);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(
            read(&[("TIDEMARK_SOURCE_URL", "none")]).unwrap().source_url,
            None
        );
        let error = read(&[("PORT", "99999")]).unwrap_err();
        assert!(error.starts_with("PORT is \"99999\": "), "{error}");
        let error = read(&[("TIDEMARK_SOURCE_SERIES", "a/b")]).unwrap_err();
        assert!(
            error.starts_with("TIDEMARK_SOURCE_SERIES is \"a/b\": "),
            "{error}"
        );
    }
}

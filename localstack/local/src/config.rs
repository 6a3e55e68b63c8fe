//! What the environment says, read once at the start. What is missing has a
//! default; what is wrong is named.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use tidemark_access::{AccessSettings, SettingsError};
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_ports::QuestionBounds;
use tracing_subscriber::EnvFilter;

/// The configuration of the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    /// Where to listen (`TIDEMARK_HOST` and `PORT`).
    pub(crate) address: SocketAddr,
    /// Whether callers must show who they are (`TIDEMARK_AUTH`); always, where
    /// others than this machine reach the address.
    pub(crate) is_authenticated: bool,
    /// What else the environment says of callers.
    pub(crate) access: AccessSettings,
    /// Where the data is (`TIDEMARK_DATA`).
    pub(crate) data: PathBuf,
    /// The largest body taken, in bytes as sent (`TIDEMARK_MAX_BODY`).
    pub(crate) max_body: usize,
    /// About how much a question across series may be (`TIDEMARK_MAX_SERIES`,
    /// `TIDEMARK_MAX_POINTS`).
    pub(crate) bounds: QuestionBounds,
    /// The data server (`TIDEMARK_SOURCE_URL`), if there is one.
    pub(crate) source_url: Option<String>,
    /// The series of what is fetched (`TIDEMARK_SOURCE_SERIES`).
    pub(crate) source_series: SeriesName,
    /// The owner of what is fetched (`TIDEMARK_SOURCE_TENANT`).
    pub(crate) source_tenant: Tenant,
}

/// A variable that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("{name} is {value:?}: {reason}")]
    Wrong {
        name: &'static str,
        value: String,
        reason: String,
    },
    #[error(transparent)]
    Access(#[from] SettingsError),
    /// Anyone could do anything.
    #[error(
        "TIDEMARK_HOST is {0}, which others reach: set TIDEMARK_AUTH=on, and make a key with `tidemark keys create --tenant local --scopes read,write,admin`"
    )]
    Unguarded(IpAddr),
}

impl Config {
    /// Reads the configuration; `variable` looks one up.
    pub(crate) fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        // Set to nothing is not set.
        let get = &|name: &str| variable(name).filter(|value| !value.is_empty());
        let port: u16 = parsed(get, "PORT", 3000)?;
        let host: IpAddr = parsed_or(get, "TIDEMARK_HOST", "127.0.0.1")?;
        let is_authenticated = parsed_or::<Switch>(get, "TIDEMARK_AUTH", "off")?.0;
        if !is_authenticated && !host.is_loopback() {
            return Err(ConfigError::Unguarded(host));
        }
        let source_url =
            get("TIDEMARK_SOURCE_URL").unwrap_or_else(|| "http://127.0.0.1:28462".to_owned());
        Ok(Self {
            address: SocketAddr::new(host, port),
            is_authenticated,
            access: AccessSettings::read(get)?,
            data: data(get),
            max_body: parsed(get, "TIDEMARK_MAX_BODY", 4 << 20)?,
            bounds: QuestionBounds {
                series: parsed(get, "TIDEMARK_MAX_SERIES", 10_000)?,
                points: parsed(get, "TIDEMARK_MAX_POINTS", 100_000_000)?,
            },
            source_url: (source_url != "none").then_some(source_url),
            source_series: parsed_or(get, "TIDEMARK_SOURCE_SERIES", "data-server")?,
            source_tenant: parsed_or(get, "TIDEMARK_SOURCE_TENANT", "local")?,
        })
    }
}

/// On or off.
struct Switch(bool);

impl FromStr for Switch {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "on" => Ok(Self(true)),
            "off" => Ok(Self(false)),
            _ => Err("it is on or off"),
        }
    }
}

fn parsed<T: FromStr<Err: Display>>(
    get: impl Fn(&str) -> Option<String>,
    name: &'static str,
    default: T,
) -> Result<T, ConfigError> {
    match get(name) {
        None => Ok(default),
        Some(value) => value.parse().map_err(|e: T::Err| ConfigError::Wrong {
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
    value.parse().map_err(|e: T::Err| ConfigError::Wrong {
        name,
        reason: e.to_string(),
        value,
    })
}

/// Where the data is, for who asks for nothing else.
pub(crate) fn data(variable: impl Fn(&str) -> Option<String>) -> PathBuf {
    let folder = variable("TIDEMARK_DATA").filter(|folder| !folder.is_empty());
    folder.unwrap_or_else(|| ".tidemark".to_owned()).into()
}

/// What is logged: `TIDEMARK_LOG`, by default what is worth a look (`info`); and
/// in any case what administrators do.
pub(crate) fn log_filter() -> EnvFilter {
    let asked = EnvFilter::try_from_env("TIDEMARK_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    match "audit=info".parse() {
        Ok(audit) => asked.add_directive(audit),
        Err(_) => asked,
    }
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
    fn only_this_machine_need_not_show_who_it_is() {
        for host in ["", "127.0.0.1", "127.0.0.9", "::1"] {
            assert!(!read(&[("TIDEMARK_HOST", host)]).unwrap().is_authenticated);
        }
        for host in ["0.0.0.0", "::", "192.168.1.2"] {
            for auth in ["", "off"] {
                let error = read(&[("TIDEMARK_HOST", host), ("TIDEMARK_AUTH", auth)]).unwrap_err();
                assert!(error.contains("tidemark keys create"), "{error}");
            }
            let config = read(&[("TIDEMARK_HOST", host), ("TIDEMARK_AUTH", "on")]).unwrap();
            assert!(config.is_authenticated);
            assert_eq!(config.address.ip().to_string(), host);
        }
        assert!(read(&[("TIDEMARK_AUTH", "on")]).unwrap().is_authenticated);
        let error = read(&[("TIDEMARK_AUTH", "yes")]).unwrap_err();
        assert_eq!(error, "TIDEMARK_AUTH is \"yes\": it is on or off");
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

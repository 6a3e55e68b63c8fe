//! Where points come from.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Where points come from. What is stored or queued may name a source that this
/// version does not know: it is kept as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Source {
    /// A client, in the service's own form; also what says nothing else.
    #[default]
    Api,
    /// A client, as energy meters' measurements.
    Meterdata,
    /// The external data server, fetched.
    DataServer,
    /// One that this version has no name for.
    Other(OtherSource),
}

/// The name of a source that is none of those that are known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OtherSource(Arc<str>);

/// Not the name of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a source has 1 to {} lower-case ASCII letters, digits and . _ : -",
    Source::MAX_BYTES
)]
pub struct SourceError;

impl Source {
    /// Every source that is known.
    pub const KNOWN: [Self; 3] = [Self::Api, Self::Meterdata, Self::DataServer];

    /// The longest name, in bytes.
    pub const MAX_BYTES: usize = 64;

    /// As it is written in JSON, in tables and in filters.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Api => "api",
            Self::Meterdata => "meterdata",
            Self::DataServer => "data-server",
            Self::Other(OtherSource(name)) => name,
        }
    }
}

impl FromStr for Source {
    type Err = SourceError;
    fn from_str(text: &str) -> Result<Self, SourceError> {
        if let Some(known) = Self::KNOWN.into_iter().find(|s| s.as_str() == text) {
            return Ok(known);
        }
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._:-".contains(&b);
        if (1..=Self::MAX_BYTES).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self::Other(OtherSource(text.into())))
        } else {
            Err(SourceError)
        }
    }
}

impl TryFrom<String> for Source {
    type Error = SourceError;
    fn try_from(text: String) -> Result<Self, SourceError> {
        text.parse()
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.as_str().to_owned()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_written_as_in_json() {
        for source in Source::KNOWN {
            assert_eq!(serde_json::to_value(&source).unwrap(), source.as_str());
            assert_eq!(source.as_str().parse(), Ok(source));
        }
    }

    #[test]
    fn one_that_is_not_known_is_kept() {
        for name in ["file", "influx.v2", "server:a-1_b", &"x".repeat(64)] {
            let source: Source = name.parse().unwrap();
            assert!(matches!(source, Source::Other(_)), "{name}");
            assert_eq!(source.to_string(), name);
            let json = serde_json::to_string(&source).unwrap();
            assert_eq!(serde_json::from_str::<Source>(&json).unwrap(), source);
        }
        for name in ["", "API", "a b", "a/b", "a#b", "é", &"x".repeat(65)] {
            assert_eq!(name.parse::<Source>(), Err(SourceError), "{name}");
        }
    }
}

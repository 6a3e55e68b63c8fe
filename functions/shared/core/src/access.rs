//! What a caller may do, and how much of it.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Ask about series.
    Read,
    /// Add and delete points.
    Write,
    /// See and replay discards.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// As it is written in keys and tokens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a scope is read, write or admin")]
pub struct NoScope;

impl FromStr for Scope {
    type Err = NoScope;

    fn from_str(text: &str) -> Result<Self, NoScope> {
        let mut all = Self::ALL.into_iter();
        all.find(|scope| scope.as_str() == text).ok_or(NoScope)
    }
}

/// A set of scopes; as text its members, separated by spaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scopes(u8);

impl Scopes {
    /// Whether `scope` is one of them.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |set, s| set | 1 << s as u8))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = Scope::ALL.iter().filter(|scope| self.contains(**scope));
        let words: Vec<&str> = held.map(|scope| scope.as_str()).collect();
        f.write_str(&words.join(" "))
    }
}

impl FromStr for Scopes {
    type Err = NoScope;

    fn from_str(text: &str) -> Result<Self, NoScope> {
        text.split_whitespace().map(str::parse).collect()
    }
}

impl TryFrom<String> for Scopes {
    type Error = NoScope;

    fn try_from(text: String) -> Result<Self, NoScope> {
        text.parse()
    }
}

impl From<Scopes> for String {
    fn from(scopes: Scopes) -> Self {
        scopes.to_string()
    }
}

/// How much a tenant may ask and keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Requests in a second. At once there may be twice as many, after a pause.
    pub requests_per_second: NonZeroU32,
    /// Points that come in, in a second. At once there may be ten times as many,
    /// after a pause; so many may be in one body.
    pub points_per_second: NonZeroU32,
    /// Series that there may be.
    pub series: u64,
}

const fn count(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

impl Limits {
    /// Of whom no key says otherwise.
    pub const DEFAULT: Self = Self {
        requests_per_second: count(100),
        points_per_second: count(100_000),
        series: 100_000,
    };
}

/// Limits that a key sets for those who use it; what is None is as for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Overrides {
    /// See [`Limits::requests_per_second`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_second: Option<NonZeroU32>,
    /// See [`Limits::points_per_second`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_per_second: Option<NonZeroU32>,
    /// See [`Limits::series`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<u64>,
}

impl Overrides {
    /// The limits that hold.
    pub fn limits(&self) -> Limits {
        let usual = Limits::DEFAULT;
        Limits {
            requests_per_second: self
                .requests_per_second
                .unwrap_or(usual.requests_per_second),
            points_per_second: self.points_per_second.unwrap_or(usual.points_per_second),
            series: self.series.unwrap_or(usual.series),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_written_and_read() {
        for (text, scopes) in [
            ("", vec![]),
            ("read", vec![Scope::Read]),
            ("read admin", vec![Scope::Admin, Scope::Read]),
            ("read write admin", Scope::ALL.to_vec()),
        ] {
            let set: Scopes = scopes.into_iter().collect();
            assert_eq!(set.to_string(), text);
            assert_eq!(text.parse(), Ok(set));
        }
        assert_eq!(
            " write  read ".parse::<Scopes>().unwrap().to_string(),
            "read write"
        );
        for wrong in ["Read", "read,write", "all", "read root"] {
            assert_eq!(wrong.parse::<Scopes>(), Err(NoScope), "{wrong}");
        }
    }

    #[test]
    fn a_key_may_set_some_of_the_limits() {
        assert_eq!(Overrides::default().limits(), Limits::DEFAULT);
        let overrides = Overrides {
            series: Some(3),
            ..Overrides::default()
        };
        let expected = Limits {
            series: 3,
            ..Limits::DEFAULT
        };
        assert_eq!(overrides.limits(), expected);
    }
}

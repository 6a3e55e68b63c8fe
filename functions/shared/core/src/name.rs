//! Names of tenants and series.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No bytes at all.
    #[error("a name must not be empty")]
    Empty,
    /// More bytes than [`SeriesName::MAX_BYTES`].
    #[error("a name has at most {max} bytes, this one has {0}", max = SeriesName::MAX_BYTES)]
    TooLong(usize),
    /// A byte that is not allowed; its position counts from 0.
    #[error(
        "a name consists of ASCII letters, digits and . _ : - only; byte {0} is something else"
    )]
    Character(usize),
    /// `.` or `..`, which are steps in a path.
    #[error("`.` and `..` are not names")]
    Dots,
}

fn check(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > SeriesName::MAX_BYTES {
        return Err(NameError::TooLong(text.len()));
    }
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-');
    if let Some(at) = text.bytes().position(|b| !allowed(b)) {
        return Err(NameError::Character(at));
    }
    if text == "." || text == ".." {
        return Err(NameError::Dots);
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// Takes `text` if it is a name.
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                check(&text)?;
                Ok(Self(text))
            }

            /// The name as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0
            }
        }

        impl std::str::FromStr for $type {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// The name of a series: 1 to 256 bytes of ASCII letters, digits and
    /// `. _ : -`, neither `.` nor `..`.
    SeriesName
}

name! {
    /// Who a series belongs to. Written like a series name.
    Tenant
}

impl Tenant {
    /// The owner of everything where nobody has to say who is asking.
    pub fn local() -> Self {
        Self("local".to_owned())
    }
}

impl SeriesName {
    /// The longest name, in bytes.
    pub const MAX_BYTES: usize = 256;

    /// Whether `text` could be taken, without taking it.
    pub fn check(text: &str) -> Result<(), NameError> {
        check(text)
    }
}

/// What identifies a series: its owner and its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SeriesKey {
    /// The owner.
    pub tenant: Tenant,
    /// The name, unique for the owner.
    pub name: SeriesName,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for good in [
            "a",
            "energy:95ce3367-cbce:0100011D00FF",
            "a.b",
            "...",
            &"x".repeat(256),
        ] {
            assert_eq!(SeriesName::new(good).unwrap().as_str(), good);
        }
        assert_eq!(SeriesName::new(""), Err(NameError::Empty));
        assert_eq!(
            SeriesName::new("x".repeat(257)),
            Err(NameError::TooLong(257))
        );
        assert_eq!(SeriesName::new("a/b"), Err(NameError::Character(1)));
        assert_eq!(SeriesName::new("é"), Err(NameError::Character(0)));
        assert_eq!(SeriesName::new("."), Err(NameError::Dots));
        assert_eq!(SeriesName::new(".."), Err(NameError::Dots));
        assert!(serde_json::from_str::<SeriesName>("\"..\"").is_err());
        assert_eq!(Tenant::new("local"), Ok(Tenant::local()));
    }
}

//! Arguments that are not what they look like.

use std::str::FromStr;

use tidemark_core::access::{NoScope, Scopes};
use tidemark_core::time::{TimeError, Timestamp};
use tidemark_core::zone::Zone;

const DAY: i64 = 86_400_000_000_000;

/// Scopes, separated by commas.
pub(crate) fn scopes(text: &str) -> Result<Scopes, String> {
    let scopes: Scopes = text
        .replace(',', " ")
        .parse()
        .map_err(|e: NoScope| e.to_string())?;
    if scopes.is_empty() {
        return Err("there must be at least one".to_owned());
    }
    Ok(scopes)
}

/// When a key ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// So many days after it was made.
    Days(u32),
    /// Then.
    At(Timestamp),
}

impl Expiry {
    /// When that is for a key that is made then.
    pub(crate) fn after(self, created: Timestamp) -> Timestamp {
        match self {
            Self::Days(days) => created.plus(DAY.saturating_mul(days.into())),
            Self::At(time) => time,
        }
    }
}

impl FromStr for Expiry {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        match text.strip_suffix('d').map(str::parse) {
            Some(Ok(days)) => Ok(Self::Days(days)),
            _ => Timestamp::parse(text, Zone::UTC).map(Self::At),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_ends_after_days_or_at_an_instant() {
        let read = |text: &str| text.parse::<Expiry>().ok();
        assert_eq!(read("90d"), Some(Expiry::Days(90)));
        let day = Timestamp::parse("2027-01-01T00:00:00Z", Zone::UTC).unwrap();
        for text in ["2027-01-01", "2027-01-01T01:00:00+01:00"] {
            assert_eq!(read(text), Some(Expiry::At(day)), "{text}");
        }
        for wrong in ["", "d", "-1d", "1h", "soon"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        let created = Timestamp::from_nanos(5);
        assert_eq!(
            Expiry::Days(1).after(created),
            Timestamp::from_nanos(DAY + 5)
        );
        assert_eq!(Expiry::At(day).after(created), day);
    }
}

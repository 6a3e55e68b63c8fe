//! Instants as text that people can read and that sorts as the instants do:
//! RFC 3339 in UTC with all nine digits after the second.

use tidemark_core::time::Timestamp;
use tidemark_core::zone::Zone;
use tidemark_ports::error::Result;

use crate::error::corrupt;

/// `2023-02-01T00:00:00.250000000Z`. All years that there are have four digits.
pub(crate) fn sortable(time: Timestamp) -> String {
    let text = time.to_string();
    let text = text.trim_end_matches('Z');
    let (seconds, digits) = text.split_once('.').unwrap_or((text, ""));
    format!("{seconds}.{digits:0<9}Z")
}

/// Reads what [`sortable`] wrote; `what` is for the error.
pub(crate) fn read(text: &str, what: &str) -> Result<Timestamp> {
    Timestamp::parse(text, Zone::UTC).map_err(|e| corrupt(what).because(e))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_digits_are_there() {
        for (nanos, text) in [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (250_000_000, "1970-01-01T00:00:00.250000000Z"),
            (i64::MIN, "1677-09-21T00:12:43.145224192Z"),
        ] {
            assert_eq!(sortable(Timestamp::from_nanos(nanos)), text);
        }
    }

    proptest! {
        #[test]
        fn text_sorts_as_instants_do(one: i64, other: i64) {
            let [one, other] = [one, other].map(Timestamp::from_nanos);
            prop_assert_eq!(sortable(one).cmp(&sortable(other)), one.cmp(&other));
            prop_assert_eq!(read(&sortable(one), "").unwrap(), one);
        }
    }
}

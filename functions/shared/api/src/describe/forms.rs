//! The forms of texts, as regular expressions that a validator, a code
//! generator or a fuzzer can work with.
//!
//! They are what is accepted, but for two. That of instants leaves out the days with
//! which time begins and ends, exponents, and leap seconds; that of a CSV leaves out
//! quotes, other orders of columns, and long or odd numbers and tags. These are
//! accepted all the same and told in words beside them.

use tidemark_core::stat::{Percent, Stat};

use crate::params::ALL;

/// The name of a series.
pub(crate) const NAME: &str = r"^(?:\.{0,2}[A-Za-z0-9_:-]|\.{3})[A-Za-z0-9._:-]*$";

/// What a name begins with.
pub(crate) const PREFIX: &str = r"^[A-Za-z0-9._:-]+$";

/// Which names are meant.
pub(crate) const PATTERN: &str = r"^(?:\*\*?|\{[a-z][a-z0-9_]*\}|[A-Za-z0-9_-]*)(?:[.:](?:\*\*?|\{[a-z][a-z0-9_]*\}|[A-Za-z0-9_-]*))*$";

/// A label of a pattern.
pub(crate) const PATTERN_LABEL: &str = r"^[a-z][a-z0-9_]*$";

/// A part of a name that is followed by a colon and another part.
pub(crate) const PART: &str = r"^(?:\.{0,2}[A-Za-z0-9_-]|\.{3})[A-Za-z0-9._-]*$";

/// What a value of a meter stands under: an OBIS code as meters print it, or the
/// last part of a name.
pub(crate) const OBIS: &str = r"^(?:(?:\.{0,2}[A-Za-z0-9_:-]|\.{3})[A-Za-z0-9._:-]*|(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]{1,2})-(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]{1,2}):(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]{1,2})(?:\.(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]{1,2})){2}[*&](?:25[0-5]|2[0-4][0-9]|[01]?[0-9]{1,2}))$";

/// A tag.
pub(crate) const TAG: &str = r"^[^\u0000-\u001f\u007f-\u009f;]+$";

/// A title or a unit: not only blanks.
pub(crate) const LABEL: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][^\u0000-\u001f\u007f-\u009f]*$";

/// A note, which may have lines.
pub(crate) const REMARK: &str = r"^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*[^\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000][^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*$";

/// Where points come from.
pub(crate) const SOURCE: &str = r"^[a-z0-9._:-]+$";

/// The id of a discard: of its batch, and a place of 32 bits in it.
pub(crate) const DISCARD: &str = r"^[0-9a-f]{32}-(?:0|[1-9][0-9]{0,8}|[1-3][0-9]{9}|4(?:[01][0-9]{8}|2(?:[0-8][0-9]{7}|9(?:[0-3][0-9]{6}|4(?:[0-8][0-9]{5}|9(?:[0-5][0-9]{4}|6(?:[0-6][0-9]{3}|7(?:[01][0-9]{2}|2(?:[0-8][0-9]|9[0-5])))))))))$";

/// The id of a batch.
pub(crate) const BATCH: &str = r"^[0-9a-f]{32}$";

/// A cursor.
pub(crate) const CURSOR: &str = r"^[A-Za-z0-9_-]+$";

/// The width of a bucket: up to 24 hours, or of the calendar.
pub(crate) const EVERY: &str = r"^(?:(?:[1-9][0-9]{0,3}|[1-7][0-9]{4}|8[0-5][0-9]{3}|86[0-3][0-9]{2}|86400)s|(?:[1-9][0-9]{0,2}|1[0-3][0-9]{2}|14[0-3][0-9]|1440)m|(?:[1-9]|1[0-9]|2[0-4])h|1(?:d|w|mo|q|y))$";

const SECONDS: &str = r"-?(?:0|[1-9][0-9]{0,8}|[1-8][0-9]{9}|9[01][0-9]{8})(?:\.[0-9]+)?";
/// The years 1678 to 2261, all of whose days are within time.
const YEAR: &str = r"(?:167[89]|16[89][0-9]|1[7-9][0-9]{2}|2[01][0-9]{2}|22[0-5][0-9]|226[01])";
/// Those of them that have a 29th of February.
const LEAP_YEAR: &str = r"(?:16(?:8[048]|9[26])|(?:1[789]|2[01])(?:0[48]|[2468][048]|[13579][26])|2000|22(?:0[48]|[24][048]|[135][26]|60))";
const DAY: &str = r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))";
const TIME: &str = r"[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])";

fn bare_instant() -> String {
    format!("(?:{SECONDS}|(?:{YEAR}-{DAY}|{LEAP_YEAR}-02-29)(?:{TIME})?)")
}

/// Epoch seconds, a date, or RFC 3339 with an offset.
pub(crate) fn instant() -> String {
    format!("^{}$", bare_instant())
}

/// The name of a statistic, or of all.
pub(crate) fn stats() -> String {
    let names: Vec<_> = Stat::named().map(Stat::name).collect();
    format!("^(?:{}|{ALL}|{})$", names.join("|"), Percent::FORM)
}

/// A table of points: a header, and a row a point. The columns may stand in any
/// order, which would be too much for one expression.
pub(crate) fn csv() -> String {
    let name = &NAME[1..NAME.len() - 1];
    let time = bare_instant();
    let value = r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?(?:[eE][+-]?[0-9]{1,2})?";
    let tag = r#"[^\u0000-\u001f\u007f-\u009f;,"]{1,32}"#;
    format!(
        r"^name,t,v(?:(?:\r?\n{name},{time},{value})+|,tags(?:\r?\n{name},{time},{value},(?:{tag}(?:;{tag}){{0,7}})?)+)(?:\r?\n)?$"
    )
}

#[cfg(test)]
mod tests;

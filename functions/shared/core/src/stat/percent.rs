//! Which part of the values lies below a quantile.

use std::fmt;
use std::str::FromStr;

use super::UnknownStat;

/// Per cent from 0 to 100 with up to nine decimals. Written as the name of the
/// quantile: `p99.9`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(u64);

impl Percent {
    /// A form of its names, as a regular expression without ends.
    pub const FORM: &str = r"p(?:100(?:\.0{1,9})?|[0-9]{1,2}(?:\.[0-9]{1,9})?)";

    const DECIMALS: usize = 9;
    const ONE: u64 = 1_000_000_000;

    /// As a part of one, the float that is nearest.
    pub fn part(self) -> f64 {
        self.0 as f64 / (100 * Self::ONE) as f64
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / Self::ONE, self.0 % Self::ONE);
        write!(f, "p{whole}")?;
        if rest > 0 {
            let digits = format!("{rest:0width$}", width = Self::DECIMALS);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        Ok(())
    }
}

impl FromStr for Percent {
    type Err = UnknownStat;
    fn from_str(name: &str) -> Result<Self, UnknownStat> {
        let digits = name.strip_prefix('p').ok_or(UnknownStat)?;
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let fits = (1..=2).contains(&whole.len()) || whole == "100";
        if !fits
            || !(1..=Self::DECIMALS).contains(&decimals.len())
            || !is_digits(whole)
            || !is_digits(decimals)
        {
            return Err(UnknownStat);
        }
        let padded = format!("{whole}{decimals:0<width$}", width = Self::DECIMALS);
        let percent: u64 = padded.parse().map_err(|_| UnknownStat)?;
        if percent > 100 * Self::ONE {
            return Err(UnknownStat);
        }
        Ok(Self(percent))
    }
}

//! Quantiles that can be merged. Up to a stated number of values all of them
//! are kept, and a quantile is exact; beyond it only a histogram is, of a stated
//! relative error. Which of the two depends on the number of values alone, and
//! the histogram on nothing but the values, so that neither order nor chunks nor
//! shards change an answer.
//!
//! The histogram's bins have a constant relative width, as in `DDSketch`
//! (C. Masson, J. E. Rim, H. K. Lee, PVLDB 12, 2019). They are cut from the bits of
//! a float, though, as in `HdrHistogram`, and are never collapsed: a logarithm
//! may differ between machines in its last digit, and a limit on the number of
//! bins makes the result depend on the order. Hence not `sketches-ddsketch`.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::point::Value;

/// Values, or what is needed to estimate their quantiles.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Quantiles(Kept);

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    /// In no order.
    #[serde(with = "packed")]
    Values(Vec<f64>),
    /// How many values each bin holds.
    #[serde(deserialize_with = "true_bins")]
    Bins(BTreeMap<i32, u64>),
}

impl Quantiles {
    /// Up to so many values quantiles are exact.
    pub const EXACT: usize = 250_000;

    /// Beyond [`Quantiles::EXACT`], the value at a rank is off by no more than
    /// this part of it. (Magnitudes below 1e-305 are off by up to 1e-308.)
    pub const RELATIVE_ERROR: f64 = 1.0 / 256.0;

    /// Bits of the mantissa that tell bins apart; a bin is as wide as 2^-7 of
    /// its lower end, and no value farther from its middle than half of that.
    const BITS: u32 = 7;

    /// Of these values.
    pub fn of(values: &[Value]) -> Self {
        if values.len() <= Self::EXACT {
            return Self(Kept::Values(values.iter().map(|v| v.get()).collect()));
        }
        let mut bins = BTreeMap::new();
        for block in values.chunks(Self::EXACT) {
            count(&mut bins, block.iter().map(|v| v.get()));
        }
        Self(Kept::Bins(bins))
    }

    /// Adds those of other values.
    pub fn merge(&mut self, other: &Self) {
        if let (Kept::Values(mine), Kept::Values(others)) = (&mut self.0, &other.0)
            && mine.len() + others.len() <= Self::EXACT
        {
            mine.extend_from_slice(others);
            return;
        }
        if let Kept::Values(values) = &self.0 {
            let mut bins = BTreeMap::new();
            count(&mut bins, values.iter().copied());
            self.0 = Kept::Bins(bins);
        }
        let Kept::Bins(mine) = &mut self.0 else {
            return;
        };
        match &other.0 {
            Kept::Values(values) => count(mine, values.iter().copied()),
            Kept::Bins(bins) => {
                for (&bin, &number) in bins {
                    add(mine, bin, number);
                }
            }
        }
    }

    /// How many values.
    pub fn len(&self) -> u64 {
        match &self.0 {
            Kept::Values(values) => values.len() as u64,
            Kept::Bins(bins) => bins.values().fold(0, |n, m| n.saturating_add(*m)),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether all values are kept.
    pub const fn is_exact(&self) -> bool {
        matches!(self.0, Kept::Values(_))
    }

    /// The value below which the part `q` (0 to 1) of the values lies, with
    /// linear interpolation between neighbours: number 7 of Hyndman and Fan,
    /// "Sample quantiles in statistical packages", The American Statistician 50,
    /// 1996; what numpy does by default. None if there are no values.
    pub fn at(&self, q: f64) -> Option<f64> {
        let last = self.len().checked_sub(1)?;
        let position = (last as f64 * q).clamp(0.0, last as f64);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and a u64"
        )]
        let rank = (position as u64).min(last);
        let (low, high) = match &self.0 {
            Kept::Values(values) => neighbours(values, usize::try_from(rank).ok()?)?,
            Kept::Bins(bins) => {
                let low = bin_at(bins, rank)?;
                (low, bin_at(bins, rank + 1).unwrap_or(low))
            }
        };
        Some(interpolated(low, high, position - rank as f64))
    }
}

/// The value at `rank` and the next.
fn neighbours(values: &[f64], rank: usize) -> Option<(f64, f64)> {
    let mut values = values.to_vec();
    if rank >= values.len() {
        return None;
    }
    let (_, &mut low, above) = values.select_nth_unstable_by(rank, f64::total_cmp);
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    Some((low, high))
}

/// As numpy does it, so that the last digit is the same.
fn interpolated(low: f64, high: f64, part: f64) -> f64 {
    let distance = high - low;
    if distance.is_infinite() {
        low * (1.0 - part) + high * part
    } else if part < 0.5 {
        low + distance * part
    } else {
        high - distance * (1.0 - part)
    }
}

/// Counts values into their bins, the equal ones together.
fn count(bins: &mut BTreeMap<i32, u64>, values: impl Iterator<Item = f64>) {
    let mut found: Vec<i32> = values.map(bin_of).collect();
    found.sort_unstable();
    for run in found.chunk_by(|a, b| a == b) {
        add(bins, run[0], run.len() as u64);
    }
}

fn add(bins: &mut BTreeMap<i32, u64>, bin: i32, number: u64) {
    let sum = bins.entry(bin).or_default();
    *sum = sum.saturating_add(number);
}

/// Bins are in the order of their values; the one of zero is 0.
fn bin_of(value: f64) -> i32 {
    let bin = value.abs().to_bits() >> (52 - Quantiles::BITS);
    let bin = i32::try_from(bin).unwrap_or(i32::MAX);
    if value.is_sign_negative() { -bin } else { bin }
}

/// The middle of a bin.
fn middle(bin: i32) -> f64 {
    if bin == 0 {
        return 0.0;
    }
    let shift = 52 - Quantiles::BITS;
    let bits = u64::from(bin.unsigned_abs()) << shift | 1 << (shift - 1);
    let middle = f64::from_bits(bits);
    if bin < 0 { -middle } else { middle }
}

/// The value at `rank`, as good as its bin tells.
fn bin_at(bins: &BTreeMap<i32, u64>, rank: u64) -> Option<f64> {
    let mut below = 0_u64;
    bins.iter().find_map(|(&bin, &number)| {
        below = below.saturating_add(number);
        (rank < below).then(|| middle(bin))
    })
}

/// Refuses bins that no value falls into.
fn true_bins<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<i32, u64>, D::Error> {
    let bins = BTreeMap::deserialize(from)?;
    let all = bin_of(f64::MIN)..=bin_of(f64::MAX);
    if bins.keys().all(|bin| all.contains(bin)) {
        Ok(bins)
    } else {
        Err(de::Error::custom("no bin of a finite number"))
    }
}

/// Many values in text travel as base64 of their bytes, little-endian: half as
/// long as their digits.
mod packed {
    use super::{Deserialize, Deserializer, Engine, STANDARD, Serialize, Serializer, Value, de};

    pub(super) fn serialize<S: Serializer>(values: &[f64], to: S) -> Result<S::Ok, S::Error> {
        if !to.is_human_readable() {
            return values.serialize(to);
        }
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
        if !from.is_human_readable() {
            let values = Vec::<Value>::deserialize(from)?;
            return Ok(values.into_iter().map(Value::get).collect());
        }
        let text = String::deserialize(from)?;
        let bytes = STANDARD.decode(text).map_err(de::Error::custom)?;
        let (values, rest) = bytes.as_chunks::<8>();
        if !rest.is_empty() {
            return Err(de::Error::custom("not whole numbers of 8 bytes"));
        }
        let value = |bytes: &[u8; 8]| Value::new(f64::from_le_bytes(*bytes)).map(Value::get);
        let values: Result<_, _> = values.iter().map(value).collect();
        values.map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn quantiles(numbers: &[f64]) -> Quantiles {
        let values: Vec<Value> = numbers.iter().map(|&n| Value::new(n).unwrap()).collect();
        Quantiles::of(&values)
    }

    /// Small, but enough to pass the limit often; what it stands for is as long.
    fn in_bins(numbers: &[f64]) -> Quantiles {
        let mut bins = BTreeMap::new();
        count(&mut bins, numbers.iter().copied());
        Quantiles(Kept::Bins(bins))
    }

    #[test]
    fn interpolates_as_numpy_does() {
        // numpy 2.4.6: np.quantile([3, 1, 4, 1, 5, 9, 2, 6], q)
        let digits = quantiles(&[3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0]);
        let expected = [
            (0.0, 1.0),
            (0.5, 3.5),
            (0.9, 6.899_999_999_999_999_5),
            (0.95, 7.949_999_999_999_998),
            (0.99, 8.79),
            (1.0, 9.0),
        ];
        for (q, value) in expected {
            assert_eq!(digits.at(q), Some(value), "{q}");
        }
        assert_eq!(quantiles(&[]).at(0.5), None);
        assert_eq!(quantiles(&[7.0]).at(0.99), Some(7.0));
        assert_eq!(quantiles(&[-1.5e308, 1.5e308]).at(0.5), Some(0.0));
    }

    #[test]
    fn the_number_of_values_decides_between_values_and_bins() {
        let limit: Vec<f64> = (0..250_000).map(f64::from).collect();
        let mut all = quantiles(&limit);
        assert!(all.is_exact());
        assert_eq!(all.at(0.5), Some(124_999.5));
        let mut parts = quantiles(&limit[1..]);
        parts.merge(&quantiles(&limit[..1]));
        assert!(parts.is_exact());
        all.merge(&quantiles(&[250_000.0]));
        assert!(!all.is_exact());
        assert_eq!(all.len(), 250_001);
        let mut others = quantiles(&[250_000.0]);
        others.merge(&quantiles(&limit));
        let mut whole = limit;
        whole.push(250_000.0);
        for same in [others, quantiles(&whole)] {
            assert_eq!(
                postcard::to_stdvec(&same).unwrap(),
                postcard::to_stdvec(&all).unwrap()
            );
        }
        let median = all.at(0.5).unwrap();
        assert!((median / 125_000.0 - 1.0).abs() <= Quantiles::RELATIVE_ERROR);
    }

    #[test]
    fn travels_in_text_as_base64() {
        let json = serde_json::to_string(&quantiles(&[1.0, -0.0])).unwrap();
        assert_eq!(json, r#"{"values":"AAAAAAAA8D8AAAAAAAAAgA=="}"#);
        for bad in [
            r#"{"values":"AAAAAAAA8H8="}"#,
            r#"{"values":"AAAA"}"#,
            r#"{"bins":{"262016":1}}"#,
            r#"{"bins":{"-262016":1}}"#,
        ] {
            assert!(serde_json::from_str::<Quantiles>(bad).is_err(), "{bad}");
        }
    }

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![
            -10.0..10.0,
            any::<f64>().prop_filter("finite", |n| n.is_finite()),
            Just(0.0),
            Just(f64::MAX),
            Just(f64::MIN),
        ]
    }

    proptest! {
        #[test]
        fn values_are_near_the_middle_of_their_bin(a in number(), b in number()) {
            let middle = middle(bin_of(a));
            prop_assert!(middle.is_finite());
            prop_assert!((middle - a).abs() <= (a.abs() * Quantiles::RELATIVE_ERROR).max(1e-308));
            prop_assert!(a > b || bin_of(a) <= bin_of(b));
        }

        #[test]
        fn quantiles_of_sorted_values(
            mut numbers in prop::collection::vec(number(), 1..60),
            q in 0.0..1.0,
        ) {
            let (exact, near) = (quantiles(&numbers).at(q), in_bins(&numbers).at(q));
            numbers.sort_unstable_by(f64::total_cmp);
            let position = q * (numbers.len() - 1) as f64;
            let rank = (1..numbers.len()).filter(|&rank| rank as f64 <= position).count();
            let (low, high) = (numbers[rank], numbers[(rank + 1).min(numbers.len() - 1)]);
            let part = position.fract();
            let expected = low * (1.0 - part) + high * part;
            let largest = low.abs().max(high.abs());
            // Halved, for the distance can be beyond f64.
            let distance = |mine: Option<f64>| (mine.unwrap() / 2.0 - expected / 2.0).abs();
            prop_assert!(distance(exact) <= largest * 1e-15);
            prop_assert!(distance(near) <= (largest * Quantiles::RELATIVE_ERROR).max(1e-308));
        }

        #[test]
        fn bins_do_not_depend_on_order_or_parts(
            numbers in prop::collection::vec(number(), 0..60),
            cut in 0..60_usize,
        ) {
            let cut = cut.min(numbers.len());
            let whole = in_bins(&numbers);
            let mut joined = in_bins(&numbers[cut..]);
            joined.merge(&in_bins(&numbers[..cut]));
            let mut mixed = quantiles(&numbers[..cut]);
            mixed.merge(&in_bins(&numbers[cut..]));
            let json = serde_json::to_string(&whole).unwrap();
            prop_assert_eq!(&serde_json::to_string(&joined).unwrap(), &json);
            prop_assert_eq!(&serde_json::to_string(&mixed).unwrap(), &json);
            let back: Quantiles = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(back.at(0.3), whole.at(0.3));
        }

        #[test]
        fn values_travel(numbers in prop::collection::vec(number(), 0..20), q in 0.0..1.0) {
            let all = quantiles(&numbers);
            let json = serde_json::to_vec(&all).unwrap();
            let stored = postcard::to_stdvec(&all).unwrap();
            let from_json: Quantiles = serde_json::from_slice(&json).unwrap();
            let from_store: Quantiles = postcard::from_bytes(&stored).unwrap();
            prop_assert_eq!(from_json.at(q), all.at(q));
            prop_assert_eq!(from_store.at(q), all.at(q));
        }
    }
}

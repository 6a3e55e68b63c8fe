//! A point of a series: when, how much, and tags.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::batch_id::BatchId;
use crate::time::Timestamp;

/// A number that is neither NaN nor infinite.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Value(f64);

/// NaN or an infinity where a value was wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value is not a finite number")]
pub struct NotFinite;

impl Value {
    /// Takes `number` if it is finite.
    pub fn new(number: f64) -> Result<Self, NotFinite> {
        if number.is_finite() {
            Ok(Self(number))
        } else {
            Err(NotFinite)
        }
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Value {
    type Error = NotFinite;
    fn try_from(number: f64) -> Result<Self, NotFinite> {
        Self::new(number)
    }
}

impl From<Value> for f64 {
    fn from(value: Value) -> Self {
        value.0
    }
}

/// A small set of strings that stay with a point, sorted, without repetition.
/// Points that came with the same set share it: a set may be a thousand times as
/// large as the rest of its point.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Tags(
    /// None where there are none.
    Option<Arc<[String]>>,
);

/// Why strings are not tags.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagsError {
    /// More than [`Tags::MAX`].
    #[error("a point has at most {max} tags, this one has {0}", max = Tags::MAX)]
    TooMany(usize),
    /// A tag of no bytes or of more than [`Tags::MAX_BYTES`].
    #[error("a tag has 1 to {max} bytes, one of these has {0}", max = Tags::MAX_BYTES)]
    Length(usize),
    /// A control character, or the `;` that separates tags in CSV.
    #[error("a tag holds no control character and no `;`")]
    Character,
}

impl Tags {
    /// The largest number of tags of one point.
    pub const MAX: usize = 16;
    /// The longest tag, in bytes.
    pub const MAX_BYTES: usize = 128;

    /// No tags.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Takes the strings as a set if each is a tag.
    pub fn new(tags: impl IntoIterator<Item = String>) -> Result<Self, TagsError> {
        let mut tags: Vec<String> = tags.into_iter().collect();
        tags.sort_unstable();
        tags.dedup();
        if tags.len() > Self::MAX {
            return Err(TagsError::TooMany(tags.len()));
        }
        for tag in &tags {
            if tag.is_empty() || tag.len() > Self::MAX_BYTES {
                return Err(TagsError::Length(tag.len()));
            }
            if tag.chars().any(|c| c.is_control() || c == ';') {
                return Err(TagsError::Character);
            }
        }
        Ok(Self((!tags.is_empty()).then(|| tags.into())))
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The tags, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .flat_map(|tags| tags.iter())
            .map(String::as_str)
    }

    /// Whether `tag` is one of them.
    pub fn contains(&self, tag: &str) -> bool {
        self.iter().any(|t| t == tag)
    }
}

impl TryFrom<Vec<String>> for Tags {
    type Error = TagsError;
    fn try_from(tags: Vec<String>) -> Result<Self, TagsError> {
        Self::new(tags)
    }
}

impl From<Tags> for Vec<String> {
    fn from(tags: Tags) -> Self {
        tags.iter().map(str::to_owned).collect()
    }
}

/// A point as it is read back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// When.
    pub time: Timestamp,
    /// How much.
    pub value: Value,
    /// Its tags.
    pub tags: Tags,
}

/// Where a write stands in the total order of writes to one point: by the
/// batch's time of receipt, then its id, then the index in the batch. Of two
/// writes to one point the greater stamp counts, whichever came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// When the batch was received.
    pub received: Timestamp,
    /// Which batch.
    pub batch: BatchId,
    /// Which point of the batch, from 0.
    pub index: u32,
}

impl Ord for Stamp {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.received, self.batch, self.index).cmp(&(other.received, other.batch, other.index))
    }
}

impl PartialOrd for Stamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_finite() {
        assert!(Value::new(f64::NAN).is_err());
        assert!(Value::new(f64::INFINITY).is_err());
        assert_eq!(
            Value::new(-0.0).map(|v| v.get().to_bits()),
            Ok((-0.0f64).to_bits())
        );
    }

    #[test]
    fn tags_are_a_small_set() {
        let set = |tags: &[&str]| Tags::new(tags.iter().map(|t| (*t).to_owned()));
        assert_eq!(
            set(&["b", "a", "b"]).unwrap().iter().collect::<Vec<_>>(),
            ["a", "b"]
        );
        assert_eq!(set(&[""]), Err(TagsError::Length(0)));
        assert_eq!(set(&["a;b"]), Err(TagsError::Character));
        assert_eq!(set(&["a\nb"]), Err(TagsError::Character));
        assert_eq!(set(&[&"x".repeat(129)]), Err(TagsError::Length(129)));
        let many: Vec<String> = (0..17).map(|i| i.to_string()).collect();
        assert_eq!(Tags::new(many), Err(TagsError::TooMany(17)));
    }
}

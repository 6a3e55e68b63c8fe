//! What travels from those who take points in to the validator: one batch a
//! request or message, in one JSON form that can be read in a dead-letter queue.

use serde::{Deserialize, Serialize};

pub use crate::batch_id::{BatchId, BatchIdError};
use crate::discard::{Format, Reason};
use crate::name::{SeriesName, Tenant};
use crate::payload::Payload;
use crate::point::{Stamp, Tags, Value};
pub use crate::source::{OtherSource, Source, SourceError};
use crate::time::Timestamp;

/// What was received at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// Whose points these are.
    pub tenant: Tenant,
    /// Where they came from, which decides the rules that they are held to.
    pub source: Source,
    /// Identifies the batch. Delivered again it is the same batch.
    pub id: BatchId,
    /// When it was received. Age is judged against this, never against later.
    pub received: Timestamp,
    /// What was received.
    pub content: Content,
}

/// What a batch carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Points whose form was checked when they came in.
    Points {
        /// The points, grouped by series; a series stands here once.
        series: Vec<SeriesPoints>,
        /// What was wrong in itself.
        rejects: Vec<Reject>,
    },
    /// Messages as they came, decodable or not.
    Messages {
        /// The series their points belong to.
        series: SeriesName,
        /// The index of the first message: 0, unless this is a piece of a
        /// batch that was too large for its queue.
        #[serde(default, skip_serializing_if = "is_zero")]
        first: u32,
        /// The messages. The index of a point is that of its message, counted
        /// from `first`.
        payloads: Vec<Payload>,
    },
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The points of one series in a batch, in columns: `index`, `times`, `values`
/// have one entry a point, in the order of the batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Columns")]
pub struct SeriesPoints {
    /// The series.
    pub name: SeriesName,
    /// Which point of the batch each was.
    pub index: Vec<u32>,
    /// When.
    pub times: Vec<Timestamp>,
    /// How much.
    pub values: Vec<Value>,
    /// Tags by point; empty if no point has any.
    pub tags: Vec<Tags>,
}

/// The same as it is read, before the columns were held against each other.
#[derive(Deserialize)]
struct Columns {
    name: SeriesName,
    index: Vec<u32>,
    times: Vec<Timestamp>,
    values: Vec<Value>,
    tags: Vec<Tags>,
}

/// Columns of points that are not of one length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the columns of a series are not of one length")]
pub struct ColumnsError;

impl TryFrom<Columns> for SeriesPoints {
    type Error = ColumnsError;
    fn try_from(columns: Columns) -> Result<Self, ColumnsError> {
        let Columns {
            name,
            index,
            times,
            values,
            tags,
        } = columns;
        let length = times.len();
        if index.len() != length
            || values.len() != length
            || !(tags.is_empty() || tags.len() == length)
        {
            return Err(ColumnsError);
        }
        Ok(Self {
            name,
            index,
            times,
            values,
            tags,
        })
    }
}

impl SeriesPoints {
    /// No points yet.
    pub const fn new(name: SeriesName) -> Self {
        Self {
            name,
            index: Vec::new(),
            times: Vec::new(),
            values: Vec::new(),
            tags: Vec::new(),
        }
    }

    /// Adds one point.
    pub fn push(&mut self, index: u32, time: Timestamp, value: Value, tags: Tags) {
        if !tags.is_empty() || !self.tags.is_empty() {
            self.tags.resize(self.times.len(), Tags::none());
            self.tags.push(tags);
        }
        self.index.push(index);
        self.times.push(time);
        self.values.push(value);
    }

    /// How many points.
    pub const fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Tags of the point at `position`.
    pub fn tags_at(&self, position: usize) -> &Tags {
        const NONE: &Tags = &Tags::none();
        self.tags.get(position).unwrap_or(NONE)
    }
}

/// Points ready to be stored: a batch after validation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Write {
    /// Whose points these are.
    pub tenant: Tenant,
    /// The batch they came in.
    pub batch: BatchId,
    /// When the batch was received.
    pub received: Timestamp,
    /// Where the points came from: what a store refuses is filed under it. It is
    /// not written into the embedded store's log, whose records came before it.
    #[serde(skip)]
    pub source: Source,
    /// The points, grouped by series; a series stands here once.
    pub series: Vec<SeriesPoints>,
}

impl Write {
    /// Where the point of index `index` stands in the order of writes.
    pub const fn stamp(&self, index: u32) -> Stamp {
        Stamp {
            received: self.received,
            batch: self.batch,
            index,
        }
    }
}

/// Something in a batch that was wrong in itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reject {
    /// Which point of the batch.
    pub index: u32,
    /// Its series, where that could be read.
    pub series: Option<SeriesName>,
    /// Its time, where that could be read.
    pub time: Option<Timestamp>,
    /// Its value, where that could be read.
    pub value: Option<Value>,
    /// What was wrong with it; at least one.
    pub reasons: Vec<Reason>,
    /// The same for people.
    pub detail: String,
    /// What came.
    pub payload: Payload,
    /// How the payload is to be read again.
    pub format: Format,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_batch_reads_in_a_dead_letter_queue() {
        let mut points = SeriesPoints::new(SeriesName::new("a").unwrap());
        points.push(
            0,
            Timestamp::from_nanos(1),
            Value::new(0.1).unwrap(),
            Tags::none(),
        );
        let batch = Batch {
            tenant: Tenant::new("local").unwrap(),
            source: Source::Api,
            id: BatchId::new(1, 2),
            received: Timestamp::from_nanos(3),
            content: Content::Points {
                series: vec![points],
                rejects: vec![],
            },
        };
        let json = serde_json::to_string(&batch).unwrap();
        assert_eq!(
            json,
            r#"{"tenant":"local","source":"api","id":"00000000000000010000000000000002","received":3,"content":{"points":{"series":[{"name":"a","index":[0],"times":[1],"values":[0.1],"tags":[]}],"rejects":[]}}}"#
        );
        assert_eq!(serde_json::from_str::<Batch>(&json).unwrap(), batch);
        // One from a source that only a later version knows.
        let json = json.replace(r#""source":"api""#, r#""source":"broker:7""#);
        let other: Batch = serde_json::from_str(&json).unwrap();
        assert_eq!(other.source.as_str(), "broker:7");
        assert_eq!(serde_json::to_string(&other).unwrap(), json);
    }

    #[test]
    fn a_piece_says_where_it_begins() {
        let messages = |first| Content::Messages {
            series: SeriesName::new("a").unwrap(),
            first,
            payloads: vec![Payload::new(b"x")],
        };
        for (first, json) in [
            (0, r#"{"messages":{"series":"a","payloads":["x"]}}"#),
            (
                7,
                r#"{"messages":{"series":"a","first":7,"payloads":["x"]}}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&messages(first)).unwrap(), json);
            let back: Content = serde_json::from_str(json).unwrap();
            assert_eq!(back, messages(first));
        }
    }

    #[test]
    fn columns_of_different_lengths_are_not_read() {
        let read = |json| serde_json::from_str::<SeriesPoints>(json).map_err(|e| e.to_string());
        for (json, fits) in [
            (
                r#"{"name":"a","index":[0],"times":[1],"values":[2],"tags":[]}"#,
                true,
            ),
            (
                r#"{"name":"a","index":[0],"times":[1],"values":[2],"tags":[["x"]]}"#,
                true,
            ),
            (
                r#"{"name":"a","index":[0],"times":[1],"values":[2],"tags":[[],[]]}"#,
                false,
            ),
            (
                r#"{"name":"a","index":[],"times":[1],"values":[2],"tags":[]}"#,
                false,
            ),
            (
                r#"{"name":"a","index":[0],"times":[1],"values":[],"tags":[]}"#,
                false,
            ),
        ] {
            assert_eq!(read(json).is_ok(), fits, "{json}");
        }
    }

    /// The embedded store's log is read by other versions, older and newer ones.
    #[test]
    fn a_write_is_encoded_without_its_source() {
        let mut points = SeriesPoints::new(SeriesName::new("a").unwrap());
        let value = Value::new(0.1).unwrap();
        points.push(7, Timestamp::from_nanos(1), value, Tags::none());
        let write = Write {
            tenant: Tenant::local(),
            batch: BatchId::new(1, 2),
            received: Timestamp::from_nanos(3),
            source: Source::DataServer,
            series: vec![points],
        };
        let members = (&write.tenant, write.batch, write.received, &write.series);
        let encoded = postcard::to_stdvec(&write).unwrap();
        assert_eq!(encoded, postcard::to_stdvec(&members).unwrap());
        let read: Write = postcard::from_bytes(&encoded).unwrap();
        let source = Source::Api;
        assert_eq!(read, Write { source, ..write });
    }

    proptest! {
        #[test]
        fn values_travel_bit_for_bit(bits: u64) {
            if let Ok(value) = Value::new(f64::from_bits(bits)) {
                let json = serde_json::to_vec(&value).unwrap();
                let back: Value = serde_json::from_slice(&json).unwrap();
                prop_assert_eq!(back.get().to_bits(), bits);
            }
        }
    }
}

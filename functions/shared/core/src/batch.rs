//! What travels from those who take points in to the validator: one batch a
//! request or message, in one JSON form that can be read in a dead-letter queue.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::discard::{Format, Reason};
use crate::name::{SeriesName, Tenant};
use crate::point::{Stamp, Tags, Value};
use crate::time::Timestamp;

/// Identifies a batch; prints as 32 hexadecimal digits.
///
/// The first half is drawn at random once a process, the second counts: ids of
/// one process are close to each other, so that a chunk of points stores which
/// batches they came from in a few bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BatchId(u128);

/// Not 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a batch id is 32 hexadecimal digits")]
pub struct BatchIdError;

impl BatchId {
    /// The `sequence`-th batch of the process that drew `incarnation`.
    pub const fn new(incarnation: u64, sequence: u64) -> Self {
        Self((incarnation as u128) << 64 | sequence as u128)
    }

    /// The half that is the same for all batches of one process.
    pub const fn incarnation(self) -> u64 {
        (self.0 >> 64) as u64
    }

    /// The half that counts.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the lower half is what is wanted"
    )]
    pub const fn sequence(self) -> u64 {
        self.0 as u64
    }
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for BatchId {
    type Err = BatchIdError;
    fn from_str(text: &str) -> Result<Self, BatchIdError> {
        let digits = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if !digits {
            return Err(BatchIdError);
        }
        u128::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| BatchIdError)
    }
}

impl TryFrom<String> for BatchId {
    type Error = BatchIdError;
    fn try_from(text: String) -> Result<Self, BatchIdError> {
        text.parse()
    }
}

impl From<BatchId> for String {
    fn from(id: BatchId) -> Self {
        id.to_string()
    }
}

/// What was received at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// Whose points these are.
    pub tenant: Tenant,
    /// Where they came from (`api`, `meterdata`, `data-server`), which decides
    /// the rules that they are held to.
    pub source: Source,
    /// Identifies the batch. Delivered again it is the same batch.
    pub id: BatchId,
    /// When it was received. Age is judged against this, never against later.
    pub received: Timestamp,
    /// What was received.
    pub content: Content,
}

/// Where points come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A client, in the service's own form.
    Api,
    /// A client, as energy meters' measurements.
    Meterdata,
    /// The external data server, fetched.
    DataServer,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; 3] = [Self::Api, Self::Meterdata, Self::DataServer];

    /// As it is written in JSON, in tables and in filters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Meterdata => "meterdata",
            Self::DataServer => "data-server",
        }
    }
}

/// Not the name of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a source of points")]
pub struct SourceError;

impl FromStr for Source {
    type Err = SourceError;
    fn from_str(text: &str) -> Result<Self, SourceError> {
        Self::ALL
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or(SourceError)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
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
        /// The messages. The index of a point is that of its message.
        payloads: Vec<Payload>,
    },
}

/// The points of one series in a batch, in columns: `index`, `times`, `values`
/// have one entry a point, in the order of the batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// Bytes as they came: kept whole up to [`Payload::MAX_BYTES`]; of more, the
/// beginning, the length and the digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PayloadForm", into = "PayloadForm")]
pub struct Payload {
    bytes: Vec<u8>,
    cut: Option<Cut>,
}

/// What is known of a payload that was too long to keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Its length in bytes.
    pub length: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

impl Payload {
    /// What is kept of one payload, in bytes.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// Keeps `bytes`, or what fits of it.
    pub fn new(bytes: &[u8]) -> Self {
        if bytes.len() <= Self::MAX_BYTES {
            return Self {
                bytes: bytes.to_vec(),
                cut: None,
            };
        }
        let sha256 = Sha256::digest(bytes)
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect();
        let cut = Some(Cut {
            length: bytes.len() as u64,
            sha256,
        });
        Self {
            bytes: bytes[..Self::MAX_BYTES].to_vec(),
            cut,
        }
    }

    /// Puts a payload together again from what a store kept.
    pub const fn from_parts(bytes: Vec<u8>, cut: Option<Cut>) -> Self {
        Self { bytes, cut }
    }

    /// What was kept: all of it, unless [`Payload::cut`] says otherwise.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Length and digest of a payload that was too long to keep.
    pub const fn cut(&self) -> Option<&Cut> {
        self.cut.as_ref()
    }

    /// All of it, if all of it was kept.
    pub fn whole(&self) -> Option<&[u8]> {
        self.cut.is_none().then_some(&self.bytes)
    }
}

/// The JSON form: text where it is UTF-8, base64 otherwise.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum PayloadForm {
    Text(String),
    Parts {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base64: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cut: Option<Cut>,
    },
}

impl From<Payload> for PayloadForm {
    fn from(payload: Payload) -> Self {
        match (String::from_utf8(payload.bytes), payload.cut) {
            (Ok(text), None) => Self::Text(text),
            (Ok(text), cut) => Self::Parts {
                text: Some(text),
                base64: None,
                cut,
            },
            (Err(e), cut) => Self::Parts {
                text: None,
                base64: Some(STANDARD.encode(e.as_bytes())),
                cut,
            },
        }
    }
}

/// A payload with neither text nor base64, or with broken base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a payload is a string, or an object with either `text` or `base64`")]
pub struct PayloadError;

impl TryFrom<PayloadForm> for Payload {
    type Error = PayloadError;
    fn try_from(form: PayloadForm) -> Result<Self, PayloadError> {
        match form {
            PayloadForm::Text(text) => Ok(Self {
                bytes: text.into_bytes(),
                cut: None,
            }),
            PayloadForm::Parts {
                text: Some(text),
                base64: None,
                cut,
            } => Ok(Self {
                bytes: text.into_bytes(),
                cut,
            }),
            PayloadForm::Parts {
                text: None,
                base64: Some(code),
                cut,
            } => {
                let bytes = STANDARD.decode(code).map_err(|_| PayloadError)?;
                Ok(Self { bytes, cut })
            }
            PayloadForm::Parts { .. } => Err(PayloadError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_print_and_read() {
        let id = BatchId::new(0xfeed, 7);
        assert_eq!(id.to_string(), "000000000000feed0000000000000007");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!((id.incarnation(), id.sequence()), (0xfeed, 7));
        assert!(
            "+00000000000feed0000000000000007"
                .parse::<BatchId>()
                .is_err()
        );
    }

    #[test]
    fn long_payloads_are_cut() {
        let payload = Payload::new(&vec![b'a'; Payload::MAX_BYTES + 1]);
        assert_eq!(payload.bytes().len(), Payload::MAX_BYTES);
        assert_eq!(payload.cut().map(|c| c.length), Some(65537));
        assert_eq!(payload.whole(), None);
        let json = serde_json::to_string(&payload).unwrap();
        assert_eq!(serde_json::from_str::<Payload>(&json).unwrap(), payload);
    }

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
    }

    proptest! {
        #[test]
        fn payloads_travel_byte_for_byte(bytes: Vec<u8>) {
            let payload = Payload::new(&bytes);
            let json = serde_json::to_vec(&payload).unwrap();
            let back: Payload = serde_json::from_slice(&json).unwrap();
            prop_assert_eq!(back.whole(), Some(bytes.as_slice()));
        }

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

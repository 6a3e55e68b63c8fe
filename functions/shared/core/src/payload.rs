//! What came, byte for byte, for those who want to know what was wrong with it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::hex::Hex;
use crate::name::SeriesName;
use crate::point::Point;

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
        let mut builder = PayloadBuilder::default();
        builder.push(bytes);
        builder.finish()
    }

    /// A point in the form of `POST /api`, where what exactly came is not known
    /// any more.
    pub fn of_point(series: &SeriesName, point: &Point) -> Self {
        let Point { time, value, tags } = point;
        let mut form = json!({"name": series, "t": time.to_string(), "v": value});
        if !tags.is_empty() {
            form["tags"] = json!(tags);
        }
        Self::new(form.to_string().as_bytes())
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

/// A payload that comes in parts. Holds no more than is kept of it, however
/// long it gets.
#[derive(Debug, Clone, Default)]
pub struct PayloadBuilder {
    bytes: Vec<u8>,
    length: u64,
    /// There once it is too long to be kept whole: most never are.
    digest: Option<Sha256>,
}

impl PayloadBuilder {
    /// Takes the next part.
    pub fn push(&mut self, part: &[u8]) {
        self.length += part.len() as u64;
        let room = Payload::MAX_BYTES - self.bytes.len();
        let (kept, beyond) = part.split_at(room.min(part.len()));
        self.bytes.extend_from_slice(kept);
        if !beyond.is_empty() {
            self.digest
                .get_or_insert_with(|| Sha256::new_with_prefix(&self.bytes))
                .update(beyond);
        }
    }

    /// The payload, of which all parts have come.
    pub fn finish(self) -> Payload {
        let cut = self.digest.map(|digest| Cut {
            length: self.length,
            sha256: Hex(&digest.finalize()).to_string(),
        });
        Payload {
            bytes: self.bytes,
            cut,
        }
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
    use proptest::prelude::*;

    use super::*;
    use crate::point::{Tags, Value};
    use crate::time::Timestamp;

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
    fn a_point_is_written_as_it_is_posted() {
        let mut point = Point {
            time: Timestamp::from_nanos(1_500_000_000),
            value: Value::new(0.1).unwrap(),
            tags: Tags::none(),
        };
        let text = |point: &Point| {
            let payload = Payload::of_point(&SeriesName::new("a").unwrap(), point);
            String::from_utf8(payload.bytes().to_vec()).unwrap()
        };
        assert_eq!(
            text(&point),
            r#"{"name":"a","t":"1970-01-01T00:00:01.5Z","v":0.1}"#
        );
        point.tags = Tags::new(["x".to_owned()]).unwrap();
        assert_eq!(
            text(&point),
            r#"{"name":"a","t":"1970-01-01T00:00:01.5Z","tags":["x"],"v":0.1}"#
        );
    }

    #[test]
    fn a_digest_is_that_of_all_bytes() {
        let payload = Payload::new(&vec![b'a'; 1_000_000]);
        let known = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
        assert_eq!(payload.cut().map(|c| c.sha256.as_str()), Some(known));
    }

    #[test]
    fn how_it_comes_in_parts_does_not_matter() {
        let longest = Payload::MAX_BYTES;
        for length in [0, 1, longest - 1, longest, longest + 1, 3 * longest] {
            let bytes: Vec<u8> = (0..=250).cycle().take(length).collect();
            let whole = Payload::new(&bytes);
            assert_eq!(whole.cut().is_some(), length > longest);
            for size in [1, 1000, longest - 1, longest, longest + 1] {
                let mut builder = PayloadBuilder::default();
                bytes.chunks(size).for_each(|part| builder.push(part));
                assert_eq!(builder.finish(), whole, "{length} in parts of {size}");
            }
        }
    }

    proptest! {
        #[test]
        fn payloads_travel_byte_for_byte(bytes: Vec<u8>) {
            let payload = Payload::new(&bytes);
            let json = serde_json::to_vec(&payload).unwrap();
            let back: Payload = serde_json::from_slice(&json).unwrap();
            prop_assert_eq!(back.whole(), Some(bytes.as_slice()));
        }
    }
}

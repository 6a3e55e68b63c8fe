//! Points that were not kept, and why.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::batch_id::BatchId;
use crate::columns::CsvColumns;
use crate::name::{SeriesName, Tenant};
use crate::payload::Payload;
use crate::point::{Stamp, Value};
use crate::source::Source;
use crate::time::Timestamp;

/// Why a point is discarded. Each has its line in the README.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Older at receipt than the source's rules allow.
    TooOld,
    /// Further ahead at receipt than the source's rules allow.
    TooFarAhead,
    /// Tagged `system`.
    System,
    /// Tagged `suspect`.
    Suspect,
    /// Not of the form that was asked for.
    Malformed,
    /// The value is NaN, infinite, or beyond what a 64-bit float can hold.
    NotFinite,
    /// The time is one that 64-bit nanoseconds cannot name.
    OutOfRange,
    /// Larger than what is kept of a payload.
    TooLarge,
    /// The store refuses it, for good.
    StoreRejected,
}

/// Not the name of a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a reason for a discard")]
pub struct ReasonError;

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::TooOld,
        Self::TooFarAhead,
        Self::System,
        Self::Suspect,
        Self::Malformed,
        Self::NotFinite,
        Self::OutOfRange,
        Self::TooLarge,
        Self::StoreRejected,
    ];

    /// As it is written in JSON, in tables and in filters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooOld => "too_old",
            Self::TooFarAhead => "too_far_ahead",
            Self::System => "system",
            Self::Suspect => "suspect",
            Self::Malformed => "malformed",
            Self::NotFinite => "not_finite",
            Self::OutOfRange => "out_of_range",
            Self::TooLarge => "too_large",
            Self::StoreRejected => "store_rejected",
        }
    }

    /// Whether a replay may overlook it: the point itself can be read, only a
    /// rule spoke against it.
    pub const fn can_be_waived(self) -> bool {
        matches!(
            self,
            Self::TooOld | Self::TooFarAhead | Self::System | Self::Suspect
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Reason {
    type Err = ReasonError;
    fn from_str(text: &str) -> Result<Self, ReasonError> {
        Self::ALL
            .into_iter()
            .find(|r| r.as_str() == text)
            .ok_or(ReasonError)
    }
}

/// How the payload of a discard is to be read, when it is replayed. In JSON and
/// in tables it is a text, as it prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Format {
    /// A point as a JSON object: `{"name", "t", "v", "tags"}`.
    Point,
    /// A record of CSV with these columns; prints as `csv:v,t,name`.
    CsvIn(CsvColumns),
    /// A record of CSV, `name,t,v[,tags]`, kept when it was not noted whether its header
    /// had tags.
    Csv,
    /// A row of a meter: `{"measurement", "timestamp", "tags", "<OBIS>"...}`.
    Meter,
    /// A message of the data server: `{"time", "value", "tags"}`.
    Message,
}

/// What stands before the columns of a CSV.
const CSV_IN: &str = "csv:";

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Point => f.write_str("point"),
            Self::Csv => f.write_str("csv"),
            Self::CsvIn(columns) => write!(f, "{CSV_IN}{columns}"),
            Self::Meter => f.write_str("meter"),
            Self::Message => f.write_str("message"),
        }
    }
}

/// Not the name of a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a payload's format")]
pub struct FormatError;

impl FromStr for Format {
    type Err = FormatError;
    fn from_str(text: &str) -> Result<Self, FormatError> {
        match text {
            "point" => Ok(Self::Point),
            "csv" => Ok(Self::Csv),
            "meter" => Ok(Self::Meter),
            "message" => Ok(Self::Message),
            _ => {
                let columns = text.strip_prefix(CSV_IN).ok_or(FormatError)?;
                columns.parse().map(Self::CsvIn).map_err(|_| FormatError)
            }
        }
    }
}

impl TryFrom<String> for Format {
    type Error = FormatError;
    fn try_from(text: String) -> Result<Self, FormatError> {
        text.parse()
    }
}

impl From<Format> for String {
    fn from(format: Format) -> Self {
        format.to_string()
    }
}

/// Identifies a discard: its batch and its index there, so that the same
/// discard, delivered twice, is stored once. Prints as `<batch>-<index>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DiscardId {
    /// The batch.
    pub batch: BatchId,
    /// Which point of the batch.
    pub index: u32,
}

impl fmt::Display for DiscardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.batch, self.index)
    }
}

/// Not a discard's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a discard")]
pub struct DiscardIdError;

impl FromStr for DiscardId {
    type Err = DiscardIdError;
    fn from_str(text: &str) -> Result<Self, DiscardIdError> {
        let (batch, index) = text.split_once('-').ok_or(DiscardIdError)?;
        let batch = batch.parse().map_err(|_| DiscardIdError)?;
        let number = index.parse().map_err(|_| DiscardIdError)?;
        let id = Self {
            batch,
            index: number,
        };
        // One discard has one id: no `+1`, no leading zeros, no capitals.
        if id.to_string() == text {
            Ok(id)
        } else {
            Err(DiscardIdError)
        }
    }
}

/// A point that was not kept, for the administrator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Discard {
    /// Whose point it would have been.
    pub tenant: Tenant,
    /// Where it came from.
    pub source: Source,
    /// When and in which batch it was received, and its index there.
    pub stamp: Stamp,
    /// Its series, where that could be read.
    pub series: Option<SeriesName>,
    /// Its time, where that could be read.
    pub time: Option<Timestamp>,
    /// Its value, where that could be read.
    pub value: Option<Value>,
    /// All the reasons, each once, in the order of [`Reason::ALL`].
    pub reasons: Vec<Reason>,
    /// The same for people.
    pub detail: String,
    /// What came.
    pub payload: Payload,
    /// How the payload is to be read again.
    pub format: Format,
    /// When it was replayed, if it was.
    pub replayed: Option<Timestamp>,
}

impl Discard {
    /// What identifies it.
    pub const fn id(&self) -> DiscardId {
        DiscardId {
            batch: self.stamp.batch,
            index: self.stamp.index,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_written_as_in_json() {
        for reason in Reason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
            assert_eq!(reason.as_str().parse(), Ok(reason));
        }
    }

    #[test]
    fn formats_print_and_read() {
        let formats = [
            (Format::Point, "point"),
            (Format::Csv, "csv"),
            (Format::CsvIn("v,t,name".parse().unwrap()), "csv:v,t,name"),
            (Format::Meter, "meter"),
            (Format::Message, "message"),
        ];
        for (format, text) in formats {
            assert_eq!(format.to_string(), text);
            assert_eq!(text.parse(), Ok(format));
            assert_eq!(serde_json::to_value(format).unwrap(), text);
            assert_eq!(
                serde_json::from_value::<Format>(text.into()).unwrap(),
                format
            );
        }
        for bad in ["", "Csv", "csv:", "csv:name,t", "xml", "csv:v,t,name,"] {
            assert_eq!(bad.parse::<Format>(), Err(FormatError), "{bad}");
        }
    }

    #[test]
    fn ids_print_and_read() {
        let id = DiscardId {
            batch: BatchId::new(1, 2),
            index: 3,
        };
        assert_eq!(id.to_string(), "00000000000000010000000000000002-3");
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in [
            "",
            "-",
            "1-2",
            "00000000000000010000000000000002-03",
            "00000000000000010000000000000002-+3",
        ] {
            assert_eq!(bad.parse::<DiscardId>(), Err(DiscardIdError), "{bad}");
        }
    }
}

//! Why a body is refused as a whole, and what is wrong with one of its items.

use std::borrow::Cow;

use tidemark_core::discard::Reason;

use crate::problem::{ItemError, Problem};

/// Why a body is refused as a whole: nothing of it is stored. Its text is meant
/// for the client.
///
/// Lines and columns count from 1, columns in bytes, as `serde_json` counts
/// them; they refer to the body as unpacked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// More bytes than are taken, as sent or once unpacked.
    #[error("the body has more than {limit} bytes{}", if *.unpacked { " once unpacked" } else { "" })]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
        /// Whether it is the limit of what is unpacked.
        unpacked: bool,
    },
    /// What is to be kept of the body takes more memory than is given to it:
    /// hundreds of thousands of series, of wrong points or of tags.
    #[error(
        "the body holds too much at once (up to the item at {pointer} it takes {limit} bytes of memory): send it in parts"
    )]
    TooMuch {
        /// The limit, in bytes of memory.
        limit: usize,
        /// The item with which it was passed.
        pointer: String,
    },
    /// A media type or a charset that is not read here.
    #[error("{found} is not read here; send {accepted}")]
    UnsupportedType {
        /// What was sent.
        found: String,
        /// What may be sent, for people and for the header `Accept`.
        accepted: &'static str,
    },
    /// A content coding other than gzip.
    #[error("the content encoding {found} is not read here; send gzip or none")]
    UnsupportedEncoding {
        /// What was sent.
        found: String,
    },
    /// The gzip data is broken, or ends too early.
    #[error("the body is not gzip data: {detail}")]
    Gzip {
        /// What is wrong with it.
        detail: &'static str,
    },
    /// A byte that is no part of UTF-8.
    #[error("the body is not UTF-8 at line {line} column {column}")]
    Utf8 {
        /// The line of the byte.
        line: usize,
        /// The column of the byte.
        column: usize,
    },
    /// Not of the syntax of the media type.
    #[error("{detail} at line {line} column {column}")]
    Syntax {
        /// The line where reading stopped.
        line: usize,
        /// The column where reading stopped.
        column: usize,
        /// What was found or missed there.
        detail: String,
    },
    /// The right syntax, but not an array (or the header of a table) at the top.
    #[error("{detail}")]
    Shape {
        /// What was wanted.
        detail: String,
    },
    /// No point at all, neither right nor wrong.
    #[error("the body holds no points")]
    Empty,
}

/// What a client has to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyErrorKind {
    /// What the body says: 400.
    Malformed,
    /// How much it says at once: 413.
    TooLarge,
    /// The language it says it in: 415.
    Unsupported,
}

impl BodyError {
    /// The kind, from which the status follows.
    pub const fn kind(&self) -> BodyErrorKind {
        match self {
            Self::TooLarge { .. } | Self::TooMuch { .. } => BodyErrorKind::TooLarge,
            Self::UnsupportedType { .. } | Self::UnsupportedEncoding { .. } => {
                BodyErrorKind::Unsupported
            }
            Self::Gzip { .. }
            | Self::Utf8 { .. }
            | Self::Syntax { .. }
            | Self::Shape { .. }
            | Self::Empty => BodyErrorKind::Malformed,
        }
    }

    /// Line and column, where there is one place that is wrong.
    pub const fn position(&self) -> Option<(usize, usize)> {
        match self {
            Self::Utf8 { line, column } | Self::Syntax { line, column, .. } => {
                Some((*line, *column))
            }
            _ => None,
        }
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        let detail = error.to_string();
        match error {
            BodyError::UnsupportedEncoding { .. } => Self::unsupported_encoding(detail),
            _ => match error.kind() {
                BodyErrorKind::Malformed => Self::malformed_body(detail),
                BodyErrorKind::TooLarge => Self::body_too_large(detail),
                BodyErrorKind::Unsupported => Self::unsupported_media_type(detail),
            },
        }
    }
}

/// One fault of an item, before it is known where the item stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// Where inside the item: empty, or `/` and a field.
    pub(super) place: Cow<'static, str>,
    pub(super) reason: Reason,
    pub(super) detail: String,
}

impl Fault {
    /// A fault of the item as a whole.
    pub(super) fn item(detail: impl Into<String>) -> Self {
        Self {
            place: Cow::Borrowed(""),
            reason: Reason::Malformed,
            detail: detail.into(),
        }
    }

    /// A fault of one of its fields; `place` begins with a slash.
    pub(super) fn at(
        place: impl Into<Cow<'static, str>>,
        reason: Reason,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            place: place.into(),
            reason,
            detail: detail.into(),
        }
    }

    /// As the answer lists it, for an item that stands at `prefix`.
    pub(super) fn listed(&self, prefix: &str) -> ItemError {
        ItemError {
            pointer: format!("{prefix}{}", self.place),
            reason: self.reason,
            detail: self.detail.clone(),
        }
    }
}

/// The one fault that `serde_json` overlooks while it skips a value.
pub(super) const NO_CHARACTER: &str = "a key holds an escape that is no character";

/// The longest name of a field that is repeated to the client, in bytes.
const LONGEST_ECHO: usize = 64;

/// The place of a field whose name is the client's own, as a JSON pointer
/// (RFC 6901); a very long one is not repeated: the item itself is pointed to.
pub(super) fn place_of(parent: &str, key: &str) -> Cow<'static, str> {
    if key.len() > LONGEST_ECHO {
        return Cow::Owned(parent.to_owned());
    }
    let escaped = key.replace('~', "~0").replace('/', "~1");
    Cow::Owned(format!("{parent}/{escaped}"))
}

/// A field's name for people.
pub(super) fn quoted(key: &str) -> String {
    if key.len() > LONGEST_ECHO {
        format!("a field whose name has {} bytes", key.len())
    } else {
        format!("`{key}`")
    }
}

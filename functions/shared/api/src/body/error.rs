//! Why a body is refused as a whole.

use tidemark_formats::ReadError;

use crate::problem::Problem;

/// Why a body is refused as a whole: nothing of it is stored. Its text is meant
/// for the client.
///
/// Lines and columns are those of the body as unpacked.
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
    /// A media type or a charset that is not read here.
    #[error("{found} is not read here; send {accepted}")]
    UnsupportedType {
        /// What was sent.
        found: String,
        /// What may be sent, for people and for the header `Accept`.
        accepted: &'static str,
    },
    /// Two headers `Content-Type`.
    #[error("`Content-Type` was sent twice; send it once")]
    RepeatedType,
    /// A content coding other than gzip.
    #[error("the content encoding {found} is not read here; send gzip or none")]
    UnsupportedEncoding {
        /// What was sent.
        found: String,
    },
    /// Gzip as the media type and as the content coding.
    #[error(
        "the body is said to be gzip by `Content-Type` and by `Content-Encoding`; send one of them"
    )]
    PackedTwice,
    /// The gzip data is broken, or ends too early.
    #[error("the body is not gzip data: {detail}")]
    Gzip {
        /// What is wrong with it.
        detail: &'static str,
    },
    /// What it says.
    #[error(transparent)]
    Content(#[from] ReadError),
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
            Self::TooLarge { .. }
            | Self::Content(ReadError::TooMuch { .. } | ReadError::LongItem { .. }) => {
                BodyErrorKind::TooLarge
            }
            Self::UnsupportedType { .. }
            | Self::RepeatedType
            | Self::PackedTwice
            | Self::UnsupportedEncoding { .. } => BodyErrorKind::Unsupported,
            Self::Gzip { .. }
            | Self::Content(
                ReadError::Utf8 { .. }
                | ReadError::Syntax { .. }
                | ReadError::Shape { .. }
                | ReadError::Empty,
            ) => BodyErrorKind::Malformed,
        }
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        let detail = error.to_string();
        match error {
            BodyError::UnsupportedEncoding { .. } | BodyError::PackedTwice => {
                Self::unsupported_encoding(detail)
            }
            _ => match error.kind() {
                BodyErrorKind::Malformed => Self::malformed_body(detail),
                BodyErrorKind::TooLarge => Self::body_too_large(detail),
                BodyErrorKind::Unsupported => Self::unsupported_media_type(detail),
            },
        }
    }
}

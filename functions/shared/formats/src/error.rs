//! Why a text is refused, not only one of its items.

use crate::position::Position;

/// The longest item that is read, in bytes: an element of an array, a line, a
/// record. What is kept of a payload is less.
pub const MAX_ITEM: usize = 1 << 20;

/// Why a text is refused from some place on. It is written for whoever sent it.
///
/// Lines and columns count from 1, columns in bytes, as `serde_json` counts them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// What is to be kept takes more memory than is given to it: hundreds of
    /// thousands of series, of wrong points or of tags.
    #[error(
        "the body holds too much at once (up to the item at {pointer} it takes {limit} bytes of memory): send it in parts"
    )]
    TooMuch {
        /// The limit, in bytes of memory.
        limit: usize,
        /// The item with which it was passed.
        pointer: String,
    },
    /// An item that is longer than [`MAX_ITEM`].
    #[error("the item at {pointer} has more than {MAX_ITEM} bytes")]
    LongItem {
        /// The item.
        pointer: String,
    },
    /// A byte that is no part of UTF-8.
    #[error("the body is not UTF-8 at line {line} column {column}")]
    Utf8 {
        /// The line of the byte.
        line: usize,
        /// The column of the byte.
        column: usize,
    },
    /// Broken syntax.
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

impl ReadError {
    /// Line and column, where there is one place that is wrong.
    pub const fn position(&self) -> Option<(usize, usize)> {
        match self {
            Self::Utf8 { line, column } | Self::Syntax { line, column, .. } => {
                Some((*line, *column))
            }
            _ => None,
        }
    }

    pub(crate) fn syntax(at: Position, detail: impl Into<String>) -> Self {
        Self::Syntax {
            line: at.line,
            column: at.column,
            detail: detail.into(),
        }
    }

    pub(crate) fn shape(detail: impl Into<String>) -> Self {
        Self::Shape {
            detail: detail.into(),
        }
    }
}

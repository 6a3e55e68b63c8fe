//! What the rows of energy meters stand in: `{"data": [...]}`.

const HEAD: &[u8] = b"{\"data\":[";
/// Before which bytes of it there may be white space.
const GAPS: [usize; 3] = [1, 7, 8];

/// Follows an envelope up to its array.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Head {
    matched: usize,
}

/// How the beginning of an envelope goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// The array begins after so many bytes.
    Array(usize),
    /// These so many bytes begin something else.
    Other(usize),
}

impl Found {
    /// How many bytes it took to tell.
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::Array(bytes) | Self::Other(bytes) => bytes,
        }
    }
}

impl Head {
    /// Goes on through `bytes`; `None` if they are too few to tell.
    pub(crate) fn find(&mut self, bytes: &[u8]) -> Option<Found> {
        for (byte, read) in bytes.iter().zip(1..) {
            if HEAD.get(self.matched) == Some(byte) {
                self.matched += 1;
                if self.matched == HEAD.len() {
                    return Some(Found::Array(read));
                }
            } else if !(matches!(byte, b' ' | b'\n' | b'\t' | b'\r')
                && GAPS.contains(&self.matched))
            {
                return Some(Found::Other(read));
            }
        }
        None
    }
}

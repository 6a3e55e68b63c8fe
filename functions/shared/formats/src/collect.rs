//! Gathers what is read: good points in columns by series, wrong ones
//! with their faults and their bytes, within a bound of memory.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use tidemark_core::batch::{Reject, SeriesPoints};
use tidemark_core::discard::{Format, Reason};
use tidemark_core::name::SeriesName;
use tidemark_core::payload::Payload;
use tidemark_core::point::{Tags, Value};
use tidemark_core::time::Timestamp;

use crate::error::ReadError;
use crate::fault::{Fault, told};

/// The most faults of items that are listed.
pub const MAX_LISTED: usize = 100;

/// What was read: a batch of points.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parsed {
    /// The good points by series, the series in the order of their first points.
    /// A point's index counts the batch's points from 0, wrong ones included.
    pub series: Vec<SeriesPoints>,
    /// The wrong points, in order.
    pub rejects: Vec<Reject>,
    /// What is wrong with them, in order; the first [`MAX_LISTED`].
    pub errors: Vec<Fault>,
    /// How many points are good.
    pub accepted: usize,
    /// How many points are wrong.
    pub rejected: usize,
}

/// What could be read of one point. It is good if it has no fault and its name
/// is one; then it has a time and a value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Draft<'a> {
    pub(crate) name: Option<Cow<'a, str>>,
    pub(crate) time: Option<Timestamp>,
    pub(crate) value: Option<Value>,
    pub(crate) tags: Tags,
    pub(crate) faults: Vec<Fault>,
}

/// The most faults that are told of one item.
const MAX_FAULTS: usize = 16;

impl Draft<'_> {
    /// Notes a fault, unless enough of them are known.
    pub(crate) fn fault(&mut self, fault: Fault) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(fault);
        }
    }

    /// Its series; a name that is none becomes the first fault.
    pub(crate) fn series(&mut self) -> Option<SeriesName> {
        match SeriesName::new(self.name.as_deref()?) {
            Ok(name) => Some(name),
            Err(error) => {
                let detail = format!("`name`: {error}");
                self.faults
                    .insert(0, Fault::at("/name", Reason::Malformed, detail));
                None
            }
        }
    }
}

/// Where an item stands: the beginning of its pointers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// What stands before the number: nothing, or `/data`.
    pub(crate) parent: &'static str,
    /// The element, from 0; or the line, from 1.
    pub(crate) number: usize,
}

impl Place {
    /// That what stands here is too long.
    pub(crate) fn long(self) -> ReadError {
        ReadError::LongItem {
            pointer: self.to_string(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.parent, self.number)
    }
}

/// The bytes of an item that was read, as they came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) place: Place,
    pub(crate) payload: &'a str,
    pub(crate) format: Format,
}

/// Rough cost in memory, in bytes, of what is kept; allocations included.
const POINT_COST: usize = 24;
const SERIES_COST: usize = 400;
const REJECT_COST: usize = 400;
const TAG_COST: usize = 48;

/// Gathers what is read, within a bound of memory, until it is taken.
#[derive(Debug)]
pub struct Collector {
    parsed: Parsed,
    slots: HashMap<String, usize>,
    /// Where the latest point went.
    latest: usize,
    index: u32,
    memory: usize,
    limit: usize,
}

impl Collector {
    /// Nothing yet. What is gathered may take `limit` bytes of memory, by a rough
    /// count: wrong points and points of ever new series take up to some ten
    /// times their text.
    pub fn new(limit: usize) -> Self {
        Self {
            parsed: Parsed::default(),
            slots: HashMap::new(),
            latest: 0,
            index: 0,
            memory: 0,
            limit,
        }
    }

    /// How many points were gathered, good and wrong ones.
    pub const fn len(&self) -> usize {
        self.parsed.accepted + self.parsed.rejected
    }

    /// Whether none was.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All that was gathered. What is read next begins another batch.
    pub fn take(&mut self) -> Parsed {
        let parsed = std::mem::take(&mut self.parsed);
        *self = Self::new(self.limit);
        parsed
    }

    /// Takes the next point, or what is wrong with it.
    pub(crate) fn add(&mut self, draft: Draft<'_>, origin: Origin<'_>) -> Result<(), ReadError> {
        let Draft {
            name: Some(name),
            time: Some(time),
            value: Some(value),
            tags,
            faults,
        } = &draft
        else {
            return self.refuse(draft, origin);
        };
        if !faults.is_empty() {
            return self.refuse(draft, origin);
        }
        let (time, value) = (*time, *value);
        let Some(slot) = self.slot(name) else {
            return self.refuse(draft, origin);
        };
        let tag_cost: usize = tags.iter().map(|tag| TAG_COST + tag.len()).sum();
        self.spend(POINT_COST + tag_cost, origin.place)?;
        self.push(slot, time, value, draft.tags);
        Ok(())
    }

    /// Takes the next point, which has no tags and no fault but perhaps its
    /// name; whether that is a name.
    pub(crate) fn add_plain(
        &mut self,
        name: &str,
        time: Timestamp,
        value: Value,
        place: Place,
    ) -> Result<bool, ReadError> {
        let Some(slot) = self.slot(name) else {
            return Ok(false);
        };
        self.spend(POINT_COST, place)?;
        self.push(slot, time, value, Tags::none());
        Ok(true)
    }

    fn push(&mut self, slot: usize, time: Timestamp, value: Value, tags: Tags) {
        if let Some(points) = self.parsed.series.get_mut(slot) {
            points.push(self.index, time, value, tags);
            self.index += 1;
            self.parsed.accepted += 1;
            self.latest = slot;
        }
    }

    /// Where the points of a series go; `None` if that is no name.
    fn slot(&mut self, name: &str) -> Option<usize> {
        // Bodies go on with the same series, or go around all of them.
        let next = if self.latest + 1 < self.parsed.series.len() {
            self.latest + 1
        } else {
            0
        };
        for guess in [self.latest, next] {
            let series = self.parsed.series.get(guess);
            if series.is_some_and(|s| s.name.as_str() == name) {
                return Some(guess);
            }
        }
        if let Some(&slot) = self.slots.get(name) {
            return Some(slot);
        }
        let series = SeriesName::new(name).ok()?;
        let slot = self.parsed.series.len();
        self.memory += SERIES_COST + 2 * name.len();
        self.parsed.series.push(SeriesPoints::new(series));
        self.slots.insert(name.to_owned(), slot);
        Some(slot)
    }

    fn refuse(&mut self, mut draft: Draft<'_>, origin: Origin<'_>) -> Result<(), ReadError> {
        let series = draft.series();
        self.list(&draft.faults, origin.place);
        self.reject(&draft, series, origin)
    }

    /// Lists faults in the answer, as long as there is room.
    pub(crate) fn list(&mut self, faults: &[Fault], place: Place) {
        let room = MAX_LISTED - self.parsed.errors.len();
        if room > 0 && !faults.is_empty() {
            let prefix = place.to_string();
            let listed = faults.iter().take(room).map(|fault| fault.under(&prefix));
            self.parsed.errors.extend(listed);
        }
    }

    /// Takes the next point as a wrong one, whose faults are listed already.
    pub(crate) fn reject(
        &mut self,
        draft: &Draft<'_>,
        series: Option<SeriesName>,
        origin: Origin<'_>,
    ) -> Result<(), ReadError> {
        let (reasons, detail) = told(&draft.faults);
        let kept = origin.payload.len().min(Payload::MAX_BYTES);
        self.spend(REJECT_COST + kept + detail.len(), origin.place)?;
        self.parsed.rejects.push(Reject {
            index: self.index,
            series,
            time: draft.time,
            value: draft.value,
            reasons,
            detail,
            payload: Payload::new(origin.payload.as_bytes()),
            format: origin.format,
        });
        self.index += 1;
        self.parsed.rejected += 1;
        Ok(())
    }

    /// Whether what is kept still fits.
    fn spend(&mut self, bytes: usize, place: Place) -> Result<(), ReadError> {
        self.memory += bytes;
        if self.memory > self.limit {
            return Err(ReadError::TooMuch {
                limit: self.limit,
                pointer: place.to_string(),
            });
        }
        Ok(())
    }
}

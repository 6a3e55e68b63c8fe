//! Time cut into slots, which buckets are made of: of a fixed width, or by the
//! calendar. Slots follow each other without gap or overlap, whatever clocks do.
//!
//! Both kinds are cut on the clock of the zone. A slot of a fixed width begins
//! where the clock shows a multiple of the width, counted from the midnight with
//! which 1970 began on that clock, or is set over one: hours in Kathmandu, at
//! +05:45, begin when it is :00 there, and those of `6h` at 0, 6, 12 and 18
//! o'clock in summer and winter. So a slot that spans a change of the clock is
//! shorter or longer than the others (`6h` in Zürich: 5 hours in spring, 7 in
//! autumn), while an hour that the clock shows twice is two slots. Widths that
//! do not divide the change (`7m`) are cut at it.
//!
//! A day of the calendar begins when the clock first shows its midnight, or is
//! set over it; weeks, months, quarters and years begin with their first day.

use serde::{Deserialize, Serialize};

use crate::every::{Calendar, Every, Width};
use crate::time::{TimeRange, Timestamp};
use crate::zone::{Change, DAY, UnknownZone, Zone};

const NANOS: i64 = 1_000_000_000;

/// Slots of one width in one zone. Travels as `["15m", "Europe/Zurich"]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "(Every, String)", into = "(Every, String)")]
pub struct Grid {
    /// How wide the slots are.
    pub every: Every,
    /// On whose clock they are cut.
    pub zone: Zone,
}

/// One slot: from `start` until just before `end`. The first slot there is
/// begins and the last one ends with time itself; the last holds its `end`, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slot {
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant of the next slot.
    pub end: Timestamp,
}

/// Slots of one length, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Where the first begins.
    pub start: Timestamp,
    /// How long each is, in nanoseconds.
    pub length: i64,
    /// Where the one after the last begins.
    pub end: Timestamp,
}

impl Slot {
    /// Whether `time` is in it.
    pub fn contains(self, time: Timestamp) -> bool {
        self.start <= time && time <= self.last()
    }

    /// Its last instant.
    pub fn last(self) -> Timestamp {
        if self.end == Timestamp::MAX {
            self.end
        } else {
            self.end.plus(-1)
        }
    }

    /// From and to the given seconds, as far as time goes.
    fn between(start: i64, end: i64) -> Self {
        let nanos = |seconds: i64| Timestamp::from_nanos(seconds.saturating_mul(NANOS));
        Self {
            start: nanos(start),
            end: nanos(end),
        }
    }
}

impl Grid {
    /// The slot that holds an instant.
    pub fn slot_of(self, time: Timestamp) -> Slot {
        let time = seconds(time);
        match self.every.width() {
            Width::Fixed(width) => self.fixed_slot(width, time),
            Width::Calendar(calendar) => {
                let period = self.period_of(calendar, time);
                Slot::between(
                    self.period_start(calendar, period),
                    self.period_start(calendar, period + 1),
                )
            }
        }
    }

    /// The slot after this one; none after the last that time has.
    pub fn next(self, slot: Slot) -> Option<Slot> {
        (slot.end < Timestamp::MAX).then(|| self.slot_of(slot.end))
    }

    /// The slot before this one; none before the first that time has.
    pub fn previous(self, slot: Slot) -> Option<Slot> {
        slot.start.previous().map(|time| self.slot_of(time))
    }

    /// The slots that hold an instant of `range`, from either end.
    pub fn slots(self, range: TimeRange) -> GridSlots {
        GridSlots {
            grid: self,
            ends: Some((self.slot_of(range.from()), self.slot_of(range.to()))),
        }
    }

    /// The slots that hold an instant of `range`, in as few stretches of slots of
    /// one length as can be: one for most grids, two a year for days where clocks
    /// change. For whoever computes slots elsewhere.
    pub fn stretches(self, range: TimeRange) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        let mut slot = self.slot_of(range.from());
        loop {
            let length = slot.end.since(slot.start);
            let end = self.alike(slot, range.to());
            match stretches.last_mut() {
                Some(last) if last.length == length => last.end = end,
                _ => stretches.push(Stretch {
                    start: slot.start,
                    length,
                    end,
                }),
            }
            if end > range.to() || end == Timestamp::MAX {
                return stretches;
            }
            slot = self.slot_of(end);
        }
    }

    /// Where slots end that are surely as long as this one, and follow it: at
    /// the clock's next change, or after `to`.
    fn alike(self, slot: Slot, to: Timestamp) -> Timestamp {
        let Width::Fixed(width) = self.every.width() else {
            return slot.end;
        };
        let (start, to) = (seconds(slot.start), seconds(to));
        if seconds(slot.end) - start != width {
            return slot.end;
        }
        let quiet = match self.zone.changes(start, to).next() {
            Some(change) => (change.at - 1 - start).div_euclid(width),
            None => (to - start).div_euclid(width) + 1,
        };
        slot.end.max(
            slot.start
                .plus(quiet.saturating_mul(width).saturating_mul(NANOS)),
        )
    }

    /// How many slots hold an instant of `range`; takes some milliseconds for
    /// all of time, and far less for some years.
    pub fn count(self, range: TimeRange) -> u64 {
        let (from, to) = (seconds(range.from()), seconds(range.to()));
        let more = match self.every.width() {
            Width::Fixed(width) => {
                let mut starts = 0;
                let mut since = from;
                for change in self.zone.changes(from, to) {
                    starts += (change.at - 1 + change.before).div_euclid(width)
                        - (since + change.before).div_euclid(width)
                        + i64::from(cuts(change, width));
                    since = change.at;
                }
                let offset = self.zone.offset(since);
                starts + (to + offset).div_euclid(width) - (since + offset).div_euclid(width)
            }
            Width::Calendar(calendar) => {
                let periods = self.period_of(calendar, to) - self.period_of(calendar, from);
                if self.every == Every::DAY {
                    periods - self.days_left_out(from, to)
                } else {
                    periods
                }
            }
        };
        u64::try_from(more).unwrap_or(0) + 1
    }

    /// Cuts ascending times into runs of one slot each: the slot, and where its
    /// times stand in `times`. Slots without a time are left out.
    pub fn runs(self, times: &[Timestamp]) -> impl Iterator<Item = (Slot, std::ops::Range<usize>)> {
        let mut start = 0;
        std::iter::from_fn(move || {
            let rest = &times[start..];
            let slot = self.slot_of(*rest.first()?);
            let last = slot.last();
            // Strides that double: short runs are found at once, long ones soon.
            let mut stride = 1;
            while rest.get(stride).is_some_and(|time| *time <= last) {
                stride *= 2;
            }
            let found = stride / 2;
            let window = &rest[found..stride.min(rest.len())];
            let end = start + found + window.partition_point(|time| *time <= last);
            let run = start..end.max(start + 1);
            start = run.end;
            Some((slot, run))
        })
    }

    /// `time` in seconds.
    fn fixed_slot(self, width: i64, time: i64) -> Slot {
        let offset = self.zone.offset(time);
        let multiple = (time + offset).div_euclid(width) * width;
        let mut start = multiple - offset;
        let mut end = start + width;
        if let Some(change) = self.zone.change(start, time) {
            start = if cuts(change, width) {
                change.at
            } else {
                multiple - change.before
            };
        }
        if let Some(change) = self.zone.change(time, end) {
            end = if cuts(change, width) {
                change.at
            } else {
                multiple + width - change.after
            };
        }
        Slot::between(start, end)
    }

    /// The number of the period that holds an instant.
    fn period_of(self, calendar: Calendar, time: i64) -> i64 {
        let day = (time + self.zone.offset(time)).div_euclid(DAY);
        let mut period = calendar.period_of(day);
        // Where midnight comes twice, the evening between belongs to the new day.
        while self.period_start(calendar, period + 1) <= time {
            period += 1;
        }
        period
    }

    /// When a period begins.
    fn period_start(self, calendar: Calendar, period: i64) -> i64 {
        self.zone.first_showing(calendar.first_day(period) * DAY)
    }

    /// How many days the clock was set over: in Samoa there was no 2011-12-30.
    fn days_left_out(self, from: i64, to: i64) -> i64 {
        self.zone
            .changes(from, to)
            .map(|change| {
                let first = (change.at + change.before + DAY - 1).div_euclid(DAY);
                let next = (change.at + change.after).div_euclid(DAY);
                (next - first).max(0)
            })
            .sum()
    }
}

impl TryFrom<(Every, String)> for Grid {
    type Error = UnknownZone;
    fn try_from((every, zone): (Every, String)) -> Result<Self, Self::Error> {
        let zone = zone.parse()?;
        Ok(Self { every, zone })
    }
}

impl From<Grid> for (Every, String) {
    fn from(grid: Grid) -> Self {
        (grid.every, grid.zone.name().to_owned())
    }
}

/// Slots one after the other, see [`Grid::slots`].
#[derive(Debug, Clone)]
pub struct GridSlots {
    grid: Grid,
    ends: Option<(Slot, Slot)>,
}

impl Iterator for GridSlots {
    type Item = Slot;
    fn next(&mut self) -> Option<Slot> {
        let (front, back) = self.ends?;
        self.ends = if front == back {
            None
        } else {
            self.grid.next(front).map(|front| (front, back))
        };
        Some(front)
    }
}

impl DoubleEndedIterator for GridSlots {
    fn next_back(&mut self) -> Option<Slot> {
        let (front, back) = self.ends?;
        self.ends = if front == back {
            None
        } else {
            self.grid.previous(back).map(|back| (front, back))
        };
        Some(back)
    }
}

impl std::iter::FusedIterator for GridSlots {}

/// Whole seconds since 1970, rounded down.
fn seconds(time: Timestamp) -> i64 {
    time.nanos().div_euclid(NANOS)
}

/// Whether a slot begins with this change: the clock is set to a multiple of
/// the width, or from one slot to another.
fn cuts(change: Change, width: i64) -> bool {
    let old = (change.at - 1 + change.before).div_euclid(width);
    let new = change.at + change.after;
    new.rem_euclid(width) == 0 || new.div_euclid(width) != old
}

#[cfg(test)]
mod tests;

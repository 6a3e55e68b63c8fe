//! The order of writes as Timestream's versions, which are 64-bit integers.
//!
//! A version is the time of receipt in nanoseconds, cut to the microsecond. The
//! three digits that are left are room for other writes to the same point that
//! were received in the same microsecond: which of them is the later one is
//! decided by what they are, and the later one takes a version higher than the
//! one that is there. How far it went up is kept with it, in `place`, which is
//! the index in the batch times 1000 and that.

use tidemark_core::batch::BatchId;
use tidemark_core::point::Stamp;
use tidemark_core::time::Timestamp;

/// How many versions there are for one microsecond.
const ROOM: i64 = 1000;

/// A write, and how far its version is above the first of its microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Versioned {
    pub(crate) stamp: Stamp,
    raised: i64,
}

/// What a rejection by another version means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The other was received later: this write is of no use any more.
    Superseded,
    /// Both were received in one microsecond, and have to be compared.
    Contended,
    /// The other version is lower, which is no reason.
    Unfounded,
}

impl Versioned {
    /// As it is written first.
    pub(crate) const fn new(stamp: Stamp) -> Self {
        Self { stamp, raised: 0 }
    }

    /// Reads what was written as `received`, `batch` and `place`.
    pub(super) fn read(received: i64, batch: BatchId, place: i64) -> Option<Self> {
        let stamp = Stamp {
            received: Timestamp::from_nanos(received),
            batch,
            index: u32::try_from(place.div_euclid(ROOM)).ok()?,
        };
        let raised = place.rem_euclid(ROOM);
        Some(Self { stamp, raised })
    }

    /// What is written as `place`.
    pub(super) fn place(self) -> i64 {
        i64::from(self.stamp.index) * ROOM + self.raised
    }

    pub(super) fn version(self) -> i64 {
        self.first() + self.raised
    }

    /// The first version of its microsecond. None of Timestream's is below 1.
    fn first(self) -> i64 {
        let received = self.stamp.received.nanos().max(ROOM);
        received - received % ROOM
    }

    /// What it means that this write was rejected because of that version.
    pub(super) fn rejected_by(self, existing: i64) -> Verdict {
        if existing >= self.first() + ROOM {
            Verdict::Superseded
        } else if existing >= self.version() {
            Verdict::Contended
        } else {
            Verdict::Unfounded
        }
    }

    /// The same write with the version after that of an earlier one; None if the
    /// microsecond has no more.
    pub(super) fn after(self, earlier: Self) -> Option<Self> {
        let raised = earlier.version() + 1 - self.first();
        (raised < ROOM).then_some(Self {
            raised: raised.max(0),
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stamp(received: i64, batch: u64, index: u32) -> Stamp {
        Stamp {
            received: Timestamp::from_nanos(received),
            batch: BatchId::new(1, batch),
            index,
        }
    }

    #[test]
    fn the_order_of_receipts_is_that_of_versions() {
        let version = |received| Versioned::new(stamp(received, 0, 0)).version();
        assert_eq!(
            version(1_700_000_000_123_456_789),
            1_700_000_000_123_456_000
        );
        assert_eq!(version(i64::MAX), i64::MAX / 1000 * 1000);
        assert_eq!([version(i64::MIN), version(0), version(999)], [1000; 3]);
    }

    #[test]
    fn a_microsecond_has_a_thousand_versions() {
        let mut last = Versioned::new(stamp(5000, 0, 0));
        for batch in 1..1000 {
            last = Versioned::new(stamp(5000, batch, 0)).after(last).unwrap();
            assert_eq!(last.version(), 5000 + i64::try_from(batch).unwrap());
        }
        assert_eq!(Versioned::new(stamp(5000, 1000, 0)).after(last), None);
        let next = Versioned::new(stamp(6000, 0, 0));
        assert_eq!(next.rejected_by(last.version()), Verdict::Unfounded);
        assert_eq!(last.rejected_by(next.version()), Verdict::Superseded);
        assert_eq!(last.rejected_by(last.version()), Verdict::Contended);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(received: i64, batch: u64, index: u32, raised in 0_i64..1000) {
            let written = Versioned { stamp: stamp(received, batch, index), raised };
            let read = Versioned::read(received, written.stamp.batch, written.place());
            prop_assert_eq!(read, Some(written));
        }
    }
}

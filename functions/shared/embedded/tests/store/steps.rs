//! What may happen to a store, in any order.

use proptest::prelude::*;

use super::restarts::Restart;

/// Something that happens. Times are in units of the world's step, instants of
/// receipt in seconds; both are few, so that things collide.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// A batch: points as (series, time, value, tags).
    Write {
        received: i64,
        points: Vec<(usize, i64, usize, usize)>,
        first_register: bool,
    },
    /// Many points of one series: so many, `stride` apart, brought out of order.
    Load {
        received: i64,
        series: usize,
        from: i64,
        stride: i64,
        count: i64,
        shuffled: bool,
    },
    /// One of the earlier batches, again.
    Redeliver(usize),
    /// A client deletes a range.
    DeleteRange {
        series: usize,
        from: i64,
        length: i64,
        at: i64,
    },
    /// A client deletes a series.
    DeleteSeries { series: usize, at: i64 },
    /// A client says something of a series, or clears it.
    Say { series: usize, texts: [usize; 3] },
    /// See [`Restart`].
    Restart(Restart),
}

fn a_restart() -> impl Strategy<Value = Step> {
    prop_oneof![3 => Just(Restart::Flush), 1 => Just(Restart::Clean), 2 => Just(Restart::Crash)]
        .prop_map(Step::Restart)
}

/// A step among few times and instants.
pub(crate) fn a_small_step() -> impl Strategy<Value = Step> {
    let point = (0..4usize, 0..30i64, 0..10usize, 0..3usize);
    prop_oneof![
        6 => (0..12i64, prop::collection::vec(point, 1..12), any::<bool>()).prop_map(
            |(received, points, first_register)| Step::Write { received, points, first_register }
        ),
        2 => (0..100usize).prop_map(Step::Redeliver),
        2 => (0..4usize, -2..30i64, 0..15i64, 0..14i64).prop_map(
            |(series, from, length, at)| Step::DeleteRange { series, from, length, at }
        ),
        1 => (0..4usize, 0..14i64).prop_map(|(series, at)| Step::DeleteSeries { series, at }),
        1 => (0..4usize, prop::array::uniform3(0..5usize)).prop_map(
            |(series, texts)| Step::Say { series, texts }
        ),
        3 => a_restart(),
    ]
}

/// A step among tens of thousands of points of one series.
pub(crate) fn a_large_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0..12i64, 0..40_000i64, 1..4i64, 1..6000i64, any::<bool>()).prop_map(
            |(received, from, stride, count, shuffled)| {
                Step::Load { received, series: 0, from, stride, count, shuffled }
            }
        ),
        1 => (0..100usize).prop_map(Step::Redeliver),
        2 => (0..40_000i64, 0..20_000i64, 0..14i64).prop_map(
            |(from, length, at)| Step::DeleteRange { series: 0, from, length, at }
        ),
        4 => a_restart(),
    ]
}

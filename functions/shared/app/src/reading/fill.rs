//! What stands in buckets without points.

use tidemark_core::stat::{self, Stat, Unit};
use tidemark_core::time::Timestamp;

pub use tidemark_core::fill::Fill;

/// Where a bucket begins, and what is told of it.
pub(crate) type FilledBucket = (Timestamp, Vec<(Stat, stat::Answer)>);

/// The buckets that hold points.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// Those that are told, ascending.
    pub(crate) inside: Vec<FilledBucket>,
    /// The nearest before them. It may start where the first of the asked slots does: it
    /// is then what that slot holds before the range.
    pub(crate) before: Option<FilledBucket>,
    /// The nearest after them, in the same way.
    pub(crate) after: Option<FilledBucket>,
}

impl Held {
    /// What stands in the slot that begins at `start`: what it holds, or what it is
    /// filled with. `count` always counts the points that there are.
    pub(crate) fn fill(
        &self,
        start: Timestamp,
        stats: &[Stat],
        fill: Fill,
    ) -> Vec<(Stat, stat::Answer)> {
        let at = self.inside.partition_point(|(held, _)| *held < start);
        if let Some((found, answers)) = self.inside.get(at)
            && *found == start
        {
            return answers.clone();
        }
        let before = at.checked_sub(1).and_then(|at| self.inside.get(at));
        let before = before.or(self.before.as_ref());
        let after = self.inside.get(at).or(self.after.as_ref());
        let filled = |(position, &stat): (usize, &Stat)| {
            let of = |bucket: Option<&FilledBucket>| {
                bucket.and_then(|(start, answers)| Some((*start, answers.get(position)?.1)))
            };
            let answer = match fill {
                _ if stat == Stat::Count => stat::Answer::Count(0),
                Fill::None | Fill::Null => stat::Answer::Undefined,
                Fill::Zero => zero(stat),
                Fill::Previous => of(before).map_or(stat::Answer::Undefined, |(_, answer)| answer),
                Fill::Linear => between(start, of(before), of(after)),
            };
            (stat, answer)
        };
        stats.iter().enumerate().map(filled).collect()
    }
}

/// Zero, but for what is an instant.
const fn zero(stat: Stat) -> stat::Answer {
    match stat.unit() {
        Unit::Number => stat::Answer::Number(0.0),
        Unit::Count => stat::Answer::Count(0),
        Unit::Instant => stat::Answer::Undefined,
    }
}

/// The number on the line between two buckets' starts; undefined where either
/// end is no number.
fn between(
    start: Timestamp,
    before: Option<(Timestamp, stat::Answer)>,
    after: Option<(Timestamp, stat::Answer)>,
) -> stat::Answer {
    match (before, after) {
        (Some((t0, stat::Answer::Number(y0))), Some((t1, stat::Answer::Number(y1)))) => {
            // All of time spans more nanoseconds than 64 signed bits count.
            let since = |time: Timestamp| time.nanos().abs_diff(t0.nanos()) as f64;
            if t0 == t1 {
                // The range is within one slot, with points on either side of it.
                return stat::Answer::Number(y0);
            }
            let share = since(start) / since(t1);
            // Not y0 + (y1 - y0) * share, whose difference may overflow.
            stat::Answer::Number(y0.mul_add(1.0 - share, y1 * share))
        }
        _ => stat::Answer::Undefined,
    }
}

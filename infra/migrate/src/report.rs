//! What is printed: a line for each series, what of it differs, and totals.

use std::fmt;

use tidemark_aws::Moved;

/// How far sums may be apart, as a share: Timestream adds doubles, in any order.
const TOLERANCE: f64 = 1e-9;

/// What stands over the lines.
pub(crate) const HEADING: &str = concat!(
    "                        in Timestream                           in DynamoDB\n",
    "      points                      sum       points                      sum  series",
);

/// How a series in `DynamoDB` differs from that in Timestream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Difference {
    /// Points are missing. That there are more is none: newer ones may be there.
    Fewer,
    /// As many points have another sum.
    OtherSum,
}

impl Difference {
    fn of(moved: &Moved) -> Option<Self> {
        let ((before, sum_before), (after, sum_after)) = (moved.before, moved.after);
        if after < before {
            return Some(Self::Fewer);
        }
        // What adds up to little is as exact as its largest values are.
        let scale = sum_before.abs().max(sum_after.abs()).max(moved.peak);
        let share = (sum_before - sum_after).abs() / scale;
        let same = sum_before == sum_after || share <= TOLERANCE;
        (after == before && !same).then_some(Self::OtherSum)
    }
}

/// The line of a series.
pub(crate) struct Line<'a>(pub(crate) &'a Moved);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Moved {
            name,
            before,
            after,
            ..
        } = self.0;
        // The longest number has 24 characters.
        write!(f, "{:>12} {:>24?} ", before.0, before.1)?;
        write!(f, "{:>12} {:>24?}  {name}", after.0, after.1)?;
        match Difference::of(self.0) {
            None => Ok(()),
            Some(Difference::Fewer) => f.write_str("  <- POINTS ARE MISSING"),
            Some(Difference::OtherSum) => f.write_str("  <- THE SUM DIFFERS"),
        }
    }
}

/// What came of all series.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    series: u64,
    before: u64,
    after: u64,
    /// How many series differ.
    different: u64,
    /// How many tenants have no series, which are rather misspelt.
    unknown: u64,
    /// How many series there were when the tenant began.
    earlier: u64,
}

impl Totals {
    /// What comes now is of another tenant.
    pub(crate) fn begin(&mut self) {
        self.earlier = self.series;
    }

    /// Adds a series.
    pub(crate) fn add(&mut self, moved: &Moved) {
        self.series += 1;
        self.before += moved.before.0;
        self.after += moved.after.0;
        self.different += u64::from(Difference::of(moved).is_some());
    }

    /// That were all of the tenant. How many there were.
    pub(crate) fn end(&mut self) -> u64 {
        let series = self.series - self.earlier;
        self.unknown += u64::from(series == 0);
        series
    }

    /// Whether everything is there.
    pub(crate) const fn are_whole(&self) -> bool {
        self.different == 0 && self.unknown == 0
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            series,
            before,
            after,
            different,
            ..
        } = self;
        write!(
            f,
            "{series} series, {before} points in Timestream, {after} in DynamoDB: {different} differ"
        )
    }
}

#[cfg(test)]
mod tests {
    use tidemark_core::name::SeriesName;

    use super::*;

    fn moved(before: (u64, f64), after: (u64, f64)) -> Moved {
        Moved {
            name: SeriesName::new("sensor-1").unwrap(),
            before,
            after,
            peak: 1.0,
        }
    }

    #[test]
    fn what_is_missing_or_other_differs() {
        use Difference::{Fewer, OtherSum};
        for (before, after, expected) in [
            ((3, 7.0), (3, 7.0), None),
            ((0, 0.0), (0, 0.0), None),
            ((3, 7.0), (2, 7.0), Some(Fewer)),
            ((3, 7.0), (4, 9.0), None),
            ((3, 7.0), (3, 7.000_000_1), Some(OtherSum)),
            ((3, 7e9), (3, 7e9 + 1.0), None),
            ((3, -7.0), (3, 7.0), Some(OtherSum)),
            // Beyond f64.
            ((3, f64::INFINITY), (3, f64::INFINITY), None),
            ((3, 7.0), (3, f64::INFINITY), Some(OtherSum)),
        ] {
            let moved = moved(before, after);
            assert_eq!(Difference::of(&moved), expected, "{moved:?}");
        }
    }

    #[test]
    fn a_sum_around_zero_is_as_exact_as_its_values() {
        let around = moved((3, 5.551_115_123_125_783e-17), (3, 2.7e-17));
        assert_eq!(Difference::of(&around), None);
        let small = Moved {
            peak: 1e-17,
            ..around
        };
        assert_eq!(Difference::of(&small), Some(Difference::OtherSum));
    }

    #[test]
    fn lines_stand_under_the_heading() {
        let longest = -1.234_567_890_123_456_7e-300;
        let columns = |line: &str| {
            let ends = line.char_indices().filter_map(|(at, c)| {
                let ends = c != ' ' && line[at + 1..].starts_with(' ');
                ends.then_some(at)
            });
            ends.take(4).collect::<Vec<_>>()
        };
        let heading = columns(HEADING.lines().last().unwrap());
        for (before, after) in [
            ((3, 7.0), (3, 7.0)),
            ((999_999_999_999, longest), (1, longest)),
        ] {
            let line = Line(&moved(before, after)).to_string();
            assert_eq!(columns(&line), heading, "{line}");
        }
        assert_eq!(
            HEADING.lines().next().unwrap(),
            format!("{:>37} {:>37}", "in Timestream", "in DynamoDB")
        );
        let short = Line(&moved((3, 7.0), (2, 5.5))).to_string();
        let words: Vec<&str> = short.split_whitespace().collect();
        assert_eq!(
            words.join(" "),
            "3 7.0 2 5.5 sensor-1 <- POINTS ARE MISSING"
        );
    }

    #[test]
    fn totals_tell_how_many_differ() {
        let mut totals = Totals::default();
        totals.begin();
        totals.add(&moved((3, 7.0), (3, 7.0)));
        assert_eq!(totals.end(), 1);
        assert!(totals.are_whole());
        totals.begin();
        totals.add(&moved((2, 7.0), (1, 5.0)));
        totals.add(&moved((2, 7.0), (2, 5.0)));
        assert_eq!(totals.end(), 2);
        assert!(!totals.are_whole());
        assert_eq!(
            totals.to_string(),
            "3 series, 7 points in Timestream, 6 in DynamoDB: 2 differ"
        );
    }

    #[test]
    fn a_tenant_without_series_is_not_whole() {
        let mut totals = Totals::default();
        totals.begin();
        assert_eq!(totals.end(), 0);
        assert!(!totals.are_whole());
    }
}

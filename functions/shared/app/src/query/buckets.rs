//! Statistics by slot of a grid.

use tidemark_core::grid::Grid;
use tidemark_core::name::SeriesKey;
use tidemark_core::portion::Ways;
use tidemark_core::stat::Stat;
use tidemark_core::time::{Span, TimeRange, Timestamp};

use super::Query;
use crate::failure::{Failure, FailureKind};
use crate::reading::{BucketRow, Fill, RowsWanted};

/// How many slots a question may span.
const MAX_SLOTS: u64 = 1_000_000;

/// What is asked about the slots of a range.
#[derive(Debug, Clone)]
pub struct BucketQuestion {
    /// Of which points.
    pub span: Span,
    /// How time is cut into slots.
    pub grid: Grid,
    /// What of each slot, in this order.
    pub stats: Vec<Stat>,
    /// How what takes time into account is worked out.
    pub ways: Ways,
    /// What stands where there are no points.
    pub fill: Fill,
    /// The start of the last slot that was told before.
    pub last: Option<Timestamp>,
    /// How many slots at the most.
    pub limit: usize,
}

impl Query {
    /// The slots of a range, cut to the first and last point of the series; without
    /// filling, those that hold a point, or, where what crosses their edges is asked
    /// for, through which the series goes.
    pub async fn buckets(
        &self,
        series: SeriesKey,
        question: &BucketQuestion,
    ) -> Result<Vec<BucketRow>, Failure> {
        let series = self.known(series).await?;
        let series = self.reader(&series);
        let (grid, span) = (question.grid, question.span);
        let wanted = RowsWanted {
            grid,
            stats: &question.stats,
            ways: question.ways,
            fill: question.fill,
        };
        let range = if wanted.is_sparse() {
            // Slots beyond the points show nothing. All of time, though, is a long way
            // for a store to go.
            let is_told = span.from.is_some() && span.to.is_some();
            if is_told && grid.count(span.range) <= MAX_SLOTS {
                Some(span.range)
            } else {
                series.ends(span.range).await?
            }
        } else {
            let all = series.ends(TimeRange::ALL).await?;
            all.and_then(|all| all.intersection(span.range))
        };
        let Some(range) = range else {
            return Ok(Vec::new());
        };
        let slots = grid.count(range);
        if slots > MAX_SLOTS {
            let told = format!(
                "`every` cuts the range into {slots} slots, more than {MAX_SLOTS}: choose wider slots or a shorter range"
            );
            return Err(Failure::new(FailureKind::InvalidQuestion, told));
        }
        let rest = match question.last {
            None => Some(range),
            Some(start) => grid
                .next(grid.slot_of(start))
                .and_then(|slot| TimeRange::new(slot.start.max(range.from()), range.to()).ok()),
        };
        let rows = match rest {
            Some(rest) => series.rows(range, rest, &wanted, question.limit).await?,
            None => Vec::new(),
        };
        Ok(rows)
    }
}

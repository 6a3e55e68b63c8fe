//! Statistics across series: which series are meant, into which groups they fall, and
//! the rows of an answer, page by page.

mod chosen;
mod pooled;
mod reduced;

use tidemark_core::across::Across;
use tidemark_core::grid::{Grid, Slot};
use tidemark_core::name::Tenant;
use tidemark_core::portion::Ways;
use tidemark_core::stat::{self, Stat};
use tidemark_core::time::{Span, TimeRange, Timestamp};
use tidemark_ports::{Group, Member};

use super::{Fill, Query};
use crate::failure::{Failure, FailureKind};

pub use chosen::{GroupBy, SeriesChoice};

/// How many slots all groups of a question may have.
const MAX_SLOTS: u64 = 1_000_000;

/// How many answers all series together may be reduced to, where each has one for every
/// slot and statistic: what takes a second or so, and a gigabyte at the most.
const MAX_ANSWERS: u64 = 10_000_000;

/// What is asked about many series.
#[derive(Debug, Clone)]
pub struct AggregateQuestion {
    /// Which series.
    pub choice: SeriesChoice,
    /// Which of them belong together.
    pub by: GroupBy,
    /// Of which points.
    pub span: Span,
    /// How time is cut into slots; all of the range is one without.
    pub grid: Option<Grid>,
    /// What of each slot, in this order.
    pub stats: Vec<Stat>,
    /// How what takes time into account is worked out.
    pub ways: Ways,
    /// What stands where there are no points.
    pub fill: Fill,
    /// How the statistics of each series are combined; without, the points of all are
    /// one heap.
    pub across: Option<Across>,
    /// The last row that was told before.
    pub last: Option<RowPlace>,
    /// How many rows at the most.
    pub limit: usize,
}

/// Where a row stands among all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowPlace {
    /// What its labels stand for.
    pub group: Vec<String>,
    /// Where its slot begins, if there are slots.
    pub start: Option<Timestamp>,
    /// Until when points were looked at when the first page was told. What comes after
    /// is on no page.
    pub to: Timestamp,
}

/// A group, and what stands in one of its slots.
#[derive(Debug, Clone, PartialEq)]
pub struct AggregateRow {
    /// What the labels stand for.
    pub group: Vec<String>,
    /// The slot, if there are slots.
    pub slot: Option<Slot>,
    /// How many series have a point there.
    pub contributing: u64,
    /// The statistics.
    pub answers: Vec<(Stat, stat::Answer)>,
}

/// Some of the rows of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct AggregatePage {
    /// The rows, by group, then by time.
    pub rows: Vec<AggregateRow>,
    /// Until when points are looked at, on all pages.
    pub to: Timestamp,
}

/// A group whose rows are to be told.
#[derive(Debug, Clone)]
struct Told {
    /// What the labels stand for.
    labels: Vec<String>,
    /// Those of its series that may have points.
    members: Vec<Member>,
    /// Where its points are, as far as rows are still to be told.
    range: TimeRange,
    /// Whether rows of it were told before.
    is_begun: bool,
}

impl AggregateQuestion {
    /// Whether each series is reduced by itself: as that is asked, or as what is asked is
    /// of one series.
    fn is_reduced(&self) -> bool {
        let is_of_one = |stat: &Stat| stat.needs_one_series();
        self.across.is_some() || self.stats.iter().any(is_of_one)
    }

    /// Whether a series is told about where it has no points, being between two of them.
    fn crosses_edges(&self) -> bool {
        self.is_reduced() && self.stats.iter().any(|stat| stat.crosses_edges())
    }

    /// Whether a series takes part in slots between two of its points.
    fn goes_on(&self) -> bool {
        let is_filled = self.grid.is_some() && self.fill != Fill::None;
        self.crosses_edges() || (self.is_reduced() && is_filled)
    }
}

impl Told {
    fn group(&self) -> Group {
        Group {
            range: self.range,
            members: self.members.clone(),
        }
    }
}

impl Query {
    /// Statistics of groups of series, of all of the range or by the slots of a grid that
    /// spans the group's first to last point.
    ///
    /// Fails as [`FailureKind::InvalidQuestion`] if it is about too much, or about
    /// statistics that points of several series do not have together.
    pub async fn aggregate(
        &self,
        tenant: &Tenant,
        question: &AggregateQuestion,
    ) -> Result<AggregatePage, Failure> {
        let chosen = self.chosen(tenant, question).await?;
        let mut range = question.span.range;
        if let Some(last) = &question.last {
            range = TimeRange::new(range.from(), last.to).unwrap_or(range);
        }
        let (mut groups, to) = self.groups(tenant, question, chosen, range).await?;
        if let Some(last) = &question.last {
            groups.retain(|group| group.labels >= last.group);
            if let Some(begun) = groups.first_mut()
                && begun.labels == last.group
            {
                match rest(question.grid, last.start, begun.range) {
                    Some(rest) => {
                        begun.range = rest;
                        begun.is_begun = true;
                    }
                    None => drop(groups.remove(0)),
                }
            }
        }
        let asked = TimeRange::new(range.from(), to).unwrap_or(range);
        let rows = if question.is_reduced() {
            self.reduced_rows(tenant, question, asked, &groups).await?
        } else {
            self.pooled_rows(tenant, question, asked, &groups).await?
        };
        Ok(AggregatePage { rows, to })
    }
}

/// What of a range comes after the slot that begins at `last`.
fn rest(grid: Option<Grid>, last: Option<Timestamp>, range: TimeRange) -> Option<TimeRange> {
    let grid = grid?;
    let next = grid.next(grid.slot_of(last?))?;
    TimeRange::new(next.start.max(range.from()), range.to()).ok()
}

/// The question is about too much, or makes no sense.
fn invalid(told: String) -> Failure {
    Failure::new(FailureKind::InvalidQuestion, told)
}

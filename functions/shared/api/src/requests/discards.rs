//! What an administrator asks.

use tidemark_core::batch::Source;
use tidemark_core::discard::{DiscardId, Reason};
use tidemark_core::name::SeriesName;
use tidemark_core::point::Stamp;

use super::Call;
use crate::cursor::Paging;
use crate::params::{DEFAULT_LIMIT, MAX_LIMIT, Span};
use crate::problem::Problem;

/// `GET /admin/discards`.
#[derive(Debug, Clone)]
pub struct List {
    /// A reason that they have, whatever others they have.
    pub reason: Option<Reason>,
    /// Where they came from.
    pub source: Option<Source>,
    /// The series that they would have belonged to.
    pub series: Option<SeriesName>,
    /// When they were received.
    pub span: Span,
    /// Which page, the latest first; the position is the stamp of the last
    /// discard of the page before.
    pub paging: Paging<Stamp>,
}

impl List {
    /// Reads the request.
    pub fn read(call: &Call<'_>) -> Result<Self, Problem> {
        let mut params = call.params()?;
        let reason = params.take_choice("reason", &Reason::ALL.map(|r| (r.as_str(), r)))?;
        let source = params.take_parsed("source")?;
        let series = params.take_series("series")?;
        let zone = params.take_zone()?;
        let span = params.take_span(zone)?;
        let paging = call.paging(&mut params, DEFAULT_LIMIT, MAX_LIMIT)?;
        params.finish()?;
        Ok(Self {
            reason,
            source,
            series,
            span,
            paging,
        })
    }
}

/// `GET /admin/discards/summary`.
#[derive(Debug, Clone)]
pub struct Summary {
    /// When they were received.
    pub span: Span,
}

impl Summary {
    /// Reads the request.
    pub fn read(call: &Call<'_>) -> Result<Self, Problem> {
        let mut params = call.params()?;
        let zone = params.take_zone()?;
        let span = params.take_span(zone)?;
        params.finish()?;
        Ok(Self { span })
    }
}

/// `POST /admin/discards/{id}/replay`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Which discard.
    pub id: DiscardId,
    /// The reasons to overlook.
    pub waive: Vec<Reason>,
}

impl Replay {
    /// Reads the request.
    pub fn read(call: &Call<'_>) -> Result<Self, Problem> {
        let mut params = call.params()?;
        let id = call.matched.discard()?;
        let waive = params.take_choices("waive", &waivable())?;
        params.finish()?;
        Ok(Self {
            id,
            waive: waive.unwrap_or_default(),
        })
    }
}

/// The reasons that can be waived, by name.
pub fn waivable() -> Vec<(&'static str, Reason)> {
    let reasons = Reason::ALL.into_iter().filter(|r| r.can_be_waived());
    reasons.map(|r| (r.as_str(), r)).collect()
}

//! The form in which summaries lie in databases and travel between functions that
//! may be of different versions. It does not change: what a summary learnt later
//! is not in it, and travels beside it. Both are to be written in postcard.

use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

use super::{Reading, Summary};
use crate::distances::Distances;
use crate::moments::Moments;
use crate::quantile::Quantiles;
use crate::segments::Segments;
use crate::sum::ExactSum;

/// A summary without segments and distances, as it is read.
#[derive(Debug, Clone, Deserialize)]
pub struct StoredSummary {
    count: NonZeroU64,
    sum: ExactSum,
    min: Reading,
    max: Reading,
    first: Reading,
    last: Reading,
    moments: Option<Moments>,
    quantiles: Option<Quantiles>,
}

/// What a stored summary lacks.
#[derive(Debug, Clone, Deserialize)]
pub struct LaterParts {
    segments: Option<Box<Segments>>,
    distances: Option<Box<Distances>>,
}

impl Summary {
    /// What is written of it so that it can be read as a [`StoredSummary`].
    pub fn stored(&self) -> impl Serialize {
        (
            self.count,
            &self.sum,
            self.min,
            self.max,
            self.first,
            self.last,
            self.moments,
            &self.quantiles,
        )
    }

    /// What is written of it so that it can be read as [`LaterParts`].
    pub fn later_parts(&self) -> impl Serialize {
        (&self.segments, &self.distances)
    }

    /// With what a stored summary lacks.
    #[must_use]
    pub fn with(self, later: LaterParts) -> Self {
        Self {
            segments: later.segments,
            distances: later.distances,
            ..self
        }
    }
}

impl From<StoredSummary> for Summary {
    fn from(stored: StoredSummary) -> Self {
        Self {
            count: stored.count,
            sum: stored.sum,
            min: stored.min,
            max: stored.max,
            first: stored.first,
            last: stored.last,
            moments: stored.moments,
            quantiles: stored.quantiles,
            segments: None,
            distances: None,
        }
    }
}

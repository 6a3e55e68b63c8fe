//! What an administrator wants to know later: who did what. Each act is one line
//! in the log under the target `audit`, whatever else is logged; the line has the
//! time. It is here rather than with access, since use cases know that an act was
//! done.

use tidemark_core::discard::DiscardId;
use tidemark_core::name::SeriesName;
use tidemark_core::principal::Principal;
use tidemark_core::time::TimeRange;

/// A series was deleted, or a range of it.
pub(crate) fn deleted(by: &Principal, series: &SeriesName, range: TimeRange) {
    let (who, tenant) = (by.name.as_str(), by.tenant.as_str());
    let series = series.as_str();
    if range == TimeRange::ALL {
        tracing::info!(target: "audit", act = "series_deleted", who, tenant, series);
    } else {
        let (from, to) = (range.from(), range.to());
        tracing::info!(target: "audit", act = "range_deleted", who, tenant, series, %from, %to);
    }
}

/// A discard was replayed, and its point taken.
pub(crate) fn replayed(by: &Principal, discard: DiscardId) {
    let (who, tenant) = (by.name.as_str(), by.tenant.as_str());
    tracing::info!(target: "audit", act = "discard_replayed", who, tenant, %discard);
}

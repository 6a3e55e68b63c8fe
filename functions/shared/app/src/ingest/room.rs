//! How many series a tenant may have.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::principal::Principal;
use tidemark_ports::Catalog;
use tidemark_ports::error::{Result, causes};
use tokio::time::timeout;

use crate::failure::{Failure, FailureKind};

/// How long it may take to count. That is a limit and no more: where the catalog
/// does not answer, points are taken all the same.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long it may take to look series up, of which a body may have many.
const LOOKING: Duration = Duration::from_secs(5);
/// How many series are looked up at the same time.
const AT_ONCE: usize = 16;
/// When to try again: whether there is room then is up to the tenant.
const RETRY_AFTER: Duration = Duration::from_mins(1);

/// Refuses series that would be more than the tenant may have, unless all of
/// them are there already.
///
/// What was sent a moment ago and is not stored yet is not counted. On AWS, who
/// sends many new series at once may get past the limit by as many as the queue
/// holds.
pub(super) async fn room(
    catalog: &dyn Catalog,
    by: &Principal,
    names: &[&SeriesName],
) -> std::result::Result<(), Failure> {
    let Some(limits) = by.limits else {
        return Ok(());
    };
    let count = match timeout(PATIENCE, catalog.count(&by.tenant, "")).await {
        Ok(Ok(count)) => count,
        Ok(Err(error)) => {
            tracing::warn!(error = causes(&error), "series were not counted");
            return Ok(());
        }
        Err(_) => {
            tracing::warn!("series were not counted within {PATIENCE:?}");
            return Ok(());
        }
    };
    let room = limits.series.saturating_sub(count);
    if names.len() as u64 <= room {
        return Ok(());
    }
    let most = limits.series;
    let detail = match timeout(LOOKING, fits(catalog, by, names, room)).await {
        Ok(Ok(true)) => return Ok(()),
        Ok(Ok(false)) => format!(
            "the points belong to series that are not there yet, and the tenant may have {most} in all: delete some"
        ),
        Ok(Err(error)) => {
            tracing::warn!(error = causes(&error), "series were not looked up");
            return Ok(());
        }
        Err(_) => format!(
            "the tenant has nearly the {most} series that it may have, and which of these are new could not be found out in time: send fewer at once"
        ),
    };
    Err(Failure::new(FailureKind::TooOften(RETRY_AFTER), detail))
}

/// Whether so many of the series at the most are not there.
async fn fits(
    catalog: &dyn Catalog,
    by: &Principal,
    names: &[&SeriesName],
    room: u64,
) -> Result<bool> {
    let mut left = room;
    for names in names.chunks(AT_ONCE) {
        let mut asked = FuturesUnordered::new();
        for name in names {
            asked.push(is_new(catalog, &by.tenant, name));
        }
        while let Some(is_new) = asked.next().await {
            if is_new? {
                match left.checked_sub(1) {
                    Some(less) => left = less,
                    None => return Ok(false),
                }
            }
        }
    }
    Ok(true)
}

async fn is_new(catalog: &dyn Catalog, tenant: &Tenant, name: &SeriesName) -> Result<bool> {
    let series = SeriesKey {
        tenant: tenant.clone(),
        name: name.clone(),
    };
    Ok(catalog.get(&series).await?.is_none())
}

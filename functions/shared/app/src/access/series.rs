//! How many series a tenant may have.

use std::time::Duration;

use tidemark_api::principal::Principal;
use tidemark_api::problem::Problem;
use tidemark_core::name::{SeriesKey, SeriesName};
use tidemark_store::error::{StoreError, causes};
use tidemark_store::port::Catalog;
use tokio::time::timeout;

/// How long it may take to find out. What is found is a limit and no more: where
/// the catalog does not answer, points are taken.
const PATIENCE: Duration = Duration::from_secs(1);
/// When to try again: whether there is room then is up to the tenant.
const RETRY_AFTER: Duration = Duration::from_mins(1);

/// Refuses (429) series that would be more than the tenant may have, unless all of
/// them are there already.
///
/// What was sent a moment ago and is not stored yet is not counted, so that there
/// may be a few more in the end.
pub(crate) async fn room(
    catalog: &dyn Catalog,
    by: &Principal,
    names: &[&SeriesName],
) -> Result<(), Problem> {
    let Some(limits) = by.limits else {
        return Ok(());
    };
    let found = timeout(PATIENCE, is_room(catalog, by, names, limits.series)).await;
    let why = match found {
        Ok(Ok(true)) => return Ok(()),
        Ok(Ok(false)) => {
            let detail = format!(
                "the points belong to series that are not there yet, and the tenant may have {} in all: delete some",
                limits.series
            );
            return Err(Problem::too_many_requests(detail, RETRY_AFTER));
        }
        Ok(Err(error)) => causes(&error),
        Err(_) => format!("it took longer than {PATIENCE:?}"),
    };
    tracing::warn!("series were not counted: {why}");
    Ok(())
}

async fn is_room(
    catalog: &dyn Catalog,
    by: &Principal,
    names: &[&SeriesName],
    most: u64,
) -> Result<bool, StoreError> {
    let mut room = most.saturating_sub(catalog.count(&by.tenant, "").await?);
    if names.len() as u64 <= room {
        return Ok(true);
    }
    for name in names {
        let series = SeriesKey {
            tenant: by.tenant.clone(),
            name: (*name).clone(),
        };
        if catalog.get(&series).await?.is_none() {
            let Some(left) = room.checked_sub(1) else {
                return Ok(false);
            };
            room = left;
        }
    }
    Ok(true)
}

//! What clients say of a series.

use tidemark_core::about::AboutChange;
use tidemark_core::name::SeriesKey;

use super::Ingest;
use crate::failure::Failure;

impl Ingest {
    /// Changes what is said of a series that there is.
    pub async fn describe(&self, series: &SeriesKey, change: &AboutChange) -> Result<(), Failure> {
        if self.catalog.describe(series, change).await? {
            Ok(())
        } else {
            Err(Failure::unknown_series(&series.name))
        }
    }
}

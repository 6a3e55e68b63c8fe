//! Which store holds the points.

use std::str::FromStr;
use std::sync::Arc;

use tidemark_ports::{PointStore, QuestionBounds};

use crate::client::Aws;
use crate::jobs::compactor::Compactor;
use crate::settings::SettingError;
use crate::timestream::Reports;

/// A store of points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Store {
    DynamoDb,
    Timestream,
}

impl FromStr for Store {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "dynamodb" => Ok(Self::DynamoDb),
            "timestream" => Ok(Self::Timestream),
            _ => Err("it is dynamodb or timestream"),
        }
    }
}

impl Aws {
    /// Where the points are: in the store that `TIDEMARK_POINT_STORE` names.
    pub fn point_store(&self) -> Result<Arc<dyn PointStore>, SettingError> {
        Ok(match self.store()? {
            Store::DynamoDb => Arc::new(self.points()?),
            Store::Timestream => Arc::new(self.timestream()?),
        })
    }

    /// What that store tells later of points that it was given; None where it
    /// tells all at once.
    pub fn point_reports(&self) -> Result<Option<Reports>, SettingError> {
        match self.store()? {
            Store::DynamoDb => Ok(None),
            Store::Timestream => self.reports().map(Some),
        }
    }

    /// Who keeps that store in order; None where nobody has to. Deletions that a
    /// compactor forgets would come back in Timestream, which deletes nothing.
    pub fn upkeep(&self) -> Result<Option<Compactor>, SettingError> {
        match self.store()? {
            Store::DynamoDb => self.compactor().map(Some),
            Store::Timestream => Ok(None),
        }
    }

    /// About how much a question across series may be: `TIDEMARK_MAX_SERIES`, 1000
    /// unless it is said, and `TIDEMARK_MAX_POINTS`, 20 million.
    pub fn bounds(&self) -> Result<QuestionBounds, SettingError> {
        Ok(QuestionBounds {
            series: self.settings.parsed_or("TIDEMARK_MAX_SERIES", 1000)?,
            points: self.settings.parsed_or("TIDEMARK_MAX_POINTS", 20_000_000)?,
        })
    }

    /// Whether points are known to go to Timestream.
    pub(crate) fn writes_to_timestream(&self) -> bool {
        self.store() == Ok(Store::Timestream)
    }

    fn store(&self) -> Result<Store, SettingError> {
        self.settings.parsed("TIDEMARK_POINT_STORE")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_named() {
        assert_eq!("dynamodb".parse(), Ok(Store::DynamoDb));
        assert_eq!("timestream".parse(), Ok(Store::Timestream));
        assert!("Timestream".parse::<Store>().is_err());
    }
}

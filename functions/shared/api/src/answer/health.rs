//! `GET /health`: whether data can be accepted.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::problem::Problem;

/// What was checked, and whether it works. Says `ok` or `failing`, never why:
/// that is for the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checks(Vec<(&'static str, bool)>);

impl FromIterator<(&'static str, bool)> for Checks {
    fn from_iter<I: IntoIterator<Item = (&'static str, bool)>>(checks: I) -> Self {
        Self(checks.into_iter().collect())
    }
}

impl Checks {
    /// Those that fail.
    pub fn failing(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().filter(|(_, ok)| !ok).map(|(name, _)| *name)
    }

    /// 200 if all is well, else the problem that names what fails.
    pub fn answer(self) -> Response<Bytes> {
        #[derive(Serialize)]
        struct Body<'a> {
            status: &'static str,
            checks: &'a Checks,
        }
        if self.failing().next().is_some() {
            return Problem::unhealthy(self).into();
        }
        let body = Body {
            status: "ok",
            checks: &self,
        };
        super::json(StatusCode::OK, &body)
    }
}

impl Serialize for Checks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, ok) in &self.0 {
            map.serialize_entry(name, if *ok { "ok" } else { "failing" })?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::super::page::text;
    use super::*;

    #[test]
    fn all_is_well_or_something_is_not() {
        let answer =
            |checks: &[(&'static str, bool)]| checks.iter().copied().collect::<Checks>().answer();
        let well = answer(&[("points", true), ("queue", true)]);
        assert_eq!(well.status(), 200);
        assert_eq!(
            text(&well),
            r#"{"status":"ok","checks":{"points":"ok","queue":"ok"}}"#
        );
        assert_eq!(answer(&[("points", true), ("queue", false)]).status(), 503);
    }
}

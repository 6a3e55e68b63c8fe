//! A call, as its handler sees it.

use bytes::Bytes;
use http::{HeaderMap, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tidemark_core::discard::DiscardId;
use tidemark_core::name::{SeriesKey, SeriesName, Tenant};
use tidemark_core::principal::Principal;

use crate::cursor::Paging;
use crate::params::Params;
use crate::problem::Problem;

/// What the variables of a route's path stand for in a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PathParams(pub(crate) Vec<(&'static str, String)>);

impl PathParams {
    fn get(&self, name: &str) -> Option<&str> {
        let mut params = self.0.iter();
        params.find(|(n, _)| *n == name).map(|(_, v)| v.as_str())
    }

    /// The series that `{name}` stands for; 400 if that is not a name.
    pub fn series(&self) -> Result<SeriesName, Problem> {
        // A route without a name is asked for it by mistake only: no series.
        let text = self.get("name").ok_or_else(Problem::not_found)?;
        SeriesName::new(text).map_err(|e| Problem::invalid_path(format!("{{name}}: {e}")))
    }

    /// The discard that `{id}` stands for; 400 if that is not an id.
    pub fn discard(&self) -> Result<DiscardId, Problem> {
        let text = self.get("id").ok_or_else(Problem::not_found)?;
        text.parse()
            .map_err(|e| Problem::invalid_path(format!("{{id}}: {e}")))
    }
}

/// A request that was let in, and whose route was found.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// What the path holds.
    pub path: &'a PathParams,
    /// What was asked.
    pub request: &'a Request<Bytes>,
}

impl<'a> Call<'a> {
    /// Whose series are meant.
    pub const fn tenant(&self) -> &'a Tenant {
        &self.principal.tenant
    }

    /// A series of the caller, if there is one of this name.
    pub fn key(&self, name: &SeriesName) -> SeriesKey {
        SeriesKey {
            tenant: self.tenant().clone(),
            name: name.clone(),
        }
    }

    /// The request's headers.
    pub fn headers(&self) -> &'a HeaderMap {
        self.request.headers()
    }

    /// The path as it was asked.
    pub fn uri_path(&self) -> &'a str {
        self.request.uri().path()
    }

    /// The parameters, of which none is taken yet.
    pub fn params(&self) -> Result<Params, Problem> {
        Params::parse(self.request.uri().query())
    }

    /// Takes `limit` (1 to `max`) and `cursor`.
    pub fn paging<P: Serialize + DeserializeOwned>(
        &self,
        params: &mut Params,
        default: usize,
        max: usize,
    ) -> Result<Paging<P>, Problem> {
        params.take_paging(self.tenant(), self.uri_path(), default, max)
    }

    /// Refuses every parameter, for a route that has none.
    pub fn no_params(&self) -> Result<(), Problem> {
        self.params()?.finish()
    }
}

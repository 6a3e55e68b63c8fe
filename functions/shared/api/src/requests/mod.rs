//! What each operation is asked, in types: path, parameters and page of a
//! request, read from its URI. The OpenAPI document describes each of these
//! parameters; a test holds the two against each other.

pub mod discards;
pub mod measurements;
pub mod series;
#[cfg(test)]
mod tests;

use http::Uri;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tidemark_core::name::Tenant;
use tidemark_core::time::Timestamp;

use crate::cursor::Paging;
use crate::params::{DEFAULT_LIMIT, MAX_LIMIT, Params};
use crate::principal::Principal;
use crate::problem::Problem;
use crate::routes::Match;

/// A request as far as its URI says it.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// What the path was found to be.
    pub matched: &'a Match,
    /// What was asked.
    pub uri: &'a Uri,
}

impl<'a> Call<'a> {
    /// Whose series are meant.
    pub const fn tenant(&self) -> &'a Tenant {
        &self.principal.tenant
    }

    fn params(&self) -> Result<Params, Problem> {
        Params::parse(self.uri.query())
    }

    fn paging<P: Serialize + DeserializeOwned>(
        &self,
        params: &mut Params,
        default: usize,
        max: usize,
    ) -> Result<Paging<P>, Problem> {
        params.take_paging(self.tenant(), self.uri.path(), default, max)
    }

    /// Refuses every parameter, for an operation that has none.
    pub fn no_params(&self) -> Result<(), Problem> {
        self.params()?.finish()
    }
}

/// `POST /api` and `POST /meterdata/measurement`, but for the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ingest {
    /// Whether one wrong point refuses them all.
    pub strict: bool,
}

impl Ingest {
    /// Reads the request.
    pub fn read(call: &Call<'_>) -> Result<Self, Problem> {
        let mut params = call.params()?;
        let strict = params.take_flag("strict")?;
        params.finish()?;
        Ok(Self { strict })
    }
}

/// `GET /history`.
#[derive(Debug, Clone)]
pub struct History {
    /// Which page. Entries are told apart by their time, and those of one time
    /// by a number.
    pub paging: Paging<(Timestamp, u64)>,
}

impl History {
    /// Reads the request.
    pub fn read(call: &Call<'_>) -> Result<Self, Problem> {
        let mut params = call.params()?;
        let paging = call.paging(&mut params, DEFAULT_LIMIT, MAX_LIMIT)?;
        params.finish()?;
        Ok(Self { paging })
    }
}

//! The HTTP adapter of Tidemark: which routes there are, who may call them and
//! which use case answers, how parameters are read, how answers and problems are
//! written, the OpenAPI document that says all of this, and the pipeline that every
//! request goes through, whatever host it comes from.

pub mod accept;
pub mod answer;
pub mod body;
pub mod call;
pub mod contract;
pub mod cursor;
pub mod describe;
mod docs;
pub mod named_host;
pub mod openapi;
pub mod params;
pub mod percent;
pub mod pipeline;
pub mod problem;
pub mod route;
pub mod routes;
pub mod use_cases;

use contract::Contract;

/// The contract, as it is served.
pub const fn contract() -> Contract {
    Contract::new(openapi::json, docs::page)
}

//! The HTTP contract of Tidemark: which routes there are and who may call
//! them, how parameters are read, how answers and problems are written, and the
//! OpenAPI document that says all of this. Nothing here does I/O or knows what
//! time it is; the gate alone waits, for whoever stands at it.

pub mod accept;
pub mod access;
pub mod answer;
pub mod body;
pub mod cursor;
pub mod docs;
pub mod openapi;
pub mod params;
pub mod percent;
pub mod principal;
pub mod problem;
pub mod requests;
pub mod routes;

//! `GET /openapi.json` and `GET /docs`: the contract. It is asked about what has
//! no route, too, and tells that there is nothing.

use std::process::ExitCode;

use tidemark_lambda::{Access, contract, http, start};

fn main() -> ExitCode {
    start(async { http(Access::public_from_env()?, contract()).await })
}

//! `GET /openapi.json` and `GET /docs`: the contract. It is asked about what has
//! no route, too, and tells that there is nothing.

use std::process::ExitCode;

use tidemark_app::access::{Access, Settings};
use tidemark_app::openapi::Openapi;
use tidemark_lambda::{Error, Operation, Problem, http, start};

fn main() -> ExitCode {
    start(serve())
}

async fn serve() -> Result<(), Error> {
    let gate = Access::public(Settings::from_env()?);
    http(gate, async |operation, call, _| match operation {
        Operation::Openapi(operation) => Openapi.handle(operation, call),
        _ => Err(Problem::not_found()),
    })
    .await
}

//! `GET /openapi.json`: the contract.

use std::future::ready;

use http::StatusCode;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ContentBuilder, ResponseBuilder};

use crate::answer::{self, JSON};
use crate::call::Call;
use crate::contract::Contract;
use crate::describe::answers::Success;
use crate::describe::of;
use crate::route::{Answered, Function, Handler, Route, Verb};

pub(super) static ROUTE: Route = Route {
    verb: Verb::Get,
    path: "/openapi.json",
    id: "getOpenapi",
    scope: None,
    tag: "Operation",
    summary: "Read this document",
    description: "",
    parameters: Vec::new,
    body: None,
    success,
    problems: &[],
    schemas: Vec::new,
    function: Function::Openapi,
};

pub(super) const HANDLER: Handler<Contract> =
    |contract, call| Box::pin(ready(answer(contract, call)));

fn answer(contract: &Contract, call: Call<'_>) -> Answered {
    call.no_params()?;
    Ok(answer::body(StatusCode::OK, JSON, contract.document()))
}

fn success() -> Success {
    let content = ContentBuilder::new().schema(Some(of(Type::Object)));
    let response = ResponseBuilder::new().description("The OpenAPI document");
    ("200", response.content(JSON, content.build()).build())
}

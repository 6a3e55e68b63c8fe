//! `GET /docs`: the contract as a page.

use std::future::ready;

use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use http::{HeaderValue, StatusCode};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ContentBuilder, ResponseBuilder};

use crate::answer;
use crate::call::Call;
use crate::contract::{Contract, DocsPage};
use crate::describe::answers::Success;
use crate::describe::of;
use crate::route::{Answered, Function, Handler, Route, Verb};

/// The media type of the page.
const HTML: &str = "text/html; charset=utf-8";

pub(super) static ROUTE: Route = Route {
    verb: Verb::Get,
    path: "/docs",
    id: "getDocs",
    scope: None,
    tag: "Operation",
    summary: "Read this document as a page",
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
    let DocsPage { html, policy } = contract.page();
    let mut response = answer::body(StatusCode::OK, HTML, html);
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

fn success() -> Success {
    let content = ContentBuilder::new().schema(Some(of(Type::String)));
    let response = ResponseBuilder::new().description("The page");
    ("200", response.content(HTML, content.build()).build())
}

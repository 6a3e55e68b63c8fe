//! What a route is: everything about it in one value, beside its handler. Match,
//! scope, the OpenAPI document, the page and the deployment's checks are read from
//! there.

use std::fmt;
use std::pin::Pin;

use bytes::Bytes;
use http::{Method, Response};
use tidemark_app::discards::Discards;
use tidemark_app::eraser::Eraser;
use tidemark_app::health::Health;
use tidemark_app::ingest::Ingest;
use tidemark_app::query::Query;
use tidemark_core::access::Scope;
use utoipa::openapi::path::{HttpMethod, Parameter};
use utoipa::openapi::request_body::RequestBody;

use crate::call::Call;
use crate::contract::Contract;
use crate::describe::NamedSchema;
use crate::describe::answers::Success;
use crate::problem::{Problem, ProblemKind};

/// A method and a path, what they ask for, and who answers.
pub struct Route {
    /// The method. `HEAD` is answered wherever `GET` is.
    pub verb: Verb,
    /// The path; `{name}` and `{id}` stand for one segment that is not empty.
    pub path: &'static str,
    /// Its id in the OpenAPI document.
    pub id: &'static str,
    /// The scope that a caller needs for it.
    pub scope: Option<Scope>,
    /// The part of the document that it belongs to.
    pub tag: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What else there is to know about it; may be empty.
    pub description: &'static str,
    /// Its parameters.
    pub parameters: fn() -> Vec<Parameter>,
    /// Its body, if it takes one.
    pub body: Option<fn() -> RequestBody>,
    /// What it answers where all is well.
    pub success: fn() -> Success,
    /// The problems that it may answer, beside those that its scope and its path
    /// bring with them.
    pub problems: &'static [ProblemKind],
    /// The schemas that are its own.
    pub schemas: fn() -> Vec<NamedSchema>,
    /// Who answers.
    pub handler: Handler,
}

/// The method of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Asks, and changes nothing.
    Get,
    /// Brings something.
    Post,
    /// Says how something is to be.
    Put,
    /// Takes something away.
    Delete,
}

impl Verb {
    /// As requests have it.
    pub const fn method(self) -> Method {
        match self {
            Self::Get => Method::GET,
            Self::Post => Method::POST,
            Self::Put => Method::PUT,
            Self::Delete => Method::DELETE,
        }
    }

    /// As the OpenAPI document has it.
    pub const fn in_document(self) -> HttpMethod {
        match self {
            Self::Get => HttpMethod::Get,
            Self::Post => HttpMethod::Post,
            Self::Put => HttpMethod::Put,
            Self::Delete => HttpMethod::Delete,
        }
    }
}

/// An answer, or the problem in its place.
pub type Answered = Result<Response<Bytes>, Problem>;

/// An answer under way.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Answered> + Send + 'a>>;

/// Has a use case answer a call.
pub type Handle<U> = for<'a> fn(&'a U, Call<'a>) -> Answering<'a>;

/// Who answers a route: a use case, which is a function of the deployment.
#[derive(Clone, Copy)]
pub enum Handler {
    /// Takes points in.
    Ingest(Handle<Ingest>),
    /// Answers questions about series.
    Query(Handle<Query>),
    /// Deletes.
    Eraser(Handle<Eraser>),
    /// Serves the administrator.
    Discards(Handle<Discards>),
    /// Tells whether data can be accepted.
    Health(Handle<Health>),
    /// Serves the contract.
    Openapi(Handle<Contract>),
}

/// A function of the deployment, each with a folder of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// Takes points in.
    Ingest,
    /// Answers questions about series.
    Query,
    /// Deletes.
    Eraser,
    /// Serves the administrator.
    Admin,
    /// Tells whether data can be accepted.
    Health,
    /// Serves the contract.
    Openapi,
}

impl Function {
    /// Every function that has routes.
    pub const ALL: [Self; 6] = [
        Self::Ingest,
        Self::Query,
        Self::Eraser,
        Self::Admin,
        Self::Health,
        Self::Openapi,
    ];

    /// The name of its folder and package.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Query => "query",
            Self::Eraser => "eraser",
            Self::Admin => "admin",
            Self::Health => "health",
            Self::Openapi => "openapi",
        }
    }
}

impl Route {
    /// The function that answers it.
    pub const fn function(&self) -> Function {
        match self.handler {
            Handler::Ingest(_) => Function::Ingest,
            Handler::Query(_) => Function::Query,
            Handler::Eraser(_) => Function::Eraser,
            Handler::Discards(_) => Function::Admin,
            Handler::Health(_) => Function::Health,
            Handler::Openapi(_) => Function::Openapi,
        }
    }

    /// All kinds of problem that it may answer with, each once.
    pub fn all_problems(&self) -> Vec<ProblemKind> {
        let mut kinds = vec![ProblemKind::InvalidParameter];
        if self.path.contains('{') {
            kinds.push(ProblemKind::InvalidPath);
        }
        kinds.extend_from_slice(self.problems);
        if self.scope.is_some() {
            kinds.extend([
                ProblemKind::Unauthenticated,
                ProblemKind::Forbidden,
                ProblemKind::TooManyRequests,
                ProblemKind::Internal,
                ProblemKind::Unavailable,
            ]);
        }
        kinds
    }

    /// The segments of its path.
    pub(crate) fn template(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.path.split('/').skip(1)
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb.method(), self.path)
    }
}

/// There is one of each id.
impl PartialEq for Route {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

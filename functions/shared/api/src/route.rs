//! What a route is: everything about it in one value, beside its handler. Match,
//! scope, the OpenAPI document, the page and the deployment's checks are read from
//! there.
//!
//! A function of the deployment links the [`Endpoint`] of every route, the handlers of
//! its own, and the rest of a [`Route`] only if it serves the contract: what is linked
//! has to be loaded before the first answer.

use std::fmt;
use std::pin::Pin;

use bytes::Bytes;
use http::{Method, Response};
use tidemark_core::access::Scope;
use utoipa::openapi::path::{HttpMethod, Parameter};
use utoipa::openapi::request_body::RequestBody;

use crate::call::Call;
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
    /// The function that answers.
    pub function: Function,
}

/// What of a route every function knows, to find it and to let in who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// The method. `HEAD` is answered wherever `GET` is.
    pub verb: Verb,
    /// The path; `{name}` and `{id}` stand for one segment that is not empty.
    pub path: &'static str,
    /// The route's id.
    pub id: &'static str,
    /// The scope that a caller needs for it.
    pub scope: Option<Scope>,
    /// Whether it takes a body.
    pub takes_body: bool,
    /// The function that answers.
    pub function: Function,
}

/// The method of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Asks, and changes nothing.
    Get,
    /// Brings something.
    Post,
    /// Takes something away.
    Delete,
}

impl Verb {
    /// As requests have it.
    pub const fn method(self) -> Method {
        match self {
            Self::Get => Method::GET,
            Self::Post => Method::POST,
            Self::Delete => Method::DELETE,
        }
    }

    /// As the OpenAPI document has it.
    pub const fn in_document(self) -> HttpMethod {
        match self {
            Self::Get => HttpMethod::Get,
            Self::Post => HttpMethod::Post,
            Self::Delete => HttpMethod::Delete,
        }
    }
}

/// An answer, or the problem in its place.
pub type Answered = Result<Response<Bytes>, Problem>;

/// An answer under way.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Answered> + Send + 'a>>;

/// Has a use case answer a call.
pub type Handler<U> = for<'a> fn(&'a U, Call<'a>) -> Answering<'a>;

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
    /// What of it every function knows.
    pub const fn endpoint(&self) -> Endpoint {
        Endpoint {
            verb: self.verb,
            path: self.path,
            id: self.id,
            scope: self.scope,
            takes_body: self.body.is_some(),
            function: self.function,
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
}

impl Endpoint {
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

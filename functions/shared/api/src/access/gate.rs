//! The gate: a request goes in through it, its answer comes out through it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, Response};

use super::{Cors, Credential, origin};
use crate::principal::Principal;
use crate::problem::Problem;
use crate::routes::Match;

/// When to ask again where nobody can say who is who, in seconds.
const RETRY_AFTER: u32 = 1;

/// Decides who is let in.
#[async_trait]
pub trait Guard: Send + Sync {
    /// Who shows this, if that is true; it counts as a request of theirs.
    async fn admit(&self, shown: Option<Credential<'_>>) -> Result<Principal, Refusal>;

    /// Whether nobody need show anything, so that it counts where a request comes
    /// from.
    fn lets_in_anyone(&self) -> bool {
        false
    }
}

/// Why somebody is not let in. What is said here is for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// What is shown is nothing, or wrong.
    Unauthenticated(String),
    /// There were too many requests; there is room for another after that time.
    TooMany(Duration),
    /// Nobody can say at the moment whether it is right.
    Unavailable,
}

/// The layer in front of every handler.
#[derive(Clone)]
pub struct Gate {
    guard: Arc<dyn Guard>,
    cors: Cors,
}

impl Gate {
    /// A gate, who stands at it, and which pages may ask.
    pub const fn new(guard: Arc<dyn Guard>, cors: Cors) -> Self {
        Self { guard, cors }
    }

    /// Who asks, if they may ask this: 401 if they do not show who they are, 403 if
    /// the route wants a scope that they do not have (or if nobody need show anything,
    /// and they are a page of somebody else's), 429 if they ask too much, 503
    /// if that cannot be told now. A route that wants no scope is open to anyone,
    /// whatever they show.
    pub async fn admit(&self, route: &Match, headers: &HeaderMap) -> Result<Principal, Problem> {
        let Some(scope) = route.route.operation.scope() else {
            return Ok(Principal::anyone());
        };
        if self.guard.lets_in_anyone() && !origin::is_local(headers) && !self.cors.admits(headers) {
            return Err(Problem::foreign_page());
        }
        let shown = Credential::read(headers);
        let (shows, admitted) = match shown {
            Ok(shown) => (shown.is_some(), self.guard.admit(shown).await),
            Err(why) => (true, Err(Refusal::Unauthenticated(why.to_owned()))),
        };
        let principal = admitted.map_err(|refusal| match refusal {
            Refusal::Unauthenticated(why) => {
                tracing::info!(why, "not let in");
                Problem::unauthenticated(shows)
            }
            Refusal::TooMany(wait) => Problem::too_many_requests(
                "so many requests a second are more than this tenant may make",
                wait,
            ),
            Refusal::Unavailable => Problem::unavailable(RETRY_AFTER),
        })?;
        principal.require(Some(scope))?;
        Ok(principal)
    }

    /// The answer to a browser that asks whether a page may ask, where that is so.
    pub fn preflight(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
    ) -> Option<Response<Bytes>> {
        self.cors.preflight(method, path, headers)
    }

    /// Marks an answer on its way out: what is private is kept nowhere on the way,
    /// and what is a page is nobody's frame.
    pub fn mark(&self, route: Option<&Match>, asked: &HeaderMap, answer: &mut HeaderMap) {
        let set = |answer: &mut HeaderMap, name, value| {
            answer.insert(name, HeaderValue::from_static(value));
        };
        set(answer, X_CONTENT_TYPE_OPTIONS, "nosniff");
        if route.is_some_and(|route| route.route.operation.scope().is_some()) {
            set(answer, CACHE_CONTROL, "no-store");
        }
        if answer.contains_key(CONTENT_SECURITY_POLICY) {
            set(answer, X_FRAME_OPTIONS, "DENY");
            set(answer, REFERRER_POLICY, "no-referrer");
        }
        self.cors.mark(asked, answer);
    }
}

//! The gate: nobody comes further who may not ask this.

mod credential;
mod local;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use http::header::ORIGIN;
use http::{HeaderMap, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use tidemark_access::{Denial, Guard, Origins};
use tidemark_core::access::Scope;
use tidemark_core::principal::Principal;

use super::body;
use super::stage::{Admitted, Routed};
use super::step::{Next, Step};
use crate::problem::Problem;

/// When to ask again where nobody can say who is who, in seconds.
const RETRY_AFTER: u32 = 1;

/// Who stands at the gate, and whose pages may ask.
#[derive(Clone)]
pub(super) struct Gate {
    guard: Arc<dyn Guard>,
    origins: Arc<Origins>,
}

impl<B, N> Step<Routed<B>, N> for Gate
where
    B: BodyExt<Data = Bytes> + Send + Unpin,
    N: Next<Admitted<B>, Answer = Response<Full<Bytes>>>,
{
    type Answer = Response<Full<Bytes>>;

    async fn run(self, routed: Routed<B>, next: N) -> Response<Full<Bytes>> {
        let Routed { matched, request } = routed;
        let (head, body) = request.into_parts();
        let admitted = self.admit(matched.endpoint.scope, &head.uri, &head.headers);
        let admitted = admitted.await;
        let request = Request::from_parts(head, body);
        match admitted {
            Ok(principal) => {
                let admitted = Admitted {
                    principal,
                    matched,
                    request,
                };
                next.answer(admitted).await
            }
            Err(problem) => body::refuse(request, problem).await,
        }
    }
}

impl Gate {
    pub(super) fn new(guard: Arc<dyn Guard>, origins: Origins) -> Self {
        let origins = Arc::new(origins);
        Self { guard, origins }
    }

    /// Who asks, if they may ask what wants a scope: 401 if they do not show who they
    /// are, 403 if they do not have it (or if nobody need show anything, and they are a
    /// page of somebody else's), 429 if they ask too much, 503 if that cannot be told
    /// now. What wants no scope is open to anyone, whatever they show.
    async fn admit(
        &self,
        scope: Option<Scope>,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Principal, Problem> {
        let Some(scope) = scope else {
            return Ok(Principal::anyone());
        };
        if self.guard.lets_in_anyone() && !local::is_local(uri, headers) && !self.names(headers) {
            return Err(Problem::foreign_page());
        }
        let shown = credential::read(headers);
        let (shows, admitted) = match shown {
            Ok(shown) => (shown.is_some(), self.guard.admit(shown).await),
            Err(why) => (true, Err(Denial::Unauthenticated(why.to_owned()))),
        };
        let principal = admitted.map_err(|refusal| match refusal {
            Denial::Unauthenticated(why) => {
                tracing::info!(why, "not let in");
                Problem::unauthenticated(shows)
            }
            Denial::TooMany(wait) => Problem::too_many_requests(
                "so many requests a second are more than this tenant may make",
                wait,
            ),
            Denial::Unavailable => Problem::unavailable(RETRY_AFTER),
        })?;
        if !principal.may(Some(scope)) {
            return Err(Problem::forbidden(scope));
        }
        Ok(principal)
    }

    /// Whether a request comes from a page of an origin that is named.
    fn names(&self, headers: &HeaderMap) -> bool {
        let origin = headers.get(ORIGIN);
        origin.is_some_and(|origin| self.origins.contains(origin.as_bytes()))
    }
}

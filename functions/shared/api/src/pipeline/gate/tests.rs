use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use http::header::{ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};
use tidemark_access::{Access, AccessSettings, Credential};

use super::*;
use crate::routes::{self, ROUTES};

/// Knows one key, or says what it was told to.
#[derive(Default)]
struct Doorkeeper {
    says: Mutex<Option<Denial>>,
}

#[async_trait]
impl Guard for Doorkeeper {
    async fn admit(&self, shown: Option<Credential<'_>>) -> Result<Principal, Denial> {
        if let Some(refusal) = self.says.lock().unwrap().clone() {
            return Err(refusal);
        }
        match shown {
            Some(Credential::Key("tm_reader")) => Ok(Principal {
                scopes: [Scope::Read].into_iter().collect(),
                ..Principal::local()
            }),
            _ => Err(Denial::Unauthenticated("no".to_owned())),
        }
    }
}

/// Asks with what is shown as a key.
async fn ask(
    guard: &Arc<Doorkeeper>,
    method: Method,
    path: &str,
    shown: Option<&str>,
) -> Result<Principal, Problem> {
    let gate = Gate::new(Arc::clone(guard) as Arc<dyn Guard>, Origins::default());
    let route = routes::find(&method, path).unwrap().endpoint;
    let mut headers = HeaderMap::new();
    if let Some(shown) = shown {
        headers.insert("x-api-key", HeaderValue::from_str(shown).unwrap());
    }
    gate.admit(route.scope, &Uri::default(), &headers).await
}

#[tokio::test]
async fn a_key_opens_what_its_scopes_allow() {
    let guard = Arc::default();
    let reader = ask(&guard, Method::GET, "/api", Some("tm_reader")).await;
    assert!(reader.unwrap().may(Some(Scope::Read)));
    for (method, path) in [
        (Method::POST, "/api"),
        (Method::DELETE, "/api/a"),
        (Method::GET, "/admin/discards"),
    ] {
        let refused = ask(&guard, method, path, Some("tm_reader")).await;
        let status = refused.unwrap_err().kind().status();
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
    }
    let anyone = ask(&guard, Method::GET, "/health", None).await.unwrap();
    assert!(anyone.scopes.is_empty());
}

#[tokio::test]
async fn whatever_is_wrong_is_answered_the_same() {
    let guard = Arc::default();
    let nothing = ask(&guard, Method::GET, "/api", None).await.unwrap_err();
    for wrong in ["tm_other", "tm_", "no key", "a.b.c"] {
        let refused = ask(&guard, Method::GET, "/api", Some(wrong)).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.detail(), nothing.detail(), "{wrong}");
        let answer = Response::<Bytes>::from(refused);
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        let challenge = answer.headers()[WWW_AUTHENTICATE].to_str().unwrap();
        assert!(
            challenge.ends_with("error=\"invalid_token\""),
            "{challenge}"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_told_or_is_too_much_comes_again_later() {
    for (refusal, status, wait) in [
        (Denial::Unavailable, StatusCode::SERVICE_UNAVAILABLE, "1"),
        (
            Denial::TooMany(Duration::from_millis(1001)),
            StatusCode::TOO_MANY_REQUESTS,
            "2",
        ),
    ] {
        let guard = Arc::new(Doorkeeper {
            says: Some(refusal).into(),
        });
        let refused = ask(&guard, Method::GET, "/api", Some("tm_reader")).await;
        let answer = Response::<Bytes>::from(refused.unwrap_err());
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()[RETRY_AFTER], wait);
    }
}

#[tokio::test]
async fn one_machine_lets_its_own_programs_in_and_a_public_gate_nobody() {
    let gate = |access: Access| Gate::new(access.guard, access.origins);
    let open = gate(Access::open(AccessSettings::default()));
    let public = gate(Access::public(AccessSettings::default()));
    let headers = HeaderMap::new();
    let foreign = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static("https://evil.net"))]);
    let named = gate(Access::open(AccessSettings {
        origins: "https://evil.net".parse().unwrap(),
        ..AccessSettings::default()
    }));
    for route in ROUTES {
        let (scope, uri) = (route.scope, &Uri::default());
        assert!(open.admit(scope, uri, &headers).await.is_ok(), "{route:?}");
        let is_public = scope.is_none();
        assert_eq!(open.admit(scope, uri, &foreign).await.is_ok(), is_public);
        assert!(named.admit(scope, uri, &foreign).await.is_ok());
        let admitted = public.admit(scope, uri, &headers).await.is_ok();
        assert_eq!(admitted, is_public, "{route:?}");
    }
}

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use http::header::{CACHE_CONTROL, ORIGIN, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use tidemark_api::access::Credential;
use tidemark_api::principal::Scope;
use tidemark_api::problem::Problem;
use tidemark_api::routes;
use tidemark_core::access::{Limits, Overrides};
use tidemark_core::key::{ApiKey, KeyId, Secret};
use tidemark_core::name::Tenant;
use tidemark_core::time::Timestamp;
use tidemark_ports::error::{Kind, Result as Stored, StoreError};

use super::*;

mod limits;

const SECOND: i64 = 1_000_000_000;

/// One key, and how often it was asked for.
struct OneKey {
    key: Mutex<ApiKey>,
    asked: AtomicUsize,
    is_down: Mutex<bool>,
}

#[async_trait]
impl KeyStore for OneKey {
    async fn create(&self, _: &ApiKey) -> Stored<bool> {
        Ok(false)
    }

    async fn get(&self, id: KeyId) -> Stored<Option<ApiKey>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if *self.is_down.lock().unwrap() {
            return Err(StoreError::new(Kind::Unavailable, "asking for a key"));
        }
        let key = self.key.lock().unwrap().clone();
        Ok((key.id() == id).then_some(key))
    }

    async fn list(&self, _: Option<&Tenant>) -> Stored<Vec<ApiKey>> {
        Ok(Vec::new())
    }

    async fn revoke(&self, _: KeyId, at: Timestamp) -> Stored<Option<ApiKey>> {
        let mut key = self.key.lock().unwrap();
        key.revoked = Some(at);
        Ok(Some(key.clone()))
    }
}

struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

impl SetClock {
    fn set(&self, seconds: i64) {
        self.0.store(seconds * SECOND, Ordering::Relaxed);
    }
}

fn secret() -> Secret {
    Secret::new([7; 32])
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_nanos(seconds * SECOND)
}

struct World {
    store: Arc<OneKey>,
    clock: Arc<SetClock>,
    access: Access,
}

impl World {
    fn new(overrides: Overrides) -> Self {
        let store = Arc::new(OneKey {
            key: Mutex::new(ApiKey {
                hash: secret().hash(),
                tenant: Tenant::new("acme").unwrap(),
                scopes: [Scope::Read].into_iter().collect(),
                name: "a reader".to_owned(),
                created: at(0),
                expires: Some(at(1000)),
                revoked: None,
                overrides,
            }),
            asked: AtomicUsize::new(0),
            is_down: Mutex::new(false),
        });
        let clock = Arc::new(SetClock(AtomicI64::new(0)));
        let access = Access::new(
            Settings::default(),
            Arc::clone(&store) as Arc<dyn KeyStore>,
            Arc::clone(&clock) as Arc<dyn Clock>,
        );
        Self {
            store,
            clock,
            access: access.unwrap(),
        }
    }

    /// Asks with what is shown as a key.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        shown: Option<&str>,
    ) -> Result<Principal, Problem> {
        let route = routes::find(&method, path).unwrap();
        let mut headers = HeaderMap::new();
        if let Some(shown) = shown {
            headers.insert("x-api-key", HeaderValue::from_str(shown).unwrap());
        }
        self.access.gate.admit(&route, &headers).await
    }

    async fn status(&self, shown: &str) -> StatusCode {
        match self.ask(Method::GET, "/api", Some(shown)).await {
            Ok(_) => StatusCode::OK,
            Err(problem) => problem.kind().status(),
        }
    }

    fn asked(&self) -> usize {
        self.store.asked.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn a_key_stands_for_its_tenant_and_scopes() {
    let world = World::new(Overrides::default());
    let key = secret();
    let reader = world
        .ask(Method::GET, "/api", Some(key.reveal()))
        .await
        .unwrap();
    assert_eq!(reader.tenant.as_str(), "acme");
    assert_eq!(reader.name, format!("key {}", key.hash().id()));
    assert_eq!(reader.limits, Some(Limits::DEFAULT));
    for (method, path) in [
        (Method::POST, "/api"),
        (Method::DELETE, "/api/a"),
        (Method::GET, "/admin/discards"),
    ] {
        let refused = world
            .ask(method, path, Some(key.reveal()))
            .await
            .unwrap_err();
        assert_eq!(refused.kind().status(), StatusCode::FORBIDDEN, "{path}");
    }
    let anyone = world.ask(Method::GET, "/health", None).await.unwrap();
    assert!(anyone.scopes.is_empty());
}

#[tokio::test]
async fn whatever_is_wrong_is_answered_the_same() {
    let world = World::new(Overrides::default());
    let nothing = world.ask(Method::GET, "/api", None).await.unwrap_err();
    let other = Secret::new([8; 32]);
    let cut = &secret().reveal()[..20].to_owned();
    for wrong in [other.reveal(), cut, "tm_", "no key", "a.b.c"] {
        let refused = world
            .ask(Method::GET, "/api", Some(wrong))
            .await
            .unwrap_err();
        assert_eq!(refused.detail(), nothing.detail(), "{wrong}");
        let answer = Response::<bytes::Bytes>::from(refused);
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        let challenge = answer.headers()[WWW_AUTHENTICATE].to_str().unwrap();
        assert!(
            challenge.ends_with("error=\"invalid_token\""),
            "{challenge}"
        );
    }
}

#[tokio::test]
async fn a_key_is_asked_for_once_a_minute() {
    let world = World::new(Overrides::default());
    let key = secret();
    for (seconds, asked) in [(0, 1), (1, 1), (59, 1), (60, 2), (119, 2), (120, 3), (5, 4)] {
        world.clock.set(seconds);
        assert_eq!(world.status(key.reveal()).await, StatusCode::OK);
        assert_eq!(world.asked(), asked, "after {seconds} s");
    }
    // A wrong one each time.
    let asked = world.asked();
    for _ in 0..3 {
        let wrong = Secret::new([9; 32]);
        assert_eq!(world.status(wrong.reveal()).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(world.asked(), asked + 3);
}

#[tokio::test]
async fn a_revoked_key_is_refused_within_a_minute() {
    let world = World::new(Overrides::default());
    let key = secret();
    assert_eq!(world.status(key.reveal()).await, StatusCode::OK);
    world.store.revoke(key.hash().id(), at(1)).await.unwrap();
    world.clock.set(60);
    assert_eq!(world.status(key.reveal()).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_key_is_refused_within_a_minute_though_the_clock_stands() {
    let world = World::new(Overrides::default());
    let key = secret();
    assert_eq!(world.status(key.reveal()).await, StatusCode::OK);
    world.store.revoke(key.hash().id(), at(0)).await.unwrap();
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(world.status(key.reveal()).await, StatusCode::OK);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(world.status(key.reveal()).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_expired_key_is_refused_though_it_is_known() {
    let world = World::new(Overrides::default());
    let key = secret();
    world.clock.set(999);
    assert_eq!(world.status(key.reveal()).await, StatusCode::OK);
    world.clock.set(1000);
    assert_eq!(world.status(key.reveal()).await, StatusCode::UNAUTHORIZED);
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn where_keys_cannot_be_looked_up_nobody_new_is_let_in() {
    let world = World::new(Overrides::default());
    let key = secret();
    assert_eq!(world.status(key.reveal()).await, StatusCode::OK);
    *world.store.is_down.lock().unwrap() = true;
    world.clock.set(59);
    assert_eq!(world.status(key.reveal()).await, StatusCode::OK);
    world.clock.set(60);
    assert_eq!(
        world.status(key.reveal()).await,
        StatusCode::SERVICE_UNAVAILABLE
    );
}

/// A hash that begins as that of the key, which is then found by its id.
#[tokio::test]
async fn the_whole_hash_counts() {
    let world = World::new(Overrides::default());
    let key = secret();
    let id = key.hash().id();
    let forged = format!("{id}{}", "0".repeat(48)).parse().unwrap();
    world.store.key.lock().unwrap().hash = forged;
    assert_eq!(world.status(key.reveal()).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_private_is_kept_nowhere_on_the_way() {
    let world = World::new(Overrides::default());
    for route in &routes::ROUTES {
        let path = route.path.replace("{name}", "a").replace("{id}", "b");
        let found = routes::find(&route.method, &path).unwrap();
        let mut answer = HeaderMap::new();
        world
            .access
            .gate
            .mark(Some(&found), &HeaderMap::new(), &mut answer);
        let stored = answer.get(CACHE_CONTROL).map(HeaderValue::as_bytes);
        let is_private = route.operation.scope().is_some();
        assert_eq!(stored, is_private.then_some(&b"no-store"[..]), "{path}");
    }
}

#[tokio::test]
async fn one_machine_lets_its_own_programs_in_and_a_public_gate_nobody() {
    let open = Access::open(Settings::default()).gate;
    let public = Access::public(Settings::default());
    let headers = HeaderMap::new();
    let foreign = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static("https://evil.net"))]);
    let named = Settings {
        cors: "https://evil.net".parse().unwrap(),
        ..Settings::default()
    };
    let named = Access::open(named).gate;
    for route in &routes::ROUTES {
        let path = route.path.replace("{name}", "a").replace("{id}", "b");
        let found = routes::find(&route.method, &path).unwrap();
        assert!(open.admit(&found, &headers).await.is_ok(), "{path}");
        let is_public = route.operation.scope().is_none();
        assert_eq!(open.admit(&found, &foreign).await.is_ok(), is_public);
        assert!(named.admit(&found, &foreign).await.is_ok());
        assert_eq!(
            public.admit(&found, &headers).await.is_ok(),
            is_public,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_token_without_an_issuer_is_refused() {
    let world = World::new(Overrides::default());
    let checkpoint = Checkpoint {
        keys: Keys::new(
            Arc::clone(&world.store) as Arc<dyn KeyStore>,
            world.clock.clone(),
        ),
        tokens: None,
        limiter: Arc::default(),
    };
    let refused = checkpoint.admit(Some(Credential::Token("a.b.c"))).await;
    assert!(matches!(refused, Err(Refusal::Unauthenticated(_))));
}

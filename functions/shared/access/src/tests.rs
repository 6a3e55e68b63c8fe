use std::num::NonZeroU32;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use tidemark_core::access::{Limits, Overrides, Scope};
use tidemark_core::key::{ApiKey, KeyId, Secret};
use tidemark_core::name::Tenant;
use tidemark_core::time::Timestamp;
use tidemark_ports::error::{Kind, Result as Stored, StoreError};

use super::*;

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

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    LetIn,
    Unauthenticated,
    TooMany,
    Unavailable,
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
            AccessSettings::default(),
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
    async fn ask(&self, shown: Option<&str>) -> Result<Principal, Denial> {
        self.access.guard.admit(shown.map(Credential::Key)).await
    }

    async fn outcome(&self, shown: &str) -> Outcome {
        match self.ask(Some(shown)).await {
            Ok(_) => Outcome::LetIn,
            Err(Denial::Unauthenticated(_)) => Outcome::Unauthenticated,
            Err(Denial::TooMany(_)) => Outcome::TooMany,
            Err(Denial::Unavailable) => Outcome::Unavailable,
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
    let reader = world.ask(Some(key.reveal())).await.unwrap();
    assert_eq!(reader.tenant.as_str(), "acme");
    assert_eq!(reader.name, format!("key {}", key.hash().id()));
    assert_eq!(reader.limits, Some(Limits::DEFAULT));
    assert_eq!(reader.scopes, [Scope::Read].into_iter().collect());
}

#[tokio::test]
async fn whatever_is_wrong_is_refused() {
    let world = World::new(Overrides::default());
    assert!(world.ask(None).await.is_err());
    let other = Secret::new([8; 32]);
    let cut = &secret().reveal()[..20].to_owned();
    for wrong in [other.reveal(), cut, "tm_", "no key", "a.b.c"] {
        assert_eq!(
            world.outcome(wrong).await,
            Outcome::Unauthenticated,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn a_key_is_asked_for_once_a_minute() {
    let world = World::new(Overrides::default());
    let key = secret();
    for (seconds, asked) in [(0, 1), (1, 1), (59, 1), (60, 2), (119, 2), (120, 3), (5, 4)] {
        world.clock.set(seconds);
        assert_eq!(world.outcome(key.reveal()).await, Outcome::LetIn);
        assert_eq!(world.asked(), asked, "after {seconds} s");
    }
    // A wrong one each time.
    let asked = world.asked();
    for _ in 0..3 {
        let wrong = Secret::new([9; 32]);
        assert_eq!(
            world.outcome(wrong.reveal()).await,
            Outcome::Unauthenticated
        );
    }
    assert_eq!(world.asked(), asked + 3);
}

#[tokio::test]
async fn a_revoked_key_is_refused_within_a_minute() {
    let world = World::new(Overrides::default());
    let key = secret();
    assert_eq!(world.outcome(key.reveal()).await, Outcome::LetIn);
    world.store.revoke(key.hash().id(), at(1)).await.unwrap();
    world.clock.set(60);
    assert_eq!(world.outcome(key.reveal()).await, Outcome::Unauthenticated);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_key_is_refused_within_a_minute_though_the_clock_stands() {
    let world = World::new(Overrides::default());
    let key = secret();
    assert_eq!(world.outcome(key.reveal()).await, Outcome::LetIn);
    world.store.revoke(key.hash().id(), at(0)).await.unwrap();
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(world.outcome(key.reveal()).await, Outcome::LetIn);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(world.outcome(key.reveal()).await, Outcome::Unauthenticated);
}

#[tokio::test]
async fn an_expired_key_is_refused_though_it_is_known() {
    let world = World::new(Overrides::default());
    let key = secret();
    world.clock.set(999);
    assert_eq!(world.outcome(key.reveal()).await, Outcome::LetIn);
    world.clock.set(1000);
    assert_eq!(world.outcome(key.reveal()).await, Outcome::Unauthenticated);
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn where_keys_cannot_be_looked_up_nobody_new_is_let_in() {
    let world = World::new(Overrides::default());
    let key = secret();
    assert_eq!(world.outcome(key.reveal()).await, Outcome::LetIn);
    *world.store.is_down.lock().unwrap() = true;
    world.clock.set(59);
    assert_eq!(world.outcome(key.reveal()).await, Outcome::LetIn);
    world.clock.set(60);
    assert_eq!(world.outcome(key.reveal()).await, Outcome::Unavailable);
}

/// A hash that begins as that of the key, which is then found by its id.
#[tokio::test]
async fn the_whole_hash_counts() {
    let world = World::new(Overrides::default());
    let key = secret();
    let id = key.hash().id();
    let forged = format!("{id}{}", "0".repeat(48)).parse().unwrap();
    world.store.key.lock().unwrap().hash = forged;
    assert_eq!(world.outcome(key.reveal()).await, Outcome::Unauthenticated);
}

#[tokio::test]
async fn one_machine_lets_anyone_in_and_a_public_gate_nobody() {
    let open = Access::open(AccessSettings::default()).guard;
    assert!(open.lets_in_anyone());
    assert_eq!(open.admit(None).await, Ok(Principal::local()));
    let public = Access::public(AccessSettings::default()).guard;
    assert!(public.admit(None).await.is_err());
}

#[tokio::test]
async fn a_token_without_an_issuer_is_refused() {
    let world = World::new(Overrides::default());
    let shown = Some(Credential::Token("a.b.c"));
    let refused = world.access.guard.admit(shown).await;
    assert!(matches!(refused, Err(Denial::Unauthenticated(_))));
}

#[tokio::test]
async fn who_asks_too_often_waits() {
    let world = World::new(Overrides {
        requests_per_second: NonZeroU32::new(1),
        ..Overrides::default()
    });
    let key = secret();
    let mut outcomes = Vec::new();
    for _ in 0..20 {
        outcomes.push(world.outcome(key.reveal()).await);
    }
    assert_eq!(outcomes[0], Outcome::LetIn);
    assert_eq!(outcomes[19], Outcome::TooMany);
}

//! Tokens that are right, and attacks: an issuer whose keys and answers a test
//! sets, and what is signed with them.

mod attacks;
mod documents;
mod keys;

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::CryptoProvider;
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use serde_json::{Value, json};
use tidemark_core::time::Timestamp;
use tokio::sync::RwLock;

use super::issuer::{Key, KeySet};
use super::*;

const ISSUER: &str = "https://login.example.org/";
const SECOND: i64 = 1_000_000_000;
const RSA: &[u8] = include_bytes!("tests/rsa.pem");
const RSA_PUBLIC: &[u8] = include_bytes!("tests/rsa-public.pem");
const OTHER_RSA: &[u8] = include_bytes!("tests/other-rsa.pem");
const EC: &[u8] = include_bytes!("tests/ec.pem");

/// Signs by another's mathematics than ours, which verifies.
static SIGNING: LazyLock<CryptoProvider> = LazyLock::new(|| CryptoProvider {
    verifier_factory: verifier::PROVIDER.verifier_factory,
    ..DEFAULT_PROVIDER.clone()
});

/// Has tests sign; fails where it would not be ours that verifies.
fn sign() {
    static ONCE: LazyLock<()> = LazyLock::new(|| SIGNING.install_default().unwrap());
    LazyLock::force(&ONCE);
}

fn rsa() -> EncodingKey {
    sign();
    EncodingKey::from_rsa_pem(RSA).unwrap()
}

fn other_rsa() -> EncodingKey {
    sign();
    EncodingKey::from_rsa_pem(OTHER_RSA).unwrap()
}

fn ec() -> EncodingKey {
    sign();
    EncodingKey::from_ec_pem(EC).unwrap()
}

/// The public half of a key, as the issuer publishes it.
fn public(key: &EncodingKey, algorithm: Algorithm, id: &str) -> Value {
    let jwk = Jwk::from_encoding_key(key, algorithm).unwrap();
    let mut jwk = serde_json::to_value(jwk).unwrap();
    jwk["kid"] = json!(id);
    jwk["use"] = json!("sig");
    jwk
}

/// What an issuer publishes, if it answers, and how often it was asked.
#[derive(Default)]
struct Published {
    keys: Mutex<Option<Vec<Value>>>,
    asked: AtomicUsize,
    /// Whoever holds it keeps the issuer from answering.
    held: RwLock<()>,
}

struct Stub(Arc<Published>);

#[async_trait]
impl Issuer for Stub {
    async fn keys(&self) -> Result<Vec<Key>, String> {
        self.0.asked.fetch_add(1, Ordering::Relaxed);
        let _answers = self.0.held.read().await;
        let keys = self.0.keys.lock().unwrap().clone();
        let keys = keys.ok_or("it does not answer")?;
        let set: KeySet = serde_json::from_value(json!({"keys": keys})).unwrap();
        Ok(set.usable())
    }
}

struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

struct World {
    published: Arc<Published>,
    clock: Arc<SetClock>,
    tokens: Tokens,
}

impl World {
    fn new() -> Self {
        let world = Self::of(vec![
            public(&rsa(), Algorithm::RS256, "rsa-1"),
            public(&ec(), Algorithm::ES256, "ec-1"),
        ]);
        world.set(0);
        world
    }

    fn of(keys: Vec<Value>) -> Self {
        sign();
        let published = Arc::new(Published::default());
        *published.keys.lock().unwrap() = Some(keys);
        let clock = Arc::new(SetClock(AtomicI64::new(0)));
        let settings = TokenSettings {
            issuer: ISSUER.to_owned(),
            audience: "tidemark".to_owned(),
            tenant_claim: "tenant".to_owned(),
            scopes_claim: "scope".to_owned(),
            scope_prefix: String::new(),
        };
        let issuer = Box::new(Stub(Arc::clone(&published)));
        let tokens = Tokens::of(settings, issuer, Arc::clone(&clock) as Arc<dyn Clock>);
        Self {
            published,
            clock,
            tokens,
        }
    }

    fn set(&self, seconds: i64) {
        self.clock.0.store(seconds * SECOND, Ordering::Relaxed);
    }

    fn publish(&self, keys: Option<Vec<Value>>) {
        *self.published.keys.lock().unwrap() = keys;
    }

    fn asked(&self) -> usize {
        self.published.asked.load(Ordering::Relaxed)
    }

    async fn takes(&self, token: &str) -> bool {
        self.tokens.principal(token).await.is_ok()
    }

    /// Why a token is refused.
    async fn refuses(&self, token: &str) -> String {
        match self.tokens.principal(token).await {
            Err(Denial::Unauthenticated(why)) => why,
            other => panic!("{other:?}"),
        }
    }
}

/// Claims that are right, but for `changes`; null takes one away.
fn claims(changes: Value) -> Value {
    let now = get_current_timestamp();
    let mut claims = json!({
        "iss": ISSUER, "aud": "tidemark", "sub": "somebody", "exp": now + 300, "iat": now,
        "tenant": "acme", "scope": "read write",
    });
    let Value::Object(changes) = changes else {
        panic!("{changes}")
    };
    for (name, value) in changes {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(&name)),
            value => claims[name] = value,
        }
    }
    claims
}

fn header(algorithm: Algorithm, id: &str) -> Header {
    Header {
        kid: Some(id.to_owned()),
        ..Header::new(algorithm)
    }
}

/// A token that the issuer signed.
fn signed(changes: Value) -> String {
    encode(&header(Algorithm::RS256, "rsa-1"), &claims(changes), &rsa()).unwrap()
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The issuer's signature under a header that is written by hand, with a key of any
/// kind.
fn forged(header: &Value, algorithm: Algorithm, key: &EncodingKey) -> String {
    let message = format!("{}.{}", encoded(header), encoded(&claims(json!({}))));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

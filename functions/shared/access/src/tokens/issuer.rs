//! The documents of an OIDC issuer (`OpenID` Connect Discovery 1.0; RFC 7517).

use std::time::Duration;

use async_trait::async_trait;
use http::{StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use jsonwebtoken::jwk::PublicKeyUse;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use serde::Deserialize;
use serde_json::Value;
use tidemark_https as https;

use super::settings::{Way, way};
use super::verifier::significant;

/// How long it may take to have the keys.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest document, in bytes.
const LONGEST: usize = 1 << 20;
/// The shortest RSA modulus, in bits (RFC 7518, 3.3).
const MODULUS: usize = 2048;

/// A public key of the issuer, and the one algorithm that it verifies.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) verifier: DecodingKey,
}

/// Who publishes the keys.
#[async_trait]
pub(super) trait Issuer: Send + Sync {
    /// The keys that there are now. The error is for the log.
    async fn keys(&self) -> Result<Vec<Key>, String>;
}

/// An issuer at its URL.
pub(super) struct HttpIssuer {
    issuer: String,
    client: https::Client,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
pub(super) struct KeySet {
    keys: Vec<Value>,
}

impl HttpIssuer {
    pub(super) fn new(issuer: String) -> Result<Self, https::Error> {
        let client = https::client()?;
        Ok(Self { issuer, client })
    }

    /// Whether keys are taken from there: over TLS, or from this machine if the
    /// issuer is here too. One elsewhere has no business with what listens here.
    pub(super) fn trusts(&self, url: &str) -> bool {
        match way(url) {
            Some(Way::Tls) => true,
            Some(Way::Loopback) => way(&self.issuer) == Some(Way::Loopback),
            None => false,
        }
    }

    async fn fetch(&self) -> Result<Vec<Key>, String> {
        let base = self.issuer.trim_end_matches('/');
        let document = format!("{base}/.well-known/openid-configuration");
        let discovery: Discovery = self.document(&document).await?;
        if discovery.issuer != self.issuer {
            return Err(format!("{document} is of another issuer"));
        }
        if !self.trusts(&discovery.jwks_uri) {
            return Err(format!("{document} names a jwks_uri that is no https URL"));
        }
        let set: KeySet = self.document(&discovery.jwks_uri).await?;
        Ok(set.usable())
    }

    async fn document<T: for<'de> Deserialize<'de>>(&self, url: &str) -> Result<T, String> {
        let wrong = |why: &dyn std::fmt::Display| format!("{url}: {why}");
        let uri: Uri = url.parse().map_err(|e| wrong(&e))?;
        let response = self.client.get(uri).await.map_err(|e| wrong(&e))?;
        // A redirection, too, is no document.
        if response.status() != StatusCode::OK {
            return Err(wrong(&response.status()));
        }
        let body = Limited::new(response.into_body(), LONGEST).collect().await;
        let body = body.map_err(|e| wrong(&e))?.to_bytes();
        serde_json::from_slice(&body).map_err(|e| wrong(&e))
    }
}

#[async_trait]
impl Issuer for HttpIssuer {
    async fn keys(&self) -> Result<Vec<Key>, String> {
        let fetched = tokio::time::timeout(PATIENCE, self.fetch()).await;
        fetched.unwrap_or_else(|_| Err(format!("it took longer than {PATIENCE:?}")))
    }
}

impl KeySet {
    /// The keys that verify what we take: RS256 and ES256. Others stand beside them
    /// rightly, and one that cannot be read spoils none.
    pub(super) fn usable(self) -> Vec<Key> {
        let keys = self.keys.into_iter();
        keys.filter_map(|key| usable(&serde_json::from_value(key).ok()?))
            .collect()
    }
}

fn usable(jwk: &Jwk) -> Option<Key> {
    let (algorithm, named) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        _ => return None,
    };
    let common = &jwk.common;
    let signs = common
        .public_key_use
        .as_ref()
        .is_none_or(|usage| *usage == PublicKeyUse::Signature);
    let verifies = common
        .key_operations
        .as_ref()
        .is_none_or(|all| all.contains(&KeyOperations::Verify));
    let fits = common.key_algorithm.is_none_or(|alg| alg == named);
    let verifier = DecodingKey::from_jwk(jwk).ok()?;
    let is_long = match verifier.kind() {
        DecodingKeyKind::RsaModulusExponent { n, .. } => bits(n) >= MODULUS,
        DecodingKeyKind::SecretOrDer(_) => true,
    };
    (signs && verifies && fits && is_long).then(|| Key {
        id: common.key_id.clone(),
        algorithm,
        verifier,
    })
}

/// How many bits a number has; zeros before it are none.
fn bits(number: &[u8]) -> usize {
    let number = significant(number);
    let first = number.first().map_or(0, |byte| byte.leading_zeros());
    number.len() * 8 - first as usize
}

//! Tokens (JWT, RFC 7519) of an OIDC issuer: signed by one of the keys that it
//! publishes, with RS256 or ES256, for us, and of now.
//!
//! What a token says of its own verification is not followed: its `kid` is compared
//! with those of the issuer, its `alg` must be what that key is for, and `jku`,
//! `x5u`, `jwk` and `x5c` are not read (RFC 8725).

mod claims;
mod issuer;
mod keyring;
mod settings;
#[cfg(test)]
mod tests;
mod verifier;

use std::sync::Arc;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode, decode_header};
use tidemark_core::principal::Principal;
use tidemark_https as https;
use tidemark_ports::Clock;

use crate::guard::Denial;
use claims::Claims;
use issuer::{HttpIssuer, Issuer};
use keyring::{Keyring, NoKey};
pub use settings::{TokenSettingError, TokenSettings};

/// The longest token, in bytes.
const LONGEST: usize = 8 << 10;
/// How far clocks may be apart, in seconds.
const LEEWAY: u64 = 60;

/// Whose tokens are taken.
pub struct Tokens {
    settings: TokenSettings,
    keyring: Arc<Keyring>,
}

impl Tokens {
    /// Takes tokens as the settings have it. The issuer is asked when the first
    /// one comes.
    pub fn new(settings: TokenSettings, clock: Arc<dyn Clock>) -> Result<Self, https::Error> {
        let issuer = HttpIssuer::new(settings.issuer.clone())?;
        Ok(Self::of(settings, Box::new(issuer), clock))
    }

    fn of(settings: TokenSettings, issuer: Box<dyn Issuer>, clock: Arc<dyn Clock>) -> Self {
        verifier::install();
        let keyring = Arc::new(Keyring::new(issuer, clock));
        Self { settings, keyring }
    }

    /// Who shows this token.
    pub async fn principal(&self, token: &str) -> Result<Principal, Denial> {
        let refused = |why: &str| Denial::Unauthenticated(format!("a token: {why}"));
        if token.len() > LONGEST {
            return Err(refused("it is too long"));
        }
        let header = decode_header(token).map_err(|_| refused("its header cannot be read"))?;
        // RFC 7515, 4.1.11: not to be read by who does not know what that names.
        if header.crit.is_some() {
            return Err(refused("it wants what we do not know"));
        }
        let key = self.keyring.find(header.kid.as_deref()).await;
        let key = key.map_err(|none| match none {
            NoKey::Unknown => refused("its key is not the issuer's"),
            NoKey::Unavailable => Denial::Unavailable,
        })?;
        // What the key is for, not what the token says.
        let mut wanted = Validation::new(key.algorithm);
        wanted.leeway = LEEWAY;
        wanted.validate_nbf = true;
        wanted.set_issuer(&[&self.settings.issuer]);
        wanted.set_audience(&[&self.settings.audience]);
        wanted.set_required_spec_claims(&["exp", "iss", "aud"]);
        let read = decode::<Claims>(token, &key.verifier, &wanted);
        let claims = read.map_err(|error| refused(reason(error.kind())))?.claims;
        claims::principal(claims, &self.settings).map_err(refused)
    }
}

/// What is wrong, for the log, with nothing of the token.
const fn reason(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidSignature => "its signature is wrong",
        ErrorKind::ExpiredSignature => "it has expired",
        ErrorKind::ImmatureSignature => "it is not valid yet",
        ErrorKind::InvalidIssuer => "its issuer is another",
        ErrorKind::InvalidAudience => "it is for somebody else",
        ErrorKind::InvalidAlgorithm => "its algorithm is not that of its key",
        ErrorKind::MissingRequiredClaim(_) => "a claim is missing",
        _ => "it cannot be read",
    }
}

//! Who is let in, and how much they may ask: what stands at the gate of every
//! handler, in both hosts.

pub mod audit;
mod keys;
mod limiter;
mod series;
mod settings;
mod since;
pub mod tokens;

use std::sync::Arc;

use async_trait::async_trait;
use tidemark_api::access::{Credential, Gate, Guard, Refusal};
use tidemark_api::principal::Principal;
use tidemark_ports::KeyStore;

use crate::clock::Clock;
use keys::Keys;
pub use limiter::Limiter;
pub(crate) use series::room;
pub use settings::{Settings, SettingsError};
use tokens::Tokens;

/// A gate, and what counts for it.
pub struct Access {
    /// Stands in front of the handlers.
    pub gate: Gate,
    /// Counts what comes in through it.
    pub limiter: Arc<Limiter>,
}

impl Access {
    /// Lets in who shows a key that is kept there, or a token as the settings have
    /// it.
    pub fn new(
        settings: Settings,
        keys: Arc<dyn KeyStore>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SettingsError> {
        let tokens = match settings.tokens {
            None => None,
            Some(tokens) => Some(Tokens::new(tokens, Arc::clone(&clock))?),
        };
        let limiter = Arc::new(Limiter::default());
        let guard = Checkpoint {
            keys: Keys::new(keys, clock),
            tokens,
            limiter: Arc::clone(&limiter),
        };
        Ok(Self {
            gate: Gate::new(Arc::new(guard), settings.cors),
            limiter,
        })
    }

    /// Lets in anyone, as the tenant `local`, and counts nothing: for one machine
    /// that nobody else can reach.
    pub fn open(settings: Settings) -> Self {
        Self {
            gate: Gate::new(Arc::new(Open), settings.cors),
            limiter: Arc::new(Limiter::default()),
        }
    }

    /// Lets in nobody: for routes that want no scope, which are never asked about
    /// it.
    pub fn public(settings: Settings) -> Gate {
        Gate::new(Arc::new(Closed), settings.cors)
    }
}

/// Looks at keys and tokens.
struct Checkpoint {
    keys: Keys,
    tokens: Option<Tokens>,
    limiter: Arc<Limiter>,
}

#[async_trait]
impl Guard for Checkpoint {
    async fn admit(&self, shown: Option<Credential<'_>>) -> Result<Principal, Refusal> {
        let refused = |why: &str| Err(Refusal::Unauthenticated(why.to_owned()));
        let principal = match (shown, &self.tokens) {
            (None, _) => return refused("nothing was shown"),
            (Some(Credential::Key(key)), _) => self.keys.principal(key).await?,
            (Some(Credential::Token(token)), Some(tokens)) => tokens.principal(token).await?,
            (Some(Credential::Token(_)), None) => {
                return refused("a token was shown, but no issuer is configured");
            }
        };
        let asked = self.limiter.request(&principal);
        asked.map_err(Refusal::TooMany)?;
        Ok(principal)
    }
}

struct Open;

#[async_trait]
impl Guard for Open {
    async fn admit(&self, _: Option<Credential<'_>>) -> Result<Principal, Refusal> {
        Ok(Principal::local())
    }

    fn lets_in_anyone(&self) -> bool {
        true
    }
}

struct Closed;

#[async_trait]
impl Guard for Closed {
    async fn admit(&self, _: Option<Credential<'_>>) -> Result<Principal, Refusal> {
        Err(Refusal::Unauthenticated("nobody is let in here".to_owned()))
    }
}

#[cfg(test)]
mod tests;

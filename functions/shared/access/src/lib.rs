//! Who is let in, and how much they may ask: API keys, tokens, and the limits of
//! tenants. Nothing here knows where a credential came from.

mod credential;
mod guard;
mod keys;
mod limiter;
mod origins;
mod settings;
mod since;
pub mod tokens;

use std::sync::Arc;

use async_trait::async_trait;
use tidemark_core::principal::Principal;
use tidemark_ports::{Clock, KeyStore};

pub use credential::Credential;
pub use guard::{Denial, Guard};
use keys::Keys;
pub use limiter::Limiter;
pub use origins::{NoOrigin, Origins};
pub use settings::{AccessSettings, SettingsError};
use tokens::Tokens;

/// Who decides, what counts for it, and which pages may ask.
#[derive(Clone)]
pub struct Access {
    /// Decides who is let in.
    pub guard: Arc<dyn Guard>,
    /// Counts what comes from those who are.
    pub limiter: Arc<Limiter>,
    /// The origins whose pages may ask.
    pub origins: Origins,
}

impl Access {
    /// Lets in who shows a key that is kept there, or a token as the settings have
    /// it.
    pub fn new(
        settings: AccessSettings,
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
            guard: Arc::new(guard),
            limiter,
            origins: settings.origins,
        })
    }

    /// The same, as the environment has it.
    pub fn from_env(keys: Arc<dyn KeyStore>, clock: Arc<dyn Clock>) -> Result<Self, SettingsError> {
        Self::new(AccessSettings::from_env()?, keys, clock)
    }

    /// Lets in anyone, as the tenant `local`, and counts nothing: for one machine
    /// that nobody else can reach.
    pub fn open(settings: AccessSettings) -> Self {
        Self::by(Open, settings)
    }

    /// Lets in nobody: for routes that want no scope, which are never asked about
    /// it.
    pub fn public(settings: AccessSettings) -> Self {
        Self::by(Closed, settings)
    }

    /// The same, as the environment has it.
    pub fn public_from_env() -> Result<Self, SettingsError> {
        Ok(Self::public(AccessSettings::from_env()?))
    }

    fn by(guard: impl Guard + 'static, settings: AccessSettings) -> Self {
        Self {
            guard: Arc::new(guard),
            limiter: Arc::default(),
            origins: settings.origins,
        }
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
    async fn admit(&self, shown: Option<Credential<'_>>) -> Result<Principal, Denial> {
        let refused = |why: &str| Err(Denial::Unauthenticated(why.to_owned()));
        let principal = match (shown, &self.tokens) {
            (None, _) => return refused("nothing was shown"),
            (Some(Credential::Key(key)), _) => self.keys.principal(key).await?,
            (Some(Credential::Token(token)), Some(tokens)) => tokens.principal(token).await?,
            (Some(Credential::Token(_)), None) => {
                return refused("a token was shown, but no issuer is configured");
            }
        };
        let asked = self.limiter.request(&principal);
        asked.map_err(Denial::TooMany)?;
        Ok(principal)
    }
}

struct Open;

#[async_trait]
impl Guard for Open {
    async fn admit(&self, _: Option<Credential<'_>>) -> Result<Principal, Denial> {
        Ok(Principal::local())
    }

    fn lets_in_anyone(&self) -> bool {
        true
    }
}

struct Closed;

#[async_trait]
impl Guard for Closed {
    async fn admit(&self, _: Option<Credential<'_>>) -> Result<Principal, Denial> {
        Err(Denial::Unauthenticated("nobody is let in here".to_owned()))
    }
}

#[cfg(test)]
mod tests;

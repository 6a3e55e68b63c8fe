//! What the environment says of access, read once at the start.

use crate::origins::{NoOrigin, Origins};
use crate::tokens::{TokenSettingError, TokenSettings};

/// Tokens and origins that are let in; neither by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessSettings {
    /// Whose tokens (`TIDEMARK_JWT_ISSUER` and others).
    pub tokens: Option<TokenSettings>,
    /// Pages of which origins (`TIDEMARK_CORS_ORIGINS`).
    pub origins: Origins,
}

/// A variable that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// One about tokens.
    #[error(transparent)]
    Tokens(#[from] TokenSettingError),
    /// Nobody can be asked over TLS here.
    #[error(transparent)]
    Tls(#[from] tidemark_https::Error),
    /// The origins.
    #[error("TIDEMARK_CORS_ORIGINS is {value:?}: {reason}")]
    Origins {
        /// What it is.
        value: String,
        /// Why that cannot be used.
        reason: NoOrigin,
    },
}

impl AccessSettings {
    /// What the process was started with.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::read(&|name| std::env::var(name).ok())
    }

    /// What `variable` finds.
    pub fn read(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let value = variable("TIDEMARK_CORS_ORIGINS").unwrap_or_default();
        let origins = value
            .parse()
            .map_err(|reason| SettingsError::Origins { value, reason })?;
        let tokens = TokenSettings::read(variable)?;
        Ok(Self { tokens, origins })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_let_in_by_default() {
        assert_eq!(
            AccessSettings::read(&|_| None).unwrap(),
            AccessSettings::default()
        );
    }

    #[test]
    fn an_origin_that_is_none_is_named() {
        let error =
            AccessSettings::read(&|name| (name == "TIDEMARK_CORS_ORIGINS").then(|| "*".into()));
        let error = error.unwrap_err().to_string();
        assert!(
            error.starts_with("TIDEMARK_CORS_ORIGINS is \"*\": "),
            "{error}"
        );
    }
}

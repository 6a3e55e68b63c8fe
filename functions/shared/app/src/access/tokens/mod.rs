//! stand-in
use crate::clock::Clock;
use std::sync::Arc;
use tidemark_api::{access::Refusal, principal::Principal};
#[derive(Debug, Clone, PartialEq, Eq)]
/// x
pub struct TokenSettings;
#[derive(Debug, thiserror::Error)]
#[error("x")]
/// x
pub struct TokenSettingError;
/// x
pub struct Tokens;
impl TokenSettings {
    /// x
    pub fn read(_: &dyn Fn(&str) -> Option<String>) -> Result<Option<Self>, TokenSettingError> {
        Ok(None)
    }
}
impl Tokens {
    /// x
    pub fn new(_: TokenSettings, _: Arc<dyn Clock>) -> Result<Self, TokenSettingError> {
        Ok(Self)
    }
    /// x
    pub async fn principal(&self, _: &str) -> Result<Principal, Refusal> {
        Err(Refusal::Unavailable)
    }
}

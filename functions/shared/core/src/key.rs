//! API keys: a secret that a client keeps, and what the service keeps of it.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::access::{Overrides, Scopes};
use crate::hex::{self, Hex};
use crate::name::Tenant;
use crate::time::Timestamp;

/// A key as its owner has it: `tm_` and 32 random bytes in base64url. It is shown
/// once, when it is made, and is written nowhere; so it has no `Debug`.
pub struct Secret(String);

impl Secret {
    /// What a key begins with, so that it is known for one wherever it turns up.
    pub const PREFIX: &str = "tm_";

    /// The key of 32 random bytes.
    pub fn new(random: [u8; 32]) -> Self {
        let encoded = URL_SAFE_NO_PAD.encode(random);
        Self(format!("{}{encoded}", Self::PREFIX))
    }

    /// The key itself, to be shown to its owner.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hash(&self) -> KeyHash {
        KeyHash::of(&self.0)
    }
}

/// The SHA-256 of a key, which needs neither salt nor stretching: nobody guesses
/// 32 random bytes.
#[derive(Clone, Copy, Eq)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// The hash of what a client shows as its key.
    pub fn of(shown: &str) -> Self {
        Self(Sha256::digest(shown).into())
    }

    /// By which the key is known.
    pub fn id(&self) -> KeyId {
        let mut id = [0; 8];
        id.copy_from_slice(&self.0[..8]);
        KeyId(u64::from_be_bytes(id))
    }
}

impl PartialEq for KeyHash {
    /// Takes as long whatever is compared.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyHash({}..)", self.id())
    }
}

impl fmt::Display for KeyHash {
    /// In hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

/// A text that is no hash or id of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} digits of hexadecimal are expected")]
pub struct NotHex(usize);

impl FromStr for KeyHash {
    type Err = NotHex;

    fn from_str(text: &str) -> Result<Self, NotHex> {
        hex::read(text).map(Self).ok_or(NotHex(64))
    }
}

/// By which a key is found, listed and revoked: the beginning of its hash, as 16
/// digits of hexadecimal. It is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(u64);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for KeyId {
    type Err = NotHex;

    fn from_str(text: &str) -> Result<Self, NotHex> {
        let bytes = hex::read(text).ok_or(NotHex(16))?;
        Ok(Self(u64::from_be_bytes(bytes)))
    }
}

impl TryFrom<String> for KeyId {
    type Error = NotHex;

    fn try_from(text: String) -> Result<Self, NotHex> {
        text.parse()
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> Self {
        id.to_string()
    }
}

/// What the service knows of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The hash of the secret.
    pub hash: KeyHash,
    /// For whom it stands.
    pub tenant: Tenant,
    /// What it may do.
    pub scopes: Scopes,
    /// What its maker calls it.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it is refused.
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    /// The limits of its own.
    pub overrides: Overrides,
}

impl ApiKey {
    /// By which it is known.
    pub fn id(&self) -> KeyId {
        self.hash.id()
    }

    /// Whether whoever shows it is let in.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|expires| now < expires)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_prefix_and_kept_as_its_hash() {
        let secret = Secret::new([0xff; 32]);
        assert_eq!(secret.reveal(), format!("tm_{}8", "_".repeat(42)));
        let hash = secret.hash();
        // As `printf tm_... | sha256sum` prints it.
        assert_eq!(hash.to_string().len(), 64);
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!(hash.id().to_string(), hash.to_string()[..16]);
        assert_eq!(hash.id().to_string().parse(), Ok(hash.id()));
        assert_eq!(
            KeyHash::of("").to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn another_secret_has_another_hash() {
        let mut other = [7; 32];
        other[31] = 8;
        assert!(Secret::new([7; 32]).hash() == Secret::new([7; 32]).hash());
        assert!(Secret::new([7; 32]).hash() != Secret::new(other).hash());
    }

    #[test]
    fn what_is_shown_for_people_is_no_hash() {
        let hash = KeyHash::of("a");
        assert!(!format!("{hash:?}").contains(&hash.to_string()));
        for wrong in [
            "",
            "0",
            &"g".repeat(16),
            &"A".repeat(16),
            &"0".repeat(17),
            "+000000000000000",
        ] {
            assert!(wrong.parse::<KeyId>().is_err(), "{wrong}");
        }
        assert!("é".repeat(32).parse::<KeyHash>().is_err());
    }

    #[test]
    fn a_key_ends() {
        let at = Timestamp::from_nanos;
        let key = ApiKey {
            hash: KeyHash::of("a"),
            tenant: Tenant::local(),
            scopes: Scopes::default(),
            name: String::new(),
            created: at(0),
            expires: Some(at(5)),
            revoked: None,
            overrides: Overrides::default(),
        };
        assert!(key.is_valid(at(4)) && !key.is_valid(at(5)));
        let revoked = ApiKey {
            revoked: Some(at(1)),
            ..key.clone()
        };
        assert!(!revoked.is_valid(at(4)));
        let endless = ApiKey {
            expires: None,
            ..key
        };
        assert!(endless.is_valid(Timestamp::MAX));
    }
}

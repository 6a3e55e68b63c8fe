//! What the environment says of tokens.

use std::net::IpAddr;

use http::Uri;

/// Whose tokens are taken, and where in them what is wanted stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSettings {
    /// The issuer (`TIDEMARK_JWT_ISSUER`), as its tokens name it: an https URL.
    pub issuer: String,
    /// For whom tokens must be (`TIDEMARK_JWT_AUDIENCE`).
    pub audience: String,
    /// The claim that names the tenant (`TIDEMARK_JWT_TENANT_CLAIM`): its name, or
    /// a JSON pointer.
    pub tenant_claim: String,
    /// The claim that lists the scopes (`TIDEMARK_JWT_SCOPES_CLAIM`), likewise.
    pub scopes_claim: String,
    /// What stands before each of ours (`TIDEMARK_JWT_SCOPE_PREFIX`).
    pub scope_prefix: String,
}

/// A variable about tokens that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenSettingError {
    /// One of two that belong together is not there.
    #[error("{missing} is not set, which belongs to {given}")]
    Missing {
        /// Which is not.
        missing: &'static str,
        /// Which is.
        given: &'static str,
    },
    /// It is no issuer.
    #[error("{ISSUER} is {0:?}: an issuer is an https URL (http on this machine alone)")]
    Issuer(String),
    /// It has what an issuer has not. It is not told, as there may be a password.
    #[error("{ISSUER} has a user, a query or a fragment, which no issuer has")]
    Parts,
}

const ISSUER: &str = "TIDEMARK_JWT_ISSUER";
const AUDIENCE: &str = "TIDEMARK_JWT_AUDIENCE";

impl TokenSettings {
    /// What `variable` finds; None where no issuer is named.
    pub fn read(
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, TokenSettingError> {
        // Set to nothing is not set.
        let get = |name: &str| variable(name).filter(|value| !value.is_empty());
        let missing = |missing, given| Err(TokenSettingError::Missing { missing, given });
        let (issuer, audience) = match (get(ISSUER), get(AUDIENCE)) {
            (None, None) => return Ok(None),
            (Some(_), None) => return missing(AUDIENCE, ISSUER),
            (None, Some(_)) => return missing(ISSUER, AUDIENCE),
            (Some(issuer), Some(audience)) => (issuer, audience),
        };
        if issuer.contains(['@', '?', '#']) {
            return Err(TokenSettingError::Parts);
        }
        if way(&issuer).is_none() {
            return Err(TokenSettingError::Issuer(issuer));
        }
        let or = |name, default: &str| get(name).unwrap_or_else(|| default.to_owned());
        Ok(Some(Self {
            issuer,
            audience,
            tenant_claim: or("TIDEMARK_JWT_TENANT_CLAIM", "tenant"),
            scopes_claim: or("TIDEMARK_JWT_SCOPES_CLAIM", "scope"),
            scope_prefix: or("TIDEMARK_JWT_SCOPE_PREFIX", ""),
        }))
    }
}

/// Why what is fetched from a URL cannot be changed on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// It is encrypted.
    Tls,
    /// It does not leave this machine.
    Loopback,
}

/// The safe way to a URL, if there is one.
pub(super) fn way(url: &str) -> Option<Way> {
    let url: Uri = url.parse().ok()?;
    match (url.scheme_str(), url.host()) {
        (Some("https"), Some(_)) => Some(Way::Tls),
        (Some("http"), Some(host)) => {
            let address = host.trim_start_matches('[').trim_end_matches(']');
            let is_here =
                host == "localhost" || address.parse().is_ok_and(|a: IpAddr| a.is_loopback());
            is_here.then_some(Way::Loopback)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<TokenSettings>, String> {
        let find = |name: &str| {
            let mut all = variables.iter();
            all.find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
        };
        TokenSettings::read(&find).map_err(|e| e.to_string())
    }

    #[test]
    fn an_issuer_and_an_audience_belong_together() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[(ISSUER, ""), (AUDIENCE, "")]), Ok(None));
        let error = read(&[(ISSUER, "https://a.b")]).unwrap_err();
        assert!(
            error.starts_with("TIDEMARK_JWT_AUDIENCE is not set"),
            "{error}"
        );
        let error = read(&[(AUDIENCE, "tidemark")]).unwrap_err();
        assert!(
            error.starts_with("TIDEMARK_JWT_ISSUER is not set"),
            "{error}"
        );
        let settings = read(&[(ISSUER, "https://a.b/c"), (AUDIENCE, "tidemark")]);
        let settings = settings.unwrap().unwrap();
        assert_eq!(settings.tenant_claim, "tenant");
        assert_eq!(settings.scopes_claim, "scope");
        assert_eq!(settings.scope_prefix, "");
    }

    #[test]
    fn an_issuer_is_reached_safely() {
        for (issuer, is_good) in [
            ("https://login.example.org/realms/a", true),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("http://localhost:8080/a", true),
            ("http://login.example.org", false),
            ("http://127.0.0.1.example.org", false),
            ("login.example.org", false),
            ("ftp://a.b", false),
            ("https://", false),
            ("https://a.b?c", false),
            ("https://a.b/#c", false),
        ] {
            let settings = read(&[(ISSUER, issuer), (AUDIENCE, "tidemark")]);
            assert_eq!(settings.is_ok(), is_good, "{issuer}");
        }
        let error = read(&[(ISSUER, "https://a:secret@b.c"), (AUDIENCE, "tidemark")]);
        let error = error.unwrap_err();
        assert!(
            error.starts_with(ISSUER) && !error.contains("secret"),
            "{error}"
        );
    }
}

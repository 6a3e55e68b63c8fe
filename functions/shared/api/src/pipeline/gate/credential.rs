//! What the headers of a request show.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use tidemark_access::Credential;
use tidemark_core::key::Secret;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// The scheme of RFC 6750, in any case.
const BEARER: &str = "bearer ";

/// What the headers show, if anything. The error tells the log, and nobody
/// else, why that cannot be used: of two credentials nobody knows which counts.
pub(super) fn read(headers: &HeaderMap) -> Result<Option<Credential<'_>>, &'static str> {
    let bearer = single(headers, &AUTHORIZATION, "Authorization was sent twice")?;
    let key = single(headers, &API_KEY, "X-Api-Key was sent twice")?;
    match (bearer, key) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err("Authorization and X-Api-Key were both sent"),
        (None, Some(key)) if key.starts_with(Secret::PREFIX) => Ok(Some(Credential::Key(key))),
        (None, Some(_)) => Err("X-Api-Key holds no key"),
        (Some(value), None) => {
            let shown = match value.split_at_checked(BEARER.len()) {
                Some((scheme, rest)) if scheme.eq_ignore_ascii_case(BEARER) => rest.trim(),
                _ => return Err("Authorization has another scheme than Bearer"),
            };
            if shown.is_empty() {
                return Err("Authorization holds nothing");
            }
            Ok(Some(if shown.starts_with(Secret::PREFIX) {
                Credential::Key(shown)
            } else {
                Credential::Token(shown)
            }))
        }
    }
}

/// The value of a header that may be there once.
fn single<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    twice: &'static str,
) -> Result<Option<&'a str>, &'static str> {
    let mut values = headers.get_all(name).iter();
    let text = |value: &'a HeaderValue| value.to_str().map_err(|_| "a credential is not ASCII");
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => text(value).map(Some),
        (Some(_), Some(_)) => Err(twice),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[(&'static str, &str)]) -> Result<Option<(bool, String)>, &'static str> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let shown = super::read(&map)?;
        Ok(shown.map(|shown| match shown {
            Credential::Key(key) => (true, key.to_owned()),
            Credential::Token(token) => (false, token.to_owned()),
        }))
    }

    #[test]
    fn keys_and_tokens_are_told_apart() {
        let key = Ok(Some((true, "tm_a".to_owned())));
        let token = Ok(Some((false, "a.b.c".to_owned())));
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[("x-api-key", "tm_a")]), key);
        for scheme in ["Bearer", "bearer", "BEARER"] {
            assert_eq!(read(&[("authorization", &format!("{scheme} tm_a"))]), key);
            assert_eq!(
                read(&[("authorization", &format!("{scheme}  a.b.c "))]),
                token
            );
        }
    }

    #[test]
    fn what_is_ambiguous_or_malformed_is_refused() {
        for headers in [
            &[
                ("authorization", "Bearer tm_a"),
                ("authorization", "Bearer tm_a"),
            ][..],
            &[("x-api-key", "tm_a"), ("x-api-key", "tm_b")],
            &[("authorization", "Bearer tm_a"), ("x-api-key", "tm_a")],
            &[("authorization", "Basic dG06YQ==")],
            &[("authorization", "Bearer")],
            &[("authorization", "Bearer ")],
            &[("authorization", "tm_a")],
            &[("authorization", "")],
            &[("x-api-key", "")],
            &[("x-api-key", "a.b.c")],
            &[("authorization", "Bearer \u{fc}")],
        ] {
            assert!(read(headers).is_err(), "{headers:?}");
        }
    }
}

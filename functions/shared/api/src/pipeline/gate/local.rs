//! Whether a request comes from this machine's own programs. Where nobody need show
//! who he is, a page of anybody's that a browser on this machine has open could ask
//! as well: what it may not do to others, it could do to a loopback address.

use http::header::{HOST, ORIGIN};
use http::{HeaderMap, HeaderValue, Uri};

use crate::named_host::NamedHost;

/// Whether a request names the server as a loopback address is named, and does not
/// come from a page of another origin. A page that has a name of its own lead here
/// (DNS rebinding) is known by that name; one that asks across origins, by its
/// `Origin`.
pub(super) fn is_local(uri: &Uri, headers: &HeaderMap) -> bool {
    // A target that names a host is who is asked, whatever `Host` says.
    let target = uri
        .authority()
        .map(|authority| authority.as_str().as_bytes());
    let Some(named) = target.or_else(|| headers.get(HOST).map(HeaderValue::as_bytes)) else {
        // No browser leaves it out.
        return !headers.contains_key(ORIGIN);
    };
    NamedHost::parse(named).is_some_and(|host| {
        let mut origins = headers.get_all(ORIGIN).iter();
        host.is_loopback() && origins.all(|origin| host.is_origin(origin.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn pages_of_others_are_known() {
        for (host, origin, is_own) in [
            (Some("127.0.0.1:3000"), None, true),
            (Some("localhost:3000"), None, true),
            (Some("[::1]:3000"), None, true),
            (Some("LOCALHOST"), None, true),
            (Some("LocalHost:3411"), None, true),
            (Some("LocalHost:3411"), Some("http://localhost:3411"), true),
            (Some("localhost"), Some("http://localhost:80"), true),
            (None, None, true),
            (Some("127.0.0.1:3000"), Some("http://127.0.0.1:3000"), true),
            (Some("127.0.0.1:3000"), Some("http://127.0.0.1:8080"), false),
            (
                Some("127.0.0.1:3000"),
                Some("https://evil.example.net"),
                false,
            ),
            (Some("127.0.0.1:3000"), Some("null"), false),
            (None, Some("https://evil.example.net"), false),
            // Whose name leads to this machine.
            (Some("evil.example.net:3000"), None, false),
            (
                Some("evil.example.net:3000"),
                Some("http://evil.example.net:3000"),
                false,
            ),
            (Some("127.0.0.1.evil.example.net"), None, false),
            (Some(""), None, false),
            (Some("user@localhost"), None, false),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [(HOST, host), (ORIGIN, origin)] {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_str(value).unwrap());
                }
            }
            assert_eq!(
                is_local(&Uri::default(), &headers),
                is_own,
                "{host:?} {origin:?}"
            );
        }
    }
    #[test]
    fn a_target_that_names_a_host_counts() {
        for (target, host, origin, is_own) in [
            ("http://localhost/api", "evil.example.net", None, true),
            ("http://evil.example.net/api", "localhost", None, false),
            (
                "http://LOCALHOST:1/api",
                "a",
                Some("http://localhost:1"),
                true,
            ),
            ("http://localhost:1/api", "a", Some("http://a"), false),
        ] {
            let mut headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]);
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            let uri = Uri::from_static(target);
            assert_eq!(is_local(&uri, &headers), is_own, "{target} {origin:?}");
        }
        let mut both = HeaderMap::from_iter([(HOST, HeaderValue::from_static("localhost"))]);
        for origin in ["http://localhost", "https://evil.net"] {
            both.append(ORIGIN, HeaderValue::from_static(origin));
        }
        assert!(!is_local(&Uri::default(), &both));
    }
}

//! Whether a request comes from this machine's own programs. Where nobody need show
//! who he is, a page of anybody's that a browser on this machine has open could ask
//! as well: what it may not do to others, it could do to a loopback address.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::{HOST, ORIGIN};
use http::uri::Authority;

/// Whether a request names the server as a loopback address is named, and does not
/// come from a page of another origin. A page that has a name of its own lead here
/// (DNS rebinding) is known by that name; one that asks across origins, by its
/// `Origin`.
pub(super) fn is_local(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST) else {
        // No browser leaves it out.
        return !headers.contains_key(ORIGIN);
    };
    let Ok(Some(authority)) = host.to_str().map(|host| host.parse::<Authority>().ok()) else {
        return false;
    };
    let own = format!("http://{authority}");
    let is_own = headers.get(ORIGIN).is_none_or(|origin| *origin == *own);
    is_own && is_loopback(authority.host())
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|a: IpAddr| a.is_loopback())
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
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in [(HOST, host), (ORIGIN, origin)] {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_str(value).unwrap());
                }
            }
            assert_eq!(is_local(&headers), is_own, "{host:?} {origin:?}");
        }
    }
}

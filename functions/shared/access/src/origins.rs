//! Which pages of other origins may ask.

use std::str::FromStr;

use http::Uri;

/// The origins whose pages may ask; none by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origins(Vec<String>);

/// What is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no origin, as https://example.org is one: scheme, host and perhaps a port")]
pub struct NoOrigin(String);

impl FromStr for Origins {
    type Err = NoOrigin;

    /// Reads origins that are separated by commas.
    fn from_str(text: &str) -> Result<Self, NoOrigin> {
        let parts = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        parts.map(origin).collect::<Result<_, _>>().map(Self)
    }
}

/// An origin as browsers write it. `*` is none: keys are not for any page.
fn origin(text: &str) -> Result<String, NoOrigin> {
    let wrong = || NoOrigin(text.to_owned());
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    let (scheme, authority) = (uri.scheme_str(), uri.authority());
    let (Some(scheme @ ("http" | "https")), Some(authority)) = (scheme, authority) else {
        return Err(wrong());
    };
    // No path, no user, no upper case.
    if format!("{scheme}://{authority}").to_ascii_lowercase() != text || text.contains('@') {
        return Err(wrong());
    }
    Ok(plain(text))
}

/// As browsers write it: in lower case, without the port that is the scheme's own.
fn plain(origin: &str) -> String {
    let mut origin = origin.to_ascii_lowercase();
    let port = if origin.starts_with("https:") {
        ":443"
    } else {
        ":80"
    };
    if origin.ends_with(port) {
        origin.truncate(origin.len() - port.len());
    }
    origin
}

impl Origins {
    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a page of this origin may ask.
    pub fn contains(&self, origin: &[u8]) -> bool {
        std::str::from_utf8(origin).is_ok_and(|origin| self.0.contains(&plain(origin)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "https://charts.example.org";

    #[test]
    fn origins_are_read() {
        for good in [
            "",
            PAGE,
            "http://localhost:8080",
            " https://a.b , http://c:1 ,",
        ] {
            assert!(good.parse::<Origins>().is_ok(), "{good}");
        }
        for wrong in [
            "*",
            "null",
            "example.org",
            "https://a.b/",
            "https://a.b/c",
            "https://A.b",
            "ftp://a.b",
            "https://u@a.b",
            "https://a.b https://c.d",
        ] {
            assert!(wrong.parse::<Origins>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn origins_are_compared_as_they_are_meant() {
        let origins: Origins = "https://a.b:443,http://[::1]:80,http://c:1"
            .parse()
            .unwrap();
        for named in [
            "https://a.b",
            "HTTPS://A.B",
            "https://a.b:443",
            "http://[::1]",
            "http://C:1",
        ] {
            assert!(origins.contains(named.as_bytes()), "{named}");
        }
        for other in [
            "http://a.b",
            "http://a.b:443",
            "https://a.b:80",
            "https://a.b/",
            "http://c",
            "null",
        ] {
            assert!(!origins.contains(other.as_bytes()), "{other}");
        }
    }
}

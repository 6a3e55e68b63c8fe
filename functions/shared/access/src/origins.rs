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
    Ok(text.to_owned())
}

impl Origins {
    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a page of this origin, as a browser writes it, may ask.
    pub fn contains(&self, origin: &[u8]) -> bool {
        self.0.iter().any(|one| one.as_bytes() == origin)
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
}

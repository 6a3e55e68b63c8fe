//! Which pages of other origins may ask (CORS, as the Fetch standard has it).

use std::str::FromStr;

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    VARY,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri};

use crate::routes;

/// What a page may send beside what any may.
const SENT: HeaderValue =
    HeaderValue::from_static("authorization, x-api-key, content-type, content-encoding");
/// What a page may see beside what any may.
const SEEN: HeaderValue =
    HeaderValue::from_static("link, retry-after, warning, www-authenticate, x-request-id");
/// For how many seconds a browser need not ask again.
const AGE: HeaderValue = HeaderValue::from_static("600");

/// The origins whose pages may ask; none by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cors(Vec<HeaderValue>);

/// What is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no origin, as https://example.org is one: scheme, host and perhaps a port")]
pub struct NoOrigin(String);

impl FromStr for Cors {
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
fn origin(text: &str) -> Result<HeaderValue, NoOrigin> {
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
    HeaderValue::from_str(text).map_err(|_| wrong())
}

impl Cors {
    /// The origin of a request, if its pages may ask.
    fn admitted<'a>(&self, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        self.0.contains(origin).then_some(origin)
    }

    /// Whether a request comes from a page that may ask.
    pub(super) fn admits(&self, headers: &HeaderMap) -> bool {
        self.admitted(headers).is_some()
    }

    /// The answer to a browser that asks whether a page may ask; None where nobody
    /// does, or the page may not.
    pub(super) fn preflight(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
    ) -> Option<Response<Bytes>> {
        if method != Method::OPTIONS || !headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
            return None;
        }
        self.admitted(headers)?;
        let methods = routes::methods(path);
        if methods.is_empty() {
            return None;
        }
        let list: Vec<&str> = methods.iter().map(Method::as_str).collect();
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let answer = response.headers_mut();
        answer.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_str(&list.join(", ")).ok()?,
        );
        answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, SENT);
        answer.insert(ACCESS_CONTROL_MAX_AGE, AGE);
        Some(response)
    }

    /// Lets the page see the answer, if it may.
    pub(super) fn mark(&self, asked: &HeaderMap, answer: &mut HeaderMap) {
        if self.0.is_empty() {
            return;
        }
        // A cache must not give one origin what was answered to another.
        answer.append(VARY, HeaderValue::from_static("origin"));
        if let Some(origin) = self.admitted(asked) {
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, SEEN);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "https://charts.example.org";

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = list.iter().map(|(name, value)| {
            (
                http::HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        });
        pairs.collect()
    }

    fn marked(origins: &str, origin: &str) -> HeaderMap {
        let mut answer = HeaderMap::new();
        let cors: Cors = origins.parse().unwrap();
        cors.mark(&headers(&[("origin", origin)]), &mut answer);
        answer
    }

    #[test]
    fn origins_are_read() {
        for good in [
            "",
            PAGE,
            "http://localhost:8080",
            " https://a.b , http://c:1 ,",
        ] {
            assert!(good.parse::<Cors>().is_ok(), "{good}");
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
            assert!(wrong.parse::<Cors>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_pages_of_named_origins_see_answers() {
        assert_eq!(marked("", PAGE), HeaderMap::new());
        let seen = marked(&format!("http://localhost:1,{PAGE}"), PAGE);
        assert_eq!(seen[ACCESS_CONTROL_ALLOW_ORIGIN], PAGE);
        assert_eq!(seen[VARY], "origin");
        for other in [
            "https://charts.example.org.evil.net",
            "http://charts.example.org",
            "null",
        ] {
            let seen = marked(PAGE, other);
            assert_eq!(seen.get(ACCESS_CONTROL_ALLOW_ORIGIN), None, "{other}");
            assert_eq!(seen[VARY], "origin");
        }
    }

    #[test]
    fn a_browser_may_ask_first() {
        let cors: Cors = PAGE.parse().unwrap();
        let asked = headers(&[
            ("origin", PAGE),
            ("access-control-request-method", "DELETE"),
        ]);
        let answer = cors.preflight(&Method::OPTIONS, "/api/a", &asked).unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        assert_eq!(
            answer.headers()[ACCESS_CONTROL_ALLOW_METHODS],
            "GET, HEAD, DELETE"
        );
        assert!(cors.preflight(&Method::GET, "/api/a", &asked).is_none());
        assert!(
            cors.preflight(&Method::OPTIONS, "/nothing", &asked)
                .is_none()
        );
        let other = headers(&[
            ("origin", "https://evil.net"),
            ("access-control-request-method", "DELETE"),
        ]);
        assert!(cors.preflight(&Method::OPTIONS, "/api/a", &other).is_none());
        let none = Cors::default();
        assert!(none.preflight(&Method::OPTIONS, "/api/a", &asked).is_none());
    }
}

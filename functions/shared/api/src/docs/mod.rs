//! `GET /docs`: the OpenAPI document as a page. It is written here, on the
//! server, from the document itself: no script, no font, nothing from another
//! host, and a content security policy that holds it to that.

mod html;

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Response, StatusCode};
use sha2::{Digest, Sha256};

use crate::answer;
use crate::openapi;

/// The media type of the page.
pub const MEDIA_TYPE: &str = "text/html; charset=utf-8";

const STYLE: &str = include_str!("style.css");

static PAGE: LazyLock<Bytes> = LazyLock::new(|| {
    let document = serde_json::to_value(openapi::document()).unwrap_or_default();
    Bytes::from(html::page(&document, STYLE))
});

/// Nothing may be loaded, and only our own style applies.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let digest = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
});

/// The answer of `GET /docs`.
pub fn answer() -> Response<Bytes> {
    let mut response = answer::body(StatusCode::OK, MEDIA_TYPE, PAGE.clone());
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-cache"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use http::header::CONTENT_TYPE;

    use super::*;
    use crate::problem::Kind;
    use crate::routes::ROUTES;

    fn page() -> String {
        String::from_utf8(answer().into_body().to_vec()).unwrap()
    }

    /// What follows each `mark` up to the next `end`.
    fn all<'a>(page: &'a str, mark: &'a str, end: char) -> Vec<&'a str> {
        let parts = page.split(mark).skip(1);
        parts.filter_map(|part| part.split(end).next()).collect()
    }

    #[test]
    fn the_page_shows_every_route_and_problem() {
        let page = page();
        let ids: HashSet<_> = all(&page, " id=\"", '"').into_iter().collect();
        for route in &ROUTES {
            assert!(ids.contains(route.operation.id()), "{route:?}");
            let path = route.path.replace('{', "<var>{").replace('}', "}</var>");
            assert!(page.contains(&path), "{path}");
        }
        for kind in Kind::ALL {
            assert!(ids.contains(kind.type_uri().trim_start_matches("/docs#")));
            assert!(page.contains(kind.title()), "{kind:?}");
        }
        for target in all(&page, "href=\"#", '"') {
            assert!(ids.contains(target), "a link to {target} leads nowhere");
        }
        assert_eq!(ids.len(), all(&page, " id=\"", '"').len(), "ids stand once");
    }

    #[test]
    fn nothing_comes_from_elsewhere() {
        let page = page();
        assert!(!page.contains("<script") && !page.contains("src=") && !page.contains("style="));
        assert!(!page.contains("@import") && !page.contains("url("));
        let links = all(&page, "href=\"", '"');
        let outside: Vec<_> = links
            .iter()
            .filter(|link| !link.starts_with(['#', '/']))
            .collect();
        assert_eq!(outside, Vec::<&&str>::new());
        let style = all(&page, "<style>", '<')[0];
        assert_eq!(style, STYLE, "the policy names the digest of this text");
    }

    #[test]
    fn headers_hold_the_page_to_it() {
        let response = answer();
        let header = |name| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header(CONTENT_TYPE), MEDIA_TYPE);
        assert!(
            header(CONTENT_SECURITY_POLICY).starts_with("default-src 'none'; style-src 'sha256-")
        );
        assert_eq!(header(X_CONTENT_TYPE_OPTIONS), "nosniff");
    }

    #[test]
    fn the_page_is_well_formed() {
        let page = page();
        let mut open: Vec<&str> = Vec::new();
        for tag in all(&page, "<", '>') {
            let name = tag.split([' ', '\n']).next().unwrap();
            if let Some(name) = name.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name), "near {tag}");
            } else if !matches!(name, "!doctype" | "meta") {
                open.push(name);
            }
        }
        assert_eq!(open, Vec::<&str>::new());
    }
}

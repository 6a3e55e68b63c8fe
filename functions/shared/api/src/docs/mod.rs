//! The OpenAPI document as a page. It is written here, on the
//! server, from the document itself: no script, no font, nothing from another
//! host, and a content security policy that holds it to that.

mod html;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderValue;
use sha2::{Digest, Sha256};

use crate::contract::DocsPage;
use crate::openapi;

const STYLE: &str = include_str!("style.css");

/// The page.
pub(crate) fn page() -> DocsPage {
    let document = serde_json::to_value(openapi::document()).unwrap_or_default();
    DocsPage {
        html: Bytes::from(html::page(&document, STYLE)),
        policy: policy(),
    }
}

/// Nothing may be loaded, and only our own style applies.
fn policy() -> HeaderValue {
    let digest = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    // It is all ASCII; were it not, nothing at all would be allowed.
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::problem::ProblemKind;
    use crate::routes::ROUTES;

    fn html() -> String {
        String::from_utf8(page().html.to_vec()).unwrap()
    }

    /// What follows each `mark` up to the next `end`.
    fn all<'a>(page: &'a str, mark: &'a str, end: char) -> Vec<&'a str> {
        let parts = page.split(mark).skip(1);
        parts.filter_map(|part| part.split(end).next()).collect()
    }

    #[test]
    fn the_page_shows_every_route_and_problem() {
        let page = html();
        let ids: HashSet<_> = all(&page, " id=\"", '"').into_iter().collect();
        for route in &ROUTES {
            assert!(ids.contains(route.id), "{route:?}");
            let path = route.path.replace('{', "<var>{").replace('}', "}</var>");
            assert!(page.contains(&path), "{path}");
        }
        for kind in ProblemKind::ALL {
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
        let page = html();
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
    fn a_policy_holds_the_page_to_it() {
        let policy = page().policy;
        let policy = policy.to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
    }

    #[test]
    fn the_page_is_well_formed() {
        let page = html();
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

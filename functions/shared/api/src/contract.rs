//! The contract as it is served: made when it is first asked for.

use std::fmt;
use std::sync::LazyLock;

use bytes::Bytes;
use http::HeaderValue;

/// The OpenAPI document, and the same as a page.
pub struct Contract {
    document: LazyLock<Bytes>,
    page: LazyLock<DocsPage>,
}

/// A page, and what holds it to itself.
#[derive(Debug, Clone)]
pub struct DocsPage {
    /// The page.
    pub html: Bytes,
    /// Its content security policy.
    pub policy: HeaderValue,
}

impl Contract {
    /// What these make.
    pub const fn new(document: fn() -> Bytes, page: fn() -> DocsPage) -> Self {
        Self {
            document: LazyLock::new(document),
            page: LazyLock::new(page),
        }
    }

    /// The document, as JSON.
    pub fn document(&self) -> Bytes {
        self.document.clone()
    }

    /// The page, as HTML.
    pub fn page(&self) -> DocsPage {
        self.page.clone()
    }
}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contract").finish_non_exhaustive()
    }
}

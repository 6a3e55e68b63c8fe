//! A page of rows: written until it holds as many rows as were asked for or as
//! many bytes as an answer may have.

use bytes::Bytes;
use http::header::LINK;
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use tidemark_formats::write::json::append;

use super::body;

/// The most bytes of a page, unless its first row alone is longer.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Rows being written.
#[derive(Debug)]
pub struct PageWriter {
    out: Vec<u8>,
    rows: usize,
    limit: usize,
    separator: &'static str,
    close: &'static str,
    content_type: &'static str,
}

impl PageWriter {
    /// A page of at most `limit` rows between `open` and `close`.
    pub fn new(
        content_type: &'static str,
        (open, separator, close): (&str, &'static str, &'static str),
        limit: usize,
    ) -> Self {
        Self {
            out: open.as_bytes().to_vec(),
            rows: 0,
            limit,
            separator,
            close,
            content_type,
        }
    }

    /// A JSON array.
    pub fn array(limit: usize) -> Self {
        Self::new(super::JSON, ("[", ",", "]"), limit)
    }

    /// Adds the row that `write` appends. `false`: the page is full, the row is
    /// not in it, and there must be a next page.
    pub fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> bool {
        if self.rows >= self.limit {
            return false;
        }
        let before = self.out.len();
        if self.rows > 0 {
            self.out.extend_from_slice(self.separator.as_bytes());
        }
        write(&mut self.out);
        if self.rows > 0 && self.out.len() + self.close.len() > MAX_BYTES {
            self.out.truncate(before);
            // Smaller rows must not slip past this one.
            self.limit = self.rows;
            return false;
        }
        self.rows += 1;
        true
    }

    /// Adds a row through serde.
    pub fn push_json(&mut self, row: &impl Serialize) -> bool {
        self.push(|out| append(out, row))
    }

    /// How many rows it holds.
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// The answer; `next` is where the next page is, if there is one.
    pub fn finish(mut self, next: Option<HeaderValue>) -> Response<Bytes> {
        self.out.extend_from_slice(self.close.as_bytes());
        let mut response = body(StatusCode::OK, self.content_type, self.out);
        if let Some(link) = next {
            response.headers_mut().insert(LINK, link);
        }
        response
    }
}

/// Shows rows until a page is full: the last one that is in it, if another page
/// follows, be it that not all rows are shown or that there are `more`.
pub(crate) fn shown<R>(rows: &[R], more: bool, push: impl FnMut(&R) -> bool) -> Option<&R> {
    let mut push = push;
    let count = rows.iter().take_while(|row| push(row)).count();
    let last = rows.get(count.checked_sub(1)?)?;
    (more || count < rows.len()).then_some(last)
}

#[cfg(test)]
pub(crate) fn text(response: &Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_at_its_limit() {
        let mut page = PageWriter::array(2);
        assert!(page.push_json(&1));
        assert!(page.push_json(&2));
        assert!(!page.push_json(&3));
        assert_eq!(page.rows(), 2);
        let response = page.finish(Some(HeaderValue::from_static("</x>; rel=\"next\"")));
        assert_eq!(text(&response), "[1,2]");
        assert_eq!(response.headers()[LINK], "</x>; rel=\"next\"");
        let empty = PageWriter::array(2).finish(None);
        assert_eq!((text(&empty).as_str(), empty.headers().len()), ("[]", 1));
    }

    #[test]
    fn a_page_ends_at_4_mib() {
        let row = "x".repeat(MAX_BYTES / 2 - 10);
        let mut page = PageWriter::array(100);
        assert!(page.push_json(&row));
        assert!(page.push_json(&row));
        assert!(!page.push_json(&row));
        assert!(!page.push_json(&1));
        assert_eq!(page.rows(), 2);
        let response = page.finish(None);
        assert!(response.body().len() <= MAX_BYTES);
        assert!(serde_json::from_slice::<Vec<String>>(response.body()).is_ok());
    }

    #[test]
    fn a_page_is_exactly_4_mib_at_most() {
        for (length, fits) in [(MAX_BYTES - 6, true), (MAX_BYTES - 5, false)] {
            let mut page = PageWriter::array(100);
            assert!(page.push_json(&1));
            assert_eq!(page.push_json(&"x".repeat(length)), fits);
        }
    }

    #[test]
    fn a_page_has_a_row_whatever_its_size() {
        let mut page = PageWriter::array(100);
        assert!(page.push_json(&"x".repeat(MAX_BYTES)));
        assert!(!page.push_json(&1));
        assert_eq!(page.rows(), 1);
    }
}

//! The fields of one record.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// What RFC 4180 does not allow of quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QuoteError {
    #[error("a quote is left open")]
    Open,
    #[error("after a closing quote there is more than a comma")]
    AfterClosing,
    #[error("there is a quote in a field that does not begin with one")]
    Inside,
}

/// The fields of a record one after the other, without their quotes. After an
/// error there are no more.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    rest: Option<&'a str>,
}

impl<'a> Fields<'a> {
    /// Those of a record without its line end.
    pub(crate) const fn of(record: &'a str) -> Self {
        Self { rest: Some(record) }
    }

    /// The rest of a field, of which the first byte was a quote.
    fn quoted(&mut self, text: &'a str) -> Result<Cow<'a, str>, QuoteError> {
        let bytes = text.as_bytes();
        let (mut at, mut has_doubled) = (0, false);
        loop {
            let end = at + memchr(b'"', &bytes[at..]).ok_or(QuoteError::Open)?;
            match bytes.get(end + 1) {
                Some(b'"') => {
                    has_doubled = true;
                    at = end + 2;
                    continue;
                }
                Some(b',') => self.rest = Some(&text[end + 2..]),
                Some(_) => return Err(QuoteError::AfterClosing),
                None => {}
            }
            let field = &text[..end];
            return Ok(if has_doubled {
                Cow::Owned(field.replace("\"\"", "\""))
            } else {
                Cow::Borrowed(field)
            });
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Cow<'a, str>, QuoteError>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.rest.take()?;
        if let Some(quoted) = text.strip_prefix('"') {
            return Some(self.quoted(quoted));
        }
        let Some(end) = memchr2(b',', b'"', text.as_bytes()) else {
            return Some(Ok(Cow::Borrowed(text)));
        };
        if text.as_bytes()[end] == b'"' {
            return Some(Err(QuoteError::Inside));
        }
        self.rest = Some(&text[end + 1..]);
        Some(Ok(Cow::Borrowed(&text[..end])))
    }
}

//! Percent-encoding, strictly: what is not an escape or not UTF-8 is an error,
//! so that two spellings of one name are one name and rubbish is no name.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// All is escaped but RFC 3986's unreserved characters, and the colon and the
/// comma, which mean nothing special in a segment or a query.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b',');

/// A `%` without two hexadecimal digits after it, or bytes that are not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undecodable;

/// Decodes a segment of a path: `%2F` is a slash, `+` a plus.
pub fn decode(text: &str) -> Result<Cow<'_, str>, Undecodable> {
    let bytes = text.as_bytes();
    let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let broken = |(at, &b): (usize, &u8)| b == b'%' && !(hex(at + 1) && hex(at + 2));
    if bytes.iter().enumerate().any(broken) {
        return Err(Undecodable);
    }
    percent_decode_str(text)
        .decode_utf8()
        .map_err(|_| Undecodable)
}

/// Decodes a name or a value of a query: as [`decode`], and `+` is a space.
pub fn decode_query(text: &str) -> Result<String, Undecodable> {
    decode(&text.replace('+', " ")).map(Cow::into_owned)
}

/// Encodes a segment, a name or a value, piece by piece.
pub fn encode(text: &str) -> impl Iterator<Item = &str> {
    utf8_percent_encode(text, RESERVED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rubbish_is_refused() {
        for bad in ["%", "%2", "%zz", "a%2", "%+1", "%ff", "%c3%28"] {
            assert_eq!(decode(bad), Err(Undecodable), "{bad}");
        }
        assert_eq!(decode("a%2Fb+c").as_deref(), Ok("a/b+c"));
        assert_eq!(decode_query("a+b%2Bc"), Ok("a b+c".to_owned()));
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes(text in "\\PC{0,20}") {
            let code = encode(&text).collect::<String>();
            prop_assert!(code.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:,%".contains(&b)));
            prop_assert_eq!(decode(&code), Ok(Cow::from(&text)));
            prop_assert_eq!(decode_query(&code), Ok(text));
        }
    }
}

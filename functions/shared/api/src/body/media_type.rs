//! The value of `Content-Type` (RFC 9110, 8.3). Not the crate `mime`'s, which takes
//! neither blanks before a `;` nor tabs.

/// A media type, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MediaType {
    /// Type and subtype, in lower case.
    pub(super) essence: String,
    /// The parameter `charset`, in lower case.
    pub(super) charset: Option<String>,
    /// The parameter `type`: of what is inside, as in `multipart/related` (RFC 2387,
    /// 3.1).
    pub(super) inner: Option<String>,
}

impl MediaType {
    /// None where it is no media type, or has two of a parameter that matters.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches(BLANK);
        let (essence, mut rest) = text.split_at(text.find(';').unwrap_or(text.len()));
        let essence = essence.trim_end_matches(BLANK);
        let (main, sub) = essence.split_once('/')?;
        if !is_token(main) || !is_token(sub) {
            return None;
        }
        let (mut charset, mut inner) = (None, None);
        while let Some(parameter) = rest.strip_prefix(';') {
            let parameter = parameter.trim_start_matches(BLANK);
            // A `;` may stand without a parameter.
            if parameter.is_empty() || parameter.starts_with(';') {
                rest = parameter;
                continue;
            }
            let (name, after) = parameter.split_once('=')?;
            let (value, after) = value(after)?;
            if !is_token(name) {
                return None;
            }
            let known = match name.to_ascii_lowercase().as_str() {
                "charset" => Some(&mut charset),
                "type" => Some(&mut inner),
                _ => None,
            };
            if known.is_some_and(|known| known.replace(value).is_some()) {
                return None;
            }
            rest = after.trim_start_matches(BLANK);
        }
        rest.is_empty().then(|| Self {
            essence: essence.to_ascii_lowercase(),
            charset: charset.map(|charset: String| charset.to_ascii_lowercase()),
            inner,
        })
    }
}

/// What may stand around a `;`.
const BLANK: [char; 2] = [' ', '\t'];

/// A token or a quoted string, as what it means, and what comes after it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|c| c == ';' || BLANK.contains(&c));
        let (token, rest) = text.split_at(end.unwrap_or(text.len()));
        return is_token(token).then(|| (token.to_owned(), rest));
    };
    let mut value = String::new();
    let mut chars = quoted.chars();
    loop {
        match chars.next()? {
            '"' => return Some((value, chars.as_str())),
            '\\' => value.push(chars.next()?),
            other => value.push(other),
        }
    }
}

fn is_token(text: &str) -> bool {
    let is_in = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(is_in)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_read() {
        for (text, charset) in [
            ("text/csv", None),
            ("Text/CSV;charset=UTF-8", Some("utf-8")),
            ("text/csv ; charset=utf-8", Some("utf-8")),
            ("text/csv\t;\t charset=utf-8\t", Some("utf-8")),
            ("text/csv; Charset=\"UTF-8\"", Some("utf-8")),
            (
                "text/csv; charset=\"u\\tf-8\" ; header=present",
                Some("utf-8"),
            ),
            ("text/csv; header=\"a;charset=x\\\"\";charset=y", Some("y")),
            ("text/csv;", None),
            ("text/csv; ;; charset=y ; ", Some("y")),
        ] {
            let essence = "text/csv".to_owned();
            let charset = charset.map(str::to_owned);
            let parsed = MediaType::parse(text).unwrap();
            assert_eq!((parsed.essence, parsed.charset), (essence, charset));
            assert_eq!(parsed.inner, None, "{text}");
        }
        for (text, inner) in [
            ("application/gzip; type=\"text/csv\"", "text/csv"),
            (
                "application/gzip;Type=\"text/csv;charset=\\\"UTF-8\\\"\"",
                "text/csv;charset=\"UTF-8\"",
            ),
            ("application/gzip; charset=utf-8; type=csv", "csv"),
        ] {
            let parsed = MediaType::parse(text).unwrap();
            assert_eq!(parsed.essence, "application/gzip");
            assert_eq!(parsed.inner.as_deref(), Some(inner), "{text}");
        }
        for wrong in [
            "",
            "csv",
            "text/",
            "/csv",
            "text /csv",
            "text/ csv",
            "text/c sv",
            "text/csv/x",
            "text/csv, text/csv",
            "text/csv; charset",
            "text/csv; charset=",
            "text/csv; charset =utf-8",
            "text/csv; charset= utf-8",
            "text/csv; =utf-8",
            "text/csv; charset=\"utf-8",
            "text/csv; charset=\"utf-8\\",
            "text/csv; charset=\"utf-8\"x",
            "text/csv; charset=utf-8 x",
            "text/csv; charset=utf-8; charset=utf-8",
            "text/csv; charset=utf-8, text/csv",
            // A slash is in no token.
            "application/gzip; type=text/csv",
            "application/gzip; type=\"text/csv\"; type=\"text/csv\"",
        ] {
            assert_eq!(MediaType::parse(wrong), None, "{wrong}");
        }
    }
}

//! Where a JSON value that comes in pieces ends.

/// Follows one JSON value to its end, byte by byte; what lies inside is not
/// checked. Whatever the value, its end is not before the place where a parser
/// would refuse it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Boundary {
    kind: Kind,
    depth: usize,
    in_string: bool,
    /// Whether a backslash came last.
    escaped: bool,
    /// How many bytes belong to the escape `\u`, whatever they are.
    escape: u8,
}

/// What the value is, by its first byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    /// Nothing of it came yet.
    #[default]
    Unknown,
    /// A string, an array or an object, which ends with a byte of its own.
    Closed,
    /// A number or a word, which ends before the first byte of something else.
    Open,
}

impl Boundary {
    /// Goes on through `bytes`: how many of them belong to the value, if it ends
    /// there. One more byte belongs to a number or a word, the one that ends it.
    pub(crate) fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        bytes
            .iter()
            .position(|&byte| self.ends_with(byte))
            .map(|at| at + 1)
    }

    fn ends_with(&mut self, byte: u8) -> bool {
        if self.kind == Kind::Unknown {
            self.kind = match byte {
                b'"' | b'[' | b'{' => Kind::Closed,
                _ => {
                    self.kind = Kind::Open;
                    return false;
                }
            };
        }
        if self.kind == Kind::Open {
            let goes_on = byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
            // A character that is not ASCII is not cut in two.
            return !(goes_on || byte >= 0x80);
        }
        if self.in_string {
            return self.closes_string(byte) && self.depth == 0;
        }
        match byte {
            b'"' => self.in_string = true,
            b'[' | b'{' => self.depth += 1,
            b']' | b'}' => {
                self.depth -= 1;
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }

    fn closes_string(&mut self, byte: u8) -> bool {
        if std::mem::take(&mut self.escaped) {
            // `serde_json` takes the four bytes before it looks at them.
            self.escape = if byte == b'u' { 4 } else { 0 };
        } else if self.escape > 0 {
            self.escape -= 1;
        } else if byte == b'\\' {
            self.escaped = true;
        } else if byte == b'"' {
            self.in_string = false;
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_end_where_they_end() {
        for (value, rest) in [
            (r#""""#, " ,"),
            (r#""a\"b\\""#, "\""),
            (r#""\\\"[{""#, "]"),
            (r#""\u005c""#, "\""),
            ("[]", "]"),
            (r#"[[],"]",{"a":["\"]"]}]"#, ",1"),
            ("{]", "x"),
            ("12,", "3"),
            ("-1.5e+3]", "]"),
            ("true ", " "),
            ("nué:", ""),
            (": ", ""),
        ] {
            let text = format!("{value}{rest}");
            for cut in 0..=text.len() {
                let (one, two) = text.as_bytes().split_at(cut);
                let mut boundary = Boundary::default();
                let end = boundary
                    .end(one)
                    .or_else(|| boundary.end(two).map(|end| end + cut));
                assert_eq!(end, Some(value.len()), "{text} {cut}");
            }
        }
    }

    #[test]
    fn values_that_are_cut_have_no_end() {
        for value in ["", "\"a\\\"", "\"\\u0g\"]", "[1,{}", "{\"}\"", "12", "tr"] {
            assert_eq!(Boundary::default().end(value.as_bytes()), None, "{value}");
        }
    }
}

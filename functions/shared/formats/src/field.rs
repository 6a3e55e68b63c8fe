//! Single fields of a point: names, times, values and tags, from JSON as it is
//! written, or from plain text.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{SeqAccess, Visitor};
use tidemark_core::discard::Reason;
use tidemark_core::point::{Tags, Value};
use tidemark_core::time::{TimeError, Timestamp};
use tidemark_core::zone::Zone;

use crate::fault::Fault;

/// Whether a JSON value, as it is written, is a number.
fn is_number(json: &str) -> bool {
    json.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

/// What a JSON value is, for people.
fn kind(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

/// The text of a JSON string; borrowed unless it holds an escape.
pub(crate) fn string<'a>(json: &'a str, field: &'static str) -> Result<Cow<'a, str>, Fault> {
    let wrong = |detail: String| Fault::at(field, Reason::Malformed, detail);
    let name = &field[1..];
    let Some(inside) = json.strip_prefix('"').and_then(|s| s.strip_suffix('"')) else {
        return Err(wrong(format!(
            "`{name}` is to be a string, not {}",
            kind(json)
        )));
    };
    if !inside.contains('\\') {
        return Ok(Cow::Borrowed(inside));
    }
    serde_json::from_str(json)
        .map(Cow::Owned)
        .map_err(|_| wrong(format!("`{name}` holds an escape that is no character")))
}

/// A time: a JSON number of epoch seconds, or a string.
pub(crate) fn time(json: &str, field: &'static str) -> Result<Timestamp, Fault> {
    if is_number(json) {
        return time_text(json, field);
    }
    if !json.starts_with('"') {
        let name = &field[1..];
        let detail = format!("`{name}` is to be a number or a string, not {}", kind(json));
        return Err(Fault::at(field, Reason::Malformed, detail));
    }
    time_text(&string(json, field)?, field)
}

/// A time as plain text.
pub(crate) fn time_text(text: &str, field: &'static str) -> Result<Timestamp, Fault> {
    Timestamp::parse(text, Zone::UTC).map_err(|error| time_fault(error, field))
}

fn time_fault(error: TimeError, field: &'static str) -> Fault {
    let reason = match error {
        TimeError::Syntax | TimeError::Leap => Reason::Malformed,
        TimeError::Range => Reason::OutOfRange,
    };
    Fault::at(field, reason, format!("`{}`: {error}", &field[1..]))
}

/// What is wrong with a value: the reason, and the rest of a sentence that
/// begins with the field's name.
pub(crate) type ValueFault = (Reason, String);

/// A value: a JSON number.
pub(crate) fn value(json: &str) -> Result<Value, ValueFault> {
    if is_number(json) {
        value_text(json)
    } else {
        let detail = format!("is to be a number, not {}", kind(json));
        Err((Reason::Malformed, detail))
    }
}

/// A value as plain text, rounded correctly to the nearest f64.
pub(crate) fn value_text(text: &str) -> Result<Value, ValueFault> {
    let Ok(number) = text.parse::<f64>() else {
        return Err((Reason::Malformed, "is not a number".to_owned()));
    };
    Value::new(number).map_err(|_| {
        let digits = text.bytes().any(|b| b.is_ascii_digit());
        let detail = if digits {
            "is beyond what a 64-bit float can hold"
        } else {
            "is not a finite number"
        };
        (Reason::NotFinite, detail.to_owned())
    })
}

/// Tags: a JSON array of strings.
pub(crate) fn tags(json: &str) -> Result<Tags, Fault> {
    let wrong = |detail: String| Fault::at("/tags", Reason::Malformed, detail);
    if !json.starts_with('[') {
        let detail = format!("`tags` is to be an array of strings, not {}", kind(json));
        return Err(wrong(detail));
    }
    let strings: FewStrings = serde_json::from_str(json).map_err(|_| {
        wrong(format!(
            "`tags` is to be an array of at most {MOST_TAGS} strings"
        ))
    })?;
    Tags::new(strings.0).map_err(|error| wrong(format!("`tags`: {error}")))
}

/// Tags as plain text, separated by `;`. No text: no tags.
pub(crate) fn tags_text(text: &str) -> Result<Tags, Fault> {
    if text.is_empty() {
        return Ok(Tags::none());
    }
    Tags::new(text.split(';').take(MOST_TAGS + 1).map(str::to_owned))
        .map_err(|error| Fault::at("/tags", Reason::Malformed, format!("`tags`: {error}")))
}

/// How many tags are looked at, repeated ones included: without a bound, a body
/// of nothing but tags would take many times its size.
const MOST_TAGS: usize = 256;

struct FewStrings(Vec<String>);

impl<'de> Deserialize<'de> for FewStrings {
    fn deserialize<D: serde::Deserializer<'de>>(array: D) -> Result<Self, D::Error> {
        struct Few;
        impl<'de> Visitor<'de> for Few {
            type Value = Vec<String>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of strings")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
                let mut strings = Vec::new();
                while let Some(string) = array.next_element::<String>()? {
                    if strings.len() == MOST_TAGS {
                        return Err(serde::de::Error::custom("too many"));
                    }
                    strings.push(string);
                }
                Ok(strings)
            }
        }
        array.deserialize_seq(Few).map(Self)
    }
}

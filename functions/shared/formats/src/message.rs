//! The data server's messages:
//! `{"time": <epoch seconds>, "value": <number> | [4 bytes], "tags": [...]}`,
//! the bytes being a little-endian float32. Members that are not known are
//! overlooked, so that the server may add some.

use serde::Deserialize;
use serde_json::value::RawValue;
use tidemark_core::discard::Reason;
use tidemark_core::point::{Tags, Value};
use tidemark_core::rules::Rules;
use tidemark_core::time::{TimeError, Timestamp};
use tidemark_core::zone::Zone;

use crate::fault::Fault;

/// What could be read of a message, and what was wrong with the rest.
#[derive(Debug, Default, PartialEq)]
pub struct Decoded {
    /// When.
    pub time: Option<Timestamp>,
    /// How much.
    pub value: Option<Value>,
    /// As far as they are strings, so that every rule can be held against them.
    pub tags: Tags,
    /// What was wrong.
    pub faults: Vec<Fault>,
}

#[derive(Deserialize)]
struct Form<'a> {
    #[serde(borrow)]
    time: Option<&'a RawValue>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    #[serde(borrow)]
    tags: Option<&'a RawValue>,
}

/// Reads a message as far as it goes.
pub fn decode(bytes: &[u8]) -> Decoded {
    let mut decoded = Decoded::default();
    // serde would take an array for the members in their order.
    let is_object = bytes.trim_ascii_start().starts_with(b"{");
    let form: Form<'_> = match serde_json::from_slice(bytes) {
        Ok(form) if is_object => form,
        Ok(_) => {
            let fault = Fault::item("the message is not an object");
            decoded.faults.push(fault);
            return decoded;
        }
        Err(error) => {
            let detail = format!("the message is not what the data server sends: {error}");
            decoded.faults.push(Fault::item(detail));
            return decoded;
        }
    };
    let mut fault = |place: &'static str, reason, detail: &str| {
        let detail = format!("`{}` {detail}", &place[1..]);
        decoded.faults.push(Fault::at(place, reason, detail));
    };
    match form.time.map(|raw| parse_time(raw.get())) {
        Some(Ok(time)) => decoded.time = Some(time),
        Some(Err(error @ TimeError::Range)) => {
            fault(
                TIME,
                Reason::OutOfRange,
                &format!("is out of range: {error}"),
            );
        }
        Some(Err(TimeError::Syntax | TimeError::Leap)) => {
            fault(TIME, Reason::Malformed, "is not a number of epoch seconds");
        }
        None => fault(TIME, Reason::Malformed, MISSING),
    }
    match form.value.map(|raw| parse_value(raw.get())) {
        Some(Some(number)) => match Value::new(number) {
            Ok(value) => decoded.value = Some(value),
            Err(_) => fault(VALUE, Reason::NotFinite, "is not a finite number"),
        },
        Some(None) => {
            let detail = "is neither a number nor the four bytes of a float32";
            fault(VALUE, Reason::Malformed, detail);
        }
        None => fault(VALUE, Reason::Malformed, MISSING),
    }
    if let Some(raw) = form.tags {
        let (tags, wrong) = parse_tags(raw.get());
        if let Some(detail) = wrong {
            fault(TAGS, Reason::Malformed, &detail);
        }
        decoded.tags = tags;
    }
    decoded
}

const TIME: &str = "/time";
const VALUE: &str = "/value";
const TAGS: &str = "/tags";
const MISSING: &str = "is missing";

/// A JSON number, never a string.
fn parse_time(raw: &str) -> Result<Timestamp, TimeError> {
    if !raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return Err(TimeError::Syntax);
    }
    Timestamp::parse(raw, Zone::UTC)
}

/// The tags, and what is wrong with them. Where that is something, those that
/// discard still have their say.
fn parse_tags(raw: &str) -> (Tags, Option<String>) {
    const NO_LIST: &str = "is not a list of strings";
    let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw) else {
        return (Tags::none(), Some(NO_LIST.to_owned()));
    };
    let texts: Vec<String> = items
        .iter()
        .filter_map(|item| serde_json::from_str(item.get()).ok())
        .collect();
    let wrong = if texts.len() < items.len() {
        NO_LIST.to_owned()
    } else {
        match Tags::new(texts.iter().cloned()) {
            Ok(tags) => return (tags, None),
            Err(error) => format!("is no set of tags: {error}"),
        }
    };
    let telling = texts
        .into_iter()
        .filter(|text| Rules::reason_of(text).is_some());
    (Tags::new(telling).unwrap_or_default(), Some(wrong))
}

/// None if it is of neither form; may be NaN or infinite.
fn parse_value(raw: &str) -> Option<f64> {
    if raw.starts_with('[') {
        let bytes: [u8; 4] = serde_json::from_str(raw).ok()?;
        return Some(f64::from(f32::from_le_bytes(bytes)));
    }
    // Not a string, an object, or `true`: what is left of JSON is a number.
    if !raw.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        return None;
    }
    raw.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reasons(message: &str) -> Vec<Reason> {
        decode(message.as_bytes())
            .faults
            .into_iter()
            .map(|fault| fault.reason)
            .collect()
    }

    #[test]
    fn both_variants_of_a_value() {
        let bytes = decode(br#"{"time": 1711644891, "value": [68, 51, 127, 191], "tags": []}"#);
        assert_eq!(bytes.faults, []);
        assert_eq!(bytes.time, Timestamp::from_seconds(1_711_644_891).ok());
        assert_eq!(bytes.value.map(Value::get), Some(-0.996_876_001_358_032_2));
        let number =
            decode(br#"{"time": 1712751031.5, "value": 1.0122155, "tags": ["sun-glint"]}"#);
        assert_eq!(number.value.map(Value::get), Some(1.012_215_5));
        assert!(number.tags.contains("sun-glint"));
        assert_eq!(
            number.time.map(Timestamp::nanos),
            Some(1_712_751_031_500_000_000)
        );
    }

    #[test]
    fn everything_wrong_is_named() {
        use Reason::{Malformed, NotFinite, OutOfRange};
        assert_eq!(reasons(r#"{"time": 1, "value": 1}"#), []);
        assert_eq!(reasons(r#"{"time": 1, "value": 1, "unit": "V"}"#), []);
        assert_eq!(reasons(r#"{"time": 1, "value": [1, 2, 3]}"#), [Malformed]);
        assert_eq!(
            reasons(r#"{"time": 1, "value": [1, 2, 3, 256]}"#),
            [Malformed]
        );
        assert_eq!(
            reasons(r#"{"time": 1, "value": [0, 0, 192, 127]}"#),
            [NotFinite]
        );
        assert_eq!(reasons(r#"{"time": 1, "value": 1e400}"#), [NotFinite]);
        assert_eq!(reasons(r#"{"time": 1, "value": "1"}"#), [Malformed]);
        assert_eq!(reasons(r#"{"time": "1", "value": 1}"#), [Malformed]);
        assert_eq!(
            reasons(r#"{"time": 1e30, "value": true}"#),
            [OutOfRange, Malformed]
        );
        assert_eq!(
            reasons(r#"{"value": 1, "tags": "suspect"}"#),
            [Malformed, Malformed]
        );
        assert_eq!(reasons("{"), [Malformed]);
        assert_eq!(reasons(""), [Malformed]);
        assert_eq!(reasons("[1, 2, []]"), [Malformed]);
        assert_eq!(decode(b"\xff{}").faults.len(), 1);
        let nested = "[".repeat(100_000);
        assert_eq!(reasons(&nested), [Malformed]);
    }

    #[test]
    fn bad_tags_do_not_hide_the_telling_ones() {
        for bad in [r#""a;b""#, r#""""#, "7", "null", "[]", r#""\ud800""#] {
            let message = format!(r#"{{"time": 1, "value": 1, "tags": [{bad}, "suspect"]}}"#);
            let decoded = decode(message.as_bytes());
            assert_eq!(decoded.faults.len(), 1, "{bad}");
            assert!(decoded.tags.contains("suspect"), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let _ = decode(&bytes);
        }

        #[test]
        fn floats_keep_every_bit(value in prop::num::f32::ANY) {
            let message = format!(r#"{{"time": 1, "value": {:?}}}"#, value.to_le_bytes());
            let decoded = decode(message.as_bytes());
            if value.is_finite() {
                prop_assert_eq!(decoded.value.map(|v| v.get().to_bits()), Some(f64::from(value).to_bits()));
            } else {
                prop_assert_eq!(decoded.faults[0].reason, Reason::NotFinite);
            }
        }
    }
}

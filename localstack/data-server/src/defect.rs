//! The ways in which a message can be malformed. Each has exactly one thing
//! wrong with it, a recent time where it has any, and no tag that discards: so
//! it is to be discarded for one reason.

use crate::reason::Reason;
use crate::schedule::epoch_seconds;

/// A way to be malformed.
#[derive(Debug)]
pub(crate) struct Defect {
    /// What is wrong.
    pub(crate) name: &'static str,
    /// The reason for which the message is to be discarded.
    pub(crate) reason: Reason,
    /// Makes such a message.
    pub(crate) payload: fn(&Sample) -> Vec<u8>,
}

/// What would have gone into a well-formed message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// Its place in the sequence.
    pub(crate) n: u64,
    /// Microseconds since 1970 UTC.
    pub(crate) time: i64,
    /// The value.
    pub(crate) value: f32,
}

impl Sample {
    fn time(&self) -> String {
        epoch_seconds(self.time)
    }

    fn bytes(&self) -> String {
        format!("{:?}", self.value.to_le_bytes())
    }

    /// A message in which the value is `value`.
    fn with_value(&self, value: &str) -> Vec<u8> {
        format!(
            r#"{{"time": {}, "value": {value}, "tags": []}}"#,
            self.time()
        )
        .into_bytes()
    }

    /// A message in which the time is `time`.
    fn with_time(&self, time: &str) -> Vec<u8> {
        format!(
            r#"{{"time": {time}, "value": {}, "tags": []}}"#,
            self.bytes()
        )
        .into_bytes()
    }

    /// A message in which the tags are `tags`.
    fn with_tags(&self, tags: &str) -> Vec<u8> {
        let (time, value) = (self.time(), self.bytes());
        format!(r#"{{"time": {time}, "value": {value}, "tags": {tags}}}"#).into_bytes()
    }

    fn whole(&self) -> Vec<u8> {
        self.with_tags("[]")
    }
}

const fn malformed(name: &'static str, payload: fn(&Sample) -> Vec<u8>) -> Defect {
    Defect {
        name,
        reason: Reason::Malformed,
        payload,
    }
}

const fn not_finite(name: &'static str, payload: fn(&Sample) -> Vec<u8>) -> Defect {
    Defect {
        name,
        reason: Reason::NotFinite,
        payload,
    }
}

const fn out_of_range(name: &'static str, payload: fn(&Sample) -> Vec<u8>) -> Defect {
    Defect {
        name,
        reason: Reason::OutOfRange,
        payload,
    }
}

/// The first second after 1970 that 64-bit nanoseconds cannot name.
const BEYOND: u64 = 9_223_372_037;

/// Every way there is.
pub(crate) static ALL: [Defect; 29] = [
    // Not JSON.
    malformed("nothing at all", |_| Vec::new()),
    malformed("cut off", |s| {
        let whole = s.whole();
        whole[..whole.len() / 2].to_vec()
    }),
    malformed("two messages at once", |s| [s.whole(), s.whole()].concat()),
    malformed("not JSON", |s| {
        format!("time={};value={}", s.time(), s.value).into_bytes()
    }),
    malformed("single quotes", |s| {
        String::from_utf8_lossy(&s.whole())
            .replace('"', "'")
            .into_bytes()
    }),
    malformed("the word NaN", |s| s.with_value("NaN")),
    malformed("brackets that do not close", |_| b"[".repeat(1000)),
    malformed("not UTF-8", |s| {
        let mut bytes = s.with_tags("[\"caf?\"]");
        if let Some(mark) = bytes.iter_mut().find(|b| **b == b'?') {
            *mark = 0xe9;
        }
        bytes
    }),
    malformed("bytes of no encoding", |s| {
        let mut bytes = vec![0xff, 0xfe, 0x00, 0xc0, 0x80];
        bytes.extend(s.n.to_le_bytes());
        bytes
    }),
    // Not an object.
    malformed("null", |_| b"null".to_vec()),
    malformed("a bare number", |s| s.value.to_string().into_bytes()),
    malformed("an array of a message", |s| {
        [b"[".as_slice(), &s.whole(), b"]"].concat()
    }),
    // Fields.
    malformed("no time", |s| {
        format!(r#"{{"value": {}, "tags": []}}"#, s.bytes()).into_bytes()
    }),
    malformed("no value", |s| {
        format!(r#"{{"time": {}, "tags": []}}"#, s.time()).into_bytes()
    }),
    // Types.
    malformed("a time in words", |s| s.with_time("\"yesterday\"")),
    malformed("a time that is null", |s| s.with_time("null")),
    malformed("a value that is a string", |s| {
        s.with_value(&format!("\"{}\"", s.value))
    }),
    malformed("a value that is null", |s| s.with_value("null")),
    malformed("three bytes of value", |s| {
        s.with_value(&format!("{:?}", &s.value.to_le_bytes()[..3]))
    }),
    malformed("five bytes of value", |s| {
        s.with_value("[0, 0, 128, 62, 0]")
    }),
    malformed("a byte of 256", |s| s.with_value("[0, 256, 128, 62]")),
    malformed("a byte that is a fraction", |s| {
        s.with_value("[0, 0.5, 128, 62]")
    }),
    malformed("tags that are one string", |s| s.with_tags("\"night\"")),
    malformed("a tag that is a number", |s| s.with_tags("[7]")),
    // Values.
    not_finite("the bytes of NaN", |s| {
        s.with_value(&format!("{:?}", f32::NAN.to_le_bytes()))
    }),
    not_finite("the bytes of infinity", |s| {
        s.with_value(&format!("{:?}", f32::NEG_INFINITY.to_le_bytes()))
    }),
    not_finite("a number beyond all floats", |s| s.with_value("1e400")),
    // Times.
    out_of_range("a time after 2262", |s| {
        s.with_time(&(BEYOND + s.n).to_string())
    }),
    out_of_range("a time before 1677", |s| {
        s.with_time(&format!("-{}", BEYOND + s.n))
    }),
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::HashSet;

    const SAMPLE: Sample = Sample {
        n: 7,
        time: 1_790_112_910_005_000,
        value: -0.25,
    };

    /// The rules again, in the simplest form that reads messages.
    fn judge(payload: &[u8]) -> Option<Reason> {
        let Ok(Value::Object(json)) = serde_json::from_slice::<Value>(payload) else {
            let overflow = payload.windows(5).any(|w| w == b"1e400");
            return Some(if overflow {
                Reason::NotFinite
            } else {
                Reason::Malformed
            });
        };
        let known = |key: &String| ["time", "value", "tags"].contains(&key.as_str());
        let bytes = |v: &Value| -> Option<f32> {
            let bytes: Vec<u8> = serde_json::from_value(v.clone()).ok()?;
            Some(f32::from_le_bytes(bytes.try_into().ok()?))
        };
        let time = json.get("time").and_then(Value::as_f64);
        let value = json
            .get("value")
            .and_then(|v| v.as_f64().or_else(|| bytes(v).map(f64::from)));
        let tags = json.get("tags").cloned().unwrap_or_default();
        let tags = serde_json::from_value::<Vec<String>>(tags).is_ok();
        let (Some(time), Some(value), true, true) = (time, value, tags, json.keys().all(known))
        else {
            return Some(Reason::Malformed);
        };
        if !value.is_finite() {
            return Some(Reason::NotFinite);
        }
        (time.abs() * 1e9 > i64::MAX as f64).then_some(Reason::OutOfRange)
    }

    #[test]
    fn each_is_wrong_as_it_says() {
        assert_eq!(judge(&SAMPLE.whole()), None);
        for defect in &ALL {
            let payload = (defect.payload)(&SAMPLE);
            assert_eq!(judge(&payload), Some(defect.reason), "{}", defect.name);
        }
    }

    #[test]
    fn each_is_another() {
        let names: HashSet<_> = ALL.iter().map(|d| d.name).collect();
        let payloads: HashSet<_> = ALL.iter().map(|d| (d.payload)(&SAMPLE)).collect();
        assert_eq!((names.len(), payloads.len()), (ALL.len(), ALL.len()));
        let not_utf8 = payloads.iter().filter(|p| std::str::from_utf8(p).is_err());
        assert_eq!(not_utf8.count(), 2);
    }
}

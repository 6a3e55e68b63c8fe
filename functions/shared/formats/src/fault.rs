//! What is wrong with one item.

use std::borrow::Cow;

use tidemark_core::discard::Reason;

/// One thing that is wrong with an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where: a JSON pointer (RFC 6901), or `/<line>/<field>` in NDJSON and CSV.
    /// Relative to the item, as long as it is not known where that stands.
    pub pointer: Cow<'static, str>,
    /// What kind of fault.
    pub reason: Reason,
    /// The same for people.
    pub detail: String,
}

impl Fault {
    /// The item as a whole is not of the form that was asked for.
    pub fn item(detail: impl Into<String>) -> Self {
        Self::at("", Reason::Malformed, detail)
    }

    /// A fault of one of its fields; `pointer` begins with a slash.
    pub fn at(
        pointer: impl Into<Cow<'static, str>>,
        reason: Reason,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            pointer: pointer.into(),
            reason,
            detail: detail.into(),
        }
    }

    /// The same of an item that stands at `prefix`.
    pub(crate) fn under(&self, prefix: &str) -> Self {
        Self {
            pointer: Cow::Owned(format!("{prefix}{}", self.pointer)),
            ..self.clone()
        }
    }
}

/// The reasons of several faults, each once and in order, and their details in
/// one text: what a reject says of them.
pub fn told(faults: &[Fault]) -> (Vec<Reason>, String) {
    let mut reasons: Vec<Reason> = faults.iter().map(|fault| fault.reason).collect();
    reasons.sort_unstable();
    reasons.dedup();
    let details: Vec<&str> = faults.iter().map(|fault| fault.detail.as_str()).collect();
    (reasons, details.join("; "))
}

/// The one fault that `serde_json` overlooks while it skips a value.
pub(crate) const NO_CHARACTER: &str = "a key holds an escape that is no character";

/// The longest name of a field that is repeated to the client, in bytes.
const LONGEST_ECHO: usize = 64;

/// The place of a field whose name is the client's own, as a JSON pointer
/// (RFC 6901); a very long one is not repeated: the item itself is pointed to.
pub(crate) fn place_of(parent: &str, key: &str) -> Cow<'static, str> {
    if key.len() > LONGEST_ECHO {
        return Cow::Owned(parent.to_owned());
    }
    let escaped = key.replace('~', "~0").replace('/', "~1");
    Cow::Owned(format!("{parent}/{escaped}"))
}

/// A field's name for people.
pub(crate) fn quoted(key: &str) -> String {
    if key.len() > LONGEST_ECHO {
        format!("a field whose name has {} bytes", key.len())
    } else {
        format!("`{key}`")
    }
}

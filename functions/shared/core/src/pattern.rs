//! Patterns over the names of series, which are read as segments with `.` or `:`
//! between them.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use crate::name::SeriesName;
use crate::stat::Stat;

/// Names of columns that an answer has beside the labels.
const COLUMNS: [&str; 4] = ["start", "end", "series", "contributing"];

/// Which names are meant: `plant.{unit}.temp.*`.
///
/// A segment of a pattern is a literal; `*`, which stands for one segment; `**`, which
/// stands for any number of them, none included, and takes the separator before it
/// along; or `{label}`, one segment that is told apart. Separators are as in the name.
/// Where a name matches in several ways, each `**` stands for as few segments as it can,
/// the first one first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    elements: Vec<Element>,
    labels: Vec<String>,
}

/// Why a text is not a pattern. Positions count bytes from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// No bytes at all.
    #[error("a pattern must not be empty")]
    Empty,
    /// More bytes than [`Pattern::MAX_BYTES`].
    #[error("a pattern has at most {max} bytes, this one has {0}", max = Pattern::MAX_BYTES)]
    TooLong(usize),
    /// A byte that no name has.
    #[error(
        "a pattern consists of what names consist of, `*`, `**` and `{{label}}`; byte {0} is something else"
    )]
    Character(usize),
    /// A wildcard that is not a segment by itself.
    #[error(
        "`*`, `**` and `{{label}}` are whole segments, between `.` or `:`; that at byte {0} is a part of one"
    )]
    Partial(usize),
    /// What is no name of a label.
    #[error(
        "a label is a lower-case letter, then lower-case letters, digits and `_`; that at byte {0} is not"
    )]
    Label(usize),
    /// A label that would read like another column of the answer.
    #[error("`{0}` cannot be a label: it is a column of the answer")]
    Reserved(String),
    /// A label that stands twice.
    #[error("the label `{0}` stands twice")]
    Twice(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Element {
    /// What stands before it; nothing before the first.
    separator: Option<u8>,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Literal(String),
    One,
    Many,
    Label,
}

/// A segment of a name, and what stands before it.
type Segment<'a> = (Option<u8>, &'a str);

impl Pattern {
    /// The most bytes of a pattern: as many as a name has, and labels.
    pub const MAX_BYTES: usize = 512;

    /// The names of its labels, in their order.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// With what all names begin that match.
    pub fn prefix(&self) -> &str {
        let mut length = 0;
        for element in &self.elements {
            let separator = usize::from(element.separator.is_some());
            match &element.kind {
                Kind::Literal(text) => length += separator + text.len(),
                Kind::One | Kind::Label => {
                    length += separator;
                    break;
                }
                Kind::Many => break,
            }
        }
        &self.text[..length]
    }

    /// Whether a name matches.
    pub fn matches(&self, name: &SeriesName) -> bool {
        self.captures(name).is_some()
    }

    /// What the labels stand for in a name, in their order; None if it does not match.
    pub fn captures<'a>(&self, name: &'a SeriesName) -> Option<Vec<&'a str>> {
        let mut matching = Matching {
            elements: &self.elements,
            segments: segments(name.as_str()).collect(),
            captured: Vec::with_capacity(self.labels.len()),
            failed: HashSet::new(),
        };
        matching.goes_on(0, 0).then_some(matching.captured)
    }
}

/// A name that is held against a pattern.
struct Matching<'p, 'n> {
    elements: &'p [Element],
    segments: Vec<Segment<'n>>,
    /// What the labels so far stand for.
    captured: Vec<&'n str>,
    /// From which elements and segments on nothing matches: what keeps patterns of many
    /// `**` from being tried in all ways there are.
    failed: HashSet<(usize, usize)>,
}

impl Matching<'_, '_> {
    /// Whether the elements from `at` match the segments from `read`.
    fn goes_on(&mut self, at: usize, read: usize) -> bool {
        let Some(element) = self.elements.get(at) else {
            return read == self.segments.len();
        };
        if element.kind == Kind::Many {
            return self.many(at, read);
        }
        let Some(&segment) = self.segments.get(read) else {
            return false;
        };
        if !element.follows(segment) {
            return false;
        }
        match &element.kind {
            Kind::Literal(text) => text == segment.1 && self.goes_on(at + 1, read + 1),
            Kind::One | Kind::Many => self.goes_on(at + 1, read + 1),
            Kind::Label => {
                self.captured.push(segment.1);
                let matches = self.goes_on(at + 1, read + 1);
                if !matches {
                    self.captured.pop();
                }
                matches
            }
        }
    }

    fn many(&mut self, at: usize, read: usize) -> bool {
        if self.failed.contains(&(at, read)) {
            return false;
        }
        let most = match self.segments.get(read) {
            Some(&first) if self.elements[at].follows(first) => self.segments.len() - read,
            Some(_) | None => 0,
        };
        let matches = (0..=most).any(|taken| self.goes_on(at + 1, read + taken));
        if !matches {
            self.failed.insert((at, read));
        }
        matches
    }
}

impl Element {
    /// Whether a segment has the separator that this element has. The first segment of a
    /// name has none, and follows whatever stood for nothing.
    fn follows(&self, (separator, _): Segment<'_>) -> bool {
        separator.is_none() || separator == self.separator
    }
}

/// The segments of a name, or of a pattern.
fn segments(text: &str) -> impl Iterator<Item = Segment<'_>> {
    let mut rest = Some(text);
    let mut separator = None;
    std::iter::from_fn(move || {
        let text = rest?;
        let end = text.find(['.', ':']);
        let segment = (separator, &text[..end.unwrap_or(text.len())]);
        separator = end.map(|end| text.as_bytes()[end]);
        rest = end.map(|end| &text[end + 1..]);
        Some(segment)
    })
}

/// Whether a text has the form of a label.
fn is_label(text: &str) -> bool {
    let rest = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.bytes().all(rest)
}

impl FromStr for Pattern {
    type Err = PatternError;
    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if text.len() > Self::MAX_BYTES {
            return Err(PatternError::TooLong(text.len()));
        }
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._:-*{}".contains(&b);
        if let Some(at) = text.bytes().position(|b| !allowed(b)) {
            return Err(PatternError::Character(at));
        }
        let mut elements = Vec::new();
        let mut labels: Vec<String> = Vec::new();
        let mut at = 0;
        for (separator, segment) in segments(text) {
            at += usize::from(separator.is_some());
            let inner = segment
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'));
            let kind = match (segment, inner) {
                ("*", _) => Kind::One,
                ("**", _) => Kind::Many,
                (_, Some(label)) => {
                    if !is_label(label) {
                        return Err(PatternError::Label(at + 1));
                    }
                    if COLUMNS.contains(&label) || label.parse::<Stat>().is_ok() {
                        return Err(PatternError::Reserved(label.to_owned()));
                    }
                    if labels.iter().any(|other| other == label) {
                        return Err(PatternError::Twice(label.to_owned()));
                    }
                    labels.push(label.to_owned());
                    Kind::Label
                }
                (literal, None) => match literal.find(['*', '{', '}']) {
                    Some(wild) => return Err(PatternError::Partial(at + wild)),
                    None => Kind::Literal(literal.to_owned()),
                },
            };
            at += segment.len();
            elements.push(Element { separator, kind });
        }
        Ok(Self {
            text: text.to_owned(),
            elements,
            labels,
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;

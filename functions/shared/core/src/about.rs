//! What people say of a series: its title, its unit and a note.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest of these texts, in characters (Unicode scalar values).
pub const MAX_CHARACTERS: usize = 256;

/// Why a text is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AboutError {
    /// No characters, or white space alone: what is not there is told by its
    /// absence.
    #[error("a text must not be blank; null clears it")]
    Blank,
    /// More characters than [`MAX_CHARACTERS`].
    #[error("a text has at most {MAX_CHARACTERS} characters, this one has {0}")]
    TooLong(usize),
    /// A control character (Unicode's category Cc) that is not allowed; its
    /// position counts characters, from 0.
    #[error("character {0} is a control character")]
    Control(usize),
}

fn check(text: &str, is_allowed: impl Fn(char) -> bool) -> Result<(), AboutError> {
    let length = text.chars().count();
    if length > MAX_CHARACTERS {
        return Err(AboutError::TooLong(length));
    }
    let wrong = |character: char| character.is_control() && !is_allowed(character);
    if let Some(at) = text.chars().position(wrong) {
        return Err(AboutError::Control(at));
    }
    if text.trim().is_empty() {
        return Err(AboutError::Blank);
    }
    Ok(())
}

macro_rules! text {
    ($(#[$doc:meta])* $type:ident, $is_allowed:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(Cow<'static, str>);

        impl $type {
            /// Takes `text` if it may be one; as it is, blanks at its ends
            /// included.
            pub fn new(text: impl Into<String>) -> Result<Self, AboutError> {
                let text = text.into();
                check(&text, $is_allowed)?;
                Ok(Self(Cow::Owned(text)))
            }

            /// The text as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = AboutError;
            fn try_from(text: String) -> Result<Self, AboutError> {
                Self::new(text)
            }
        }

        impl From<$type> for String {
            fn from(text: $type) -> Self {
                text.0.into_owned()
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text! {
    /// A title or a unit: 1 to [`MAX_CHARACTERS`] characters, not only white
    /// space, without control characters.
    Label, |_| false
}

text! {
    /// A note: like a [`Label`], but of several lines if need be; a line feed is
    /// the only control character in it.
    Remark, |character| character == '\n'
}

impl Label {
    /// The unit of active energy in what meters send.
    pub const KILOWATT_HOURS: Self = Self(Cow::Borrowed("kWh"));
}

/// What is said of a series.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct About {
    /// What people call it.
    pub title: Option<Label>,
    /// The unit of its values.
    pub unit: Option<Label>,
    /// What else there is to know.
    pub note: Option<Remark>,
}

impl About {
    /// Whether nothing is said.
    pub const fn is_empty(&self) -> bool {
        self.title.is_none() && self.unit.is_none() && self.note.is_none()
    }
}

/// What becomes of one of the texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Edit<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is there no more.
    Clear,
    /// It is replaced.
    Set(T),
}

impl<T: Clone> Edit<T> {
    fn apply(&self, to: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *to = None,
            Self::Set(text) => *to = Some(text.clone()),
        }
    }
}

impl<T> Edit<T> {
    const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

/// A change of what is said of a series.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AboutChange {
    /// Of the title.
    pub title: Edit<Label>,
    /// Of the unit.
    pub unit: Edit<Label>,
    /// Of the note.
    pub note: Edit<Remark>,
}

impl AboutChange {
    /// Whether all stays as it is.
    pub const fn is_empty(&self) -> bool {
        self.title.is_keep() && self.unit.is_keep() && self.note.is_keep()
    }

    /// Changes `about`.
    pub fn apply(&self, about: &mut About) {
        self.title.apply(&mut about.title);
        self.unit.apply(&mut about.unit);
        self.note.apply(&mut about.note);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_checked() {
        // Four bytes each, and one character.
        let longest = "\u{1F50C}".repeat(MAX_CHARACTERS);
        for good in ["a", "kWh", "m\u{b3}/h", " Zähler 1 ", "\u{2028}.", &longest] {
            assert_eq!(Label::new(good).unwrap().as_str(), good);
            assert_eq!(Remark::new(good).unwrap().as_str(), good);
        }
        let long = format!("{longest}a");
        for (wrong, why) in [
            ("", AboutError::Blank),
            (" \u{a0}\u{2003}\u{3000}", AboutError::Blank),
            (&long, AboutError::TooLong(257)),
            ("é\0", AboutError::Control(1)),
            ("a\tb", AboutError::Control(1)),
            ("\u{85}", AboutError::Control(0)),
            ("a\r\nb", AboutError::Control(1)),
        ] {
            assert_eq!(Label::new(wrong), Err(why), "{wrong:?}");
            assert_eq!(Remark::new(wrong), Err(why), "{wrong:?}");
        }
        // A note has lines.
        assert_eq!(Label::new("a\nb"), Err(AboutError::Control(1)));
        assert_eq!(Remark::new("a\n\nb\n").unwrap().as_str(), "a\n\nb\n");
        assert_eq!(Remark::new("\n"), Err(AboutError::Blank));
    }

    #[test]
    fn what_is_stored_is_checked_when_it_is_read() {
        let about: About = serde_json::from_str(r#"{"title":"a","unit":null,"note":"b"}"#).unwrap();
        assert_eq!(
            serde_json::to_string(&about).unwrap(),
            r#"{"title":"a","unit":null,"note":"b"}"#
        );
        assert!(serde_json::from_str::<About>(r#"{"title":"\u0007"}"#).is_err());
        let unit = Label::KILOWATT_HOURS;
        assert_eq!(Label::new(unit.as_str()), Ok(unit));
    }

    #[test]
    fn a_change_changes_what_it_names() {
        let mut about = About::default();
        let label = |text: &str| Label::new(text).unwrap();
        let change = AboutChange {
            title: Edit::Set(label("a")),
            note: Edit::Set(Remark::new("n").unwrap()),
            ..AboutChange::default()
        };
        assert!(about.is_empty() && !change.is_empty());
        change.apply(&mut about);
        let change = AboutChange {
            unit: Edit::Set(label("W")),
            note: Edit::Clear,
            ..AboutChange::default()
        };
        change.apply(&mut about);
        let expected = About {
            title: Some(label("a")),
            unit: Some(label("W")),
            note: None,
        };
        assert_eq!(about, expected);
        let nothing = AboutChange::default();
        assert!(nothing.is_empty() && !about.is_empty());
        nothing.apply(&mut about);
        assert_eq!(about, expected);
    }
}

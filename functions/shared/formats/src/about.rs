//! What a client says of a series: an object of texts, in JSON.

use tidemark_core::about::{AboutChange, AboutError, Edit, Label, Remark};
use tidemark_core::discard::Reason;

use crate::error::ReadError;
use crate::fault::{Fault, NO_CHARACTER, place_of, quoted};
use crate::field;
use crate::json::scan::{self, Json, Next};
use crate::position::Position;

/// What some programs write before UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";
const FIELDS: [&str; 3] = ["/title", "/unit", "/note"];

/// Reads a change of what is said of a series: `{"title", "unit", "note"}`, each
/// a text, or null to clear it, or not there to keep what there is.
///
/// The outer error says that it is no JSON object, the inner one what is wrong
/// with its fields.
pub fn read_about(body: &[u8]) -> Result<Result<AboutChange, Vec<Fault>>, ReadError> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let wrong = Position::START.after(&body[..=error.valid_up_to()]);
        ReadError::Utf8 {
            line: wrong.line,
            column: wrong.column,
        }
    })?;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut json = Json::new(text, Position::START);
    let value = match json.value(true)? {
        Next::Whole(value) => value,
        Next::Cut(_) | Next::Long => {
            let pointer = String::new();
            return Err(ReadError::LongItem { pointer });
        }
    };
    json.end()?;
    if !value.starts_with('{') {
        let detail = "the body is to be an object: {\"title\": ..., \"unit\": ..., \"note\": ...}";
        return Err(ReadError::shape(detail));
    }
    Ok(read(value))
}

fn read(object: &str) -> Result<AboutChange, Vec<Fault>> {
    let (mut change, mut faults) = (AboutChange::default(), Vec::new());
    let mut seen = [false; FIELDS.len()];
    let members = scan::members(object, |key, value| {
        let Some(at) = FIELDS.iter().position(|field| field[1..] == *key) else {
            let detail = format!("{} is not among title, unit and note", quoted(&key));
            faults.push(Fault::at(place_of("", &key), Reason::Malformed, detail));
            return;
        };
        if std::mem::replace(&mut seen[at], true) {
            let detail = format!("`{key}` stands twice");
            faults.push(Fault::at(FIELDS[at], Reason::Malformed, detail));
        } else if let Err(fault) = take(&mut change, at, value) {
            faults.push(fault);
        }
    });
    if members.is_err() {
        faults.push(Fault::item(NO_CHARACTER));
    }
    if faults.is_empty() {
        Ok(change)
    } else {
        Err(faults)
    }
}

fn take(change: &mut AboutChange, field: usize, json: &str) -> Result<(), Fault> {
    match field {
        0 => change.title = edit(json, FIELDS[0], Label::new)?,
        1 => change.unit = edit(json, FIELDS[1], Label::new)?,
        _ => change.note = edit(json, FIELDS[2], Remark::new)?,
    }
    Ok(())
}

fn edit<T>(
    json: &str,
    field: &'static str,
    new: impl FnOnce(String) -> Result<T, AboutError>,
) -> Result<Edit<T>, Fault> {
    if json == "null" {
        return Ok(Edit::Clear);
    }
    let text = field::string(json, field)?.into_owned();
    new(text).map(Edit::Set).map_err(|error| {
        let reason = match error {
            AboutError::TooLong(_) => Reason::TooLarge,
            AboutError::Blank | AboutError::Control(_) => Reason::Malformed,
        };
        Fault::at(field, reason, format!("`{}`: {error}", &field[1..]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::MAX_ITEM;

    fn label(text: &str) -> Edit<Label> {
        Edit::Set(Label::new(text).unwrap())
    }

    #[test]
    fn fields_are_set_cleared_and_kept() {
        let note = |text: &str| Edit::Set(Remark::new(text).unwrap());
        for (body, title, unit, expected) in [
            ("{}", Edit::Keep, Edit::Keep, Edit::Keep),
            (
                "\u{feff} {\"unit\": \"kWh\" }\r\n",
                Edit::Keep,
                label("kWh"),
                Edit::Keep,
            ),
            (
                r#"{"title":"\u00e9\u20ac","note":"a\nb","unit":null}"#,
                label("é€"),
                Edit::Clear,
                note("a\nb"),
            ),
        ] {
            let change = AboutChange {
                title,
                unit,
                note: expected,
            };
            assert_eq!(read_about(body.as_bytes()), Ok(Ok(change)), "{body}");
        }
    }

    #[test]
    fn what_is_wrong_with_fields_is_listed() {
        let long = format!(r#"{{"note":"{}"}}"#, "é".repeat(257));
        for (body, expected) in [
            (
                r#"{"title":1,"unit":["W"],"note":true}"#,
                vec![
                    (
                        "/title",
                        Reason::Malformed,
                        "`title` is to be a string, not a number",
                    ),
                    (
                        "/unit",
                        Reason::Malformed,
                        "`unit` is to be a string, not an array",
                    ),
                    (
                        "/note",
                        Reason::Malformed,
                        "`note` is to be a string, not a boolean",
                    ),
                ],
            ),
            (
                long.as_str(),
                vec![(
                    "/note",
                    Reason::TooLarge,
                    "`note`: a text has at most 256 characters, this one has 257",
                )],
            ),
            (
                r#"{"unit":"","title":"a\u0007","name":"b","a/b~":1}"#,
                vec![
                    (
                        "/unit",
                        Reason::Malformed,
                        "`unit`: a text must not be blank; null clears it",
                    ),
                    (
                        "/title",
                        Reason::Malformed,
                        "`title`: character 1 is a control character",
                    ),
                    (
                        "/name",
                        Reason::Malformed,
                        "`name` is not among title, unit and note",
                    ),
                    (
                        "/a~1b~0",
                        Reason::Malformed,
                        "`a/b~` is not among title, unit and note",
                    ),
                ],
            ),
            (
                r#"{"unit":"W","unit":null,"title":"\ud800"}"#,
                vec![
                    ("/unit", Reason::Malformed, "`unit` stands twice"),
                    (
                        "/title",
                        Reason::Malformed,
                        "`title` holds an escape that is no character",
                    ),
                ],
            ),
            (
                r#"{"\ud800":1}"#,
                vec![("", Reason::Malformed, NO_CHARACTER)],
            ),
        ] {
            let faults = read_about(body.as_bytes()).unwrap().unwrap_err();
            let faults: Vec<_> = faults
                .iter()
                .map(|f| (&*f.pointer, f.reason, f.detail.as_str()))
                .collect();
            assert_eq!(faults, expected, "{body}");
        }
    }

    #[test]
    fn what_is_no_object_is_refused_with_its_place() {
        let refused = |body: &[u8]| read_about(body).unwrap_err().to_string();
        for (body, expected) in [
            ("", "EOF while parsing a value at line 1 column 0"),
            (
                "{\"unit\":\n",
                "EOF while parsing a value at line 2 column 0",
            ),
            ("{\"unit\":NaN}", "expected value at line 1 column 9"),
            ("{} {}", "trailing characters at line 1 column 4"),
        ] {
            assert_eq!(refused(body.as_bytes()), expected, "{body}");
        }
        for body in ["[]", "null", "\"unit\"", "1"] {
            assert!(refused(body.as_bytes()).starts_with("the body is to be an object"));
        }
        assert_eq!(
            refused(b"{\n\"unit\":\"\xff\"}"),
            "the body is not UTF-8 at line 2 column 9"
        );
        let long = format!("{{\"unit\":\"{}\"}}", "x".repeat(MAX_ITEM));
        let error = read_about(long.as_bytes()).unwrap_err();
        assert!(matches!(error, ReadError::LongItem { .. }), "{error}");
    }
}

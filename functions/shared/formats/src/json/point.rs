//! Points in JSON: an array of `{"name", "t", "v", "tags"}`, or one a line.

use tidemark_core::discard::{Format, Reason};

use super::collect::{Collector, Draft, Origin, Place};
use super::error::{BodyError, Fault, NO_CHARACTER, place_of, quoted};
use super::field;
use super::plain;
use super::scan::{self, Json};

/// Reads an array of points.
pub(super) fn array(text: &str, collector: &mut Collector) -> Result<(), BodyError> {
    let mut json = Json::new(text);
    if json.peek().is_none() {
        return Err(BodyError::Empty);
    }
    if !json.eat(b'[') {
        // What is no JSON at all is told first.
        json.value()?;
        json.end()?;
        return Err(BodyError::Shape {
            detail:
                "the body is to be an array of points: [{\"name\": ..., \"t\": ..., \"v\": ...}]"
                    .to_owned(),
        });
    }
    let mut number = 0;
    while json.element(number == 0)? {
        let place = Place { parent: "", number };
        element(&mut json, place, collector)?;
        number += 1;
    }
    json.end()
}

/// Reads a point a line; blank lines are skipped. A line that is no JSON value
/// spoils the body, as it does in an array.
pub(super) fn lines(text: &str, collector: &mut Collector) -> Result<(), BodyError> {
    let mut start = 0;
    for (number, line) in (1..).zip(text.split('\n')) {
        let end = start + line.len();
        // What comes after the line is out of reach: a value ends with its line.
        let mut json = Json::starting_at(text.get(..end).unwrap_or(text), start);
        if json.peek().is_some() {
            let place = Place { parent: "", number };
            element(&mut json, place, collector)?;
            json.end()?;
        }
        start = end + 1;
    }
    Ok(())
}

fn element(json: &mut Json<'_>, place: Place, collector: &mut Collector) -> Result<(), BodyError> {
    json.peek();
    if let Some((point, bytes)) = plain::point(json.rest())
        && collector.add_plain(point.name, point.time, point.value, place)?
    {
        json.advance(bytes);
        return Ok(());
    }
    let payload = json.value()?;
    let origin = Origin {
        place,
        payload,
        format: Format::Point,
    };
    collector.add(read(payload), origin)
}

/// Reads one point, which is a JSON value.
pub(super) fn read(json: &str) -> Draft<'_> {
    let mut draft = Draft::default();
    if !json.starts_with('{') {
        draft.fault(Fault::item(
            "a point is to be an object: {\"name\": ..., \"t\": ..., \"v\": ...}",
        ));
        return draft;
    }
    let mut seen = [false; 4];
    let read = scan::members(json, |key, value| {
        let Some(at) = FIELDS.iter().position(|field| field[1..] == *key) else {
            draft.fault(Fault::at(
                place_of("", &key),
                Reason::Malformed,
                format!("{} is not a field of a point", quoted(&key)),
            ));
            return;
        };
        if std::mem::replace(&mut seen[at], true) {
            let detail = format!("`{key}` stands twice");
            draft.fault(Fault::at(FIELDS[at], Reason::Malformed, detail));
        } else if let Err(fault) = take(&mut draft, at, value) {
            draft.fault(fault);
        }
    });
    if read.is_err() {
        draft.fault(Fault::item(NO_CHARACTER));
    }
    for (field, seen) in FIELDS.into_iter().zip(seen).take(REQUIRED) {
        if !seen {
            let detail = format!("`{}` is missing", &field[1..]);
            draft.fault(Fault::item(detail));
        }
    }
    draft
}

const FIELDS: [&str; 4] = ["/name", "/t", "/v", "/tags"];
const REQUIRED: usize = 3;

fn take<'a>(draft: &mut Draft<'a>, field: usize, json: &'a str) -> Result<(), Fault> {
    match field {
        0 => draft.name = Some(field::string(json, "/name")?),
        1 => draft.time = Some(field::time(json, "/t")?),
        2 => {
            let value = field::value(json)
                .map_err(|(reason, detail)| Fault::at("/v", reason, format!("`v` {detail}")))?;
            draft.value = Some(value);
        }
        _ => draft.tags = field::tags(json)?,
    }
    Ok(())
}

//! A point in JSON: `{"name", "t", "v", "tags"}`.

use tidemark_core::discard::{Format, Reason};

use crate::collect::{Collector, Draft, Origin, Place};
use crate::error::{MAX_ITEM, ReadError};
use crate::fault::{Fault, NO_CHARACTER, place_of, quoted};
use crate::field;
use crate::json::array::{Element, Item};
use crate::json::plain;
use crate::json::scan::{self, Json, Next};

/// The elements of an array of points.
#[derive(Debug)]
pub(crate) struct PointItem;

impl Item for PointItem {
    const SHAPE: &'static str =
        "the body is to be an array of points: [{\"name\": ..., \"t\": ..., \"v\": ...}]";
    const IN_ENVELOPE: bool = false;

    fn read(
        json: &mut Json<'_>,
        last: bool,
        place: Place,
        into: &mut Collector,
    ) -> Result<Element, ReadError> {
        element(json, last, place, into)
    }
}

/// Reads the point that comes next; `last` if nothing follows the text.
pub(crate) fn element(
    json: &mut Json<'_>,
    last: bool,
    place: Place,
    into: &mut Collector,
) -> Result<Element, ReadError> {
    if let Some((point, bytes)) = plain::point(json.rest())
        && bytes <= MAX_ITEM
        && into.add_plain(point.name, point.time, point.value, place)?
    {
        json.advance(bytes);
        return Ok(Element::Read);
    }
    match json.value(last)? {
        Next::Whole(payload) => {
            let origin = Origin {
                place,
                payload,
                format: Format::Point,
            };
            into.add(read(payload), origin)?;
            Ok(Element::Read)
        }
        Next::Cut(boundary) => Ok(Element::Cut(boundary)),
        Next::Long => Err(place.long()),
    }
}

/// Reads one point, which is a JSON value.
pub(crate) fn read(json: &str) -> Draft<'_> {
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

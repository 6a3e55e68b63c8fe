//! Measurements of energy meters: rows that hold any number of values, each
//! under its OBIS code (IEC 62056-61), as `{"data": [...]}` or the bare array.

use std::borrow::Cow;

use tidemark_core::discard::{Format, Reason};
use tidemark_core::name::SeriesName;
use tidemark_core::point::Tags;
use tidemark_core::time::Timestamp;

use crate::collect::{Collector, Draft, Origin, Place};
use crate::error::ReadError;
use crate::fault::{Fault, NO_CHARACTER, place_of, quoted};
use crate::field;
use crate::json::array::{Element, Item};
use crate::json::scan::{self, Json, Next};
use crate::obis;

/// The longest name of a measurement or a meter, in bytes.
pub const MAX_PART_BYTES: usize = 80;
/// The longest name or value of a meter's tag, in characters.
pub const MAX_TAG_CHARACTERS: usize = 48;

/// The elements of an array of rows.
#[derive(Debug)]
pub(crate) struct RowItem;

impl Item for RowItem {
    const SHAPE: &'static str = "the body is to be {\"data\": [...]} or an array of measurements";
    const IN_ENVELOPE: bool = true;

    fn read(
        json: &mut Json<'_>,
        last: bool,
        place: Place,
        into: &mut Collector,
    ) -> Result<Element, ReadError> {
        match json.value(last)? {
            Next::Whole(payload) => {
                let origin = Origin {
                    place,
                    payload,
                    format: Format::Meter,
                };
                collect(read(payload), origin, into)?;
                Ok(Element::Read)
            }
            Next::Cut(boundary) => Ok(Element::Cut(boundary)),
            Next::Long => Err(place.long()),
        }
    }
}

/// What is wrong with a row is listed once, and rejects each of its points; a
/// row whose points have no names is rejected as one.
fn collect(row: Row<'_>, origin: Origin<'_>, into: &mut Collector) -> Result<(), ReadError> {
    if row.faults.is_empty() {
        return row
            .points
            .into_iter()
            .try_for_each(|draft| into.add(draft, origin));
    }
    into.list(&row.faults, origin.place);
    let mut points = row.points;
    if points.is_empty() || !row.named {
        points = vec![Draft {
            time: row.time,
            ..Draft::default()
        }];
    }
    for mut draft in points {
        let series = draft.series();
        into.list(&draft.faults, origin.place);
        draft.faults.splice(..0, row.faults.iter().cloned());
        into.reject(&draft, series, origin)?;
    }
    Ok(())
}

/// One row: what is wrong with all of it, and its points.
#[derive(Debug, Default)]
pub(crate) struct Row<'a> {
    pub(crate) faults: Vec<Fault>,
    pub(crate) points: Vec<Draft<'a>>,
    pub(crate) time: Option<Timestamp>,
    /// Whether measurement and meter are known, so that each point has a name.
    named: bool,
}

/// The most values of one row, so that a row cannot become many times its size.
const MAX_VALUES: usize = 1000;

const MEASUREMENT: &str = "/measurement";
const TIMESTAMP: &str = "/timestamp";
const TAGS: &str = "/tags";
const MUID: &str = "/tags/muid";

/// A row's members as they are written.
#[derive(Default)]
struct Members<'a> {
    measurement: Option<&'a str>,
    timestamp: Option<&'a str>,
    tags: Option<&'a str>,
    values: Vec<(Cow<'a, str>, &'a str)>,
}

/// Reads one row, which is a JSON value.
pub(crate) fn read(json: &str) -> Row<'_> {
    let mut row = Row::default();
    if !json.starts_with('{') {
        row.faults.push(Fault::item(
            "a measurement is to be an object: {\"measurement\": ..., \"timestamp\": ..., \"tags\": {\"muid\": ...}, \"<OBIS>\": ...}",
        ));
        return row;
    }
    let members = members(json, &mut row.faults);
    let faults = &mut row.faults;
    let measurement = required(members.measurement, MEASUREMENT, faults)
        .and_then(|json| sound(name_part(json, MEASUREMENT), faults));
    row.time = required(members.timestamp, TIMESTAMP, faults)
        .and_then(|json| sound(timestamp(json), faults));
    let (meter, tags) = required(members.tags, TAGS, faults)
        .map_or_else(Default::default, |json| read_tags(json, faults));
    let prefix = measurement
        .zip(meter)
        .map(|(measurement, meter)| format!("{measurement}:{meter}:"));
    row.named = prefix.is_some();

    let codes: Vec<Result<Cow<'_, str>, String>> =
        members.values.iter().map(|(key, _)| code(key)).collect();
    let spelled = spelled(&codes, &members.values);
    for (code, (key, json)) in codes.iter().zip(&members.values) {
        if *json == "null" && code.is_ok() {
            continue;
        }
        let mut point = Draft {
            time: row.time,
            tags: tags.clone(),
            ..Draft::default()
        };
        let wrong = |reason, detail: &str| {
            let detail = format!("{} {detail}", quoted(key));
            Fault::at(place_of("", key), reason, detail)
        };
        match (&prefix, code) {
            (Some(prefix), Ok(code)) => point.name = Some(Cow::Owned(format!("{prefix}{code}"))),
            (Some(_), Err(detail)) => point.fault(wrong(Reason::Malformed, detail)),
            (None, _) => {}
        }
        match field::value(json) {
            Ok(value) => point.value = Some(value),
            Err((reason, detail)) => point.fault(wrong(reason, &detail)),
        }
        if let Some(detail) = repeated(&spelled, code.as_deref().unwrap_or(key), key) {
            point.fault(wrong(Reason::Malformed, &detail));
        }
        row.points.push(point);
    }
    row
}

/// The code under which a key's series is: that which is printed with medium and
/// channel is the same as its hexadecimal form. What is wrong with any other.
fn code(key: &str) -> Result<Cow<'_, str>, String> {
    if let Some(hexadecimal) = obis::hexadecimal(key) {
        return Ok(Cow::Owned(hexadecimal));
    }
    if key.len() <= MAX_PART_BYTES && SeriesName::check(key).is_ok() {
        return Ok(Cow::Borrowed(key));
    }
    Err(format!(
        "is no OBIS code: 1 to {MAX_PART_BYTES} ASCII letters, digits and . _ : -, or A-B:C.D.E*F of numbers from 0 to 255"
    ))
}

/// Under which codes which keys stand, in order, if there are several.
fn spelled<'a>(
    codes: &'a [Result<Cow<'_, str>, String>],
    values: &'a [(Cow<'_, str>, &str)],
) -> Vec<(&'a str, &'a str)> {
    if values.len() < 2 {
        return Vec::new();
    }
    let mut spelled: Vec<(&str, &str)> = codes
        .iter()
        .zip(values)
        .map(|(code, (key, _))| (code.as_deref().unwrap_or(key), &**key))
        .collect();
    spelled.sort_unstable();
    spelled
}

/// What is to be said where a code stands under more than one key, or under one
/// key twice.
fn repeated(spelled: &[(&str, &str)], code: &str, key: &str) -> Option<String> {
    let first = spelled.partition_point(|(other, _)| *other < code);
    let same = spelled[first..].partition_point(|(other, _)| *other == code);
    let keys = &spelled[first..first + same];
    if keys.len() < 2 {
        return None;
    }
    let other = keys.iter().find(|(_, other)| *other != key);
    Some(other.map_or_else(
        || "stands twice".to_owned(),
        |(_, other)| format!("stands twice: as {} too", quoted(other)),
    ))
}

/// The series that the values of a row go to which once went to `series`: a
/// version that did not know printed codes named series by them.
pub(crate) fn series_today(series: &SeriesName) -> Cow<'_, str> {
    let name = series.as_str();
    let today = || {
        let (measurement, rest) = name.split_once(':')?;
        let (meter, key) = rest.split_once(':')?;
        let hexadecimal = obis::hexadecimal(key)?;
        Some(format!("{measurement}:{meter}:{hexadecimal}"))
    };
    today().map_or(Cow::Borrowed(name), Cow::Owned)
}

fn members<'a>(json: &'a str, faults: &mut Vec<Fault>) -> Members<'a> {
    let mut members = Members::default();
    let mut repeated: [Option<&'static str>; 3] = [None; 3];
    let mut too_many = false;
    let read = scan::members(json, |key, value| {
        let (at, place, member) = match &*key {
            "measurement" => (0, MEASUREMENT, &mut members.measurement),
            "timestamp" => (1, TIMESTAMP, &mut members.timestamp),
            "tags" => (2, TAGS, &mut members.tags),
            _ => {
                if members.values.len() < MAX_VALUES {
                    members.values.push((key, value));
                } else {
                    too_many = true;
                }
                return;
            }
        };
        if member.replace(value).is_some() {
            repeated[at] = Some(place);
        }
    });
    if read.is_err() {
        faults.push(Fault::item(NO_CHARACTER));
    }
    for place in repeated.into_iter().flatten() {
        let detail = format!("`{}` stands twice", &place[1..]);
        faults.push(Fault::at(place, Reason::Malformed, detail));
    }
    if too_many {
        members.values.clear();
        let detail = format!("more than {MAX_VALUES} values in one row");
        faults.push(Fault::item(detail));
    } else if members.values.is_empty() {
        faults.push(Fault::item("there is no value under an OBIS code"));
    }
    members
}

/// A member that must be there.
fn required<'a>(
    member: Option<&'a str>,
    place: &'static str,
    faults: &mut Vec<Fault>,
) -> Option<&'a str> {
    if member.is_none() {
        let name = place.rsplit('/').next().unwrap_or_default();
        faults.push(Fault::item(format!("`{name}` is missing")));
    }
    member
}

/// What was read, unless it was wrong, which is noted.
fn sound<T>(read: Result<T, Fault>, faults: &mut Vec<Fault>) -> Option<T> {
    read.map_err(|fault| faults.push(fault)).ok()
}

/// A part of a series' name that another follows: it holds no `:`, so that the
/// parts can be told apart again.
fn name_part<'a>(json: &'a str, place: &'static str) -> Result<Cow<'a, str>, Fault> {
    let text = field::string(json, place)?;
    let wrong = |detail: String| {
        Fault::at(
            place,
            Reason::Malformed,
            format!("`{}`: {detail}", &place[1..]),
        )
    };
    SeriesName::check(&text).map_err(|error| wrong(error.to_string()))?;
    if text.contains(':') {
        return Err(wrong("it must not hold a `:`".to_owned()));
    }
    if text.len() > MAX_PART_BYTES {
        return Err(wrong(format!("it has at most {MAX_PART_BYTES} bytes")));
    }
    Ok(text)
}

/// A meter's timestamp is text, unlike the time of a point, which may be a number.
fn timestamp(json: &str) -> Result<Timestamp, Fault> {
    if !json.starts_with('"') {
        let detail = "`timestamp` is to be a string";
        return Err(Fault::at(TIMESTAMP, Reason::Malformed, detail));
    }
    field::time(json, TIMESTAMP)
}

/// The meter, and the other tags as `key=value`.
fn read_tags<'a>(json: &'a str, faults: &mut Vec<Fault>) -> (Option<Cow<'a, str>>, Tags) {
    if !json.starts_with('{') {
        let detail = "`tags` is to be an object: {\"muid\": ...}";
        faults.push(Fault::at(TAGS, Reason::Malformed, detail));
        return (None, Tags::none());
    }
    let mut muid = None;
    let mut keys: Vec<Cow<'_, str>> = Vec::new();
    let mut tags = Vec::new();
    let read = scan::members(json, |key, value| {
        // A few more than there may be say that there are too many.
        if keys.len() > 2 * Tags::MAX {
            return;
        }
        if keys.contains(&key) {
            let detail = format!("{} stands twice", quoted(&key));
            faults.push(Fault::at(place_of(TAGS, &key), Reason::Malformed, detail));
        } else if key == "muid" {
            muid = Some(value);
        } else if key.is_empty() || key.contains('=') || key.chars().count() > MAX_TAG_CHARACTERS {
            // Kept as `key=value`, it could not be told again.
            let detail = format!(
                "{} is no name of a tag: 1 to {MAX_TAG_CHARACTERS} characters without `=`",
                quoted(&key)
            );
            faults.push(Fault::at(place_of(TAGS, &key), Reason::Malformed, detail));
        } else if let Ok(text) = field::string(value, TAGS)
            && text.chars().count() <= MAX_TAG_CHARACTERS
        {
            // A tag without a value is answered so.
            let is_bare = text.is_empty();
            tags.push(if is_bare {
                key.to_string()
            } else {
                format!("{key}={text}")
            });
        } else {
            let detail = format!(
                "{} is to be a string of at most {MAX_TAG_CHARACTERS} characters",
                quoted(&key)
            );
            faults.push(Fault::at(place_of(TAGS, &key), Reason::Malformed, detail));
        }
        keys.push(key);
    });
    if read.is_err() {
        faults.push(Fault::at(TAGS, Reason::Malformed, NO_CHARACTER));
    }
    let muid = required(muid, MUID, faults).and_then(|json| sound(name_part(json, MUID), faults));
    let tags = Tags::new(tags).unwrap_or_else(|error| {
        faults.push(Fault::at(
            TAGS,
            Reason::Malformed,
            format!("`tags`: {error}"),
        ));
        Tags::none()
    });
    (muid, tags)
}

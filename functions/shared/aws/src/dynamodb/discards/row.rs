//! A discard as an item. Its attributes are called as in the API's answers;
//! times are RFC 3339 with all digits, and the value is text, because a number
//! of `DynamoDB` has a narrower range than a float has.

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use tidemark_core::batch::Source;
use tidemark_core::discard::{Discard, DiscardId, Format, Reason};
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_core::payload::{Cut, Payload};
use tidemark_core::point::{Stamp, Value};
use tidemark_core::time::Timestamp;
use tidemark_ports::error::Result;

use crate::dynamodb::item::{self, Item, text};
use crate::dynamodb::times::{self, sortable};
use crate::error::corrupt;

/// What the indexes hold beside the keys.
const PROJECTED: [&str; 7] = [
    "received", "source", "series", "time", "value", "reasons", "detail",
];

/// When `DynamoDB` may delete an item, in seconds since 1970.
pub(super) const EXPIRES: &str = "expires";

/// What is kept of a detail, in bytes: an item holds 400 KB.
const DETAIL: usize = 32 * 1024;

#[derive(Serialize, Deserialize)]
struct Row {
    tenant: Tenant,
    id: String,
    received: String,
    source: Source,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    series: Option<SeriesName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    reasons: Vec<Reason>,
    detail: String,
    /// Where it is UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
    /// Where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload_base64: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload_length: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload_sha256: Option<String>,
    format: Format,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replayed: Option<String>,
}

/// A stamp as text that sorts as stamps do.
pub(super) fn stamp_text(stamp: Stamp) -> String {
    let received = sortable(stamp.received);
    format!("{received}/{}/{:010}", stamp.batch, stamp.index)
}

/// What the index by source has a discard under.
pub(super) fn source_key(tenant: &Tenant, source: &Source) -> String {
    format!("{tenant}/{source}")
}

/// What the index by reason has a discard under.
pub(super) fn reason_key(tenant: &Tenant, reason: Reason) -> String {
    format!("{tenant}/{reason}")
}

/// The item of a discard, with the keys of all indexes. It expires then, in
/// seconds since 1970, if it does.
pub(super) fn item(discard: &Discard, expires: Option<i64>) -> Result<Item> {
    let bytes = discard.payload.bytes();
    let payload = std::str::from_utf8(bytes).ok();
    let cut = discard.payload.cut();
    let detail = &discard.detail[..discard.detail.floor_char_boundary(DETAIL)];
    let row = Row {
        tenant: discard.tenant.clone(),
        id: discard.id().to_string(),
        received: sortable(discard.stamp.received),
        source: discard.source.clone(),
        series: discard.series.clone(),
        time: discard.time.map(sortable),
        // The shortest text that reads as the same number.
        value: discard.value.map(|value| format!("{:?}", value.get())),
        reasons: discard.reasons.clone(),
        detail: detail.to_owned(),
        payload: payload.map(str::to_owned),
        payload_base64: payload.is_none().then(|| STANDARD.encode(bytes)),
        payload_length: cut.map(|cut| cut.length),
        payload_sha256: cut.map(|cut| cut.sha256.clone()),
        format: discard.format,
        replayed: discard.replayed.map(sortable),
    };
    let mut item = item::write(&row, "writing a discard")?;
    let stamp = text(stamp_text(discard.stamp));
    let mut add = |name: &str, value: AttributeValue| item.insert(name.to_owned(), value);
    add("stamp", stamp.clone());
    add("source_key", text(source_key(&row.tenant, &row.source)));
    if let Some(reason) = row.reasons.first() {
        add("reason_key", text(reason_key(&row.tenant, *reason)));
        add("reason_stamp", stamp);
    }
    if let Some(expires) = expires {
        add(EXPIRES, item::number(expires));
    }
    Ok(item)
}

/// Whether an item has expired by `now`, in seconds since 1970.
pub(super) fn has_expired(item: &Item, now: i64) -> bool {
    let expires = item.get(EXPIRES).and_then(|value| value.as_n().ok());
    let expires: Option<i64> = expires.and_then(|digits| digits.parse().ok());
    expires.is_some_and(|expires| expires <= now)
}

/// The items by which a discard is found under its other reasons. They are in
/// no other index.
pub(super) fn pointers(discard: &Discard, item: &Item) -> Vec<Item> {
    let pointer = |reason: &Reason| {
        let mut pointer: Item = PROJECTED
            .iter()
            .filter_map(|&name| Some((name.to_owned(), item.get(name)?.clone())))
            .collect();
        pointer.extend(super::item_key(
            &discard.tenant,
            &format!("{}#{reason}", discard.id()),
        ));
        let place = item::key([
            ("reason_key", reason_key(&discard.tenant, *reason).as_str()),
            ("reason_stamp", stamp_text(discard.stamp).as_str()),
        ]);
        pointer.extend(place);
        let expires = item.get(EXPIRES);
        pointer.extend(expires.map(|expires| (EXPIRES.to_owned(), expires.clone())));
        pointer
    };
    discard.reasons.iter().skip(1).map(pointer).collect()
}

/// A part of a key of an item.
pub(super) fn part<'a>(item: &'a Item, name: &str) -> Result<&'a String> {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .ok_or_else(|| corrupt(format!("{name} of a discard")))
}

/// The key of the discard that an item of an index belongs to.
pub(super) fn key_of(item: &Item) -> Result<Item> {
    let (tenant, id) = (part(item, "tenant")?, part(item, "id")?);
    let id = id.split_once('#').map_or(id.as_str(), |(id, _)| id);
    Ok(item::key([("tenant", tenant), ("id", id)]))
}

/// Reads a discard.
pub(super) fn discard(item: Item) -> Result<Discard> {
    let row: Row = item::read(item, "a discard")?;
    let wrong = |what: &str| corrupt(format!("{what} of the discard {}", row.id));
    let id: DiscardId = row.id.parse().map_err(|e| wrong("id").because(e))?;
    let instant = |text: Option<&str>, what: &str| -> Result<Option<Timestamp>> {
        text.map(|text| times::read(text, &format!("{what} of the discard {}", row.id)))
            .transpose()
    };
    let value = match &row.value {
        None => None,
        Some(value) => {
            let number = value.parse().map_err(|e| wrong("value").because(e))?;
            Some(Value::new(number).map_err(|e| wrong("value").because(e))?)
        }
    };
    let payload = match (row.payload, row.payload_base64) {
        (Some(text), None) => text.into_bytes(),
        (None, Some(code)) => STANDARD
            .decode(code)
            .map_err(|e| wrong("payload").because(e))?,
        _ => return Err(wrong("payload")),
    };
    let cut = match (row.payload_length, row.payload_sha256) {
        (Some(length), Some(sha256)) => Some(Cut { length, sha256 }),
        _ => None,
    };
    Ok(Discard {
        stamp: Stamp {
            received: times::read(&row.received, "receipt of a discard")?,
            batch: id.batch,
            index: id.index,
        },
        time: instant(row.time.as_deref(), "time")?,
        replayed: instant(row.replayed.as_deref(), "replay")?,
        tenant: row.tenant,
        source: row.source,
        series: row.series,
        value,
        reasons: row.reasons,
        detail: row.detail,
        payload: Payload::from_parts(payload, cut),
        format: row.format,
    })
}

#[cfg(test)]
mod tests;

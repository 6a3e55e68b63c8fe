//! A record below the header: a point.

use std::borrow::Cow;

use tidemark_core::columns::{CsvColumn, CsvColumns};

use super::fields::{Fields, QuoteError};
use crate::collect::Draft;
use crate::fault::Fault;
use crate::field;

/// Reads a record by the columns of its header.
pub(crate) fn read<'a>(record: &'a str, columns: &CsvColumns) -> Draft<'a> {
    draft(Fields::of(record), columns.as_slice(), &[])
}

/// Reads a record without a quote, as nearly all are.
pub(super) fn read_plain<'a>(record: &'a str, columns: &CsvColumns) -> Draft<'a> {
    draft(record.split(',').map(Ok), columns.as_slice(), &[])
}

/// Reads a record in the usual order, with or without tags, of whose header
/// nothing more is known.
pub(crate) fn read_usual(record: &str) -> Draft<'_> {
    let [needed @ .., tags] = CsvColumn::ALL;
    draft(Fields::of(record), &needed, &[tags])
}

/// Reads fields, each of its column; the `optional` columns may all be missing.
fn draft<'a, T: AsRef<str> + Into<Cow<'a, str>> + Default>(
    mut fields: impl Iterator<Item = Result<T, QuoteError>>,
    columns: &[CsvColumn],
    optional: &[CsvColumn],
) -> Draft<'a> {
    let mut draft = Draft::default();
    // In the order of `CsvColumn::ALL`.
    let mut texts: [T; 4] = Default::default();
    let mut count = 0;
    for column in columns.iter().chain(optional) {
        match fields.next() {
            Some(Ok(field)) => texts[*column as usize] = field,
            Some(Err(error)) => {
                draft.fault(Fault::item(error.to_string()));
                return draft;
            }
            None => break,
        }
        count += 1;
    }
    let (least, most) = (columns.len(), columns.len() + optional.len());
    let has_more = fields.next().is_some();
    if has_more || (count != least && count != most) {
        draft.fault(wrong_count((!has_more).then_some(count), least, most));
        return draft;
    }
    let [name, time, value, tags] = texts;
    draft.name = Some(name.into());
    match field::time_text(time.as_ref(), "/t") {
        Ok(time) => draft.time = Some(time),
        Err(fault) => draft.fault(fault),
    }
    match field::value_text(value.as_ref()) {
        Ok(value) => draft.value = Some(value),
        Err((reason, detail)) => draft.fault(Fault::at("/v", reason, format!("`v` {detail}"))),
    }
    match field::tags_text(tags.as_ref()) {
        Ok(tags) => draft.tags = tags,
        Err(fault) => draft.fault(fault),
    }
    draft
}

/// There are neither as few fields as there may be nor as many; `None` for more.
fn wrong_count(count: Option<usize>, least: usize, most: usize) -> Fault {
    let wanted = if least == most {
        least.to_string()
    } else {
        format!("{least} or {most}")
    };
    let found = count.map_or_else(|| "more".to_owned(), |count| count.to_string());
    Fault::item(format!(
        "a row is to have {wanted} fields, this one has {found}"
    ))
}

//! The first record, which names the columns.

use tidemark_core::columns::{CsvColumn, CsvColumns};

use super::fields::Fields;
use crate::error::ReadError;
use crate::fault::quoted;

/// Reads the header. Whatever is wrong with it is an error of the whole body: of
/// no row it would be known what its fields are.
pub(super) fn read(record: &str) -> Result<CsvColumns, ReadError> {
    let wrong = |what: String| {
        ReadError::shape(format!(
            "the first line of the CSV is to name the columns name, t, v and perhaps tags, in any order: {what}"
        ))
    };
    let mut columns: Vec<CsvColumn> = Vec::new();
    for field in Fields::of(record) {
        let name = field.map_err(|error| wrong(error.to_string()))?;
        let unknown = |_| wrong(format!("{} is none of them", quoted(&name)));
        let column: CsvColumn = name.parse().map_err(unknown)?;
        // At once, so that a long header is not gathered.
        if columns.contains(&column) {
            return Err(wrong(format!("`{column}` stands twice")));
        }
        columns.push(column);
    }
    CsvColumns::new(&columns).map_err(|error| wrong(error.to_string()))
}

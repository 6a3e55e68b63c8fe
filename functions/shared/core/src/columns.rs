//! The columns of a CSV of points, in the order of its header.

use std::fmt;
use std::str::FromStr;

/// A column of a CSV of points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CsvColumn {
    /// The series.
    Name,
    /// When.
    Time,
    /// How much.
    Value,
    /// The tags, separated by `;`. The only one that may be left out.
    Tags,
}

impl CsvColumn {
    /// Every column, in the usual order.
    pub const ALL: [Self; 4] = [Self::Name, Self::Time, Self::Value, Self::Tags];

    /// As the header names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Time => "t",
            Self::Value => "v",
            Self::Tags => "tags",
        }
    }
}

impl fmt::Display for CsvColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name is that of no column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a column of points")]
pub struct CsvColumnError;

impl FromStr for CsvColumn {
    type Err = CsvColumnError;
    fn from_str(name: &str) -> Result<Self, CsvColumnError> {
        Self::ALL
            .into_iter()
            .find(|column| column.as_str() == name)
            .ok_or(CsvColumnError)
    }
}

/// All columns of a CSV, each once, in the order in which they stand. Prints as
/// the header: `v,t,name`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CsvColumns {
    /// What is beyond `count` has no meaning, but is always the same.
    order: [CsvColumn; 4],
    count: usize,
}

/// Why columns do not make a CSV of points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CsvColumnsError {
    /// A column that stands there already.
    #[error("`{0}` stands twice")]
    Repeated(CsvColumn),
    /// A column that every point needs.
    #[error("`{0}` is missing")]
    Missing(CsvColumn),
    /// A name that is no column's.
    #[error(transparent)]
    Unknown(#[from] CsvColumnError),
}

impl CsvColumns {
    /// The columns in this order.
    pub fn new(columns: &[CsvColumn]) -> Result<Self, CsvColumnsError> {
        for (at, column) in columns.iter().enumerate() {
            if columns[..at].contains(column) {
                return Err(CsvColumnsError::Repeated(*column));
            }
        }
        for column in [CsvColumn::Name, CsvColumn::Time, CsvColumn::Value] {
            if !columns.contains(&column) {
                return Err(CsvColumnsError::Missing(column));
            }
        }
        // Each at most once, so there are no more than four.
        let mut order = [CsvColumn::Tags; 4];
        order[..columns.len()].copy_from_slice(columns);
        Ok(Self {
            order,
            count: columns.len(),
        })
    }

    /// The columns in their order.
    pub fn as_slice(&self) -> &[CsvColumn] {
        &self.order[..self.count]
    }
}

impl fmt::Display for CsvColumns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, column) in self.as_slice().iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{column}")?;
        }
        Ok(())
    }
}

impl FromStr for CsvColumns {
    type Err = CsvColumnsError;
    fn from_str(text: &str) -> Result<Self, CsvColumnsError> {
        let columns: Vec<CsvColumn> = text.split(',').map(str::parse).collect::<Result<_, _>>()?;
        Self::new(&columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_in_any_order() {
        for text in [
            "name,t,v",
            "name,t,v,tags",
            "v,t,name",
            "tags,name,v,t",
            "name,t,tags,v",
        ] {
            let columns: CsvColumns = text.parse().unwrap();
            assert_eq!(columns.to_string(), text);
        }
    }

    #[test]
    fn each_stands_once_and_three_must() {
        let read = |text: &str| text.parse::<CsvColumns>().unwrap_err().to_string();
        assert_eq!(read("name,t"), "`v` is missing");
        assert_eq!(read("tags,v"), "`name` is missing");
        assert_eq!(read("name,t,v,t"), "`t` stands twice");
        assert_eq!(read("name,t,v,tags,tags"), "`tags` stands twice");
        assert_eq!(read("name,t,v,"), "not a column of points");
        assert_eq!(read("Name,t,v"), "not a column of points");
    }
}

//! Asking, page by page, and reading rows.

use std::fmt::Display;
use std::str::FromStr;

use aws_sdk_timestreamquery::operation::query::QueryError;
use aws_sdk_timestreamquery::types::{Datum, Row};
use tidemark_core::batch::BatchId;
use tidemark_core::point::{Point, Tags, Value};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_ports::Extent;
use tidemark_ports::error::{Result, StoreError};

use super::Timestream;
use super::version::Versioned;
use crate::error::{corrupt, failed};

const ASKING: &str = "asking Timestream";
/// How often a query is asked again from its beginning whose next page is not to
/// be had any more.
const RESTARTS: u32 = 2;

impl Timestream {
    /// The rows of a query, each as `read` reads it.
    ///
    /// A page may be empty and not be the last. Where the token for the next page
    /// is not taken (it lives for an hour), the query is asked again, and what was
    /// read of it forgotten: so no row is missed or comes twice.
    pub(super) async fn rows<T>(
        &self,
        sql: &str,
        read: impl Fn(&Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        let rows = self.rows_if_computed(sql, read).await?;
        rows.ok_or_else(|| corrupt(ASKING).because("it could not compute what was asked"))
    }

    /// The same; None where Timestream breaks off, as numbers are beyond what it
    /// computes with.
    pub(super) async fn rows_if_computed<T>(
        &self,
        sql: &str,
        read: impl Fn(&Row) -> Result<T>,
    ) -> Result<Option<Vec<T>>> {
        tracing::debug!(sql, "asking Timestream");
        let mut restarts = 0;
        let mut rows = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let begun = token.is_some();
            let page = self
                .query
                .call(|client| {
                    let query = client.query().query_string(sql);
                    query.set_next_token(token.clone()).send()
                })
                .await?;
            let page = match page {
                Ok(page) => page,
                Err(error) => match error.as_service_error() {
                    Some(QueryError::ValidationException(_)) if begun && restarts < RESTARTS => {
                        restarts += 1;
                        rows.clear();
                        token = None;
                        continue;
                    }
                    // A column is there from the first record that has it.
                    Some(QueryError::ValidationException(wrong))
                        if has_no_column(wrong.message().unwrap_or_default()) =>
                    {
                        return Ok(Some(Vec::new()));
                    }
                    Some(QueryError::QueryExecutionException(broken)) => {
                        tracing::warn!(error = %broken, "Timestream broke a query off");
                        return Ok(None);
                    }
                    _ => return Err(failed(ASKING)(error)),
                },
            };
            for row in &page.rows {
                rows.push(read(row)?);
            }
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(Some(rows));
            }
        }
    }
}

/// Whether a query failed because nothing was written to the table yet.
fn has_no_column(message: &str) -> bool {
    message.contains("Column") && message.contains("does not exist")
}

/// The columns of a row, one after the other.
pub(super) struct Columns<'a>(std::slice::Iter<'a, Datum>);

impl<'a> Columns<'a> {
    pub(super) fn of(row: &'a Row) -> Self {
        Self(row.data.iter())
    }

    /// The next one, if it is not null; `name` is for the error.
    fn next(&mut self, name: &str) -> Result<Option<&'a str>> {
        let datum = self.0.next().ok_or_else(|| wrong(name, "is missing"))?;
        Ok(datum.scalar_value())
    }

    pub(super) fn text(&mut self, name: &str) -> Result<&'a str> {
        self.next(name)?.ok_or_else(|| wrong(name, "is null"))
    }

    pub(super) fn number<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<T> {
        let text = self.text(name)?;
        text.parse()
            .map_err(|e| wrong(name, &format!("is {text:?}: {e}")))
    }

    pub(super) fn time(&mut self, name: &str) -> Result<Timestamp> {
        self.number(name).map(Timestamp::from_nanos)
    }

    pub(super) fn value(&mut self, name: &str) -> Result<Value> {
        Value::new(self.number(name)?).map_err(|e| wrong(name, &e.to_string()))
    }

    fn tags(&mut self) -> Result<Tags> {
        let Some(text) = self.next("tags")? else {
            return Ok(Tags::none());
        };
        serde_json::from_str(text).map_err(|e| wrong("tags", &e.to_string()))
    }
}

fn wrong(column: &str, what: &str) -> StoreError {
    corrupt(format!(
        "the column {column} of an answer of Timestream {what}"
    ))
}

/// A row of `sql::points`.
pub(super) fn point(row: &Row) -> Result<Point> {
    let mut columns = Columns::of(row);
    Ok(Point {
        time: columns.time("t")?,
        value: columns.value("value")?,
        tags: columns.tags()?,
    })
}

/// A row of `sql::samples`.
pub(super) fn sample(row: &Row) -> Result<(Timestamp, Value)> {
    let mut columns = Columns::of(row);
    Ok((columns.time("t")?, columns.value("value")?))
}

/// The row of `sql::extent`; None if there are no points.
pub(super) fn extent(row: &Row) -> Result<Option<Extent>> {
    let mut columns = Columns::of(row);
    let (Some(first), Some(last)) = (columns.next("first")?, columns.next("last")?) else {
        return Ok(None);
    };
    let time = |text: &str| {
        let nanos = text.parse().map_err(|_| wrong("first", "is no number"));
        nanos.map(Timestamp::from_nanos)
    };
    let range =
        TimeRange::new(time(first)?, time(last)?).map_err(|e| wrong("last", &e.to_string()))?;
    Ok(Some(Extent {
        range,
        points: columns.number("points")?,
    }))
}

/// A row of `sql::extents`.
pub(super) fn extent_of(row: &Row) -> Result<(String, Extent)> {
    let mut columns = Columns::of(row);
    let series = columns.text("series")?.to_owned();
    let (first, last) = (columns.time("first")?, columns.time("last")?);
    let range = TimeRange::new(first, last).map_err(|e| wrong("last", &e.to_string()))?;
    let points = columns.number("points")?;
    Ok((series, Extent { range, points }))
}

/// A row of `sql::writes`.
pub(super) fn written(row: &Row) -> Result<((String, Timestamp), Versioned)> {
    let mut columns = Columns::of(row);
    let series = columns.text("series")?.to_owned();
    Ok(((series, columns.time("t")?), versioned(&mut columns)?))
}

/// A row of `sql::whole`.
pub(super) fn whole(row: &Row) -> Result<(Point, Versioned)> {
    let mut columns = Columns::of(row);
    let point = Point {
        time: columns.time("t")?,
        value: columns.value("value")?,
        tags: columns.tags()?,
    };
    Ok((point, versioned(&mut columns)?))
}

fn versioned(columns: &mut Columns<'_>) -> Result<Versioned> {
    let received = columns.number("received")?;
    let batch: BatchId = columns.number("batch")?;
    let place = columns.number("place")?;
    Versioned::read(received, batch, place).ok_or_else(|| wrong("place", "is no place"))
}

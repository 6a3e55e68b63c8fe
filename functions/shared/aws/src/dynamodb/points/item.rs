//! A chunk as an item of the table: `series` and `chunk` (its keys), `data`
//! (the chunk's bytes), and for whoever plans or looks: `points` (how many),
//! `first` and `last` (nanoseconds since 1970).

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, PutRequest, WriteRequest};
use tidemark_columnar::Columns;
use tidemark_columnar::chunk::{self, TARGET_POINTS};
use tidemark_core::name::SeriesKey;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_ports::error::{Kind, Result, StoreError};

use super::window::{Window, cut};
use crate::dynamodb::item::Item;
use crate::error::corrupt;

/// How many bytes a chunk may have: an item may have 400 KB, names and keys
/// included.
const MAX_BYTES: usize = 400 * 1000 - 2000;
/// How many points a chunk may have: less than two full ones.
const MAX_POINTS: usize = 2 * TARGET_POINTS - 1;

/// The partition key of a series.
pub(crate) fn series_key(series: &SeriesKey) -> String {
    format!("{}/{}", series.tenant.as_str(), series.name.as_str())
}

/// The items that keep sorted columns; `key` names each by its window.
pub(crate) fn puts(
    series: &str,
    columns: &Columns,
    mut key: impl FnMut(Window, &Columns) -> String,
) -> Result<Vec<WriteRequest>> {
    let mut requests = Vec::new();
    let mut pieces = cut(columns, MAX_POINTS);
    pieces.reverse();
    while let Some((window, piece)) = pieces.pop() {
        let bytes = encode(&piece)?;
        if bytes.len() > MAX_BYTES && piece.len() > 1 {
            let middle = piece.len() / 2;
            pieces.push((window, piece.cut(middle..piece.len())));
            pieces.push((window, piece.cut(0..middle)));
            continue;
        }
        requests.push(put(series, key(window, &piece), &piece, bytes)?);
    }
    Ok(requests)
}

/// The request that keeps these columns, fewer than before, under the key that
/// they had.
pub(crate) fn put_again(series: &str, key: String, columns: &Columns) -> Result<WriteRequest> {
    put(series, key, columns, encode(columns)?)
}

fn encode(columns: &Columns) -> Result<Vec<u8>> {
    chunk::encode(columns)
        .map_err(|e| StoreError::new(Kind::Internal, "encoding a chunk").because(e))
}

fn put(series: &str, key: String, columns: &Columns, bytes: Vec<u8>) -> Result<WriteRequest> {
    let (Some(first), Some(last)) = (columns.times().first(), columns.times().last()) else {
        return Err(StoreError::new(Kind::Internal, "a chunk without points"));
    };
    let number = |n: i64| AttributeValue::N(n.to_string());
    let request = PutRequest::builder()
        .item("series", AttributeValue::S(series.to_owned()))
        .item("chunk", AttributeValue::S(key))
        .item("points", AttributeValue::N(columns.len().to_string()))
        .item("first", number(first.nanos()))
        .item("last", number(last.nanos()))
        .item("data", AttributeValue::B(Blob::new(bytes)))
        .build()
        .map_err(|e| StoreError::new(Kind::Internal, "putting a chunk").because(e))?;
    Ok(WriteRequest::builder().put_request(request).build())
}

/// The request that deletes what is stored under a key.
pub(crate) fn delete(series: &str, key: &str) -> Result<WriteRequest> {
    let request = DeleteRequest::builder()
        .key("series", AttributeValue::S(series.to_owned()))
        .key("chunk", AttributeValue::S(key.to_owned()))
        .build()
        .map_err(|e| StoreError::new(Kind::Internal, "deleting a chunk").because(e))?;
    Ok(WriteRequest::builder().delete_request(request).build())
}

/// The sort key of an item.
pub(crate) fn key(item: &Item) -> Result<&str> {
    let key = item.get("chunk").and_then(|key| key.as_s().ok());
    key.map(String::as_str)
        .ok_or_else(|| corrupt("a chunk without a key"))
}

/// A chunk as it is stored. Decoded it may be a thousand times as large: a page of
/// a megabyte, of a series that compresses well, has some ten million points.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) key: String,
    pub(crate) span: TimeRange,
    pub(crate) points: usize,
    data: Vec<u8>,
}

impl Stored {
    pub(crate) fn read(mut item: Item) -> Result<Self> {
        let key = key(&item)?.to_owned();
        let data = match item.remove("data") {
            Some(AttributeValue::B(data)) => data.into_inner(),
            _ => return Err(corrupt(format!("chunk {key} without data"))),
        };
        Ok(Self {
            key,
            span: span(&item)?,
            points: number(&item, "points")?,
            data,
        })
    }

    /// Its points.
    pub(crate) fn columns(&self) -> Result<Columns> {
        chunk::decode(&self.data).map_err(|e| corrupt(format!("chunk {}", self.key)).because(e))
    }
}

/// How many points an item has.
pub(crate) fn len(item: &Item) -> Result<u64> {
    number(item, "points")
}

/// From the first point of an item to its last.
pub(crate) fn span(item: &Item) -> Result<TimeRange> {
    let time = |name| number(item, name).map(Timestamp::from_nanos);
    TimeRange::new(time("first")?, time("last")?)
        .map_err(|e| corrupt("the span of a chunk").because(e))
}

fn number<T: std::str::FromStr>(item: &Item, name: &str) -> Result<T> {
    item.get(name)
        .and_then(|value| value.as_n().ok()?.parse().ok())
        .ok_or_else(|| corrupt(format!("a chunk's attribute {name}")))
}

#[cfg(test)]
mod tests {
    use tidemark_columnar::{BatchStamp, merge};
    use tidemark_core::batch::{BatchId, SeriesPoints};
    use tidemark_core::name::SeriesName;
    use tidemark_core::point::{Tags, Value};

    use super::*;

    fn columns_of(n: u32, tags: impl Fn(u32) -> Vec<String>) -> Columns {
        let mut points = SeriesPoints::new(SeriesName::new("a").unwrap());
        for i in 0..n {
            // Nothing about these can be compressed.
            let noise = f64::from_bits(u64::from(i).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 2);
            let time = Timestamp::from_nanos(i64::from(i) * 1_000_003 + i64::from(i * i % 1009));
            let tags = Tags::new(tags(i)).unwrap();
            points.push(i, time, Value::new(noise).unwrap(), tags);
        }
        let mut columns = Columns::new();
        let batch = BatchStamp {
            received: Timestamp::from_nanos(0),
            id: BatchId::new(1, 2),
        };
        columns.append(batch, &points);
        columns.normalize();
        columns
    }

    fn size(item: &Item) -> usize {
        let value = |value: &AttributeValue| match value {
            AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
            AttributeValue::B(bytes) => bytes.as_ref().len(),
            _ => 0,
        };
        item.iter().map(|(name, v)| name.len() + value(v)).sum()
    }

    fn items(columns: &Columns) -> Vec<Item> {
        let mut count = 0;
        let key = |window: Window, _: &Columns| {
            count += 1;
            window.compacted_key(count)
        };
        puts("tenant/series", columns, key)
            .unwrap()
            .into_iter()
            .filter_map(|request| Some(request.put_request?.item))
            .collect()
    }

    #[test]
    fn no_item_is_larger_than_dynamodb_takes() {
        let long = |i: u32| (0..16).map(|t| format!("{t:03}{i:0125}")).collect();
        for whole in [
            columns_of(20_000, |_| Vec::new()),
            columns_of(3000, long),
            columns_of(1, long),
        ] {
            let items = items(&whole);
            assert!(items.iter().all(|item| size(item) <= 400 * 1000));
            let stored: Vec<Stored> = items
                .into_iter()
                .map(|i| Stored::read(i).unwrap())
                .collect();
            let parts: Vec<Columns> = stored.iter().map(|s| s.columns().unwrap()).collect();
            assert!(merge(&parts) == whole);
            for (stored, part) in stored.iter().zip(&parts) {
                assert_eq!(stored.points, part.len());
                assert_eq!(stored.span, part.span().unwrap());
            }
        }
    }

    #[test]
    fn what_is_no_chunk_is_told_by_its_key() {
        let mut item = items(&columns_of(3, |_| Vec::new())).remove(0);
        item.insert("data".to_owned(), AttributeValue::B(Blob::new([1, 2, 3])));
        let stored = Stored::read(item).unwrap();
        let error = stored.columns().unwrap_err();
        assert!(error.to_string().contains(&stored.key), "{error}");
    }
}

//! How chunks are replaced without a reader's noticing.
//!
//! First the new chunks are written, then a note of which ones they replace, and
//! only some time later those are deleted, and the note. Meanwhile a point
//! stands in two chunks, and is one point to every reader, as they merge by the
//! order of writes. A reader who began before the new chunks were there has
//! finished before the old ones go. Where a step fails, what is there is still
//! complete, and the next run goes on.

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use tidemark_core::time::Timestamp;
use tidemark_store::columns::{Columns, merge};
use tidemark_store::error::{Kind, Result, StoreError};

use super::{Points, item};
use crate::error::{corrupt, failed};
use crate::item::Item;

/// How long replaced chunks stay: longer than any reader reads, which at most
/// is as long as the gateway waits (30 s).
const STAY: i64 = 120 * 1_000_000_000;

/// A chunk and its key.
pub(crate) struct Chunk {
    pub(crate) key: String,
    pub(crate) columns: Columns,
}

/// A note of which chunks were replaced, and when.
pub(crate) struct Note {
    key: String,
    at: Timestamp,
    replaced: Vec<String>,
}

impl Note {
    /// The key of a note, which begins with this letter, right before those of
    /// small chunks.
    pub(crate) const LETTER: char = 'r';

    pub(crate) fn read(item: &Item) -> Result<Self> {
        let key = item::key(item)?.to_owned();
        let wrong = || corrupt(format!("the note {key} of replaced chunks"));
        let at = item.get("at").and_then(|at| at.as_n().ok()?.parse().ok());
        let replaced = item.get("replaced").and_then(|keys| keys.as_ss().ok());
        Ok(Self {
            at: Timestamp::from_nanos(at.ok_or_else(wrong)?),
            replaced: replaced.ok_or_else(wrong)?.clone(),
            key,
        })
    }

    pub(crate) fn names(&self, key: &str) -> bool {
        self.replaced.iter().any(|replaced| replaced == key)
    }

    /// Whether nobody reads the replaced chunks any more.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        now.since(self.at) > STAY
    }
}

impl Points {
    /// Writes chunks that hold what `old` ones do, and notes that these are
    /// replaced.
    pub(crate) async fn replace(&self, series: &str, old: &[Chunk], now: Timestamp) -> Result<()> {
        let columns = merge(old.iter().map(|chunk| &chunk.columns));
        let requests = item::puts(series, &columns, |window, _| {
            window.compacted_key(fastrand::u128(..))
        })?;
        self.carry_out(requests).await?;
        let replaced = old.iter().map(|chunk| chunk.key.clone()).collect();
        let note = Note {
            key: format!(
                "{}{:016x}-{:016x}",
                Note::LETTER,
                now.nanos().max(0),
                fastrand::u64(..)
            ),
            at: now,
            replaced,
        };
        self.carry_out(vec![put(series, note)?]).await
    }

    /// Deletes what a note says is replaced, and the note.
    pub(crate) async fn remove_replaced(&self, series: &str, note: &Note) -> Result<()> {
        let old = note.replaced.iter().map(|key| item::delete(series, key));
        self.carry_out(old.collect::<Result<_>>()?).await?;
        self.carry_out(vec![item::delete(series, &note.key)?]).await
    }

    /// The notes of a series and its first small chunks, `limit` of both.
    pub(crate) async fn notes_and_small(
        &self,
        series: &str,
        limit: usize,
    ) -> Result<(Vec<Note>, Vec<Chunk>)> {
        let (mut notes, mut small) = (Vec::new(), Vec::new());
        let mut after = None;
        loop {
            let answer = self
                .client
                .query()
                .table_name(&*self.table)
                .consistent_read(true)
                .key_condition_expression("series = :series AND chunk BETWEEN :from AND :to")
                .expression_attribute_values(":series", AttributeValue::S(series.to_owned()))
                .expression_attribute_values(":from", AttributeValue::S(Note::LETTER.into()))
                // All keys of small chunks are less.
                .expression_attribute_values(":to", AttributeValue::S("t".to_owned()))
                .set_exclusive_start_key(after)
                .send()
                .await
                .map_err(failed("reading small chunks"))?;
            for item in answer.items() {
                let key = item::key(item)?;
                if key.starts_with(Note::LETTER) {
                    notes.push(Note::read(item)?);
                } else {
                    small.push(Chunk {
                        key: key.to_owned(),
                        columns: item::columns(item)?,
                    });
                }
            }
            after = answer.last_evaluated_key.filter(|key| !key.is_empty());
            if after.is_none() || notes.len() + small.len() >= limit {
                return Ok((notes, small));
            }
        }
    }
}

fn put(series: &str, note: Note) -> Result<WriteRequest> {
    let request = PutRequest::builder()
        .item("series", AttributeValue::S(series.to_owned()))
        .item("chunk", AttributeValue::S(note.key))
        .item("at", AttributeValue::N(note.at.nanos().to_string()))
        .item("replaced", AttributeValue::Ss(note.replaced))
        .build()
        .map_err(|e| StoreError::new(Kind::Internal, "noting what was replaced").because(e))?;
    Ok(WriteRequest::builder().put_request(request).build())
}

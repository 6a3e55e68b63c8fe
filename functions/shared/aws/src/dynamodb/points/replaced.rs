//! How chunks are replaced without a reader's noticing.
//!
//! First the new chunks are written, then a note of which ones they replace, and
//! only some time later those are deleted, and the note. Meanwhile a point
//! stands in two chunks, and is one point to every reader, as they merge by the
//! order of writes. A reader who began before the new chunks were there has
//! finished before the old ones go. Where a step fails, what is there is still
//! complete, and the next run goes on.

use std::hash::{BuildHasher, RandomState};

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use tidemark_columnar::{Columns, merge};
use tidemark_core::time::Timestamp;
use tidemark_ports::error::{Kind, Result, StoreError};

use super::item::{self, Stored};
use super::{Part, Points};
use crate::dynamodb::item::Item;
use crate::error::{corrupt, failed};

/// How long replaced chunks stay, from before the new ones were written: longer
/// than that may take and any reader reads after it, which at most is as long
/// as the gateway waits (30 s).
const STAY: i64 = 600 * 1_000_000_000;

/// A note of which chunks were replaced, and when.
pub(crate) struct Note {
    key: String,
    at: Timestamp,
    replaced: Vec<String>,
}

impl Note {
    /// What the keys of notes begin with: less than those of chunks.
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

    /// What was replaced.
    pub(crate) fn replaced(&self) -> impl Iterator<Item = &str> {
        self.replaced.iter().map(String::as_str)
    }

    /// Whether nobody reads the replaced chunks any more.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        now.since(self.at) > STAY
    }
}

impl Points {
    /// Writes chunks that hold what `old` ones do, and notes that these are
    /// replaced.
    pub(crate) async fn replace(&self, series: &str, old: &[Stored], now: Timestamp) -> Result<()> {
        let columns = merged(old)?;
        let requests = item::puts(series, &columns, |window, _| window.compacted_key(unique()))?;
        self.carry_out(requests).await?;
        let replaced = old.iter().map(|chunk| chunk.key.clone()).collect();
        let note = Note {
            key: format!("{}{:032x}", Note::LETTER, unique()),
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

    /// The notes of a series.
    pub(crate) async fn notes(&self, series: &str) -> Result<Vec<Note>> {
        let mut notes = Vec::new();
        let mut after = None;
        loop {
            let query = self.between(series, Note::LETTER, 's');
            let answer = query.set_exclusive_start_key(after).send().await;
            let part = Part::of(answer.map_err(failed("reading notes"))?);
            for item in &part.items {
                notes.push(Note::read(item)?);
            }
            after = part.last;
            if after.is_none() {
                return Ok(notes);
            }
        }
    }

    /// The next small chunks of a series, a megabyte at the most, and where they
    /// go on.
    pub(crate) async fn small(
        &self,
        series: &str,
        after: Option<Item>,
    ) -> Result<(Vec<Stored>, Option<Item>)> {
        let query = self.between(series, 's', 't');
        let answer = query.set_exclusive_start_key(after).send().await;
        let part = Part::of(answer.map_err(failed("reading small chunks"))?);
        let chunks = part.items.into_iter().map(Stored::read);
        Ok((chunks.collect::<Result<_>>()?, part.last))
    }
}

/// What chunks hold.
fn merged(chunks: &[Stored]) -> Result<Columns> {
    let parts = chunks.iter().map(Stored::columns);
    Ok(merge(&parts.collect::<Result<Vec<_>>>()?))
}

/// A number that nobody else draws, but by chance of 1 in 2^128: from the
/// system's randomness, since what has its name is not written over.
fn unique() -> u128 {
    let draw = || u128::from(RandomState::new().hash_one(0));
    draw() << 64 | draw()
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

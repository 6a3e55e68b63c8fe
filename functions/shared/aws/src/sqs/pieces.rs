//! The JSON of a batch, in as many pieces as the queue's limit takes, and small
//! enough each to be handled at once. Each is a batch of the same id, time of
//! receipt and source, and its points keep their index, so that together they
//! are the batch, in any order.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Result;
use tidemark_core::batch::{Batch, Content, Reject, SeriesPoints};
use tidemark_core::payload::Payload;

/// The most bytes that the numbers of one point take in the columns of its
/// series, with the commas that follow: an index, a time, a value.
const NUMBERS: usize = "4294967295,-9223372036854775808,-2.2250738585072014e-308,".len();
/// The columns of a series without name and points, and the comma that follows.
const COLUMNS: usize = r#"{"name":"","index":[],"times":[],"values":[],"tags":[]},"#.len();

/// How many things a piece has at the most of which each costs the validator a
/// write of its own: series, rejects, messages. What is not done in time comes
/// again from its beginning, so a piece is to be done in time even where a table
/// takes a thousand writes a second from all of a tenant's.
const WRITES: usize = 200;

/// The batch as one text, or several if it is longer than `limit` bytes or asks
/// for more than [`WRITES`].
///
/// Longer than that is only a piece that holds a single point, reject or
/// message: of what [`Payload`] keeps none reaches 400 KiB.
pub(super) fn texts(batch: Batch, limit: usize) -> Result<impl Iterator<Item = Result<String>>> {
    let contents = if writes(&batch.content) <= WRITES && length(&batch)? <= limit {
        vec![batch.content]
    } else {
        let empty = |content| Batch {
            content,
            tenant: batch.tenant.clone(),
            source: batch.source.clone(),
            ..batch
        };
        divided(batch.content, limit, |content| length(&empty(content)))?
    };
    let Batch {
        tenant,
        source,
        id,
        received,
        ..
    } = batch;
    // One after the other: all of them together may not fit into memory.
    Ok(contents.into_iter().map(move |content| {
        text(&Batch {
            tenant: tenant.clone(),
            source: source.clone(),
            id,
            received,
            content,
        })
    }))
}

const fn writes(content: &Content) -> usize {
    match content {
        Content::Points { series, rejects } => series.len() + rejects.len(),
        Content::Messages { payloads, .. } => payloads.len(),
    }
}

/// Content in pieces of up to `limit` bytes; `around` tells how many bytes a
/// batch with empty content has.
fn divided(
    content: Content,
    limit: usize,
    around: impl Fn(Content) -> Result<usize>,
) -> Result<Vec<Content>> {
    match content {
        Content::Points { series, rejects } => {
            let room = limit.saturating_sub(around(Piece::default().into())?);
            let mut pieces = Pieces::new(room);
            for points in series {
                pieces.points(&points)?;
            }
            for reject in rejects {
                pieces.reject(reject)?;
            }
            Ok(pieces.finish())
        }
        Content::Messages {
            series,
            first,
            payloads,
        } => {
            let content = |first, payloads| Content::Messages {
                series: series.clone(),
                first,
                payloads,
            };
            let room = limit.saturating_sub(around(content(u32::MAX, Vec::new()))?);
            let pieces = divide(payloads, first, room)?.into_iter();
            Ok(pieces
                .map(|(first, payloads)| content(first, payloads))
                .collect())
        }
    }
}

/// How long the JSON of a value is, as [`text`] writes it: three characters of
/// those that it escapes become six.
fn length(value: &impl Serialize) -> Result<usize> {
    struct Counter(usize);
    impl Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let escaped = bytes
                .windows(3)
                .filter(|w| matches!(w, [0xef, 0xbf, 0xbe | 0xbf]));
            self.0 += bytes.len() + 3 * escaped.count();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    serde_json::to_writer(&mut counter, value)?;
    Ok(counter.0)
}

/// JSON in the characters that SQS takes: all but the control characters, which
/// JSON escapes anyway, and two that are no characters.
fn text(value: &impl Serialize) -> Result<String> {
    let json = serde_json::to_string(value)?;
    if json.contains(['\u{fffe}', '\u{ffff}']) {
        return Ok(json
            .replace('\u{fffe}', "\\ufffe")
            .replace('\u{ffff}', "\\uffff"));
    }
    Ok(json)
}

/// Messages in pieces of up to `room` bytes, each with the index of its first.
fn divide(payloads: Vec<Payload>, first: u32, room: usize) -> Result<Vec<(u32, Vec<Payload>)>> {
    let mut pieces: Vec<(u32, Vec<Payload>)> = Vec::new();
    let mut taken = 0;
    for (index, payload) in (first..).zip(payloads) {
        let length = length(&payload)? + 1;
        taken += length;
        match pieces.last_mut() {
            Some((_, piece)) if taken <= room && piece.len() < WRITES => piece.push(payload),
            _ => {
                taken = length;
                pieces.push((index, vec![payload]));
            }
        }
    }
    Ok(pieces)
}

/// Points and rejects of one piece.
#[derive(Default)]
struct Piece {
    series: Vec<SeriesPoints>,
    rejects: Vec<Reject>,
}

impl From<Piece> for Content {
    fn from(Piece { series, rejects }: Piece) -> Self {
        Self::Points { series, rejects }
    }
}

/// Pieces of up to `room` bytes, filled one after the other.
struct Pieces {
    room: usize,
    full: Vec<Content>,
    open: Piece,
    taken: usize,
}

impl Pieces {
    fn new(room: usize) -> Self {
        Self {
            room,
            full: Vec::new(),
            open: Piece::default(),
            taken: 0,
        }
    }

    fn points(&mut self, points: &SeriesPoints) -> Result<()> {
        self.close_if_busy();
        let columns = COLUMNS + points.name.as_str().len();
        let mut part = SeriesPoints::new(points.name.clone());
        for (position, &index) in points.index.iter().enumerate() {
            let tags = points.tags_at(position);
            let point = NUMBERS + length(tags)? + 1;
            let needed = if part.is_empty() {
                columns + point
            } else {
                point
            };
            if self.taken > 0 && self.taken + needed > self.room {
                let next = SeriesPoints::new(points.name.clone());
                self.add(std::mem::replace(&mut part, next));
                self.close();
                self.taken = columns + point;
            } else {
                self.taken += needed;
            }
            part.push(
                index,
                points.times[position],
                points.values[position],
                tags.clone(),
            );
        }
        self.add(part);
        Ok(())
    }

    fn add(&mut self, part: SeriesPoints) {
        if !part.is_empty() {
            self.open.series.push(part);
        }
    }

    fn reject(&mut self, reject: Reject) -> Result<()> {
        self.close_if_busy();
        let needed = length(&reject)? + 1;
        if self.taken > 0 && self.taken + needed > self.room {
            self.close();
        }
        self.taken += needed;
        self.open.rejects.push(reject);
        Ok(())
    }

    fn close_if_busy(&mut self) {
        if self.open.series.len() + self.open.rejects.len() >= WRITES {
            self.close();
        }
    }

    fn close(&mut self) {
        self.full.push(std::mem::take(&mut self.open).into());
        self.taken = 0;
    }

    fn finish(mut self) -> Vec<Content> {
        if self.taken > 0 {
            self.close();
        }
        self.full
    }
}

#[cfg(test)]
mod tests;

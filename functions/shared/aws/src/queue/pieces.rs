//! The JSON of a batch, in as many pieces as the queue's limit takes. Each is a
//! batch of the same id, time of receipt and source, and its points keep their
//! index, so that together they are the batch, in any order.

use serde::Serialize;
use serde_json::Result;
use tidemark_core::batch::{Batch, Content, Reject, SeriesPoints};
use tidemark_core::payload::Payload;

/// The most bytes that the numbers of one point take in the columns of its
/// series, with the commas that follow: an index, a time, a value.
const NUMBERS: usize = "4294967295,-9223372036854775808,-2.2250738585072014e-308,".len();
/// The columns of a series without name and points, and the comma that follows.
const COLUMNS: usize = r#"{"name":"","index":[],"times":[],"values":[],"tags":[]},"#.len();

/// The batch as one text, or several if it is longer than `limit` bytes.
///
/// Longer than that is only a piece that holds a single point, reject or
/// message: of what [`Payload`] keeps none reaches 400 KiB.
pub(super) fn texts(batch: Batch, limit: usize) -> Result<Vec<String>> {
    let whole = text(&batch)?;
    if whole.len() <= limit {
        return Ok(vec![whole]);
    }
    let Batch {
        tenant,
        source,
        id,
        received,
        content,
    } = batch;
    let piece = |content| Batch {
        tenant: tenant.clone(),
        source,
        id,
        received,
        content,
    };
    let contents = match content {
        Content::Points { series, rejects } => {
            let empty = piece(Piece::default().into());
            let mut pieces = Pieces::new(limit.saturating_sub(text(&empty)?.len()));
            for points in &series {
                pieces.points(points)?;
            }
            for reject in rejects {
                pieces.reject(reject)?;
            }
            pieces.finish()
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
            let empty = piece(content(u32::MAX, Vec::new()));
            let room = limit.saturating_sub(text(&empty)?.len());
            divide(payloads, first, room)?
                .into_iter()
                .map(|(first, payloads)| content(first, payloads))
                .collect()
        }
    };
    contents
        .into_iter()
        .map(|content| text(&piece(content)))
        .collect()
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
        let length = text(&payload)?.len() + 1;
        taken += length;
        match pieces.last_mut() {
            Some((_, piece)) if taken <= room => piece.push(payload),
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
        let columns = COLUMNS + points.name.as_str().len();
        let mut part = SeriesPoints::new(points.name.clone());
        for (position, &index) in points.index.iter().enumerate() {
            let tags = points.tags_at(position);
            let point = NUMBERS + text(tags)?.len() + 1;
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
        let needed = text(&reject)?.len() + 1;
        if self.taken > 0 && self.taken + needed > self.room {
            self.close();
        }
        self.taken += needed;
        self.open.rejects.push(reject);
        Ok(())
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

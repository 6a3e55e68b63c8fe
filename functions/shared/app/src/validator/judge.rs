//! Holds the points of a batch against the rules of their source.

use std::sync::Arc;

use tidemark_core::batch::{Batch, Content, Reject, SeriesPoints, Write};
use tidemark_core::discard::{Discard, Format, Reason};
use tidemark_core::name::SeriesName;
use tidemark_core::payload::Payload;
use tidemark_core::point::{Point, Tags};
use tidemark_core::rules::Rules;
use tidemark_core::time::Timestamp;
use tidemark_formats::message::{self, Decoded};
use tidemark_formats::{Fault, told};
use tidemark_ports::Refusal;

/// A batch divided into what is to be stored and what is not.
pub(super) struct Judged {
    /// What is to be stored.
    pub(super) write: Arc<Write>,
    /// What is not, with all reasons.
    pub(super) rejects: Vec<Reject>,
    /// What the points to be stored came in, one each, where they came as
    /// messages: in case that the store refuses some.
    messages: Vec<Payload>,
}

/// Holds a batch against the rules of its source.
pub(super) fn judge(batch: Batch) -> Judged {
    let rules = Rules::of(&batch.source);
    let (series, rejects, messages) = match batch.content {
        Content::Points { series, rejects } => {
            let (series, rejects) = points(series, rejects, &rules, batch.received);
            (series, rejects, Vec::new())
        }
        Content::Messages {
            series,
            first,
            payloads,
        } => messages(series, (first..).zip(payloads), &rules, batch.received),
    };
    Judged {
        write: Arc::new(Write {
            tenant: batch.tenant,
            batch: batch.id,
            received: batch.received,
            source: batch.source,
            series,
        }),
        rejects,
        messages,
    }
}

impl Judged {
    /// A point that the store refused for good, as a reject.
    pub(super) fn refused(&self, refusal: &Refusal) -> Option<Reject> {
        let points = self.write.series.get(refusal.series)?;
        let reject = as_reject(points, refusal.position, vec![Reason::StoreRejected])?;
        let (payload, format) = match self.messages.get(refusal.position) {
            Some(message) => (message.clone(), Format::Message),
            None => (reject.payload, reject.format),
        };
        Some(Reject {
            detail: refusal.detail.clone(),
            payload,
            format,
            ..reject
        })
    }
}

fn points(
    series: Vec<SeriesPoints>,
    mut rejects: Vec<Reject>,
    rules: &Rules,
    received: Timestamp,
) -> (Vec<SeriesPoints>, Vec<Reject>) {
    let mut kept = Vec::with_capacity(series.len());
    for points in series {
        let against: Vec<Vec<Reason>> = (0..points.len())
            .map(|i| rules.judge(points.times[i], points.tags_at(i), received))
            .collect();
        if against.iter().all(Vec::is_empty) {
            kept.push(points);
            continue;
        }
        let mut good = SeriesPoints::new(points.name.clone());
        for (i, reasons) in against.into_iter().enumerate() {
            if reasons.is_empty() {
                good.push(
                    points.index[i],
                    points.times[i],
                    points.values[i],
                    points.tags_at(i).clone(),
                );
            } else {
                rejects.extend(as_reject(&points, i, reasons));
            }
        }
        if !good.is_empty() {
            kept.push(good);
        }
    }
    (kept, rejects)
}

fn messages(
    series: SeriesName,
    payloads: impl Iterator<Item = (u32, Payload)>,
    rules: &Rules,
    received: Timestamp,
) -> (Vec<SeriesPoints>, Vec<Reject>, Vec<Payload>) {
    let mut points = SeriesPoints::new(series);
    let mut rejects = Vec::new();
    let mut kept = Vec::new();
    for (index, payload) in payloads {
        let decoded = match payload.whole() {
            Some(bytes) => message::decode(bytes),
            None => Decoded {
                faults: vec![too_large()],
                ..Default::default()
            },
        };
        let Decoded {
            time,
            value,
            tags,
            mut faults,
        } = decoded;
        faults.extend(against(rules, time, &tags, received));
        match (time, value) {
            (Some(time), Some(value)) if faults.is_empty() => {
                points.push(index, time, value, tags);
                kept.push(payload);
            }
            _ => {
                let (reasons, detail) = told(&faults);
                rejects.push(Reject {
                    index,
                    series: Some(points.name.clone()),
                    time,
                    value,
                    reasons,
                    detail,
                    payload,
                    format: Format::Message,
                });
            }
        }
    }
    let series = if points.is_empty() {
        Vec::new()
    } else {
        vec![points]
    };
    (series, rejects, kept)
}

fn too_large() -> Fault {
    Fault::at("", Reason::TooLarge, "too large to be kept whole")
}

/// What the rules have against a message. One without a time is neither too
/// old nor too far ahead.
fn against(rules: &Rules, time: Option<Timestamp>, tags: &Tags, received: Timestamp) -> Vec<Fault> {
    let reasons = rules.judge(time.unwrap_or(received), tags, received);
    let member = |reason| match reason {
        Reason::TooOld | Reason::TooFarAhead => "/time",
        Reason::System | Reason::Suspect => "/tags",
        // Not of the rules, but of what the message is in itself.
        Reason::Malformed
        | Reason::NotFinite
        | Reason::OutOfRange
        | Reason::TooLarge
        | Reason::StoreRejected => "",
    };
    reasons
        .into_iter()
        .map(|reason| Fault::at(member(reason), reason, detail(reason)))
        .collect()
}

/// Reads the payload of a discard again, as if it were received at `received`,
/// and holds it against the rules of its source, but for those `waived`. What
/// is left against it is the error.
pub(crate) fn reread(
    discard: &Discard,
    received: Timestamp,
    waived: &[Reason],
) -> Result<Vec<SeriesPoints>, Vec<Fault>> {
    let rules = Rules::of(&discard.source);
    let is_left = |fault: &Fault| !waived.contains(&fault.reason);
    let Some(bytes) = discard.payload.whole() else {
        return Err(vec![too_large()]);
    };
    let mut points: Vec<SeriesPoints> = Vec::new();
    let mut left: Vec<Fault> = Vec::new();
    match (discard.format, &discard.series) {
        (Format::Message, Some(series)) => {
            let Decoded {
                time,
                value,
                tags,
                mut faults,
            } = message::decode(bytes);
            faults.extend(against(&rules, time, &tags, received));
            left.extend(faults.into_iter().filter(is_left));
            if let (Some(time), Some(value)) = (time, value) {
                let mut one = SeriesPoints::new(series.clone());
                one.push(0, time, value, tags);
                points.push(one);
            }
        }
        (format, series) => {
            let read = tidemark_formats::reread(format, bytes, series.as_ref())?;
            for (index, point) in (0..).zip(read) {
                let faults = against(&rules, Some(point.time), &point.tags, received);
                left.extend(faults.into_iter().filter(is_left));
                let mut one = SeriesPoints::new(point.series);
                one.push(index, point.time, point.value, point.tags);
                points.push(one);
            }
        }
    }
    if left.is_empty() {
        Ok(points)
    } else {
        Err(left)
    }
}

/// What a rule has to say, for people.
fn detail(reason: Reason) -> String {
    match reason {
        Reason::TooOld => "older at receipt than the source's rules allow".to_owned(),
        Reason::TooFarAhead => "further ahead at receipt than the source's rules allow".to_owned(),
        Reason::System | Reason::Suspect => format!("tagged {reason}"),
        // Of these the text is told by whoever found it.
        Reason::Malformed
        | Reason::NotFinite
        | Reason::OutOfRange
        | Reason::TooLarge
        | Reason::StoreRejected => reason.to_string(),
    }
}

/// A well-formed point as a reject. Its payload is the point in the form of
/// `POST /api`: what exactly came is not known any more.
fn as_reject(points: &SeriesPoints, position: usize, reasons: Vec<Reason>) -> Option<Reject> {
    let point = Point {
        time: *points.times.get(position)?,
        value: *points.values.get(position)?,
        tags: points.tags_at(position).clone(),
    };
    let details: Vec<String> = reasons.iter().map(|r| detail(*r)).collect();
    Some(Reject {
        index: *points.index.get(position)?,
        series: Some(points.name.clone()),
        time: Some(point.time),
        value: Some(point.value),
        reasons,
        detail: details.join("; "),
        payload: Payload::of_point(&points.name, &point),
        format: Format::Point,
    })
}

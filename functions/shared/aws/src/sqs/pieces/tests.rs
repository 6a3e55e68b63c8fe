use std::collections::BTreeMap;

use proptest::prelude::*;
use tidemark_core::batch::{BatchId, Source};
use tidemark_core::discard::{Format, Reason};
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_core::point::{Tags, Value};
use tidemark_core::time::Timestamp;

use super::super::LONGEST;
use super::*;

fn name(text: &str) -> SeriesName {
    SeriesName::new(text).unwrap()
}

fn batch(content: Content) -> Batch {
    Batch {
        tenant: Tenant::new("t".repeat(256)).unwrap(),
        source: Source::DataServer,
        id: BatchId::new(u64::MAX, u64::MAX),
        received: Timestamp::MIN,
        content,
    }
}

fn reject(index: u32, payload: &[u8]) -> Reject {
    Reject {
        index,
        series: Some(name("r")),
        time: Some(Timestamp::MIN),
        value: None,
        reasons: vec![Reason::Malformed],
        detail: "\u{ffff}".to_owned(),
        payload: Payload::new(payload),
        format: Format::Point,
    }
}

/// Everything a batch says, in an order that does not depend on its pieces: the
/// point, reject or message of each index.
fn said(batches: &[Batch]) -> BTreeMap<(&'static str, u32), String> {
    let mut said = BTreeMap::new();
    let mut say = |what, index, text: String| {
        assert_eq!(said.insert((what, index), text), None, "{what} {index}");
    };
    for batch in batches {
        match &batch.content {
            Content::Points { series, rejects } => {
                for points in series {
                    for (position, &index) in points.index.iter().enumerate() {
                        let (time, value) = (points.times[position], points.values[position]);
                        let tags = points.tags_at(position);
                        let text = format!("{} {time} {value:?} {tags:?}", points.name);
                        say("point", index, text);
                    }
                }
                for reject in rejects {
                    say("reject", reject.index, format!("{reject:?}"));
                }
            }
            Content::Messages {
                series,
                first,
                payloads,
            } => {
                for (index, payload) in (*first..).zip(payloads) {
                    say("message", index, format!("{series} {payload:?}"));
                }
            }
        }
    }
    said
}

/// Cuts a batch and holds the pieces against it.
fn pieces(batch: &Batch, limit: usize) -> Vec<Batch> {
    let pieces: Vec<Batch> = texts(batch.clone(), limit)
        .unwrap()
        .map(|text| {
            let text = &text.unwrap();
            assert!(text.len() <= limit, "{} > {limit}", text.len());
            assert!(!text.contains(|c: char| c.is_control() && c != '\u{7f}' && c < '\u{80}'));
            assert!(!text.contains(['\u{fffe}', '\u{ffff}']));
            serde_json::from_str(text).unwrap()
        })
        .collect();
    for piece in &pieces {
        assert!(writes(&piece.content) <= WRITES);
        assert_eq!(
            (&piece.tenant, &piece.source, piece.id, piece.received),
            (&batch.tenant, &batch.source, batch.id, batch.received)
        );
        if let Content::Points { series, .. } = &piece.content {
            let mut names: Vec<_> = series.iter().map(|s| &s.name).collect();
            names.dedup();
            assert_eq!(names.len(), series.len(), "a series stands there twice");
        }
    }
    assert_eq!(said(&pieces), said(std::slice::from_ref(batch)));
    pieces
}

fn tags() -> impl Strategy<Value = Tags> {
    let tag = "[a-c\"\\\\\u{fffe}\u{ffff}🌊]{1,4}";
    prop::collection::vec(tag, 0..3).prop_map(|tags| Tags::new(tags).unwrap())
}

fn points() -> impl Strategy<Value = Content> {
    let value = any::<f64>().prop_filter_map("finite", |v| Value::new(v).ok());
    let point = (0_usize..5, any::<i64>(), value, tags());
    let payload = prop::collection::vec(any::<u8>(), 0..100);
    (
        prop::collection::vec(point, 0..120),
        prop::collection::vec(payload, 0..20),
    )
        .prop_map(|(points, payloads)| {
            let names = ["a", "b", "c", &"d".repeat(256), "e"];
            let mut series: Vec<_> = names.iter().map(|n| SeriesPoints::new(name(n))).collect();
            for ((at, time, value, tags), index) in points.into_iter().zip(0..) {
                series[at].push(index, Timestamp::from_nanos(time), value, tags);
            }
            let rejects = payloads.iter().zip(1000..).map(|(p, i)| reject(i, p));
            Content::Points {
                series,
                rejects: rejects.collect(),
            }
        })
}

fn messages() -> impl Strategy<Value = Content> {
    let text = "[ -~\u{0}-\u{8}\u{fffe}\u{ffff}]{0,60}".prop_map(String::into_bytes);
    let payload = prop_oneof![prop::collection::vec(any::<u8>(), 0..100), text];
    (prop::collection::vec(payload, 0..60), 0..u32::MAX - 60).prop_map(|(payloads, first)| {
        Content::Messages {
            series: name("m"),
            first,
            payloads: payloads.iter().map(|p| Payload::new(p)).collect(),
        }
    })
}

proptest! {
    #[test]
    fn pieces_put_together_are_the_batch(
        content in prop_oneof![points(), messages()],
        limit in 1200_usize..20_000,
    ) {
        pieces(&batch(content), limit);
    }
}

#[test]
fn a_piece_is_handled_in_time_whatever_it_holds() {
    let series = |many: usize| -> Vec<SeriesPoints> {
        let one = |i| {
            let mut points = SeriesPoints::new(name(&format!("s{i}")));
            let value = Value::new(1.0).unwrap();
            points.push(i, Timestamp::MIN, value, Tags::none());
            points
        };
        (0..).take(many).map(one).collect()
    };
    let rejects = |many: usize| (5000..).take(many).map(|i| reject(i, b"{}")).collect();
    for (of_series, of_rejects, expected) in [
        (WRITES, 0, 1),
        (WRITES + 1, 0, 2),
        (0, WRITES, 1),
        (1, WRITES, 2),
        (3 * WRITES, 2 * WRITES, 5),
    ] {
        let content = Content::Points {
            series: series(of_series),
            rejects: rejects(of_rejects),
        };
        assert_eq!(pieces(&batch(content), LONGEST).len(), expected);
    }
    let content = Content::Messages {
        series: name("m"),
        first: 7,
        payloads: vec![Payload::new(b"x"); 2 * WRITES + 1],
    };
    assert_eq!(pieces(&batch(content), LONGEST).len(), 3);
}

proptest! {
    #[test]
    fn a_length_is_that_of_the_text(content in prop_oneof![points(), messages()]) {
        let batch = batch(content);
        prop_assert_eq!(length(&batch).unwrap(), text(&batch).unwrap().len());
    }
}

#[test]
fn what_fits_exactly_is_one_piece() {
    let content = |length| Content::Messages {
        series: name("m"),
        first: 0,
        payloads: vec![Payload::new(&vec![b'x'; 60_000]); 16]
            .into_iter()
            .chain([Payload::new(&vec![b'x'; length])])
            .collect(),
    };
    let rest = LONGEST - text(&batch(content(0))).unwrap().len();
    assert!(rest < Payload::MAX_BYTES);
    assert_eq!(pieces(&batch(content(rest)), LONGEST).len(), 1);
    assert_eq!(pieces(&batch(content(rest + 1)), LONGEST).len(), 2);
}

#[test]
fn the_longest_payloads_fit() {
    let control = vec![1; Payload::MAX_BYTES + 1];
    let odd = "\u{ffff}".repeat(Payload::MAX_BYTES / 3 + 1).into_bytes();
    let binary = vec![0xff; Payload::MAX_BYTES];
    let every = [&control, &odd, &binary];
    let rejects = (0..60).map(|i| reject(i, every[i as usize % 3]));
    pieces(
        &batch(Content::Points {
            series: vec![],
            rejects: rejects.collect(),
        }),
        LONGEST,
    );
    pieces(
        &batch(Content::Messages {
            series: name("m"),
            first: 0,
            payloads: (0..60).map(|i| Payload::new(every[i % 3])).collect(),
        }),
        LONGEST,
    );
}

#[test]
fn a_body_of_64_mib_is_cut_into_full_pieces() {
    let mut one = SeriesPoints::new(name("a"));
    let longest = Value::new(-f64::MIN_POSITIVE).unwrap();
    for index in 0..400_000 {
        one.push(index, Timestamp::MIN, longest, Tags::none());
    }
    let whole = batch(Content::Points {
        series: vec![one],
        rejects: vec![],
    });
    let least = text(&whole).unwrap().len().div_ceil(LONGEST);
    let made = pieces(&whole, LONGEST).len();
    assert!(made <= least + least / 5 + 1, "{made} pieces, not {least}");
}

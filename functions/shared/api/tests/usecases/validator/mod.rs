//! What is kept, what is a discard, and why.

mod properties;

use tidemark_core::batch::{Batch, BatchId, Content, SeriesPoints, Source};
use tidemark_core::discard::{Discard, Format, Reason};
use tidemark_core::name::Tenant;
use tidemark_core::payload::Payload;
use tidemark_core::point::Value;
use tidemark_core::time::Timestamp;
use tidemark_ports::error::Kind;

use crate::hooks::{Call, Done};
use crate::world::{NOW, World, at, messages, name, tags};

use Reason::{Malformed, NotFinite, OutOfRange, StoreRejected, Suspect, System, TooLarge, TooOld};

const OLD: i64 = NOW - 3601;

fn message(time: &str, value: &str, tags: &str) -> Vec<u8> {
    format!(r#"{{"time": {time}, "value": {value}, "tags": {tags}}}"#).into_bytes()
}

fn reasons(discards: &[Discard]) -> Vec<(u32, Vec<Reason>)> {
    let of = |d: &Discard| (d.stamp.index, d.reasons.clone());
    discards.iter().map(of).collect()
}

#[tokio::test]
async fn every_reason_is_named_alone_and_with_others() {
    let world = World::new();
    let (now, old) = (NOW.to_string(), OLD.to_string());
    let long = format!("\"{}\"", "x".repeat(Payload::MAX_BYTES));
    let cases: Vec<(Vec<u8>, Vec<Reason>)> = vec![
        (message(&now, "1", "[]"), vec![]),
        (message(&old, "1", "[]"), vec![TooOld]),
        (message(&now, "1", r#"["system"]"#), vec![System]),
        (message(&now, "1", r#"["suspect"]"#), vec![Suspect]),
        (message(&now, "\"1\"", "[]"), vec![Malformed]),
        (message(&now, "[0, 0, 192, 127]", "[]"), vec![NotFinite]),
        (message(&now, "1e400", "[]"), vec![NotFinite]),
        (message("1e30", "1", "[]"), vec![OutOfRange]),
        (message(&now, "1", &long), vec![TooLarge]),
        (b"".to_vec(), vec![Malformed]),
        (b"\xff\xfe{\x00".to_vec(), vec![Malformed]),
        (message(&old, "1", r#"["suspect"]"#), vec![TooOld, Suspect]),
        (
            message(&now, "1", r#"["suspect", "x", "system"]"#),
            vec![System, Suspect],
        ),
        (
            message(&now, "true", r#"["suspect"]"#),
            vec![Suspect, Malformed],
        ),
        (
            message(&now, "1", r#"["suspect", 7]"#),
            vec![Suspect, Malformed],
        ),
        // Twice the same reason is one.
        (message(&now, "true", "{}"), vec![Malformed]),
        (
            message("1e30", "[1]", r#"["system"]"#),
            vec![System, Malformed, OutOfRange],
        ),
        (
            message(&old, "[0, 0, 128, 127]", r#"["system", "suspect", ""]"#),
            vec![TooOld, System, Suspect, Malformed, NotFinite],
        ),
    ];
    let batch = messages(0, at(NOW), cases.iter().map(|(payload, _)| &payload[..]));
    world.validator.handle(batch).await.unwrap();
    let discards = world.discards(&Tenant::local()).await;
    let expected: Vec<_> = (0..)
        .zip(cases.iter().map(|(_, reasons)| reasons.clone()))
        .filter(|(_, reasons)| !reasons.is_empty())
        .collect();
    assert_eq!(reasons(&discards), expected);
    for discard in &discards {
        let payload = &cases[discard.stamp.index as usize].0;
        assert_eq!(discard.payload, Payload::new(payload));
        assert_eq!(discard.source, Source::DataServer);
        assert_eq!(discard.series, Some(name("data-server")));
        assert_eq!(discard.format, Format::Message);
        assert_eq!(discard.stamp.received, at(NOW));
        assert!(!discard.detail.is_empty());
    }
    // What could be read is told, whatever else was wrong.
    let both = &discards[10];
    assert_eq!(both.time, Some(at(OLD)));
    assert_eq!(both.value, Value::new(1.0).ok());
    assert_eq!(world.points(&Tenant::local(), "data-server").await.len(), 1);
}

#[tokio::test]
async fn a_long_payload_is_kept_in_part_with_its_length_and_digest() {
    let world = World::new();
    let long = vec![b'\xfe'; Payload::MAX_BYTES + 1];
    let batch = messages(0, at(NOW), [&long[..], &long[1..]]);
    world.validator.handle(batch).await.unwrap();
    let discards = world.discards(&Tenant::local()).await;
    assert_eq!(
        reasons(&discards),
        [(0, vec![TooLarge]), (1, vec![Malformed])]
    );
    assert_eq!(discards[0].payload.bytes(), &long[1..]);
    assert_eq!(discards[0].payload.cut().unwrap().length, 65537);
    assert_eq!(discards[1].payload.whole(), Some(&long[1..]));
}

#[tokio::test]
async fn pieces_of_a_batch_are_the_batch() {
    let earlier = message(&NOW.to_string(), "1", "[]");
    let later = message(&NOW.to_string(), "2", "[]");
    let payloads = [&earlier[..], b"{", &later, b"}"];
    let piece = |first: usize| {
        let mut piece = messages(0, at(NOW), payloads[first..first + 2].iter().copied());
        if let Content::Messages { first: index, .. } = &mut piece.content {
            *index = u32::try_from(first).unwrap();
        }
        piece
    };
    for order in [[0, 2], [2, 0]] {
        let world = World::new();
        for first in order {
            world.validator.handle(piece(first)).await.unwrap();
        }
        let mut discards = reasons(&world.discards(&Tenant::local()).await);
        discards.sort_unstable();
        assert_eq!(discards, [(1, vec![Malformed]), (3, vec![Malformed])]);
        // The later message of the batch counts, whichever piece came last.
        let kept = world.points(&Tenant::local(), "data-server").await;
        let values: Vec<f64> = kept.iter().map(|p| p.value.get()).collect();
        assert_eq!(values, [2.0], "{order:?}");
    }
}

#[tokio::test]
async fn age_is_judged_at_receipt_not_when_the_batch_is_read() {
    let world = World::new();
    let received = at(NOW - 86_400);
    let exactly = message(&(NOW - 86_400 - 3600).to_string(), "1", "[]");
    let older = message(&format!("{}.999999999", NOW - 86_400 - 3601), "2", "[]");
    world.clock.set(NOW);
    let batch = messages(0, received, [&exactly[..], &older]);
    world.validator.handle(batch).await.unwrap();
    let kept = world.points(&Tenant::local(), "data-server").await;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].value.get(), 1.0);
    let discards = world.discards(&Tenant::local()).await;
    assert_eq!(reasons(&discards), [(1, vec![TooOld])]);
}

#[tokio::test]
async fn tags_that_do_not_discard_stay_with_the_point() {
    let world = World::new();
    let tagged = message(&NOW.to_string(), "1", r#"["sun-glint", "System", "a b"]"#);
    let batch = messages(0, at(NOW), [&tagged[..]]);
    world.validator.handle(batch).await.unwrap();
    let kept = world.points(&Tenant::local(), "data-server").await;
    assert_eq!(kept[0].tags, tags(&["System", "a b", "sun-glint"]));
    assert!(world.discards(&Tenant::local()).await.is_empty());
}

#[tokio::test]
async fn a_client_may_load_history_and_tag_as_it_likes() {
    let world = World::new();
    // A source that only a later version knows has no rules here.
    let broker: Source = "broker:7".parse().unwrap();
    for (sequence, source) in [(0, Source::Api), (1, Source::Meterdata), (2, broker)] {
        let mut points = SeriesPoints::new(name(source.as_str()));
        let value = Value::new(1.0).unwrap();
        points.push(0, Timestamp::MIN, value, tags(&["suspect"]));
        points.push(1, at(0), value, tags(&["system"]));
        points.push(2, Timestamp::MAX, value, tags(&[]));
        let batch = Batch {
            tenant: Tenant::local(),
            source: source.clone(),
            id: BatchId::new(1, sequence),
            received: at(NOW),
            content: Content::Points {
                series: vec![points],
                rejects: Vec::new(),
            },
        };
        world.validator.handle(batch).await.unwrap();
        let kept = world.points(&Tenant::local(), source.as_str()).await;
        assert_eq!(kept.len(), 3);
        assert_eq!(kept[0].tags, tags(&["suspect"]));
        // The store knows, in case that it refuses some later.
        assert_eq!(world.hooks.written_from(), [source]);
    }
    assert!(world.discards(&Tenant::local()).await.is_empty());
}

#[tokio::test]
async fn what_the_store_refuses_is_a_discard() {
    let world = World::new();
    world.hooks.refuse_from(100.0);
    let now = NOW.to_string();
    let (odd, good) = (
        // Spaces and an unknown member: byte for byte is more than the same JSON.
        format!(r#"{{ "value":1e2,"unit":"V", "time":{now} }}"#).into_bytes(),
        message(&now, "99", "[]"),
    );
    let batch = messages(0, at(NOW), [b"{".as_slice(), &good, &odd]);
    world.validator.handle(batch.clone()).await.unwrap();
    world.validator.handle(batch).await.unwrap();
    let kept = world.points(&Tenant::local(), "data-server").await;
    assert_eq!(kept.len(), 1);
    let discards = world.discards(&Tenant::local()).await;
    assert_eq!(
        reasons(&discards),
        [(0, vec![Malformed]), (2, vec![StoreRejected])]
    );
    let refused = &discards[1];
    assert_eq!(refused.detail, "greater than is stored here");
    assert_eq!(refused.payload.whole(), Some(&odd[..]));
    assert_eq!(refused.format, Format::Message);
    assert_eq!(refused.time, Some(at(NOW)));
    assert_eq!(refused.value, Value::new(100.0).ok());
}

#[tokio::test]
async fn a_refused_point_of_a_client_is_a_discard_that_can_be_read_again() {
    let world = World::new();
    world.hooks.refuse_from(100.0);
    let mut points = SeriesPoints::new(name("a"));
    points.push(0, at(1), Value::new(0.1).unwrap(), tags(&[]));
    points.push(1, at(2), Value::new(1e300).unwrap(), tags(&["x"]));
    let batch = Batch {
        tenant: Tenant::local(),
        source: Source::Api,
        id: BatchId::new(1, 0),
        received: at(NOW),
        content: Content::Points {
            series: vec![points],
            rejects: Vec::new(),
        },
    };
    world.validator.handle(batch).await.unwrap();
    let discards = world.discards(&Tenant::local()).await;
    assert_eq!(reasons(&discards), [(1, vec![StoreRejected])]);
    let payload: serde_json::Value =
        serde_json::from_slice(discards[0].payload.whole().unwrap()).unwrap();
    let expected =
        serde_json::json!({"name": "a", "t": "1970-01-01T00:00:02Z", "v": 1e300, "tags": ["x"]});
    assert_eq!(payload, expected);
    assert_eq!(discards[0].format, Format::Point);
}

#[tokio::test]
async fn after_a_failure_the_batch_is_delivered_again_and_stored_once() {
    let now = NOW.to_string();
    let payloads = [
        message(&now, "1", "[]"),
        message(&(NOW - 1).to_string(), "1e17", "[]"),
        message(&now, "1", r#"["system"]"#),
    ];
    for call in [Call::Write, Call::Register, Call::Put] {
        for done in [Done::Not, Done::AllTheSame] {
            let world = World::new();
            let batch = || messages(0, at(NOW), payloads.iter().map(|p| &p[..]));
            for kind in [Kind::Unavailable, Kind::Internal] {
                world.hooks.fail(call, kind, done);
                let error = world.validator.handle(batch()).await.unwrap_err();
                assert_eq!(error.kind(), kind, "{call:?} {done:?}");
            }
            assert!(world.hooks.all_happened());
            world.validator.handle(batch()).await.unwrap();
            let points = world.points(&Tenant::local(), "data-server").await;
            assert_eq!(points.len(), 2, "{call:?} {done:?}");
            let discards = world.discards(&Tenant::local()).await;
            assert_eq!(reasons(&discards), [(2, vec![System])]);
            let listed = world.get("/api").await.json();
            assert_eq!(listed["count"], 1);
        }
    }
}

#[tokio::test]
async fn a_refusal_that_cannot_be_kept_is_a_failure() {
    let world = World::new();
    world.hooks.refuse_from(100.0);
    world.hooks.fail(Call::Put, Kind::Unavailable, Done::Not);
    let huge = message(&NOW.to_string(), "1000", "[]");
    let batch = || messages(0, at(NOW), [&huge[..]]);
    assert!(world.validator.handle(batch()).await.is_err());
    world.validator.handle(batch()).await.unwrap();
    assert_eq!(world.discards(&Tenant::local()).await.len(), 1);
}

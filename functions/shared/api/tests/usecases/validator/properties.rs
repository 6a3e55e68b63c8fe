//! Any messages, and any order of deliveries, held against a naive model.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tidemark_core::batch::{Batch, BatchId, Content, SeriesPoints, Source};
use tidemark_core::discard::Reason;
use tidemark_core::name::Tenant;
use tidemark_core::point::{Point, Value};

use crate::world::{NOW, World, at, holds, messages, name, points_of, tags};

use Reason::{Malformed, NotFinite, OutOfRange, Suspect, System, TooOld};

/// What may be wrong with a message, and which reasons that is.
const DEFECTS: [(&str, &[Reason]); 6] = [
    ("", &[]),
    ("value", &[Malformed]),
    ("nan", &[NotFinite]),
    ("time", &[Malformed]),
    ("huge time", &[OutOfRange]),
    ("tag", &[Malformed]),
];

#[derive(Debug, Clone)]
struct Made {
    payload: Vec<u8>,
    time: i64,
    value: f64,
    reasons: Vec<Reason>,
}

fn made() -> impl Strategy<Value = Made> {
    let age = prop_oneof![3 => 0..=3600i64, 1 => 3601..=4000i64, 1 => -10..0i64];
    let defect = prop_oneof![2 => Just(DEFECTS[0]), 1 => prop::sample::select(&DEFECTS[1..])];
    (age, defect, any::<[bool; 3]>(), -9i32..9).prop_map(
        |(age, (defect, why), [system, suspect, bytes], value)| {
            let value = f64::from(value);
            let mut reasons = why.to_vec();
            let mut tag = |tagged: bool, tag: &'static str, reason| {
                reasons.extend(tagged.then_some(reason));
                tagged.then_some(tag)
            };
            let mut all = vec!["x"];
            all.extend(tag(system, "system", System));
            all.extend(tag(suspect, "suspect", Suspect));
            if defect == "tag" {
                all.push("a;b");
            }
            if age > 3600 && !defect.ends_with("time") {
                reasons.push(TooOld);
            }
            reasons.sort_unstable();
            let time = NOW - age;
            #[allow(clippy::cast_possible_truncation, reason = "small whole numbers")]
            let payload = serde_json::json!({
                "tags": all,
                "time": match defect {
                    "time" => serde_json::json!([time]),
                    "huge time" => serde_json::json!(1e12),
                    _ => serde_json::json!(time),
                },
                "value": match defect {
                    "value" => serde_json::json!({"v": value}),
                    "nan" => serde_json::json!(f32::NAN.to_le_bytes()),
                    _ if bytes => serde_json::json!((value as f32).to_le_bytes()),
                    _ => serde_json::json!(value),
                },
            });
            Made {
                payload: payload.to_string().into_bytes(),
                time,
                value,
                reasons,
            }
        },
    )
}

/// Each message is a point or a discard with all its reasons, never both,
/// however often its batch is delivered.
#[test]
fn valid_messages_and_discards_are_all_there_is() {
    let property = async |world: &World, number: usize, made: Vec<Made>| {
        let tenant = Tenant::new(format!("t{number}")).unwrap();
        let batch = Batch {
            tenant: tenant.clone(),
            ..messages(7, at(NOW), made.iter().map(|m| &m.payload[..]))
        };
        world.validator.handle(batch.clone()).await.unwrap();
        world.validator.handle(batch).await.unwrap();
        let expected: Vec<_> = (0..)
            .zip(&made)
            .filter(|(_, m)| !m.reasons.is_empty())
            .map(|(index, m)| (index, m.reasons.clone(), m.payload.clone()))
            .collect();
        let discards = world.discards(&tenant).await;
        let found: Vec<_> = discards
            .iter()
            .map(|d| (d.stamp.index, d.reasons.clone(), d.payload.bytes().to_vec()))
            .collect();
        prop_assert_eq!(found, expected);
        // Of several at one time the last counts.
        let valid = made.iter().filter(|m| m.reasons.is_empty());
        let kept: BTreeMap<i64, f64> = valid.map(|m| (m.time, m.value)).collect();
        let kept: Vec<_> = kept.into_iter().map(|(t, v)| (at(t), v)).collect();
        let points = world.points(&tenant, "data-server").await;
        let points: Vec<_> = points.iter().map(|p| (p.time, p.value.get())).collect();
        prop_assert_eq!(points, kept);
        Ok(())
    };
    holds(100, &prop::collection::vec(made(), 0..20), &property);
}

/// Values whose sum in f64 depends on the order.
fn hard_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        prop::sample::select(vec![1e16, 1.0, -1e16, 1e308, -1e308, 0.1, 5e-324, -0.0]),
        -1e3..1e3f64,
    ]
}

/// A batch of points of one series: when it was received, and the points.
type Load = (i64, Vec<(i64, f64)>);

fn loads() -> impl Strategy<Value = Vec<Load>> {
    let points = prop::collection::vec((0..30i64, hard_value()), 1..12);
    prop::collection::vec((0..3i64, points), 1..6)
}

/// Every other point of a batch, beginning with the first or the second.
fn half_of(tenant: &Tenant, sequence: u64, (received, points): &Load, half: u32) -> Batch {
    let mut columns = SeriesPoints::new(name("a"));
    for (index, (time, value)) in (0u32..).zip(points) {
        if index % 2 == half {
            columns.push(index, at(*time), Value::new(*value).unwrap(), tags(&[]));
        }
    }
    Batch {
        tenant: tenant.clone(),
        source: Source::Api,
        id: BatchId::new(1, sequence),
        received: at(NOW + received),
        content: Content::Points {
            series: vec![columns],
            rejects: Vec::new(),
        },
    }
}

/// A stream that is shuffled, repeated and split leaves the same points and the
/// same statistics as the plain one.
#[test]
fn the_order_of_deliveries_does_not_matter() {
    let again = prop::collection::vec((any::<prop::sample::Index>(), 0..2u32), 0..12);
    let strategy = (loads(), again).prop_flat_map(|(loads, again)| {
        // Each half at least once.
        let halves = (0..loads.len()).flat_map(|i| [(i, 0), (i, 1)]);
        let again = again.iter().map(|(i, half)| (i.index(loads.len()), *half));
        let stream: Vec<(usize, u32)> = halves.chain(again).collect();
        (Just(loads), Just(stream).prop_shuffle(), any::<u64>())
    });
    let property = async |world: &World, number: usize, case| {
        let (loads, stream, flushes): (Vec<Load>, Vec<(usize, u32)>, u64) = case;
        let [plain, mixed] = ["plain", "mixed"].map(|t| Tenant::new(format!("{t}{number}")));
        let (plain, mixed) = (plain.unwrap(), mixed.unwrap());
        for (sequence, (received, points)) in (0..).zip(&loads) {
            let batch = Batch {
                tenant: plain.clone(),
                source: Source::Api,
                id: BatchId::new(1, sequence),
                received: at(NOW + received),
                content: points_of("a", points.iter().map(|(t, v)| (at(*t), *v))),
            };
            world.validator.handle(batch).await.unwrap();
        }
        for (step, (load, half)) in stream.into_iter().enumerate() {
            let batch = half_of(&mixed, load as u64, &loads[load], half);
            world.validator.handle(batch).await.unwrap();
            if flushes >> step & 3 == 3 {
                world.ports.store.flush().await.unwrap();
            }
        }
        let bits = |points: Vec<Point>| -> Vec<_> {
            let of = |p: Point| (p.time, p.value.get().to_bits());
            points.into_iter().map(of).collect()
        };
        let expected = world.points(&plain, "a").await;
        prop_assert_eq!(bits(world.points(&mixed, "a").await), bits(expected));
        let uri = "/api/a?stats=count,sum,avg,min,max,first,last,min_time,max_time";
        let expected = world.get_of(&plain, uri).await.text;
        prop_assert_eq!(world.get_of(&mixed, uri).await.text, expected);
        Ok(())
    };
    holds(60, &strategy, &property);
}

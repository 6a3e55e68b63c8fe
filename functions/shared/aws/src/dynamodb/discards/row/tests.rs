//! Discards as items and back.

use aws_sdk_dynamodb::types::AttributeValue;
use proptest::prelude::*;
use tidemark_core::batch::BatchId;

use super::*;

/// The largest item there may be, in bytes.
const LARGEST: usize = 400 * 1024;

fn stamps() -> impl Strategy<Value = Stamp> {
    // Close to each other in all they are compared by, or far.
    let received = prop_oneof![-3i64..3, any::<i64>()];
    let batch = prop_oneof![(Just(0), 0u64..3), any::<(u64, u64)>(),];
    (received, batch, prop_oneof![0u32..20, any::<u32>()]).prop_map(|(nanos, batch, index)| Stamp {
        received: Timestamp::from_nanos(nanos),
        batch: BatchId::new(batch.0, batch.1),
        index,
    })
}

fn discards() -> impl Strategy<Value = Discard> {
    let series = prop::option::of("[a-z]{1,9}".prop_map(|name| SeriesName::new(name).unwrap()));
    let instant = prop::option::of(any::<i64>().prop_map(Timestamp::from_nanos));
    let value = prop::option::of(
        any::<u64>().prop_filter_map("finite", |bits| Value::new(f64::from_bits(bits)).ok()),
    );
    let reasons = prop::sample::subsequence(Reason::ALL.to_vec(), 1..=Reason::ALL.len());
    let payload = prop_oneof![
        any::<Vec<u8>>(),
        any::<String>().prop_map(String::into_bytes),
        Just(vec![b'a'; Payload::MAX_BYTES + 1]),
        Just(vec![0xff; Payload::MAX_BYTES + 1]),
    ];
    let read = (series, instant.clone(), value, instant);
    let format = prop::sample::select(vec![
        Format::Point,
        Format::Csv,
        Format::CsvIn("tags,v,name,t".parse().unwrap()),
        Format::Meter,
        Format::Message,
    ]);
    let source = prop_oneof![
        prop::sample::select(Source::KNOWN.to_vec()),
        "[a-z0-9._:-]{1,64}".prop_map(|name| name.parse().unwrap()),
    ];
    (
        stamps(),
        read,
        reasons,
        any::<String>(),
        payload,
        format,
        source,
    )
        .prop_map(
            |(stamp, (series, time, value, replayed), reasons, detail, payload, format, source)| {
                Discard {
                    tenant: Tenant::local(),
                    source,
                    stamp,
                    series,
                    time,
                    value,
                    reasons,
                    detail,
                    payload: Payload::new(&payload),
                    format,
                    replayed,
                }
            },
        )
}

/// As `DynamoDB` counts: names and values, and 3 bytes and 1 an element for a
/// list.
fn size(item: &Item) -> usize {
    fn of(value: &AttributeValue) -> usize {
        match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::N(digits) => digits.len(),
            AttributeValue::L(list) => 3 + list.iter().map(|value| 1 + of(value)).sum::<usize>(),
            other => panic!("{other:?}"),
        }
    }
    item.iter()
        .map(|(name, value)| name.len() + of(value))
        .sum()
}

proptest! {
    #[test]
    fn stamps_sort_as_text(one in stamps(), other in stamps()) {
        prop_assert_eq!(stamp_text(one).cmp(&stamp_text(other)), one.cmp(&other));
    }

    #[test]
    fn discards_come_back(discard in discards()) {
        for expires in [None, Some(7)] {
            let item = item(&discard, expires).unwrap();
            prop_assert_eq!(super::discard(item).unwrap(), discard.clone());
        }
    }

    #[test]
    fn each_reason_has_its_place(discard in discards()) {
        let item = item(&discard, None).unwrap();
        let pointers = pointers(&discard, &item);
        let mut reasons = Vec::new();
        for found in std::iter::once(&item).chain(&pointers) {
            prop_assert_eq!(&found["reason_stamp"], &item["stamp"]);
            prop_assert_eq!(
                key_of(found).unwrap(),
                super::super::item_key(&discard.tenant, &discard.id().to_string())
            );
            reasons.push(found["reason_key"].clone());
        }
        let expected: Vec<AttributeValue> = discard
            .reasons
            .iter()
            .map(|reason| text(format!("local/{reason}")))
            .collect();
        prop_assert_eq!(reasons, expected);
        for pointer in pointers {
            for absent in ["stamp", "source_key", "payload", "payload_base64"] {
                prop_assert!(!pointer.contains_key(absent), "{absent}");
            }
        }
    }
}

/// The longest of everything, and a detail that quotes what came.
#[test]
fn the_largest_discard_fits_an_item() {
    let long = "x".repeat(SeriesName::MAX_BYTES);
    let discard = Discard {
        tenant: Tenant::new(long.as_str()).unwrap(),
        source: "x".repeat(Source::MAX_BYTES).parse().unwrap(),
        stamp: Stamp {
            received: Timestamp::MAX,
            batch: BatchId::new(1, 2),
            index: u32::MAX,
        },
        series: Some(SeriesName::new(long).unwrap()),
        time: Some(Timestamp::MIN),
        value: Some(Value::new(f64::MIN).unwrap()),
        reasons: Reason::ALL.to_vec(),
        detail: "ü".repeat(300_000),
        payload: Payload::new(&vec![0xff; 2 * Payload::MAX_BYTES]),
        format: Format::Message,
        replayed: Some(Timestamp::MAX),
    };
    let item = item(&discard, Some(i64::MAX)).unwrap();
    assert!(size(&item) < LARGEST, "{}", size(&item));
    // It begins as it did.
    let back = super::discard(item).unwrap();
    assert_eq!(back.detail, "ü".repeat(DETAIL / 2));
}

/// What the filters look at, and people read, is in the indexes.
#[test]
fn the_indexes_hold_what_is_projected() {
    let template = include_str!("../../../../../../../infra/storage.yaml");
    let projection = format!("NonKeyAttributes: [{}]", PROJECTED.join(", "));
    assert_eq!(template.matches(&projection).count(), 3);
}

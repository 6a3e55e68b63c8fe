use proptest::prelude::*;
use proptest::sample::Index;
use tidemark_core::batch::BatchId;

use super::*;
use crate::columns::BatchStamp;

mod sizes;

/// Everything in the columns; values by their bits, so that zeros differ.
fn bits(columns: &Columns) -> (Columns, Vec<u64>) {
    let values: Vec<u64> = columns.values().iter().map(|v| v.get().to_bits()).collect();
    (columns.clone(), values)
}

/// Numbers with the regularities that the forms are made for, and without any.
fn numbers(n: usize) -> impl Strategy<Value = Vec<i64>> {
    let edge = prop::sample::select(vec![
        i64::MIN,
        i64::MIN + 1,
        -1,
        0,
        1,
        i64::MAX - 1,
        i64::MAX,
    ]);
    let small = prop::collection::vec(0i64..50, n);
    prop_oneof![
        (any::<i64>(), any::<i64>()).prop_map(move |(first, step)| line(first, step, n)),
        (any::<i64>(), -3i64..4).prop_map(move |(first, step)| line(first, step, n)),
        // Jitter of some unit around a line.
        (any::<i64>(), any::<i32>(), any::<i32>(), small.clone()).prop_map(
            move |(first, step, unit, small)| {
                let line = line(first, step.into(), n);
                let jitter = small.iter().map(|&j| j.wrapping_mul(unit.into()));
                line.iter()
                    .zip(jitter)
                    .map(|(a, b)| a.wrapping_add(b))
                    .collect()
            }
        ),
        // Runs.
        (any::<i64>(), 1i64..40, small).prop_map(move |(unit, length, small)| {
            (0..)
                .zip(&small)
                .map(|(i, _): (i64, _)| {
                    let run = usize::try_from(i / length).unwrap_or(0);
                    small[run].wrapping_mul(unit).wrapping_add(i)
                })
                .collect()
        }),
        prop::collection::vec(any::<i64>(), n),
        prop::collection::vec(edge, n),
    ]
}

fn line(first: i64, step: i64, n: usize) -> Vec<i64> {
    (0..)
        .map(|i: i64| first.wrapping_add(step.wrapping_mul(i)))
        .take(n)
        .collect()
}

/// Finite doubles of any bits.
fn any_bits() -> impl Strategy<Value = f64> {
    any::<u64>().prop_map(|bits| {
        let number = f64::from_bits(bits);
        if number.is_finite() {
            number
        } else {
            f64::from_bits(bits & !(1 << 62))
        }
    })
}

fn floats(n: usize) -> impl Strategy<Value = Vec<f64>> {
    let odd = prop::sample::select(vec![
        0.0,
        -0.0,
        5e-324,
        -5e-324,
        f64::MIN_POSITIVE,
        f64::MAX,
        f64::MIN,
        0.1 + 0.2,
        1e16,
        1.0 / 3.0,
        2_251_799_813_685_247.0,
        2_251_799_813_685_248.0,
        9_007_199_254_740_993.0,
        1e300,
        1e-18,
    ]);
    let decimal =
        (-100_000i32..100_000, 0i32..7).prop_map(|(k, places)| f64::from(k) / 10f64.powi(places));
    let cents = (-100_000i32..100_000).prop_map(|k| f64::from(k) / 100.0);
    let single = any::<u32>()
        .prop_map(|bits| f32::from_bits(bits & !(1 << 30)))
        .prop_map(f64::from);
    let element = prop_oneof![
        Just(any_bits().boxed()),
        Just(odd.clone().boxed()),
        Just(decimal.boxed()),
        Just(cents.clone().boxed()),
        Just(single.boxed()),
        Just(prop_oneof![30 => cents.clone(), 1 => odd].boxed()),
        Just(prop_oneof![30 => cents, 1 => any_bits()].boxed()),
    ];
    element.prop_flat_map(move |element| prop::collection::vec(element, n))
}

fn tags() -> impl Strategy<Value = Tags> {
    prop_oneof![
        4 => Just(Tags::none()),
        3 => prop::sample::subsequence(vec!["night".to_owned(), "estimated".to_owned()], 0..=2)
            .prop_map(|tags| Tags::new(tags).unwrap()),
        1 => prop::collection::vec("[^;\\pC]{1,30}", 0..4).prop_map(|tags| Tags::new(tags).unwrap()),
    ]
}

/// Columns of any content, sorted or not.
fn columns() -> impl Strategy<Value = Columns> {
    let length = prop_oneof![0usize..4, 4usize..50, 50usize..600];
    (length, 1usize..40).prop_flat_map(|(n, m)| {
        let m = m.min(n);
        let ordinals = prop_oneof![
            Just((0..n).map(|i| i * m / n.max(1)).collect::<Vec<usize>>()),
            prop::collection::vec(0..m.max(1), n),
        ];
        let ids = prop_oneof![
            (any::<u64>(), numbers(m)).prop_map(|(hi, lo)| {
                lo.iter()
                    .map(|lo| BatchId::new(hi, lo.cast_unsigned()))
                    .collect::<Vec<_>>()
            }),
            prop::collection::vec((any::<u64>(), any::<u64>()), m)
                .prop_map(|ids| ids.iter().map(|&(hi, lo)| BatchId::new(hi, lo)).collect()),
        ];
        let index = prop_oneof![
            Just((0..).take(n).collect()),
            prop::collection::vec(any::<u32>(), n),
        ];
        let tags = prop_oneof![Just(Vec::new()), prop::collection::vec(tags(), n)];
        (
            numbers(n),
            floats(n),
            (numbers(m), ids),
            ordinals,
            index,
            tags,
        )
            .prop_map(|(times, values, (received, ids), ordinals, index, tags)| {
                let times = times.into_iter().map(Timestamp::from_nanos).collect();
                let values = values.into_iter().map(|v| Value::new(v).unwrap()).collect();
                let stamp = |(received, id)| BatchStamp {
                    received: Timestamp::from_nanos(received),
                    id,
                };
                Columns::from_parts(Parts {
                    batches: received.into_iter().zip(ids).map(stamp).collect(),
                    samples: Samples { times, values },
                    batch: ordinals
                        .into_iter()
                        .map(|o| u32::try_from(o).unwrap())
                        .collect(),
                    index,
                    tags,
                })
            })
    })
}

/// Puts the checksum right, as only an attacker would.
fn seal(chunk: &mut [u8]) {
    if chunk.len() >= 5 {
        let checksum = crc32fast::hash(&chunk[5..]);
        chunk[1..5].copy_from_slice(&checksum.to_le_bytes());
    }
}

/// Reads all that can be read.
fn read_all(chunk: &[u8]) -> Result<(), ChunkError> {
    let chunk = Chunk::open(chunk)?;
    let read = [
        chunk.times().map(|_| ()),
        chunk.values().map(|_| ()),
        chunk.tags().map(|_| ()),
        chunk.received().map(|_| ()),
        chunk.columns().map(|_| ()),
    ];
    read.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_is_read_is_what_was_written(columns in columns()) {
        let bytes = encode(&columns).unwrap();
        prop_assert_eq!(bits(&decode(&bytes).unwrap()), bits(&columns));
    }

    #[test]
    fn parts_are_those_of_the_whole(columns in columns()) {
        let bytes = encode(&columns).unwrap();
        let chunk = Chunk::open(&bytes).unwrap();
        prop_assert_eq!(chunk.len(), columns.len());
        prop_assert_eq!(chunk.has_tags(), !columns.tags().is_empty());
        prop_assert_eq!(chunk.samples().unwrap(), columns.samples(0..columns.len()));
        prop_assert_eq!(chunk.tags().unwrap(), columns.tags());
        let received: Vec<_> = (0..columns.len()).map(|i| columns.received_at(i)).collect();
        prop_assert_eq!(chunk.received().unwrap(), received);
    }

    #[test]
    fn damage_is_detected(columns in columns(), at: Index, bit in 0u32..8, cut: Index) {
        let mut bytes = encode(&columns).unwrap();
        prop_assert!(decode(&bytes[..cut.index(bytes.len())]).is_err());
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(decode(&bytes).is_err());
    }

    /// Neither a panic nor a hang nor a gigabyte.
    #[test]
    fn damage_with_a_checksum_that_fits_is_survived(
        columns in columns(), hits in prop::collection::vec((any::<Index>(), any::<u8>()), 1..4), cut: Index,
    ) {
        let mut bytes = encode(&columns).unwrap();
        for (at, byte) in hits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        seal(&mut bytes);
        let _ = read_all(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        seal(&mut bytes);
        let _ = read_all(&bytes);
    }

    #[test]
    fn any_bytes_are_survived(mut bytes: Vec<u8>) {
        bytes.splice(..0, [VERSION, 0, 0, 0, 0]);
        seal(&mut bytes);
        let _ = read_all(&bytes);
    }
}

/// Columns in which most forms occur, but for pco's, whose bytes may differ
/// between versions of it.
fn example() -> Columns {
    let n = 12_u32;
    let day = Tags::new(["day".to_owned()]).unwrap();
    let at =
        |i: u32| Timestamp::from_nanos(1_700_000_000_000_000_000 + 900_000_000_000 * i64::from(i));
    let value = |i| {
        if i == 7 {
            -0.0
        } else {
            f64::from(i * i % 37) / 4.0
        }
    };
    let stamp = |b: u32| BatchStamp {
        received: at(b).plus(2_345_000),
        id: BatchId::new(0xfeed, u64::from(b) + 7),
    };
    Columns::from_parts(Parts {
        batches: (0..3).map(stamp).collect(),
        samples: Samples {
            times: (0..n).map(|i| at(i + i / 5)).collect(),
            values: (0..n).map(|i| Value::new(value(i)).unwrap()).collect(),
        },
        batch: (0..n).map(|i| i / 5).collect(),
        index: (0..n).map(|i| i % 5 * 3).collect(),
        tags: (0..n)
            .map(|i| if i == 3 { day.clone() } else { Tags::none() })
            .collect(),
    })
}

#[test]
fn the_first_version_stays_readable() {
    const WRITTEN: &str = "01463b32530c17192e038080d0e2c6bfce972f80d0b8e1981a0410326487a9dc\
        0201000e000000000000008003001906404024504692dba1290301d0a0eee4c6\
        bfce972f80a0f1c2b134020002010002000a01edfe0000000000000000010e02\
        0206020000000a020001036461790200020300010102010603";
    let bytes: Vec<u8> = (0..WRITTEN.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&WRITTEN[i..i + 2], 16).unwrap())
        .collect();
    assert_eq!(bits(&decode(&bytes).unwrap()), bits(&example()));
}

#[test]
fn other_versions_and_too_many_points_are_errors() {
    let mut bytes = encode(&example()).unwrap();
    bytes[0] = 2;
    assert_eq!(decode(&bytes), Err(ChunkError::Version(2)));
    let n = MAX_POINTS + 1;
    let long = Columns::from_parts(Parts {
        batches: vec![BatchStamp {
            received: Timestamp::MIN,
            id: BatchId::new(0, 0),
        }],
        samples: Samples {
            times: vec![Timestamp::MIN; n],
            values: vec![Value::new(0.0).unwrap(); n],
        },
        batch: vec![0; n],
        index: vec![0; n],
        tags: Vec::new(),
    });
    assert_eq!(encode(&long), Err(ChunkError::TooManyPoints(n)));
    let full = long.cut(0..MAX_POINTS);
    let bytes = encode(&full).unwrap();
    assert!(bytes.len() < 64);
    assert_eq!(decode(&bytes), Ok(full));
    // The same bytes for one point more.
    let mut bytes = bytes;
    assert_eq!(bytes[5..8], [0x80, 0x80, 0x04]);
    bytes[5] = 0x81;
    seal(&mut bytes);
    assert!(decode(&bytes).is_err());
}

use std::collections::BTreeSet;

use proptest::prelude::*;
use tidemark_columnar::BatchStamp;
use tidemark_core::batch::{BatchId, SeriesPoints};
use tidemark_core::name::SeriesName;
use tidemark_core::point::{Tags, Value};

use super::*;

/// A chunk of a batch with points of these times.
fn chunk(batch: u64, times: &BTreeSet<i64>) -> Stored {
    let mut points = SeriesPoints::new(SeriesName::new("a").unwrap());
    for (&time, index) in times.iter().zip(0..) {
        let value = Value::new(batch as f64).unwrap();
        points.push(index, Timestamp::from_nanos(time), value, Tags::none());
    }
    let mut columns = Columns::new();
    let batch = BatchStamp {
        received: Timestamp::from_nanos(0),
        id: BatchId::new(1, batch),
    };
    columns.append(batch, &points);
    let request = item::put_again("t/a", batch.id.to_string(), &columns).unwrap();
    Stored::read(request.put_request.unwrap().item).unwrap()
}

/// What chunks hold of a range, so many points at a time, in order.
fn walked(chunks: &[Stored], range: TimeRange, order: Order, most: usize) -> Vec<Columns> {
    let (mut given, mut rest) = (Vec::new(), Some(range));
    while let Some(left) = rest {
        let (beginning, parts) = beginning(chunks.iter(), left, order, most).unwrap();
        let points: usize = parts.iter().map(Columns::len).sum();
        let columns = merge(&parts);
        let one_time = columns.span().is_some_and(|s| s.from() == s.to());
        assert!(points <= most || one_time, "{points} points are in hand");
        rest = after(beginning, left, order);
        given.push(columns);
    }
    if order == Order::Descending {
        given.reverse();
    }
    given
}

#[test]
fn chunks_one_after_the_other_are_given_out_whole() {
    let row = |i: i64| (100 * i..100 * i + 100).collect();
    let chunks: Vec<Stored> = (0..10i64)
        .map(|i| chunk(i.unsigned_abs(), &row(i)))
        .collect();
    for order in [Order::Ascending, Order::Descending] {
        let given = walked(&chunks, TimeRange::ALL, order, 350);
        let sizes: Vec<usize> = given.iter().map(Columns::len).collect();
        let mut expected = vec![300, 300, 300, 100];
        if order == Order::Descending {
            expected.reverse();
        }
        assert_eq!(sizes, expected);
    }
}

proptest! {
    /// However few points are in hand, all are given out, in order, and of
    /// each time the latest write.
    #[test]
    fn nothing_is_missed_or_given_out_twice(
        times in prop::collection::vec(prop::collection::btree_set(-50..50i64, 1..40), 0..12),
        (from, to) in (-60..60i64, -60..60i64),
        most in 1..60usize,
        ascending: bool,
    ) {
        let chunks: Vec<Stored> =
            times.iter().zip(0..).map(|(times, batch)| chunk(batch, times)).collect();
        let at = Timestamp::from_nanos;
        let range = TimeRange::new(at(from.min(to)), at(from.max(to))).unwrap();
        let order = if ascending { Order::Ascending } else { Order::Descending };
        let given = walked(&chunks, range, order, most);
        let decoded: Vec<Columns> = chunks.iter().map(|c| c.columns().unwrap()).collect();
        let all = merge(&decoded);
        let expected: Vec<_> = all.points(all.positions(range)).collect();
        let given: Vec<_> = given.iter().flat_map(|c| c.points(0..c.len())).collect();
        prop_assert_eq!(given, expected);
    }
}

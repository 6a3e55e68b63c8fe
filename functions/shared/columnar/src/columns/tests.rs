use std::collections::BTreeMap;

use proptest::prelude::*;
use tidemark_core::name::SeriesName;

use super::*;

fn at(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

fn batch(received: i64, sequence: u64) -> BatchStamp {
    BatchStamp {
        received: at(received),
        id: BatchId::new(7, sequence),
    }
}

/// A batch: received, sequence, and points as (time, value, tagged).
type Given = (i64, u64, Vec<(i64, i32, bool)>);

fn append(columns: &mut Columns, (received, sequence, points): &Given) {
    let mut series = SeriesPoints::new("s".parse::<SeriesName>().unwrap());
    for (i, &(time, value, tagged)) in points.iter().enumerate() {
        let tags = tagged.then(|| format!("{received}.{sequence}.{i}"));
        series.push(
            u32::try_from(i).unwrap(),
            at(time),
            Value::new(f64::from(value)).unwrap(),
            Tags::new(tags).unwrap(),
        );
    }
    columns.append(batch(*received, *sequence), &series);
}

fn columns(batches: &[Given]) -> Columns {
    let mut columns = Columns::new();
    for batch in batches {
        append(&mut columns, batch);
    }
    columns
}

/// By time, the stamp, value and tags of the greatest stamp.
type Model = BTreeMap<Timestamp, (Stamp, Value, Tags)>;

/// What is in the columns, whether sorted or not.
fn model(parts: &[&Columns]) -> Model {
    let mut model = Model::new();
    for part in parts {
        for i in 0..part.len() {
            let Point { time, value, tags } = part.point(i);
            let new = (part.stamp_at(i), value, tags);
            let old = model.entry(time).or_insert_with(|| new.clone());
            if new.0 >= old.0 {
                *old = new;
            }
        }
    }
    model
}

/// That sorted columns hold exactly this, in the one form there is for it.
fn assert_is(columns: &Columns, wanted: &Model) {
    assert!(columns.is_sorted());
    let held: Vec<_> = (0..columns.len())
        .map(|i| {
            let Point { time, value, tags } = columns.point(i);
            (time, (columns.stamp_at(i), value, tags))
        })
        .collect();
    let wanted: Vec<_> = wanted.iter().map(|(t, p)| (*t, p.clone())).collect();
    assert_eq!(held, wanted);
    assert_lean(columns);
    assert!(columns.batches.is_sorted_by(|a, b| a < b));
}

/// That no batch and no column of tags is kept in vain.
fn assert_lean(columns: &Columns) {
    let mut used: Vec<u32> = columns.batch.clone();
    used.sort_unstable();
    used.dedup();
    assert_eq!(used.len(), columns.batches.len());
    assert!(columns.tags.is_empty() || columns.tags.iter().any(|t| !t.is_empty()));
}

/// Batches, some of them delivered again.
fn given() -> impl Strategy<Value = Vec<Given>> {
    let points = prop::collection::vec((0i64..30, 0i32..9, prop::bool::weighted(0.1)), 0..8);
    prop::collection::vec((0i64..5, 0u64..3, points), 0..6).prop_map(|mut batches| {
        let mut first = BTreeMap::new();
        for (received, sequence, points) in &mut batches {
            let points_of_first = first.entry((*received, *sequence));
            points.clone_from(points_of_first.or_insert_with(|| points.clone()));
        }
        batches
    })
}

#[test]
fn ascending_batches_stay_sorted() {
    let mut all = columns(&[
        (1, 0, vec![(1, 0, false), (2, 0, false)]),
        (2, 1, vec![(3, 0, false)]),
    ]);
    assert!(all.is_sorted());
    assert_eq!(all.span(), TimeRange::new(at(1), at(3)).ok());
    assert_eq!(all.received(), TimeRange::new(at(1), at(2)).ok());
    append(&mut all, &(3, 2, vec![(3, 5, false)]));
    assert!(!all.is_sorted());
    all.normalize();
    assert!(all.is_sorted());
    assert_eq!(all.len(), 3);
    assert_eq!(all.point(2).value.get(), 5.0);
    // The batch whose only point lost is gone.
    assert_eq!(all.batches(), [batch(1, 0), batch(3, 2)]);
}

#[test]
fn the_ends_of_time_are_found() {
    let all = columns(&[(0, 0, vec![(i64::MIN, 1, false), (i64::MAX, 2, false)])]);
    assert_eq!(all.positions(TimeRange::ALL), 0..2);
    let last = TimeRange::new(Timestamp::MAX, Timestamp::MAX).unwrap();
    assert_eq!(all.positions(last), 1..2);
}

#[test]
fn a_batch_of_unequal_columns_is_cut_to_the_shortest() {
    let mut series = SeriesPoints::new("s".parse().unwrap());
    series.times = vec![at(1), at(2)];
    series.values = vec![Value::new(1.0).unwrap()];
    series.index = vec![0, 1, 2];
    let mut all = Columns::new();
    all.append(batch(0, 0), &series);
    assert_eq!((all.len(), all.indexes()), (1, &[0][..]));
}

proptest! {
    #[test]
    fn normalize_keeps_the_greatest_stamp_of_each_time(given in given()) {
        let mut all = columns(&given);
        let wanted = model(&[&all]);
        all.normalize();
        assert_is(&all, &wanted);
        let again = all.clone();
        all.normalize();
        prop_assert_eq!(all, again);
    }

    #[test]
    fn merge_does_not_mind_order_nor_grouping(
        given in given(), assigned in prop::collection::vec(0usize..4, 6), sorted: [bool; 4],
    ) {
        let mut parts = vec![Columns::new(); 4];
        for (batch, part) in given.iter().zip(&assigned) {
            append(&mut parts[*part], batch);
        }
        for (part, sorted) in parts.iter_mut().zip(sorted) {
            if sorted {
                part.normalize();
            }
        }
        let wanted = model(&[&columns(&given)]);
        assert_is(&merge(&parts), &wanted);
        assert_is(&merge(parts.iter().rev()), &wanted);
        assert_is(&merge([&merge(&parts[..2]), &merge(&parts[2..])]), &wanted);
    }

    /// Parts that do not overlap take another way through.
    #[test]
    fn merge_of_pieces_is_the_whole(given in given(), size in 1usize..6) {
        let mut all = columns(&given);
        all.normalize();
        let pieces: Vec<Columns> = all.pieces(size).collect();
        for piece in &pieces {
            assert_lean(piece);
            prop_assert!(piece.len() <= size);
        }
        prop_assert_eq!(merge(pieces.iter().rev()), all);
    }

    #[test]
    fn cutting_and_searching(given in given(), from in -1i64..31, length in 0i64..20) {
        let mut all = columns(&given);
        all.normalize();
        let range = TimeRange::new(at(from), at(from + length)).unwrap();
        let mut wanted = model(&[&all]);
        wanted.retain(|&time, _| range.contains(time));
        let positions = all.positions(range);
        assert_is(&all.cut(positions.clone()), &wanted);
        let samples = all.samples(positions);
        prop_assert_eq!(samples.times, wanted.keys().copied().collect::<Vec<_>>());
        prop_assert_eq!(samples.values, wanted.values().map(|p| p.1).collect::<Vec<_>>());
    }

    #[test]
    fn retain_asks_for_time_and_receipt(given in given(), time in 0i64..30, received in 0i64..5) {
        let mut all = columns(&given);
        all.normalize();
        let mut wanted = model(&[&all]);
        let keep = |t: Timestamp, r: Timestamp| t >= at(time) || r > at(received);
        wanted.retain(|&t, p| keep(t, p.0.received));
        all.retain(keep);
        assert_is(&all, &wanted);
    }
}

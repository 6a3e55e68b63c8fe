use proptest::prelude::*;
use tidemark_columnar::{BatchStamp, merge};
use tidemark_core::batch::SeriesPoints;
use tidemark_core::name::SeriesName;
use tidemark_core::point::{Tags, Value};

use super::*;

fn time(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

fn columns(times: impl IntoIterator<Item = i64>) -> Columns {
    let mut points = SeriesPoints::new(SeriesName::new("a").unwrap());
    for (t, index) in times.into_iter().zip(0..) {
        points.push(index, time(t), Value::new(1.0).unwrap(), Tags::none());
    }
    let mut columns = Columns::new();
    let batch = BatchStamp {
        received: time(0),
        id: BatchId::new(1, 2),
    };
    columns.append(batch, &points);
    columns.normalize();
    columns
}

#[test]
fn keys_say_where_a_chunk_stands() {
    let window = Window::at(Level::Hour, time(7200 * SECOND));
    assert_eq!(
        window.batch_key(9, BatchId::new(1, 2), 3),
        "sb10000002-00000000000000010000000000000002-00000003"
    );
    assert_eq!(
        window.compacted_key(4),
        "lb10000002-00000000000000000000000000000004"
    );
    for level in Level::EVERY {
        for t in [i64::MIN, -1, 0, 1, i64::MAX] {
            let window = Window::at(level, time(t));
            assert!(window.span().contains(time(t)), "{level:?} {t}");
            let strand = Strand {
                size: Size::Small,
                level,
            };
            let key = window.batch_key(1, BatchId::new(0, 0), 0);
            assert_eq!(strand.window(&key), Some(window), "{key}");
        }
    }
}

proptest! {
    /// Nothing is lost by cutting, every piece lies in its window, no piece is
    /// too large, and whoever looks for one of its points looks at its key.
    #[test]
    fn pieces_are_found_by_their_points(
        start in prop_oneof![any::<i64>(), -1000 * SECOND..1000 * SECOND],
        steps in prop::collection::vec(
            prop_oneof![1..SECOND, 1..10_000 * SECOND, 1..i64::MAX / 100], 0..60),
        size in 1usize..20,
    ) {
        let mut times = vec![start];
        for step in steps {
            times.push(times[times.len() - 1].saturating_add(step));
        }
        let whole = columns(times);
        let pieces = cut(&whole, size);
        let parts: Vec<&Columns> = pieces.iter().map(|(_, c)| c).collect();
        prop_assert_eq!(&merge(parts), &whole);
        for (window, piece) in &pieces {
            prop_assert!(!piece.is_empty() && piece.len() <= size);
            prop_assert!(window.span().covers(piece.span().unwrap()));
            let key = window.batch_key(piece.len(), BatchId::new(1, 2), 9);
            let strand = Strand { size: Size::Small, level: window.level };
            for t in piece.times() {
                let (from, to) = strand.keys(TimeRange::new(*t, *t).unwrap());
                prop_assert!(from <= key && key <= to, "{from} {key} {to}");
            }
        }
    }
}

//! How many queries a question about many series takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::body::Bytes;
use serde_json::json;
use tidemark_core::grid::Grid;
use tidemark_core::name::{SeriesName, Tenant};
use tidemark_core::summary::Parts;
use tidemark_core::time::Timestamp;
use tidemark_core::zone::Zone;

use super::*;
use crate::fake;
use crate::timestream::tests::{asked, asking, told, variable};

/// Queries of an empty table by 1000 series and so many days: for what there is of the
/// series, and for their summaries, as a calculation asks for them.
async fn queries(days: i64, slots: Slots, parts: Parts) -> [usize; 2] {
    let queries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&queries);
    let answer = move |request: http::Request<Bytes>| {
        assert_eq!(asked(&request).0, "Query");
        counted.fetch_add(1, Ordering::Relaxed);
        async { told(&json!({"QueryId": "q", "ColumnInfo": [], "Rows": []})) }
    };
    let timestream = asking(&fake::serve(answer, variable).await);
    let key = |n: usize| SeriesKey {
        tenant: Tenant::local(),
        name: SeriesName::new(format!("plant.{n}.temperature")).unwrap(),
    };
    let series: Vec<SeriesKey> = (0..1000).map(key).collect();
    let (from, length) = (1_700_006_400, 86_400 * days);
    let at = |second: i64| Timestamp::from_nanos(second * 1_000_000_000);
    let range = TimeRange::new(at(from), at(from + length - 1)).unwrap();
    let found = timestream.extents(&series, range).await.unwrap();
    assert_eq!(found, vec![None; 1000]);
    let of_extents = queries.swap(0, Ordering::Relaxed);
    for series in series.chunks(timestream.series_at_once().get()) {
        let none = Tombstones::none();
        let request = |series| Summarize {
            series,
            range,
            tombstones: &none,
            slots,
            parts,
            limit: 1000,
        };
        let requests: Vec<_> = series.iter().map(request).collect();
        let found = timestream.summarize_many(&requests).await.unwrap();
        assert!(found.iter().all(Vec::is_empty));
        assert_eq!(found.len(), series.len());
    }
    [of_extents, queries.load(Ordering::Relaxed)]
}

#[tokio::test]
async fn a_thousand_series_take_few_queries() {
    let hour = Slots::Grid(Grid {
        every: "1h".parse().unwrap(),
        zone: Zone::UTC,
    });
    let median = Parts {
        quantiles: true,
        ..Parts::NONE
    };
    for (days, slots, parts, expected) in [
        (1, Slots::Whole, Parts::NONE, [4, 4]),
        (1, hour, Parts::NONE, [4, 4]),
        // 744 rows a series.
        (31, hour, Parts::NONE, [4, 17]),
        // What Timestream does not compute needs the points of each.
        (31, hour, median, [4, 1000]),
    ] {
        assert_eq!(queries(days, slots, parts).await, expected, "{days}");
    }
}

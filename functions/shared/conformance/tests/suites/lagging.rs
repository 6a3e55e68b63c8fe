//! The suites over a store such as Timestream: what was written is seen a little
//! later, nothing can be deleted, and not every time is taken.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tidemark_conformance::conformance_tests;
use tidemark_conformance::faults::Flaw;
use tidemark_conformance::naive::Naive;
use tidemark_conformance::{Subject, Traits};
use tidemark_core::batch::{SeriesPoints, Write};
use tidemark_core::name::SeriesKey;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_ports::error::Result;
use tidemark_ports::{Bucket, Extent, Page, PointStore, Refusal, Scan, Summarize};

const LAG: Duration = Duration::from_millis(10);

struct Lagging(Arc<Naive>);

/// From 1970 on.
fn taken() -> TimeRange {
    TimeRange::new(Timestamp::from_nanos(0), Timestamp::MAX).unwrap()
}

#[async_trait]
impl PointStore for Lagging {
    async fn write(&self, write: &Arc<Write>) -> Result<Vec<Refusal>> {
        let (mut kept, mut refusals) = (Write::clone(write), Vec::new());
        for (series, (points, kept)) in write.series.iter().zip(&mut kept.series).enumerate() {
            *kept = SeriesPoints::new(points.name.clone());
            for position in 0..points.len() {
                let time = points.times[position];
                if taken().contains(time) {
                    let tags = points.tags_at(position).clone();
                    kept.push(points.index[position], time, points.values[position], tags);
                } else {
                    let detail = "before 1970".to_owned();
                    refusals.push(Refusal {
                        series,
                        position,
                        detail,
                    });
                }
            }
        }
        let store = Arc::clone(&self.0);
        tokio::spawn(async move {
            tokio::time::sleep(LAG).await;
            store.write(&Arc::new(kept)).await
        });
        Ok(refusals)
    }

    async fn read(&self, scan: Scan<'_>) -> Result<Page> {
        self.0.read(scan).await
    }

    async fn summarize(&self, request: Summarize<'_>) -> Result<Vec<Bucket>> {
        self.0.summarize(request).await
    }

    async fn extent(&self, series: &SeriesKey, range: TimeRange) -> Result<Option<Extent>> {
        self.0.extent(series, range).await
    }

    async fn delete(&self, _: &SeriesKey, _: TimeRange, _: Timestamp) -> Result<()> {
        Ok(())
    }
}

async fn open_lagging() -> Subject<Lagging> {
    let traits = Traits {
        // The machine may be busy.
        delay: 50 * LAG,
        deletes: false,
        times: taken(),
        many: 600,
        ..Traits::default()
    };
    Subject::new(Lagging(Arc::new(Naive::new(Flaw::None)))).with(traits)
}

conformance_tests! {
    mod lagging_store: open_lagging => points, scans, upserts, deletions, summaries, slots;
}

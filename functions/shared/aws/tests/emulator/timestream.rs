//! Points over Timestream: its memory store, which tells at once what it rejects,
//! and the magnetic one, which reports it later.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use tidemark_aws::{Aws, Reports, Settings, Timestream};
use tidemark_conformance::conformance_tests;
use tidemark_conformance::{Subject, Traits};
use tidemark_core::batch::Write;
use tidemark_core::name::SeriesKey;
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_ports::error::{Kind, Result, StoreError};
use tidemark_ports::{Bucket, Extent, Page, PointStore, Refusal, Scan, Summarize};

/// How far ahead points may be, and somewhat less, as a test takes its time.
const AHEAD: Duration = Duration::from_mins(14);

/// In what Timestream differs.
fn traits() -> Traits {
    #[allow(
        clippy::disallowed_methods,
        reason = "by which Timestream tells what is ahead"
    )]
    let now = SystemTime::now() + AHEAD;
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let now = Timestamp::from_seconds(since.as_secs().try_into().unwrap()).unwrap();
    Traits {
        deletes: false,
        exact_sums: false,
        times: TimeRange::new(Timestamp::from_nanos(0), now).unwrap(),
        // Of the 2 KB of a record.
        tag_bytes: 1700,
        many: 12_000,
        ..Traits::default()
    }
}

async fn open() -> Subject<Timestream> {
    Subject::new(Aws::from_env().await.timestream().unwrap()).with(traits())
}

/// The same, whose clock stands in 2023: what the suite writes is recent, and goes
/// to the memory store.
async fn open_recent() -> Subject<Timestream> {
    let variable = |name: &str| match name {
        "AWS_ENDPOINT_URL_TIMESTREAM_WRITE" | "AWS_ENDPOINT_URL_TIMESTREAM_QUERY" => {
            std::env::var("TIDEMARK_TIMESTREAM_OF_2023").ok()
        }
        name => std::env::var(name).ok(),
    };
    let aws = Aws::new(Settings::new(variable)).await;
    let end = Timestamp::parse("2023-06-01", tidemark_core::zone::Zone::UTC).unwrap();
    let traits = Traits {
        times: TimeRange::new(Timestamp::from_nanos(0), end).unwrap(),
        ..traits()
    };
    Subject::new(aws.timestream().unwrap()).with(traits)
}

/// Timestream whose reports are read before every question.
struct Reported {
    timestream: Timestream,
    reports: Reports,
}

impl Reported {
    /// Has all reports read. What could not be read in time stays, as it does between
    /// two ticks of the schedule.
    async fn settle(&self) -> Result<()> {
        for _ in 0..30 {
            match self.reports.run(Duration::from_mins(1)).await {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == Kind::Unavailable => {}
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::new(Kind::Unavailable, "reports are never read"))
    }
}

#[async_trait]
impl PointStore for Reported {
    async fn write(&self, write: &Arc<Write>) -> Result<Vec<Refusal>> {
        self.timestream.write(write).await
    }

    async fn read(&self, scan: Scan<'_>) -> Result<Page> {
        self.settle().await?;
        self.timestream.read(scan).await
    }

    async fn summarize(&self, request: Summarize<'_>) -> Result<Vec<Bucket>> {
        self.timestream.summarize(request).await
    }

    async fn summarize_at_once(&self, request: Summarize<'_>) -> Result<Option<Vec<Bucket>>> {
        self.timestream.summarize_at_once(request).await
    }

    async fn extent(&self, series: &SeriesKey, range: TimeRange) -> Result<Option<Extent>> {
        self.timestream.extent(series, range).await
    }

    async fn delete(
        &self,
        series: &SeriesKey,
        range: TimeRange,
        deleted_at: Timestamp,
    ) -> Result<()> {
        self.timestream.delete(series, range, deleted_at).await
    }
}

async fn open_reported() -> Subject<Reported> {
    let aws = Aws::from_env().await;
    let store = Reported {
        timestream: aws.timestream().unwrap(),
        reports: aws.reports().unwrap(),
    };
    let traits = Traits {
        // Until a report has come.
        delay: Duration::from_secs(2),
        ..traits()
    };
    Subject::new(store).with(traits)
}

conformance_tests! {
    #[ignore = "needs an emulator of Timestream (AWS_ENDPOINT_URL_TIMESTREAM_WRITE)"]
    mod timestream: open => points, scans, deletions, summaries, slots;
}

conformance_tests! {
    #[ignore = "needs an emulator of Timestream (AWS_ENDPOINT_URL_TIMESTREAM_WRITE)"]
    mod timestream_reported: open_reported => upserts;
}

conformance_tests! {
    #[ignore = "needs an emulator of Timestream whose clock stands in 2023 (TIDEMARK_TIMESTREAM_OF_2023)"]
    mod timestream_recent: open_recent => upserts;
}

//! The table of discards.

use std::time::Duration;

use tidemark_aws::{Aws, DiscardsTable, Settings};
use tidemark_conformance::conformance_tests;
use tidemark_conformance::material::{received, tenant};
use tidemark_conformance::{Subject, Traits};
use tidemark_core::batch::{BatchId, Source};
use tidemark_core::discard::{Discard, Format, Reason};
use tidemark_core::payload::Payload;
use tidemark_core::point::Stamp;
use tidemark_core::time::TimeRange;
use tidemark_ports::{DiscardFilter, DiscardLog};

fn subject(aws: &Aws) -> Subject<DiscardsTable> {
    Subject::new(aws.discards().unwrap()).with(Traits {
        // An index follows its table.
        delay: Duration::from_secs(2),
        ..Traits::default()
    })
}

async fn open() -> Subject<DiscardsTable> {
    subject(&Aws::from_env().await)
}

/// One whose discards expire: not while they are looked at.
async fn expiring() -> Subject<DiscardsTable> {
    let settings = Settings::new(|name| match name {
        "TIDEMARK_DISCARD_DAYS" => Some("1".to_owned()),
        other => std::env::var(other).ok(),
    });
    subject(&Aws::new(settings).await)
}

conformance_tests! {
    #[ignore = "needs an AWS emulator (AWS_ENDPOINT_URL)"]
    mod table: open => discards, discard_listings;
}
conformance_tests! {
    #[ignore = "needs an AWS emulator (AWS_ENDPOINT_URL)"]
    mod expiring_table: expiring => discards, discard_listings;
}

/// Should other reasons speak against a point when its batch comes again, the
/// first stay, and none lists it twice.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an AWS emulator (AWS_ENDPOINT_URL)"]
async fn the_first_reasons_stay() {
    let subject = open().await;
    let tenant = tenant();
    let discard = |index, reasons: &[Reason]| Discard {
        tenant: tenant.clone(),
        source: Source::DataServer,
        stamp: Stamp {
            received: received(1),
            batch: BatchId::new(1, 1),
            index,
        },
        series: None,
        time: None,
        value: None,
        reasons: reasons.to_vec(),
        detail: String::new(),
        payload: Payload::new(b"payload"),
        format: Format::Message,
        replayed: None,
    };
    let first = [discard(0, &[Reason::System]), discard(1, &[Reason::System])];
    let again = discard(1, &[Reason::TooOld, Reason::System, Reason::Suspect]);
    subject.store.put(&first).await.unwrap();
    subject.store.put(&[again]).await.unwrap();
    for limit in [1, 2, 3] {
        for (reason, expected) in [
            (Reason::System, 2),
            (Reason::TooOld, 0),
            (Reason::Suspect, 0),
        ] {
            let filter = DiscardFilter {
                reason: Some(reason),
                source: None,
                series: None,
                received: TimeRange::ALL,
            };
            let listed = async || {
                let mut all: Vec<Discard> = Vec::new();
                loop {
                    let before = all.last().map(|discard| discard.stamp);
                    let page = subject.store.list(&tenant, &filter, before, limit);
                    let page = page.await.unwrap();
                    assert!(page.len() <= limit);
                    if page.is_empty() {
                        return all;
                    }
                    all.extend(page);
                }
            };
            let mut latest_first = first.to_vec();
            latest_first.reverse();
            latest_first.truncate(expected);
            subject.eventually(&latest_first, listed).await;
        }
    }
}

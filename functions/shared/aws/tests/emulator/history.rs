//! The table of queries.

use std::time::Duration;

use tidemark_aws::{Aws, HistoryTable};
use tidemark_conformance::conformance_tests;
use tidemark_conformance::{Subject, Traits};

async fn open() -> Subject<HistoryTable> {
    let aws = Aws::from_env().await;
    Subject::new(aws.history().unwrap()).with(Traits {
        // Queries are recorded while nobody waits.
        delay: Duration::from_secs(2),
        ..Traits::default()
    })
}

conformance_tests! {
    #[ignore = "needs an AWS emulator (AWS_ENDPOINT_URL)"]
    mod table: open => history;
}

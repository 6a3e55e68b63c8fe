//! Points over `DynamoDB`.

use tidemark_aws::{Aws, Points};
use tidemark_store::conformance::{Subject, Traits};
use tidemark_store::conformance_tests;

async fn open_points() -> Subject<Points> {
    let traits = Traits {
        many: 30_000,
        ..Traits::default()
    };
    Subject::new(Aws::from_env().await.points().unwrap()).with(traits)
}

conformance_tests! {
    #[ignore = "needs an AWS emulator (AWS_ENDPOINT_URL)"]
    mod dynamodb: open_points => points, scans, upserts, deletions, summaries, slots;
}

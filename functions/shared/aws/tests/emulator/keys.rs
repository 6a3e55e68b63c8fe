//! The table of keys.

use tidemark_aws::{Aws, KeysTable};
use tidemark_store::conformance::Subject;
use tidemark_store::conformance_tests;

async fn open() -> Subject<KeysTable> {
    Subject::new(Aws::from_env().await.keys().unwrap())
}

conformance_tests! {
    #[ignore = "needs an AWS emulator (AWS_ENDPOINT_URL)"]
    mod table: open => keys;
}

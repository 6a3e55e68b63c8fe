//! The table of keys.

use tidemark_aws::{Aws, KeysTable};
use tidemark_conformance::Subject;
use tidemark_conformance::conformance_tests;

async fn open() -> Subject<KeysTable> {
    Subject::new(Aws::from_env().await.keys().unwrap())
}

conformance_tests! {
    #[ignore = "needs an AWS emulator (AWS_ENDPOINT_URL)"]
    mod table: open => keys;
}

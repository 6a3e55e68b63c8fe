//! From the queue to points and discards: decides point by point what is kept.

use std::process::ExitCode;
use std::sync::Arc;

use tidemark_app::validator::Validator;
use tidemark_aws::Aws;
use tidemark_lambda::{Error, messages, start};

fn main() -> ExitCode {
    start(serve())
}

async fn serve() -> Result<(), Error> {
    let aws = Aws::from_env().await;
    let validator = Validator {
        points: Arc::new(aws.points()?),
        catalog: Arc::new(aws.catalog()?),
        discards: Arc::new(aws.discards()?),
    };
    messages(async |batch| validator.handle(batch).await).await
}

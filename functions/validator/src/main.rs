//! From the queue to points and discards: decides point by point what is kept.
//! At ticks of a schedule it reads what the store of the points tells later.

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
        points: aws.point_store()?,
        catalog: Arc::new(aws.catalog()?),
        discards: Arc::new(aws.discards()?),
    };
    let reports = aws.point_reports()?;
    messages(
        async |batch| validator.handle(batch).await,
        async |budget| match &reports {
            Some(reports) => reports.run(budget).await,
            None => Ok(0),
        },
    )
    .await
}

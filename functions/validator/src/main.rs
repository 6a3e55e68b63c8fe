//! From the queue to points and discards; at ticks, what the store tells later.

use std::{process::ExitCode, sync::Arc};

use tidemark_app::validator::Validator;
use tidemark_aws::Aws;
use tidemark_lambda::{messages, start};

fn main() -> ExitCode {
    start(async {
        let aws = Aws::from_env().await;
        let validator = Validator {
            points: aws.point_store()?,
            catalog: Arc::new(aws.catalog()?),
            discards: Arc::new(aws.discards()?),
        };
        let reports = aws.point_reports()?;
        let tick = async |budget| match &reports {
            Some(reports) => reports.run(budget).await,
            None => Ok(0),
        };
        messages(async |batch| validator.handle(batch).await, tick).await
    })
}

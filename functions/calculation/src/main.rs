//! Invoked by `query`: calculates over a range of a series, in shards that it
//! invokes itself for.

use std::{process::ExitCode, sync::Arc};

use tidemark_app::calculation::{Calculation, InProcess};
use tidemark_aws::Aws;
use tidemark_lambda::{invoke, start};

fn main() -> ExitCode {
    start(async {
        let aws = Aws::from_env().await;
        let points = aws.point_store()?;
        // Where Lambda refuses: there is memory for two shards.
        let inline = InProcess::new(points.clone(), 2);
        let shards = Arc::new(aws.calculator(Arc::new(inline))?);
        let calculation = Calculation { points, shards };
        invoke(async |request| calculation.answer(request).await).await
    })
}

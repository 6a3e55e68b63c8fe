//! Invoked by `query`: calculates over a range of a series, in shards that it
//! invokes itself for.

use std::process::ExitCode;
use std::sync::Arc;

use tidemark_app::calculation::{Calculation, InProcess};
use tidemark_aws::Aws;
use tidemark_lambda::{Error, invoke, start};

/// How many shards are calculated here at once, where Lambda refuses: there is
/// memory for so many.
const INLINE: usize = 2;

fn main() -> ExitCode {
    start(serve())
}

async fn serve() -> Result<(), Error> {
    let aws = Aws::from_env().await;
    let points = aws.point_store()?;
    let inline = InProcess::new(Arc::clone(&points), INLINE);
    let calculation = Calculation {
        points,
        shards: Arc::new(aws.calculator(Arc::new(inline))?),
    };
    invoke(async |request| calculation.answer(request).await).await
}

//! Moves the points of tenants from Timestream to `DynamoDB`, and compares what
//! both have then. `./deploy.sh migrate` starts it.

mod arguments;
mod report;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use tidemark_aws::Aws;
use tidemark_core::name::Tenant;
use tidemark_ports::error::causes;

use arguments::Arguments;
use report::{HEADING, Line, Totals};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Arguments { tenants } = Arguments::parse();
    match migrate(&tenants).await {
        Ok(totals) if totals.are_whole() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("tidemark-migrate: {}", causes(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn migrate(tenants: &[Tenant]) -> Result<Totals, Box<dyn Error>> {
    let migration = Aws::from_env().await.migration()?;
    let mut totals = Totals::default();
    println!("{HEADING}");
    for tenant in tenants {
        println!("{tenant}");
        totals.begin();
        let told = |moved: &_| {
            println!("{}", Line(moved));
            totals.add(moved);
        };
        migration.run(tenant, told).await?;
        if totals.end() == 0 {
            println!("  has no series: is it called so?");
        }
    }
    println!("{totals}");
    Ok(totals)
}

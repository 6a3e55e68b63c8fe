//! Calculations in the test itself.

use std::sync::Arc;

use async_trait::async_trait;
use tidemark_app::calculation::Calculation;
use tidemark_ports::error::Result as Stored;
use tidemark_ports::{Bucket, Calculator, GroupJob, GroupSlot, Job};

use crate::hooks::Hooked;

/// Calculates over the hooked store, shards as well.
pub(crate) struct Inline(pub(crate) Hooked);

#[async_trait]
impl Calculator for Inline {
    async fn run(&self, job: Job) -> Stored<Vec<Bucket>> {
        calculation(&self.0).handle(job).await
    }

    async fn run_groups(&self, job: GroupJob) -> Stored<Vec<Vec<GroupSlot>>> {
        calculation(&self.0).handle_groups(job).await
    }
}

pub(crate) fn calculation(ports: &Hooked) -> Calculation {
    Calculation {
        points: Arc::new(ports.clone()),
        shards: Arc::new(Inline(ports.clone())),
    }
}

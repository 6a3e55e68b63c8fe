//! The suite of the queue, over one that delivers at once, and twice.

use std::sync::Mutex;

use async_trait::async_trait;
use tidemark_conformance::Subject;
use tidemark_conformance::conformance_tests;
use tidemark_conformance::queue::Deliveries;
use tidemark_core::batch::Batch;
use tidemark_core::name::Tenant;
use tidemark_ports::Queue;
use tidemark_ports::error::Result;

#[derive(Default)]
struct Twice(Mutex<Vec<Batch>>);

#[async_trait]
impl Queue for Twice {
    async fn send(&self, batch: Batch) -> Result<()> {
        let json = serde_json::to_vec(&batch).unwrap();
        let mut delivered = self.0.lock().unwrap();
        delivered.extend([serde_json::from_slice(&json).unwrap(), batch]);
        Ok(())
    }

    async fn check(&self) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl Deliveries for Twice {
    async fn delivered(&self, tenant: &Tenant) -> Vec<Batch> {
        let delivered = self.0.lock().unwrap();
        delivered
            .iter()
            .filter(|b| b.tenant == *tenant)
            .cloned()
            .collect()
    }
}

async fn open_twice() -> Subject<Twice> {
    Subject::new(Twice::default())
}

conformance_tests! {
    mod delivered_twice: open_twice => queue;
}

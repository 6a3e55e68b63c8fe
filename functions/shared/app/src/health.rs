//! Tells whether data can be accepted.

use std::sync::Arc;

use tidemark_ports::Queue;

/// The use case.
#[derive(Clone)]
pub struct Health {
    /// What takes data in.
    pub queue: Arc<dyn Queue>,
}

impl Health {
    /// What is checked, by name, and whether it works. Why something does not is for
    /// the log.
    pub async fn check(&self) -> Vec<(&'static str, bool)> {
        let checked = self.queue.check().await;
        let queue = checked
            .inspect_err(tidemark_ports::error::StoreError::log)
            .is_ok();
        vec![("queue", queue)]
    }
}

//! The suite of the queue. What was delivered is read from the queue itself, by
//! whichever test looks first, for all.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageSystemAttributeName::MessageGroupId;
use tidemark_aws::{Aws, SqsQueue};
use tidemark_conformance::conformance_tests;
use tidemark_conformance::queue::Deliveries;
use tidemark_conformance::{Subject, Traits};
use tidemark_core::batch::Batch;
use tidemark_core::name::Tenant;
use tidemark_ports::Queue;
use tidemark_ports::error::Result;

/// What any test received.
static DELIVERED: Mutex<Vec<Batch>> = Mutex::new(Vec::new());

struct Received {
    queue: SqsQueue,
    client: Client,
    url: String,
}

#[async_trait]
impl Queue for Received {
    async fn send(&self, batch: Batch) -> Result<()> {
        self.queue.send(batch).await
    }

    async fn check(&self) -> Result<()> {
        self.queue.check().await
    }
}

impl Received {
    /// Receives what is there, once.
    async fn receive(&self) -> usize {
        let received = self.client.receive_message().queue_url(&self.url);
        let received = received
            .max_number_of_messages(10)
            .message_system_attribute_names(MessageGroupId);
        let messages = received.send().await.unwrap().messages.unwrap_or_default();
        for message in &messages {
            let batch: Batch = serde_json::from_str(message.body().unwrap()).unwrap();
            let group = message.attributes().unwrap().get(&MessageGroupId).unwrap();
            assert_eq!(group, batch.tenant.as_str());
            DELIVERED.lock().unwrap().push(batch);
            let delete = self.client.delete_message().queue_url(&self.url);
            let handle = message.receipt_handle().unwrap();
            delete.receipt_handle(handle).send().await.unwrap();
        }
        messages.len()
    }
}

#[async_trait]
impl Deliveries for Received {
    async fn delivered(&self, tenant: &Tenant) -> Vec<Batch> {
        while self.receive().await > 0 {}
        let delivered = DELIVERED.lock().unwrap();
        delivered
            .iter()
            .filter(|batch| batch.tenant == *tenant)
            .cloned()
            .collect()
    }
}

async fn open() -> Subject<Received> {
    let queue = Aws::from_env().await.queue().unwrap();
    queue.check().await.unwrap();
    let http = aws_smithy_http_client::Builder::new().build_http();
    let config = aws_config::from_env().http_client(http).load().await;
    Subject::new(Received {
        queue,
        client: Client::new(&config),
        url: std::env::var("TIDEMARK_QUEUE_URL").unwrap(),
    })
    .with(Traits {
        delay: Duration::from_secs(5),
        ..Traits::default()
    })
}

conformance_tests! {
    #[ignore = "needs an AWS emulator (AWS_ENDPOINT_URL)"]
    mod sqs: open => queue;
}

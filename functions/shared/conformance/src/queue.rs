//! What was sent arrives, at least once and unchanged.

use async_trait::async_trait;
use tidemark_core::batch::{Batch, BatchId, Content, Reject, SeriesPoints, Source};
use tidemark_core::discard::{Format, Reason};
use tidemark_core::name::Tenant;
use tidemark_core::payload::Payload;
use tidemark_core::point::{Tags, Value};
use tidemark_core::time::Timestamp;
use tidemark_ports::Queue;

use crate::Subject;
use crate::material::{at, name, received, tags, tenant};

/// The receiving end of a queue under test.
#[async_trait]
pub trait Deliveries: Queue {
    /// What was delivered of a tenant's batches so far, in any order.
    async fn delivered(&self, tenant: &Tenant) -> Vec<Batch>;
}

fn batch(tenant: &Tenant, sequence: u64, content: Content) -> Batch {
    // The other is one that only a later version knows.
    let source = if sequence.is_multiple_of(2) {
        Source::Api
    } else {
        "file.2".parse().unwrap()
    };
    Batch {
        tenant: tenant.clone(),
        source,
        id: BatchId::new(u64::MAX, sequence),
        received: received(1),
        content,
    }
}

fn points(numbers: impl IntoIterator<Item = f64>) -> SeriesPoints {
    let mut points = SeriesPoints::new(name("a"));
    for (number, i) in numbers.into_iter().zip(0..) {
        points.push(
            i,
            at(i64::from(i)),
            Value::new(number).unwrap(),
            Tags::none(),
        );
    }
    points
}

/// Sends a batch and expects it, as often as may be, and no other.
async fn arrives<S: Deliveries + ?Sized>(subject: &Subject<S>, batch: Batch) {
    let tenant = batch.tenant.clone();
    subject.store.send(batch.clone()).await.unwrap();
    let look = async || {
        let mut delivered = subject.store.delivered(&tenant).await;
        delivered.dedup();
        // Text shows what equality of numbers does not: the sign of zero.
        delivered.into_iter().map(|b| format!("{b:?}")).collect()
    };
    subject.eventually(&vec![format!("{batch:?}")], look).await;
}

/// Points arrive bit for bit, with tags and rejects.
pub async fn points_arrive_unchanged<S: Deliveries + ?Sized>(subject: &Subject<S>) {
    let mut series = points([0.1, -0.0, f64::MAX, f64::from_bits(1), 1.0 / 3.0]);
    series.push(
        u32::MAX,
        Timestamp::MIN,
        Value::new(1.0).unwrap(),
        tags(&["größer", "🌊"]),
    );
    series.push(9, Timestamp::MAX, Value::new(1.0).unwrap(), Tags::none());
    let reject = Reject {
        index: 7,
        series: Some(name("b")),
        time: None,
        value: None,
        reasons: vec![Reason::Malformed, Reason::NotFinite],
        detail: "a string".to_owned(),
        payload: Payload::new(b"{\"v\": \xff\0}"),
        format: Format::Point,
    };
    let content = Content::Points {
        series: vec![series, SeriesPoints::new(name("empty"))],
        rejects: vec![reject],
    };
    arrives(subject, batch(&tenant(), 1, content)).await;
}

/// Messages arrive byte for byte, those that cannot be decoded too.
pub async fn messages_arrive_unchanged<S: Deliveries + ?Sized>(subject: &Subject<S>) {
    let every_byte: Vec<u8> = (0..=255).collect();
    let long = vec![b'x'; Payload::MAX_BYTES + 1];
    let payloads: [&[u8]; 5] = [b"{\"time\": 1}", b"", b"\xff\0", &every_byte, &long];
    let content = Content::Messages {
        series: name("data-server"),
        first: 0,
        payloads: payloads.map(Payload::new).to_vec(),
    };
    arrives(subject, batch(&tenant(), u64::MAX, content)).await;
}

/// A batch as large as one request may bring arrives, though the queue may have
/// to deliver it in pieces.
pub async fn a_large_batch_arrives<S: Deliveries + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let sent = points((0..subject.traits.many).map(|i| i as f64 / 7.0));
    let bits = |points: &SeriesPoints| -> Vec<(u32, Timestamp, u64)> {
        let bits = points.values.iter().map(|v| v.get().to_bits());
        points
            .index
            .iter()
            .copied()
            .zip(points.times.iter().copied())
            .zip(bits)
            .map(|((i, t), v)| (i, t, v))
            .collect()
    };
    let expected = bits(&sent);
    let content = Content::Points {
        series: vec![sent],
        rejects: vec![],
    };
    subject
        .store
        .send(batch(&tenant, 1, content))
        .await
        .unwrap();
    let look = async || {
        let mut arrived = Vec::new();
        for piece in subject.store.delivered(&tenant).await {
            assert_eq!(
                (piece.id, piece.received),
                (BatchId::new(u64::MAX, 1), received(1))
            );
            if let Content::Points { series, .. } = &piece.content {
                arrived.extend(series.iter().flat_map(bits));
            }
        }
        arrived.sort_unstable();
        arrived.dedup();
        arrived == expected
    };
    subject.eventually(&true, look).await;
}

/// So do more messages than a fetcher has in hand, each with its index.
pub async fn many_messages_keep_their_index<S: Deliveries + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    // Escaped, six times as long.
    let long = |i: u32| [&i.to_be_bytes()[..], &vec![1; Payload::MAX_BYTES - 4]].concat();
    let expected: Vec<(u32, Payload)> = (0..12).map(|i| (i, Payload::new(&long(i)))).collect();
    let content = Content::Messages {
        series: name("data-server"),
        first: 0,
        payloads: expected.iter().map(|(_, p)| p.clone()).collect(),
    };
    subject
        .store
        .send(batch(&tenant, 1, content))
        .await
        .unwrap();
    let look = async || {
        let mut arrived = Vec::new();
        for piece in subject.store.delivered(&tenant).await {
            assert_eq!(piece.id, BatchId::new(u64::MAX, 1));
            if let Content::Messages {
                first, payloads, ..
            } = piece.content
            {
                arrived.extend((first..).zip(payloads));
            }
        }
        arrived.sort_unstable_by_key(|(index, _)| *index);
        arrived.dedup();
        arrived == expected
    };
    subject.eventually(&true, look).await;
}

/// Of many batches that are sent at once none is lost.
pub async fn no_batch_is_lost<S: Deliveries + ?Sized + 'static>(subject: &Subject<S>) {
    let tenant = tenant();
    let mut senders = tokio::task::JoinSet::new();
    for sequence in 0..50 {
        let content = Content::Points {
            series: vec![points([sequence as f64])],
            rejects: vec![],
        };
        let (store, batch) = (
            std::sync::Arc::clone(&subject.store),
            batch(&tenant, sequence, content),
        );
        senders.spawn(async move { store.send(batch).await.unwrap() });
    }
    senders.join_all().await;
    let look = async || {
        let delivered = subject.store.delivered(&tenant).await;
        let mut sequences: Vec<u64> = delivered.iter().map(|b| b.id.sequence()).collect();
        sequences.sort_unstable();
        sequences.dedup();
        sequences
    };
    subject.eventually(&(0..50).collect(), look).await;
}

//! Discards are kept once and whole, and are replayed once.

use tidemark_core::batch::{BatchId, Source};
use tidemark_core::discard::{Discard, DiscardId, Format, Reason};
use tidemark_core::name::Tenant;
use tidemark_core::payload::Payload;
use tidemark_core::point::{Stamp, Value};
use tidemark_core::time::{TimeRange, Timestamp};
use tidemark_ports::{DiscardFilter, DiscardLog};

use crate::Subject;
use crate::material::{at, name, received, tenant};

/// Any discard.
pub(super) const ANY: DiscardFilter = DiscardFilter {
    reason: None,
    source: None,
    series: None,
    received: TimeRange::ALL,
};

/// Every source that is known, and one that is not.
pub(super) fn sources() -> Vec<Source> {
    let mut sources = Source::KNOWN.to_vec();
    sources.push("file.2".parse().unwrap());
    sources
}

/// A discard of a batch by its number, received so many seconds after the origin.
pub(super) fn discard(tenant: &Tenant, batch: u64, seconds: i64, index: u32) -> Discard {
    Discard {
        tenant: tenant.clone(),
        source: Source::Api,
        stamp: Stamp {
            received: received(seconds),
            batch: BatchId::new(0xc0f0, batch),
            index,
        },
        series: Some(name("a")),
        time: Some(at(7)),
        value: Some(Value::new(0.1).unwrap()),
        reasons: vec![Reason::TooOld],
        detail: "older than 1 h".to_owned(),
        payload: Payload::new(b"{\"t\": 1}"),
        format: Format::Point,
        replayed: None,
    }
}

/// What is listed, from end to end, in pages of `limit`.
pub(super) async fn listed<S: DiscardLog + ?Sized>(
    subject: &Subject<S>,
    tenant: &Tenant,
    filter: &DiscardFilter,
    limit: usize,
) -> Vec<Discard> {
    let mut all: Vec<Discard> = Vec::new();
    loop {
        let before = all.last().map(|d| d.stamp);
        let page = subject
            .store
            .list(tenant, filter, before, limit)
            .await
            .unwrap();
        assert!(page.len() <= limit);
        if page.is_empty() {
            return all;
        }
        all.extend(page);
        assert!(
            all.windows(2).all(|w| w[0].stamp > w[1].stamp),
            "not the latest first"
        );
    }
}

/// Every field comes back, whatever it holds.
pub async fn a_discard_comes_back_whole<S: DiscardLog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let mut discards: Vec<Discard> = (0..5).map(|i| discard(&tenant, 1, 1, i)).collect();
    discards[1].series = None;
    discards[1].time = None;
    discards[1].value = None;
    discards[1].detail = String::new();
    discards[2].reasons = Reason::ALL.to_vec();
    discards[2].detail = "“größer”; 'quoted', \"twice\"\n\0 and 🌊".to_owned();
    discards[3].time = Some(Timestamp::MIN);
    discards[3].value = Some(Value::new(f64::MAX).unwrap());
    discards[4].time = Some(Timestamp::MAX);
    discards[4].value = Some(Value::new(f64::from_bits(1)).unwrap());
    discards[4].stamp.index = u32::MAX;
    let formats = [
        Format::Point,
        Format::Csv,
        Format::Meter,
        Format::Message,
        Format::CsvIn("tags,v,name,t".parse().unwrap()),
    ];
    for (discard, (format, source)) in discards
        .iter_mut()
        .zip(formats.into_iter().zip(sources().into_iter().cycle()))
    {
        discard.format = format;
        discard.source = source;
    }
    subject.store.put(&discards).await.unwrap();
    for discard in &discards {
        let look = async || subject.store.get(&tenant, discard.id()).await.unwrap();
        subject.eventually(&Some(discard.clone()), look).await;
    }
    discards.reverse();
    let look = async || listed(subject, &tenant, &ANY, 100).await;
    subject.eventually(&discards, look).await;
}

/// A payload is bytes, not text: none is added, lost or replaced.
pub async fn payloads_are_kept_byte_for_byte<S: DiscardLog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let every_byte: Vec<u8> = (0..=255).collect();
    let payloads: [&[u8]; 10] = [
        b"",
        b"\0",
        b"text with \0 in its midst",
        "größer als 1 h 🌊".as_bytes(),
        b"\xff\xfe\xfd",
        b"{\"t\": 1, \"v\": \xc3}",
        b"\xef\xbb\xbfbyte order mark",
        b" spaces and lines \r\n\r\n",
        &every_byte,
        &vec![0xc3; Payload::MAX_BYTES],
    ];
    for (payload, i) in payloads.into_iter().zip(0..) {
        let mut discard = discard(&tenant, 1, 1, i);
        discard.payload = Payload::new(payload);
        subject
            .store
            .put(std::slice::from_ref(&discard))
            .await
            .unwrap();
        let look = async || {
            let found = subject.store.get(&tenant, discard.id()).await.unwrap();
            found.and_then(|d| d.payload.whole().map(<[u8]>::to_vec))
        };
        subject.eventually(&Some(payload.to_vec()), look).await;
    }
}

/// Of a payload that was too long to keep, the beginning, the length and the
/// digest come back, text or not.
pub async fn cut_payloads_stay_cut<S: DiscardLog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    for (byte, i) in [b'a', 0xff, 0].into_iter().zip(0..) {
        let mut discard = discard(&tenant, 1, 1, i);
        discard.payload = Payload::new(&vec![byte; 3 * Payload::MAX_BYTES]);
        discard.reasons = vec![Reason::TooLarge];
        subject
            .store
            .put(std::slice::from_ref(&discard))
            .await
            .unwrap();
        let look = async || {
            subject
                .store
                .get(&tenant, discard.id())
                .await
                .unwrap()
                .map(|d| d.payload)
        };
        subject
            .eventually(&Some(discard.payload.clone()), look)
            .await;
    }
}

/// Of an id that nobody put there is no discard.
pub async fn an_unknown_discard_is_none<S: DiscardLog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    subject
        .store
        .put(&[discard(&tenant, 1, 1, 3)])
        .await
        .unwrap();
    let known = discard(&tenant, 1, 1, 3).id();
    let look = async || subject.store.get(&tenant, known).await.unwrap().is_some();
    subject.eventually(&true, look).await;
    for (batch, index) in [(1, 2), (1, 33), (2, 3), (0, 0)] {
        let id = DiscardId {
            batch: BatchId::new(0xc0f0, batch),
            index,
        };
        assert_eq!(subject.store.get(&tenant, id).await.unwrap(), None);
        assert!(
            !subject
                .store
                .mark_replayed(&tenant, id, received(9))
                .await
                .unwrap()
        );
        assert_eq!(subject.store.get(&tenant, id).await.unwrap(), None);
    }
}

/// A batch that is delivered again puts its discards again; they stay as they
/// are, and there is one of each.
pub async fn putting_again_changes_nothing<S: DiscardLog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let first = discard(&tenant, 1, 1, 0);
    let mut again = first.clone();
    again.detail = "another".to_owned();
    again.payload = Payload::new(b"another");
    subject
        .store
        .put(std::slice::from_ref(&first))
        .await
        .unwrap();
    subject
        .store
        .put(&[again.clone(), discard(&tenant, 1, 1, 1), again])
        .await
        .unwrap();
    subject.store.put(&[]).await.unwrap();
    let expected = vec![discard(&tenant, 1, 1, 1), first];
    let look = async || listed(subject, &tenant, &ANY, 10).await;
    subject.eventually(&expected, look).await;
    subject.settle().await;
    assert_eq!(listed(subject, &tenant, &ANY, 10).await, expected);
    let counts = subject.store.counts(&tenant, TimeRange::ALL).await.unwrap();
    assert_eq!(counts.iter().map(|c| c.count).sum::<u64>(), 2);
}

/// A discard is replayed once, and stays so when it is put again.
pub async fn a_discard_is_replayed_once<S: DiscardLog + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let discards = [discard(&tenant, 1, 1, 0), discard(&tenant, 1, 1, 1)];
    subject.store.put(&discards).await.unwrap();
    subject.settle().await;
    let id = discards[0].id();
    let replayed = async || {
        subject
            .store
            .get(&tenant, id)
            .await
            .unwrap()
            .and_then(|d| d.replayed)
    };
    assert!(
        subject
            .store
            .mark_replayed(&tenant, id, received(7))
            .await
            .unwrap()
    );
    subject.eventually(&Some(received(7)), replayed).await;
    assert!(
        !subject
            .store
            .mark_replayed(&tenant, id, received(8))
            .await
            .unwrap()
    );
    subject.store.put(&discards).await.unwrap();
    subject.settle().await;
    assert_eq!(replayed().await, Some(received(7)));
    let look = async || {
        listed(subject, &tenant, &ANY, 10)
            .await
            .iter()
            .map(|d| d.replayed)
            .collect()
    };
    subject
        .eventually(&vec![None, Some(received(7))], look)
        .await;
}

/// Of several who replay a discard at once, one does.
pub async fn one_of_many_replays_wins<S: DiscardLog + ?Sized + 'static>(subject: &Subject<S>) {
    let tenant = tenant();
    let id = discard(&tenant, 1, 1, 0).id();
    subject
        .store
        .put(&[discard(&tenant, 1, 1, 0)])
        .await
        .unwrap();
    subject.settle().await;
    let mut replays = tokio::task::JoinSet::new();
    for seconds in 0..8 {
        let (store, tenant) = (std::sync::Arc::clone(&subject.store), tenant.clone());
        replays.spawn(async move {
            store
                .mark_replayed(&tenant, id, received(seconds))
                .await
                .unwrap()
        });
    }
    assert_eq!(
        replays
            .join_all()
            .await
            .into_iter()
            .filter(|&won| won)
            .count(),
        1
    );
}

/// Discards of one tenant are no other's, even of the same batch.
pub async fn tenants_do_not_see_each_others<S: DiscardLog + ?Sized>(subject: &Subject<S>) {
    let (one, other) = (tenant(), tenant());
    let mut theirs = discard(&other, 1, 1, 0);
    theirs.detail = "theirs".to_owned();
    let ours = discard(&one, 1, 1, 0);
    subject
        .store
        .put(&[ours.clone(), theirs.clone(), discard(&other, 1, 1, 1)])
        .await
        .unwrap();
    let look = async || listed(subject, &one, &ANY, 10).await;
    subject.eventually(&vec![ours.clone()], look).await;
    let look = async || subject.store.get(&other, theirs.id()).await.unwrap();
    subject.eventually(&Some(theirs.clone()), look).await;
    assert_eq!(
        subject
            .store
            .get(&one, discard(&other, 1, 1, 1).id())
            .await
            .unwrap(),
        None
    );
    assert!(
        subject
            .store
            .mark_replayed(&other, theirs.id(), received(2))
            .await
            .unwrap()
    );
    subject.settle().await;
    assert_eq!(
        subject
            .store
            .get(&one, ours.id())
            .await
            .unwrap()
            .and_then(|d| d.replayed),
        None
    );
    let counts = subject.store.counts(&one, TimeRange::ALL).await.unwrap();
    assert_eq!(counts.iter().map(|c| c.count).sum::<u64>(), 1);
}

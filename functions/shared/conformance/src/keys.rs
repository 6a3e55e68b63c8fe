//! Keys are kept by their hashes, found by their ids, and end when they are
//! revoked.

use std::num::NonZeroU32;

use tidemark_core::access::{Overrides, Scope};
use tidemark_core::key::{ApiKey, KeyHash};
use tidemark_core::name::Tenant;
use tidemark_ports::KeyStore;

use crate::Subject;
use crate::material::{received, tenant};

/// A key of a tenant, made so many seconds after the origin.
fn key(tenant: &Tenant, seconds: i64) -> ApiKey {
    ApiKey {
        hash: KeyHash::of(&format!("{tenant} {seconds}")),
        tenant: tenant.clone(),
        scopes: [Scope::Read].into_iter().collect(),
        name: "a reader".to_owned(),
        created: received(seconds),
        expires: None,
        revoked: None,
        overrides: Overrides::default(),
    }
}

/// A key comes back whole, whatever it holds.
pub async fn a_key_comes_back_whole<S: KeyStore + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let full = ApiKey {
        scopes: Scope::ALL.into_iter().collect(),
        name: "Überwachung, \"quoted\"\n\u{1f511}".to_owned(),
        expires: Some(received(100)),
        revoked: Some(received(50)),
        overrides: Overrides {
            requests_per_second: NonZeroU32::new(7),
            points_per_second: Some(NonZeroU32::MAX),
            series: Some(0),
        },
        ..key(&tenant, 1)
    };
    let nameless = ApiKey {
        name: String::new(),
        scopes: [].into_iter().collect(),
        ..key(&tenant, 2)
    };
    for key in [full, nameless, key(&tenant, 3)] {
        assert!(subject.store.create(&key).await.unwrap());
        assert_eq!(subject.store.get(key.id()).await.unwrap(), Some(key));
    }
}

/// Of a key that was never made there is nothing.
pub async fn an_unknown_key_is_none<S: KeyStore + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let made = key(&tenant, 1);
    subject.store.create(&made).await.unwrap();
    let other = key(&tenant, 2).id();
    assert_eq!(subject.store.get(other).await.unwrap(), None);
    assert_eq!(
        subject.store.revoke(other, received(3)).await.unwrap(),
        None
    );
    assert_eq!(subject.store.get(other).await.unwrap(), None);
}

/// A second key of an id changes nothing.
pub async fn a_key_is_made_once<S: KeyStore + ?Sized>(subject: &Subject<S>) {
    let first = key(&tenant(), 1);
    let second = ApiKey {
        tenant: tenant(),
        scopes: Scope::ALL.into_iter().collect(),
        ..first.clone()
    };
    assert!(subject.store.create(&first).await.unwrap());
    assert!(!subject.store.create(&second).await.unwrap());
    assert_eq!(subject.store.get(first.id()).await.unwrap(), Some(first));
}

/// A revoked key is there, with the time when it was revoked first.
pub async fn a_key_is_revoked_once<S: KeyStore + ?Sized>(subject: &Subject<S>) {
    let tenant = tenant();
    let made = key(&tenant, 1);
    subject.store.create(&made).await.unwrap();
    let revoked = Some(ApiKey {
        revoked: Some(received(5)),
        ..made.clone()
    });
    for seconds in [5, 9, 2] {
        let told = subject.store.revoke(made.id(), received(seconds)).await;
        assert_eq!(told.unwrap(), revoked);
        assert_eq!(subject.store.get(made.id()).await.unwrap(), revoked);
    }
    let listed = subject.store.list(Some(&tenant)).await.unwrap();
    assert_eq!(listed, Vec::from_iter(revoked));
}

/// A tenant's keys are listed in the order in which they were made, also the many
/// that take several pages of whatever they are kept in.
pub async fn keys_are_listed_by_tenant_and_time<S: KeyStore + ?Sized>(subject: &Subject<S>) {
    let (one, other) = (tenant(), tenant());
    let mut keys: Vec<ApiKey> = (0..120)
        .map(|i| ApiKey {
            // Two of each time.
            created: received(i % 60),
            ..key(&one, i)
        })
        .collect();
    for key in keys.iter().rev() {
        assert!(subject.store.create(key).await.unwrap());
    }
    let others = key(&other, 1);
    subject.store.create(&others).await.unwrap();
    keys.sort_by_key(|key| (key.created, key.id()));
    assert_eq!(subject.store.list(Some(&one)).await.unwrap(), keys);
    let listed = subject.store.list(Some(&other)).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&others));
    assert_eq!(subject.store.list(Some(&tenant())).await.unwrap(), []);
    let all = subject.store.list(None).await.unwrap();
    assert!(keys.iter().chain([&others]).all(|key| all.contains(key)));
    assert!(all.is_sorted_by_key(|key| (key.created, key.id())));
}

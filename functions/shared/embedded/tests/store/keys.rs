//! The keys of one machine, held to their suite, by one process and by two.

use tidemark_conformance::Subject;
use tidemark_conformance::conformance_tests;
use tidemark_core::access::{Overrides, Scopes};
use tidemark_core::key::{ApiKey, KeyHash};
use tidemark_core::name::Tenant;
use tidemark_core::time::Timestamp;
use tidemark_embedded::{Embedded, Keys};
use tidemark_ports::KeyStore;

use crate::folder;

async fn open() -> Subject<Keys> {
    let folder = folder();
    Subject::new(Keys::open(folder.path()).unwrap()).keeping(folder)
}

conformance_tests! {
    mod embedded: open => keys;
}

/// While another process serves the data, and holds it alone.
#[tokio::test]
async fn what_one_does_another_sees_at_once() {
    let folder = folder();
    let _serving = Embedded::open(folder.path()).unwrap();
    let one = Keys::open(folder.path()).unwrap();
    let other = Keys::open(folder.path()).unwrap();
    let at = Timestamp::from_nanos;
    let mut key = ApiKey {
        hash: KeyHash::of("a"),
        tenant: Tenant::local(),
        scopes: Scopes::default(),
        name: String::new(),
        created: at(1),
        expires: None,
        revoked: None,
        overrides: Overrides::default(),
    };
    assert_eq!(other.get(key.id()).await.unwrap(), None);
    assert!(one.create(&key).await.unwrap());
    assert_eq!(other.get(key.id()).await.unwrap().as_ref(), Some(&key));
    assert!(!other.create(&key).await.unwrap());
    key.revoked = Some(at(2));
    one.revoke(key.id(), at(2)).await.unwrap();
    assert_eq!(other.get(key.id()).await.unwrap(), Some(key));
}

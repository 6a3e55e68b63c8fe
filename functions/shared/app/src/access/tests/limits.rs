//! How much a tenant may ask, send and keep.

use std::num::NonZeroU32;

use http::header::RETRY_AFTER;
use tidemark_core::name::{SeriesKey, SeriesName};
use tidemark_embedded::Embedded;
use tidemark_ports::Catalog;

use super::*;

fn by(overrides: Overrides) -> Principal {
    Principal {
        limits: Some(overrides.limits()),
        ..Principal::local()
    }
}

#[test]
fn who_waits_as_long_as_told_has_room_for_all_of_the_body() {
    let limiter = Limiter::default();
    let slow = by(Overrides {
        points_per_second: NonZeroU32::new(2),
        ..Overrides::default()
    });
    limiter.points(&slow, 20).unwrap();
    limiter.body(&slow).unwrap();
    let refused = limiter.points(&slow, 5).unwrap_err();
    // Nothing is left, and five points come in two and a half seconds.
    assert_eq!(
        Response::<bytes::Bytes>::from(refused).headers()[RETRY_AFTER],
        "3"
    );
}

#[tokio::test]
async fn requests_are_counted_by_tenant() {
    let overrides = Overrides {
        requests_per_second: NonZeroU32::new(1),
        ..Overrides::default()
    };
    let world = World::new(overrides);
    let key = secret();
    let mut refused = None;
    for _ in 0..20 {
        if let Err(problem) = world.ask(Method::GET, "/api", Some(key.reveal())).await {
            refused = Some(Response::<bytes::Bytes>::from(problem));
            break;
        }
    }
    let refused = refused.unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers()[RETRY_AFTER], "1");
    let other = Principal {
        tenant: Tenant::new("other").unwrap(),
        ..by(overrides)
    };
    assert_eq!(world.access.limiter.request(&other), Ok(()));
}

#[test]
fn points_are_counted_by_tenant() {
    let limiter = Limiter::default();
    let slow = by(Overrides {
        points_per_second: NonZeroU32::new(10),
        ..Overrides::default()
    });
    // Ten seconds' worth.
    assert_eq!(limiter.body(&slow), Ok(()));
    assert_eq!(limiter.points(&slow, 100), Ok(()));
    let refused = limiter.points(&slow, 90).unwrap_err();
    assert_eq!(refused.kind().status(), StatusCode::TOO_MANY_REQUESTS);
    let never = limiter.points(&slow, 101).unwrap_err();
    assert_eq!(never.kind().status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(
        never
            .detail()
            .starts_with("101 points are more than the 100")
    );
    // Others, and the same with another limit, have buckets of their own.
    let other = Principal {
        tenant: Tenant::new("other").unwrap(),
        ..slow.clone()
    };
    assert_eq!(limiter.points(&other, 100), Ok(()));
    assert_eq!(limiter.points(&by(Overrides::default()), 100), Ok(()));
    // Nobody counts what this machine alone sends.
    let all = usize::MAX;
    assert_eq!(limiter.points(&Principal::local(), all), Ok(()));
}

#[tokio::test]
async fn series_are_counted_by_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Embedded::open(folder.path()).unwrap();
    let few = by(Overrides {
        series: Some(3),
        ..Overrides::default()
    });
    let names: Vec<SeriesName> = ["a", "b", "c", "d", "e"]
        .map(|name| SeriesName::new(name).unwrap())
        .into();
    let names: Vec<&SeriesName> = names.iter().collect();
    let is_room = async |names: &[&SeriesName]| room(&catalog, &few, names).await.is_ok();
    assert!(is_room(&names[..3]).await);
    assert!(!is_room(&names[..4]).await);
    catalog
        .register(&few.tenant, &names[..2], at(1))
        .await
        .unwrap();
    for (asked, expected) in [
        (&names[..3], true),
        (&names[1..3], true),
        (&names[2..4], false),
        (&names[..4], false),
    ] {
        assert_eq!(is_room(asked).await, expected, "{asked:?}");
    }
    catalog
        .register(&few.tenant, &names[..3], at(1))
        .await
        .unwrap();
    assert!(is_room(&names[..3]).await && !is_room(&names[3..4]).await);
    let refused = room(&catalog, &few, &names[3..]).await.unwrap_err();
    assert_eq!(refused.kind().status(), StatusCode::TOO_MANY_REQUESTS);
    // What is deleted makes room.
    let gone = SeriesKey {
        tenant: few.tenant.clone(),
        name: names[0].clone(),
    };
    catalog.delete(&gone, at(2)).await.unwrap();
    assert!(is_room(&names[1..4]).await);
    assert!(room(&catalog, &Principal::local(), &names).await.is_ok());
}

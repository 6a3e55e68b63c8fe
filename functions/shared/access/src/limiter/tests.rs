//! How much a tenant may ask and send.

use tidemark_core::access::Overrides;

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
    let Excess::Now { wait, .. } = refused else {
        panic!("{refused:?}");
    };
    // Nothing is left, and five points come in two and a half seconds.
    assert_eq!(wait.as_secs_f64().ceil(), 3.0);
}

#[test]
fn requests_are_counted_by_tenant() {
    let limiter = Limiter::default();
    let slow = by(Overrides {
        requests_per_second: NonZeroU32::new(1),
        ..Overrides::default()
    });
    let refused = (0..20).find_map(|_| limiter.request(&slow).err());
    assert_eq!(refused.unwrap().as_secs_f64().ceil(), 1.0);
    let other = Principal {
        tenant: Tenant::new("other").unwrap(),
        ..slow
    };
    assert_eq!(limiter.request(&other), Ok(()));
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
    assert!(matches!(refused, Excess::Now { rate, .. } if rate.get() == 10));
    let never = limiter.points(&slow, 101).unwrap_err();
    assert!(matches!(never, Excess::Ever { most } if most.get() == 100));
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

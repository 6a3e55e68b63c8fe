//! How much a tenant asks and sends: token buckets, kept in this process alone. On
//! AWS, where each process answers one request at a time, they bound what one of
//! them does for a tenant.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tidemark_core::name::Tenant;
use tidemark_core::principal::Principal;
use tidemark_ports::{Allowance, Excess};

/// How many seconds' worth of requests there may be at once.
const REQUESTS_BURST: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);
/// How many seconds' worth of points.
const POINTS_BURST: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);
/// How many tenants' buckets there are before those that are full again go.
const TENANTS: usize = 10_000;

type Rates = DefaultKeyedRateLimiter<Tenant>;

/// Counts requests and points by tenant.
pub struct Limiter {
    requests: Buckets,
    points: Buckets,
}

impl Default for Limiter {
    fn default() -> Self {
        Self {
            requests: Buckets::new(REQUESTS_BURST),
            points: Buckets::new(POINTS_BURST),
        }
    }
}

impl Limiter {
    /// Counts a request. The error says how long to wait until there is room for
    /// one.
    pub fn request(&self, by: &Principal) -> Result<(), Duration> {
        let Some(limits) = by.limits else {
            return Ok(());
        };
        let rate = limits.requests_per_second;
        self.requests.take(&by.tenant, rate, NonZeroU32::MIN)
    }

    /// Takes so many points. Who comes again will want `counted` more.
    fn take(&self, by: &Principal, count: NonZeroU32, counted: u32) -> Result<(), Excess> {
        let Some(limits) = by.limits else {
            return Ok(());
        };
        let rate = limits.points_per_second;
        let taken = self.points.take(&by.tenant, rate, count);
        taken.map_err(|wait| {
            let more = Duration::from_secs(counted.into()) / rate.get();
            let wait = wait + more;
            Excess::Now { rate, wait }
        })
    }
}

impl Allowance for Limiter {
    fn body(&self, by: &Principal) -> Result<(), Excess> {
        self.take(by, NonZeroU32::MIN, 0)
    }

    fn points(&self, by: &Principal, count: usize) -> Result<(), Excess> {
        let Some(limits) = by.limits else {
            return Ok(());
        };
        let most = capacity(limits.points_per_second, POINTS_BURST);
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        if count > most.get() {
            return Err(Excess::Ever { most });
        }
        NonZeroU32::new(count.saturating_sub(1)).map_or(Ok(()), |rest| self.take(by, rest, 1))
    }
}

/// Buckets of one kind. Keys of a tenant that have limits of their own have
/// buckets of their own: those of one rate share.
struct Buckets {
    burst: NonZeroU32,
    by_rate: Mutex<HashMap<NonZeroU32, Arc<Rates>>>,
}

const fn capacity(rate: NonZeroU32, burst: NonZeroU32) -> NonZeroU32 {
    rate.saturating_mul(burst)
}

impl Buckets {
    fn new(burst: NonZeroU32) -> Self {
        Self {
            burst,
            by_rate: Mutex::default(),
        }
    }

    /// Takes so much from a tenant's bucket, or tells when there will be so much.
    fn take(&self, tenant: &Tenant, rate: NonZeroU32, count: NonZeroU32) -> Result<(), Duration> {
        let rates = self.rates(rate);
        if rates.len() > TENANTS {
            rates.retain_recent();
        }
        match rates.check_key_n(tenant, count) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(until)) => Err(until.wait_time_from(DefaultClock::default().now())),
            // More than a bucket holds, which is refused before.
            Err(_) => Err(Duration::from_secs(1)),
        }
    }

    fn rates(&self, rate: NonZeroU32) -> Arc<Rates> {
        let mut by_rate = self.by_rate.lock().unwrap_or_else(PoisonError::into_inner);
        let rates = by_rate.entry(rate).or_insert_with(|| {
            let quota = Quota::per_second(rate).allow_burst(capacity(rate, self.burst));
            Arc::new(RateLimiter::hashmap(quota))
        });
        Arc::clone(rates)
    }
}

#[cfg(test)]
mod tests;

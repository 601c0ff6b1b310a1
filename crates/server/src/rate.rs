//! How often one caller may ask, and how much work they may have done at once.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use drishti_services::access::whole_network;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::bounds::CALLERS_MAX;
use crate::principal::Principal;
use crate::problem::Problem;
use crate::shares::{Share, Shares};

/// How much one caller may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLimits {
    /// Requests a minute, in the long run; 0 for no limit.
    pub requests_per_minute: u32,
    /// Requests at once, before that counts.
    pub burst: u32,
    /// Queries, exports, backtests and checks of policies at once.
    pub concurrent_queries: usize,
}

impl Default for RequestLimits {
    /// Far above what an analyst's browser with several tabs asks for.
    fn default() -> Self {
        Self {
            requests_per_minute: 3_000,
            burst: 200,
            concurrent_queries: 4,
        }
    }
}

/// Who asks: somebody known, or an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Caller {
    Known(String),
    At(IpAddr),
    /// All who can't be told apart.
    Others,
}

impl Caller {
    pub(crate) fn of(principal: Option<&Principal>, address: Option<IpAddr>) -> Self {
        match (principal, address) {
            (Some(principal), _) => Self::Known(principal.name.clone()),
            (None, Some(address)) => Self::At(whole_network(address)),
            (None, None) => Self::Others,
        }
    }
}

type Limiter<C> =
    RateLimiter<Caller, HashMapStateStore<Caller>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// What callers have asked for lately.
#[derive(Clone)]
pub(crate) struct Rates<C: Clock = DefaultClock> {
    limiter: Option<Arc<Limiter<C>>>,
    clock: C,
    working: Shares,
    concurrent_queries: usize,
}

impl Rates {
    pub(crate) fn new(limits: RequestLimits) -> Self {
        Self::with_clock(limits, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Rates<C> {
    fn with_clock(limits: RequestLimits, clock: C) -> Self {
        let limiter = NonZeroU32::new(limits.requests_per_minute).map(|rate| {
            let burst = NonZeroU32::new(limits.burst).unwrap_or(NonZeroU32::MIN);
            let quota = Quota::per_minute(rate).allow_burst(burst);
            let store = HashMapStateStore::default();
            Arc::new(RateLimiter::new(quota, store, clock.clone()))
        });
        Self {
            limiter,
            clock,
            working: Shares::default(),
            concurrent_queries: limits.concurrent_queries.max(1),
        }
    }

    /// Counts a request, or refuses it. Where too many callers ask at once, those who are new count as one.
    pub(crate) fn count(&self, caller: &Caller) -> Result<(), Problem> {
        let Some(limiter) = &self.limiter else {
            return Ok(());
        };
        if limiter.len() >= CALLERS_MAX {
            limiter.retain_recent();
        }
        let caller = if limiter.len() >= CALLERS_MAX {
            &Caller::Others
        } else {
            caller
        };
        let counted = limiter.check_key(caller);
        counted.map_err(|until| Problem::too_many_requests(until.wait_time_from(self.clock.now())))
    }

    /// A place for one piece of heavy work of this caller.
    pub(crate) fn begin_work(&self, caller: &Caller) -> Result<Share, Problem> {
        let place = self.working.take(caller, self.concurrent_queries);
        place.ok_or_else(|| Problem::too_much_work(self.concurrent_queries))
    }
}

/// A wait in whole seconds, never 0.
pub(crate) fn seconds(wait: Duration) -> i64 {
    let whole = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    i64::try_from(whole.max(1)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use governor::clock::FakeRelativeClock;

    use super::*;

    fn rates(burst: u32) -> (Rates<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let limits = RequestLimits {
            requests_per_minute: 60,
            burst,
            concurrent_queries: 2,
        };
        (Rates::with_clock(limits, clock.clone()), clock)
    }

    fn at(text: &str) -> Caller {
        Caller::of(None, Some(text.parse().unwrap()))
    }

    #[test]
    fn who_asks_too_often_waits_and_others_do_not() {
        let (rates, clock) = rates(3);
        for _ in 0..3 {
            rates.count(&at("192.0.2.7")).unwrap();
        }
        let refused = rates.count(&at("192.0.2.7")).unwrap_err().into_response();
        assert_eq!(refused.status(), 429);
        assert_eq!(refused.headers()["retry-after"], "1");
        rates.count(&at("192.0.2.8")).unwrap();
        rates.count(&Caller::Known("192.0.2.7".to_owned())).unwrap();
        clock.advance(Duration::from_secs(1));
        rates.count(&at("192.0.2.7")).unwrap();
        assert!(rates.count(&at("192.0.2.7")).is_err());
    }

    #[test]
    fn a_customer_of_a_network_is_one_caller() {
        let (rates, _) = rates(1);
        rates.count(&at("2001:db8::1")).unwrap();
        assert!(rates.count(&at("2001:db8::2")).is_err());
        rates.count(&at("2001:db8:0:1::1")).unwrap();
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (rates, clock) = rates(1);
        for number in 0..CALLERS_MAX + 10 {
            let counted = rates.count(&Caller::Known(number.to_string()));
            assert_eq!(counted.is_ok(), number <= CALLERS_MAX, "{number}");
        }
        let limiter = rates.limiter.as_ref().unwrap();
        assert_eq!(limiter.len(), CALLERS_MAX + 1);
        clock.advance(Duration::from_secs(2));
        rates.count(&at("192.0.2.7")).unwrap();
        assert_eq!(limiter.len(), 1);
    }

    #[test]
    fn a_caller_has_few_queries_at_once() {
        let (rates, _) = rates(1);
        let mara = Caller::Known("mara".to_owned());
        let first = rates.begin_work(&mara).unwrap();
        let _second = rates.begin_work(&mara).unwrap();
        let Err(refused) = rates.begin_work(&mara) else {
            panic!("a third one began");
        };
        assert_eq!(refused.into_response().status(), 429);
        let _other = rates.begin_work(&Caller::Others).unwrap();
        drop(first);
        drop(rates.begin_work(&mara).unwrap());
        assert_eq!(rates.working.callers(), 2);
    }
}

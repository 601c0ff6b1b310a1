use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use drishti_model::{CollectSettings, Secret};
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use crate::timer::Timer;

/// Most reads at once: what Asana answers for one token (`asana-api.md`, section 4).
pub const CONCURRENT_READS_MAX: u32 = CollectSettings::CONCURRENT_READS_MAX;
/// Most requests that may follow each other without a pause; they are part of the minute's requests.
pub const RATE_BURST_MAX: u32 = CONCURRENT_READS_MAX;
/// The part of the minute's requests that may come as a burst is one of this many.
const RATE_BURST_SHARE: u32 = 10;
const MINUTE: Duration = Duration::from_mins(1);

type Rate = RateLimiter<NotKeyed, InMemoryState, RateClock, NoOpMiddleware<Duration>>;

/// What a token may ask of Asana, whoever asks with it: Asana counts by token, and several sources may have the same one
/// (`asana-api.md`, section 4). Clients that are set to another number of requests a minute count apart. A clone is the same.
#[derive(Clone, Debug, Default)]
pub struct TokenLimits(Arc<Mutex<HashMap<u64, Arc<Limits>>>>, RandomState);

impl TokenLimits {
    /// The limits of `token` at `base_url`. Those of tokens that nobody uses any more are forgotten, unless Asana asked to wait.
    pub(crate) fn of(
        &self,
        base_url: &Url,
        token: &Secret,
        requests_per_minute: u32,
        timer: &Arc<dyn Timer>,
    ) -> Arc<Limits> {
        let key = (base_url.as_str(), token.expose(), requests_per_minute);
        let key = self.1.hash_one(key);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, limits| Arc::strong_count(limits) > 1 || !limits.closed().is_zero());
        let limits = known.entry(key).or_insert_with(|| {
            Arc::new(Limits::new(
                CONCURRENT_READS_MAX,
                requests_per_minute,
                Arc::clone(timer),
            ))
        });
        Arc::clone(limits)
    }
}

/// How much may be asked. All clones of a client share it.
#[derive(Debug)]
pub(crate) struct Limits {
    reads: Semaphore,
    rate: Option<Rate>,
    closed_until: Mutex<Duration>,
    timer: Arc<dyn Timer>,
}

impl Limits {
    /// `requests_per_minute` of 0 sets no rate.
    pub(crate) fn new(
        concurrent_reads: u32,
        requests_per_minute: u32,
        timer: Arc<dyn Timer>,
    ) -> Self {
        let reads = concurrent_reads.clamp(1, CONCURRENT_READS_MAX) as usize;
        let clock = RateClock(Arc::clone(&timer));
        Self {
            reads: Semaphore::new(reads),
            rate: quota(requests_per_minute)
                .map(|quota| RateLimiter::direct_with_clock(quota, clock)),
            closed_until: Mutex::new(Duration::ZERO),
            timer,
        }
    }

    /// Waits until one more read may be sent; the read lasts until the permit is dropped.
    pub(crate) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed, so there always is a permit.
        let permit = self.reads.acquire().await.ok();
        while let Some(wait) = self.wait() {
            self.timer.sleep(wait).await;
        }
        permit
    }

    /// Lets nothing more out for `duration`: Asana counts what it refuses, so that a 429 concerns every request of the token.
    pub(crate) fn close_for(&self, duration: Duration) {
        let until = self.timer.elapsed().saturating_add(duration);
        let mut closed_until = self
            .closed_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *closed_until = until.max(*closed_until);
    }

    /// How long to wait before asking again, or `None` where a request may go now, which is then counted.
    fn wait(&self) -> Option<Duration> {
        let closed = self.closed();
        if !closed.is_zero() {
            return Some(closed);
        }
        let early = self.rate.as_ref()?.check().err()?;
        Some(early.wait_time_from(self.timer.elapsed()))
    }

    /// For how long nothing may be asked.
    fn closed(&self) -> Duration {
        let closed_until = *self
            .closed_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        closed_until.saturating_sub(self.timer.elapsed())
    }
}

/// The quota under which no 60 seconds see more than `requests_per_minute`, wherever they begin: the burst is taken out of the
/// steady rate.
fn quota(requests_per_minute: u32) -> Option<Quota> {
    let burst = (requests_per_minute / RATE_BURST_SHARE).clamp(1, RATE_BURST_MAX);
    let steady = requests_per_minute.checked_sub(burst)?.saturating_add(1);
    Quota::with_period(MINUTE.div_f64(f64::from(steady)))
        .map(|quota| quota.allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN)))
}

/// The client's timer in the form that the rate limiter reads.
#[derive(Clone, Debug)]
struct RateClock(Arc<dyn Timer>);

impl Clock for RateClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::FutureExt as _;
    use tokio::time::Instant;

    use super::*;
    use crate::timer::TokioTimer;

    fn limits(concurrent_reads: u32, requests_per_minute: u32) -> Limits {
        Limits::new(
            concurrent_reads,
            requests_per_minute,
            Arc::new(TokioTimer::default()),
        )
    }

    #[test]
    fn the_51st_read_waits_for_another_to_end() {
        for (asked, granted) in [(0, 1), (1, 1), (7, 7), (50, 50), (51, 50), (u32::MAX, 50)] {
            let limits = limits(asked, 0);
            let mut permits = Vec::new();
            for _ in 0..granted {
                permits.push(limits.enter().now_or_never().unwrap());
            }
            assert!(limits.enter().now_or_never().is_none(), "{asked}");
            permits.pop();
            assert!(limits.enter().now_or_never().is_some(), "{asked}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_minute_has_more_requests_than_allowed() {
        for per_minute in [1, 2, 9, 10, 150, 499, 500, 1_500] {
            let limits = limits(50, per_minute);
            let mut sent = Vec::new();
            for _ in 0..per_minute * 4 {
                limits.enter().await;
                sent.push(Instant::now());
            }
            let allowed = per_minute as usize;
            for pair in sent.windows(allowed + 1) {
                assert!(pair[allowed] - pair[0] >= MINUTE, "{per_minute}");
            }
            // The limit is used, too: four minutes' requests take five at most.
            assert!(sent[sent.len() - 1] - sent[0] <= MINUTE * 5, "{per_minute}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_429_holds_back_everybody_until_it_is_over() {
        let limits = limits(50, 0);
        let start = Instant::now();
        limits.close_for(Duration::from_secs(30));
        limits.close_for(Duration::from_secs(1));
        let through = AtomicUsize::new(0);
        let all = futures::future::join_all((0..50).map(|_| async {
            let permit = limits.enter().await;
            assert!(start.elapsed() >= Duration::from_secs(30));
            through.fetch_add(1, Ordering::SeqCst);
            drop(permit);
        }));
        all.await;
        assert_eq!(through.load(Ordering::SeqCst), 50);
        assert!(start.elapsed() < Duration::from_secs(31));
        assert!(limits.enter().now_or_never().is_some());
    }

    #[test]
    fn without_a_rate_nothing_is_counted() {
        let limits = limits(50, 0);
        assert!((0..100_000).all(|_| limits.wait().is_none()));
    }
}

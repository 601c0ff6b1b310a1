use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use chrono::{DateTime, Utc};
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

use crate::error::AsanaError;

/// Times that one request is sent before its error is returned.
pub const TRIES_MAX: usize = 6;
/// The first delay before a request is sent again, doubled each time. Up to the same amount is added by chance.
pub const DELAY_MIN: Duration = Duration::from_millis(500);
/// The longest delay, before chance adds to it.
pub const DELAY_MAX: Duration = Duration::from_secs(30);
/// The longest `Retry-After` that a call waits for. A longer one is returned with the error.
pub const RETRY_AFTER_MAX: Duration = Duration::from_mins(5);

/// Decides whether and when one request is sent again.
#[derive(Debug)]
pub(crate) struct Retries(ExponentialBackoff);

impl Retries {
    pub(crate) fn new() -> Self {
        let delays = ExponentialBuilder::new()
            .with_jitter()
            .with_min_delay(DELAY_MIN)
            .with_max_delay(DELAY_MAX)
            .with_max_times(TRIES_MAX - 1);
        Self(delays.build())
    }

    /// How long to wait after `error`; `None` where trying again can't help or has been tried enough.
    pub(crate) fn wait(&mut self, error: &AsanaError) -> Option<Duration> {
        if !error.may_pass() {
            return None;
        }
        let delay = self.0.next()?;
        match error.retry_after() {
            Some(asked) => (asked <= RETRY_AFTER_MAX).then_some(asked),
            None => Some(delay),
        }
    }
}

/// What `Retry-After` asks for: seconds, or a date, which is read against the server's own clock.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let wait = http_date(headers, &RETRY_AFTER)? - http_date(headers, &DATE)?;
    Some(wait.to_std().unwrap_or(Duration::ZERO))
}

/// The moment in a header that holds a date.
pub(crate) fn http_date(headers: &HeaderMap, name: &HeaderName) -> Option<DateTime<Utc>> {
    let text = headers.get(name)?.to_str().ok()?;
    Some(DateTime::parse_from_rfc2822(text).ok()?.to_utc())
}

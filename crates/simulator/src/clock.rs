//! Where the simulator's time comes from.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};

use crate::SimulatorError;

/// Tells the simulator the time. Any `Fn() -> DateTime<Utc>` will do.
pub trait Clock: Send + Sync {
    /// The current moment.
    fn now(&self) -> DateTime<Utc>;
}

impl<F: Fn() -> DateTime<Utc> + Send + Sync> Clock for F {
    fn now(&self) -> DateTime<Utc> {
        self()
    }
}

/// Milliseconds since 1970, the unit in which the simulator counts time.
pub(crate) type Millis = u64;

pub(crate) const SECOND: Millis = 1000;
pub(crate) const MINUTE: Millis = 60 * SECOND;
pub(crate) const HOUR: Millis = 60 * MINUTE;
pub(crate) const DAY: Millis = 24 * HOUR;

/// 2020-01-01T00:00:00Z. Nothing happens before; gids of events count from here.
pub(crate) const BEGINNING: Millis = 1_577_836_800_000;

/// How far one request may move a frozen clock, in seconds (ten years).
pub const CLOCK_ADVANCE_SECONDS_MAX: u64 = 10 * 366 * 86_400;

pub(crate) fn millis(time: DateTime<Utc>) -> Millis {
    u64::try_from(time.timestamp_millis()).unwrap_or(0)
}

pub(crate) fn date_time(at: Millis) -> DateTime<Utc> {
    i64::try_from(at)
        .ok()
        .and_then(DateTime::from_timestamp_millis)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The clock that requests see: the caller's, or one that stands still until it is told to move.
pub(crate) enum Timepiece {
    Running(Arc<dyn Clock>),
    Frozen(AtomicU64),
}

impl Timepiece {
    pub(crate) fn new(frozen_at: Option<DateTime<Utc>>, clock: Arc<dyn Clock>) -> Self {
        match frozen_at {
            Some(moment) => Self::Frozen(AtomicU64::new(millis(moment))),
            None => Self::Running(clock),
        }
    }

    pub(crate) fn now(&self) -> Millis {
        match self {
            Self::Running(clock) => millis(clock.now()),
            Self::Frozen(at) => at.load(Ordering::SeqCst),
        }
    }

    pub(crate) fn frozen(&self) -> bool {
        matches!(self, Self::Frozen(_))
    }

    /// Moves a frozen clock and answers the new time.
    pub(crate) fn advance(&self, seconds: u64) -> Result<Millis, SimulatorError> {
        let Self::Frozen(at) = self else {
            return Err(SimulatorError::ClockRuns);
        };
        if seconds > CLOCK_ADVANCE_SECONDS_MAX {
            return Err(SimulatorError::ClockAdvance(seconds));
        }
        Ok(at.fetch_add(seconds * SECOND, Ordering::SeqCst) + seconds * SECOND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_frozen_clock_can_be_moved() {
        let moment = date_time(BEGINNING);
        let frozen = Timepiece::new(Some(moment), Arc::new(move || moment));
        assert_eq!(frozen.advance(90).unwrap(), BEGINNING + 90_000);
        assert_eq!(frozen.now(), BEGINNING + 90_000);
        assert!(frozen.advance(CLOCK_ADVANCE_SECONDS_MAX + 1).is_err());
        let running = Timepiece::new(None, Arc::new(move || moment));
        assert!(running.advance(1).is_err());
        assert_eq!(running.now(), BEGINNING);
    }
}

//! Telling that events have to be set aside: a source of which nothing can be understood must not look healthy.

use chrono::{DateTime, TimeDelta, Utc};
use drishti_model::{SourceName, SourceState};

use crate::{ServiceError, Services};

/// The name of the health event.
pub(crate) const EVENTS_QUARANTINED: &str = "EventsQuarantined";

/// What to do about it.
pub(crate) const ADVICE: &str = "`drishti sources quarantine list` shows them and why they were refused. They are kept: a newer Drishti may understand them, then `drishti sources quarantine replay` stores them.";

/// How often it is told while it goes on, and how long it has to be over before that is told.
const TOLD_EVERY: TimeDelta = TimeDelta::days(1);

/// Watches what one session sets aside.
pub(crate) struct Refused {
    services: Services,
    source: SourceName,
    /// When the owner was last told; `None` while there is nothing to tell.
    told_at: Option<DateTime<Utc>>,
    last_at: Option<DateTime<Utc>>,
    not_told: u64,
}

impl Refused {
    pub(crate) fn new(services: Services, source: SourceName) -> Self {
        Self {
            services,
            source,
            told_at: None,
            last_at: None,
            not_told: 0,
        }
    }

    /// Takes note of a batch of which `newly` events had to be set aside.
    pub(crate) async fn after_batch(&mut self, newly: u64) -> Result<(), ServiceError> {
        let now = self.services.clock.now();
        let state = SourceState::Collecting;
        let is_long_ago = |at: Option<DateTime<Utc>>| at.is_none_or(|at| now - at >= TOLD_EVERY);
        if newly > 0 {
            self.last_at = Some(now);
            self.not_told += newly;
        }
        if self.not_told > 0 && is_long_ago(self.told_at) {
            let count = std::mem::take(&mut self.not_told);
            self.told_at = Some(now);
            self.services
                .report_warning(
                    &self.source,
                    state,
                    EVENTS_QUARANTINED,
                    reason(count),
                    ADVICE,
                )
                .await?;
        } else if self.told_at.is_some() && is_long_ago(self.last_at) {
            self.told_at = None;
            let reason = "no event had to be set aside for a day";
            self.services
                .report_working(&self.source, state, reason)
                .await?;
        }
        Ok(())
    }
}

/// What happened, in words.
pub(crate) fn reason(count: u64) -> String {
    match count {
        1 => "an event could not be stored and was set aside".to_owned(),
        count => format!("{count} events could not be stored and were set aside"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use drishti_ledger::HealthFilter;
    use drishti_model::ManualClock;

    use super::*;
    use crate::installation::for_tests;

    #[tokio::test]
    async fn it_is_told_at_first_and_daily_until_it_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let (mut services, source) = for_tests(folder.path()).await;
        let clock = Arc::new(ManualClock::new(services.clock.now()));
        services.clock = Arc::clone(&clock) as _;
        let mut refused = Refused::new(services.clone(), source.clone());
        for (hours, newly) in [
            (0, 0),
            (1, 2),
            (1, 5),
            (1, 0),
            (23, 1),
            (1, 0),
            (22, 0),
            (2, 0),
            (1, 0),
            (1, 1),
        ] {
            clock.advance(TimeDelta::hours(hours));
            refused.after_batch(newly).await.unwrap();
        }
        let filter = HealthFilter {
            source: Some(source),
            before_id: None,
            limit: 100,
            ..HealthFilter::default()
        };
        let events = services.ledger.health_events(filter).await.unwrap();
        let told: Vec<&str> = events
            .iter()
            .rev()
            .map(|stored| stored.event.reason.as_str())
            .collect();
        assert_eq!(
            told,
            [
                "2 events could not be stored and were set aside",
                "6 events could not be stored and were set aside",
                "no event had to be set aside for a day",
                "an event could not be stored and was set aside",
            ]
        );
    }
}

//! The log drop-off alarm: a source that answers, but has had nothing new for too long.

use std::time::Duration;

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc, Weekday};
use drishti_lake::{EventFilter, HistogramBucket};
use drishti_ledger::{HEALTH_EVENTS_MAX, HealthFilter};
use drishti_model::{
    CollectSettings, HealthEvent, SourceName, SourceState, TimeRange, canonical_time,
};

use crate::{ServiceError, Services};

/// Weeks from which quiet weekends are learned.
const LEARNED_FROM_WEEKS: u64 = 4;

/// Share of a working day's events below which weekends count as quiet.
const QUIET_SHARE: f64 = 0.1;

/// The name of the health event that raises the alarm.
const DROP_OFF: &str = "LogDropOff";

/// The name of the one that ends it.
const RESUMED: &str = "LogResumed";

/// The alarm of a source, as it was raised, while it is on. It stays on from session to session, and from run to run, until events
/// arrive again.
pub(crate) async fn standing_alarm(
    services: &Services,
    source: &SourceName,
) -> Result<Option<HealthEvent>, ServiceError> {
    let filter = HealthFilter {
        source: Some(source.clone()),
        before_id: None,
        limit: HEALTH_EVENTS_MAX,
        ..HealthFilter::default()
    };
    let events = services.ledger.health_events(filter).await?;
    let last = events
        .into_iter()
        .map(|stored| stored.event)
        .find(|event| [DROP_OFF, RESUMED].contains(&event.name.as_str()));
    Ok(last.filter(|event| event.name == DROP_OFF))
}

/// Watches one source.
pub(crate) struct Silence {
    services: Services,
    source: SourceName,
    settings: CollectSettings,
    alarmed: bool,
}

impl Silence {
    /// A watch that knows whether the alarm was already on when the session began.
    pub(crate) async fn new(
        services: Services,
        source: SourceName,
        settings: CollectSettings,
    ) -> Result<Self, ServiceError> {
        Ok(Self {
            alarmed: standing_alarm(&services, &source).await?.is_some(),
            services,
            source,
            settings,
        })
    }

    /// Raises or ends the alarm. `heard_at` is the newest event, or the beginning of the collection; both times are by Asana's
    /// clock, so that a wrong clock here is no alarm there.
    pub(crate) async fn check(
        &mut self,
        heard_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        let limit = TimeDelta::seconds(i64::from(self.settings.drop_off_seconds));
        let mut is_silent = !limit.is_zero() && now - heard_at > limit;
        if is_silent && self.weekends_are_quiet(now).await? {
            is_silent = working_time(heard_at, now) > limit;
        }
        if is_silent == self.alarmed {
            return Ok(());
        }
        self.alarmed = is_silent;
        let state = SourceState::Collecting;
        if is_silent {
            let reason = format!(
                "Asana answers, but there is no event since {}; the alarm is set to {}",
                canonical_time(heard_at),
                in_words(limit)
            );
            let advice = "Check in Asana that people are working and that the service account still has the permission «Audit logs». If such silence is normal here, raise `drop_off_seconds` of the source.";
            self.services
                .report_warning(&self.source, state, DROP_OFF, reason, advice)
                .await
        } else {
            let reason = if limit.is_zero() {
                "the log drop-off alarm is switched off".to_owned()
            } else {
                let newest = canonical_time(heard_at);
                format!("the log drop-off alarm is over: the newest event is of {newest}")
            };
            self.services
                .report_news(&self.source, state, RESUMED, &reason)
                .await
        }
    }

    async fn weekends_are_quiet(&self, now: DateTime<Utc>) -> Result<bool, ServiceError> {
        if let Some(count_weekends) = self.settings.drop_off_on_weekends {
            return Ok(!count_weekends);
        }
        let midnight = now.date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
        let filter = EventFilter {
            source: Some(self.source.to_string()),
            range: TimeRange::new(midnight - Days::new(7 * LEARNED_FROM_WEEKS), midnight),
            ..EventFilter::default()
        };
        let day = Duration::from_hours(24);
        let days = self.services.lake.histogram(&filter, day).await?;
        Ok(are_weekends_quiet(&days))
    }
}

/// A length of time in the largest unit that makes it a whole number.
fn in_words(length: TimeDelta) -> String {
    let units = [
        (length.num_hours(), TimeDelta::hours(1), "hour"),
        (length.num_minutes(), TimeDelta::minutes(1), "minute"),
        (length.num_seconds(), TimeDelta::seconds(1), "second"),
    ];
    let whole = units.into_iter().find(|(count, unit, _)| {
        *count > 0 && i32::try_from(*count).is_ok_and(|count| *unit * count == length)
    });
    match whole {
        Some((1, _, unit)) => format!("1 {unit}"),
        Some((count, _, unit)) => format!("{count} {unit}s"),
        None => "none".to_owned(),
    }
}

fn is_weekend(date: NaiveDate) -> bool {
    matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

/// Whether the weekends of some whole weeks had under a tenth of the events of working days. Unknown (no events) is not quiet.
#[expect(clippy::cast_precision_loss, reason = "a share needs no exact counts")]
fn are_weekends_quiet(days: &[HistogramBucket]) -> bool {
    let sum = |weekend: bool| -> u64 {
        days.iter()
            .filter(|day| is_weekend(day.start.date_naive()) == weekend)
            .map(|day| day.count)
            .sum()
    };
    let (weekend, working) = (sum(true) as f64 / 2.0, sum(false) as f64 / 5.0);
    working > 0.0 && weekend < working * QUIET_SHARE
}

/// The time from `start` to `end` without Saturdays and Sundays (UTC).
fn working_time(start: DateTime<Utc>, end: DateTime<Utc>) -> TimeDelta {
    let mut total = TimeDelta::zero();
    let mut from = start;
    while from < end {
        let next_midnight = from
            .date_naive()
            .checked_add_days(Days::new(1))
            .map_or(end, |date| date.and_time(chrono::NaiveTime::MIN).and_utc());
        let to = next_midnight.min(end);
        if !is_weekend(from.date_naive()) {
            total += to - from;
        }
        from = to;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn silence_raises_an_alarm_and_new_events_end_it() {
        let folder = tempfile::tempdir().unwrap();
        let (services, source) = crate::installation::for_tests(folder.path()).await;
        let settings = CollectSettings {
            drop_off_on_weekends: Some(true),
            ..CollectSettings::default()
        };
        let silence = || Silence::new(services.clone(), source.clone(), settings.clone());
        let names = || async {
            let filter = drishti_ledger::HealthFilter {
                source: Some(source.clone()),
                before_id: None,
                limit: 10,
                ..drishti_ledger::HealthFilter::default()
            };
            let events = services.ledger.health_events(filter).await.unwrap();
            events
                .into_iter()
                .map(|stored| stored.event.name)
                .collect::<Vec<_>>()
        };
        let heard_at = at("2026-11-18T12:00:00Z");
        let mut watch = silence().await.unwrap();
        watch
            .check(heard_at, at("2026-11-19T12:00:00Z"))
            .await
            .unwrap();
        assert_eq!(names().await, Vec::<String>::new(), "a day is not too long");
        watch
            .check(heard_at, at("2026-11-19T12:00:01Z"))
            .await
            .unwrap();
        watch
            .check(heard_at, at("2026-11-19T13:00:00Z"))
            .await
            .unwrap();
        assert_eq!(names().await, [DROP_OFF], "said once");
        let mut after_restart = silence().await.unwrap();
        after_restart
            .check(heard_at, at("2026-11-19T14:00:00Z"))
            .await
            .unwrap();
        assert_eq!(names().await, [DROP_OFF], "a restart does not say it again");
        after_restart
            .check(at("2026-11-19T13:59:00Z"), at("2026-11-19T14:01:00Z"))
            .await
            .unwrap();
        assert_eq!(names().await, [RESUMED, DROP_OFF]);
        let again = silence().await.unwrap();
        assert!(!again.alarmed);
    }

    #[test]
    fn lengths_are_told_in_whole_units() {
        for (seconds, words) in [
            (86_400, "24 hours"),
            (3_600, "1 hour"),
            (5_400, "90 minutes"),
            (60, "1 minute"),
            (61, "61 seconds"),
            (2_678_400, "744 hours"),
        ] {
            assert_eq!(in_words(TimeDelta::seconds(seconds)), words);
        }
    }

    #[test]
    fn saturdays_and_sundays_are_no_working_time() {
        // 2026-11-20 is a Friday.
        let friday_evening = at("2026-11-20T18:00:00Z");
        assert_eq!(
            working_time(friday_evening, at("2026-11-22T12:00:00Z")),
            TimeDelta::hours(6)
        );
        assert_eq!(
            working_time(friday_evening, at("2026-11-23T09:00:00Z")),
            TimeDelta::hours(15)
        );
        assert_eq!(
            working_time(friday_evening, friday_evening),
            TimeDelta::zero()
        );
    }

    #[test]
    fn quiet_weekends_are_learned_and_silence_teaches_nothing() {
        let day = |date: &str, count| HistogramBucket {
            start: at(&format!("{date}T00:00:00Z")),
            count,
        };
        let week = |weekend| {
            [
                day("2026-11-20", 500),
                day("2026-11-21", weekend),
                day("2026-11-22", weekend),
            ]
        };
        assert!(are_weekends_quiet(&week(5)));
        assert!(!are_weekends_quiet(&week(90)));
        assert!(!are_weekends_quiet(&[]));
    }
}

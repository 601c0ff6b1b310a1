use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use drishti_model::Severity;
use serde::Serialize;

use super::Trial;

/// Most alerts that are shown as samples.
pub const SAMPLES_MAX: usize = 20;

/// Most people and things that are shown.
pub const ENTITIES_MAX: usize = 20;

/// Most events that are named of one sample.
pub(super) const SAMPLE_EVENTS_MAX: usize = 5;

/// What a policy would have said.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Backtest {
    /// Which policy.
    pub policy: String,
    /// Events within the span.
    pub events: u64,
    /// How many of them the version that was tried could not judge: they lack what it counts, compares or groups by.
    pub not_evaluable: u64,
    /// How many events an activity policy looked at, by their types, those before the span that count into it among them.
    pub looked_at: u64,
    /// The fields that the policy asks for and some of those events lack, the most frequent first.
    pub lacking: Vec<LackingField>,
    /// Matches of the version that was tried; some together make an alert.
    pub matches: u64,
    /// What there was on each day (UTC); days without matches and alerts are left out.
    pub days: BTreeMap<NaiveDate, BacktestDay>,
    /// Alerts of the version that was tried.
    pub alerts: u64,
    /// The first of them.
    pub samples: Vec<BacktestSample>,
    /// Whom and what the matches are about: those with the most alerts, then matches.
    pub entities: Vec<BacktestEntity>,
    /// How many there are of those.
    pub entity_count: u64,
    /// Up to when events were read, where the time did not suffice for all or there are too many alerts.
    pub read_until: Option<DateTime<Utc>>,
    /// When it would be paused because it matches too often; matches after that are not counted.
    pub paused_at: Option<DateTime<Utc>>,
    /// How it differs from the version in force, where another was tried.
    pub difference: Option<BacktestDifference>,
}

/// What a policy would have come to on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BacktestDay {
    /// Alerts that begin.
    pub alerts: u64,
    /// Matches.
    pub matches: u64,
}

/// A field that some events lack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LackingField {
    /// The field.
    pub field: String,
    /// How many events lack it.
    pub events: u64,
}

/// Somebody or something that matches are about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BacktestEntity {
    /// `person`, `address` and so on.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// A name, where one is known.
    pub name: Option<String>,
    /// Alerts.
    pub alerts: u64,
    /// Matches.
    pub matches: u64,
}

/// One alert that would have been raised.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BacktestSample {
    /// Which source.
    pub source: String,
    /// When.
    pub time: DateTime<Utc>,
    /// How bad.
    pub severity: Severity,
    /// In one line.
    pub title: String,
    /// Whom or what it is about.
    pub entity: String,
    /// The first events that it rests on, by gid.
    pub events: Vec<String>,
}

/// How two versions differ.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct BacktestDifference {
    /// Alerts of the version in force.
    pub alerts_in_force: u64,
    /// Alerts that only the version that was tried raises.
    pub added: Vec<BacktestSample>,
    /// Alerts that only the version in force raises.
    pub removed: Vec<BacktestSample>,
    /// How many of each there are.
    pub added_count: u64,
    /// How many are only in force.
    pub removed_count: u64,
}

impl Backtest {
    pub(super) fn of(trial: &Trial) -> Self {
        Self {
            policy: trial.tried.id.to_string(),
            difference: trial
                .compared
                .as_ref()
                .map(|_| BacktestDifference::default()),
            ..Self::default()
        }
    }

    /// Notes up to when a source was read, where that was not to its end.
    pub(super) fn cut(&mut self, read_until: Option<DateTime<Utc>>) {
        self.read_until = self.read_until.into_iter().chain(read_until).min();
    }

    pub(super) fn pause(&mut self, at: Option<DateTime<Utc>>) {
        self.paused_at = self.paused_at.into_iter().chain(at).min();
    }

    pub(super) fn lack(&mut self, field: &str, events: u64) {
        let known = self.lacking.iter_mut().find(|known| known.field == field);
        match known {
            Some(known) => known.events += events,
            None => self.lacking.push(LackingField {
                field: field.to_owned(),
                events,
            }),
        }
    }

    /// Puts the lists in order, when all sources are in.
    pub(super) fn finish(&mut self) {
        self.lacking.sort_by_key(|lacking| Reverse(lacking.events));
        self.entity_count = self.entities.len() as u64;
        self.entities.sort_by(|one, other| {
            let rank = |of: &BacktestEntity| (of.alerts, of.matches);
            rank(other)
                .cmp(&rank(one))
                .then_with(|| one.id.cmp(&other.id))
        });
        self.entities.truncate(ENTITIES_MAX);
    }
}

/// Adds samples; the first by their time stay.
pub(super) fn add_samples(
    samples: &mut Vec<BacktestSample>,
    more: impl IntoIterator<Item = BacktestSample>,
) {
    samples.extend(more);
    samples.sort_by_key(|sample| sample.time);
    samples.truncate(SAMPLES_MAX);
}

//! Trying a policy on what is in the lake.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use drishti_detect::{
    ActivityEngine, Alert, Change, Detector, GroupingSettings, Mode, People, Policy, PolicyKind,
};
use drishti_model::{EnrichedEvent, SourceName, TimeRange};
use serde::Serialize;

use crate::watch::people;
use crate::{ServiceError, Services};

/// Most alerts that are shown as samples.
const SAMPLES_MAX: usize = 20;

/// What a policy would have said.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Backtest {
    /// Which policy.
    pub policy: String,
    /// Events that were evaluated within the span.
    pub events: u64,
    /// How many of them the version that was tried could not judge: they lack what it counts, compares or groups by.
    pub not_evaluable: u64,
    /// Alerts by day (UTC); days without any are left out.
    pub days: BTreeMap<NaiveDate, u64>,
    /// Alerts of the version that was tried.
    pub alerts: u64,
    /// The first of them.
    pub samples: Vec<BacktestSample>,
    /// How it differs from the version in force, where another was tried.
    pub difference: Option<BacktestDifference>,
}

/// One alert that would have been raised.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BacktestSample {
    /// Which source.
    pub source: String,
    /// When.
    pub time: DateTime<Utc>,
    /// How bad.
    pub severity: drishti_model::Severity,
    /// In one line.
    pub title: String,
    /// Whom or what it is about.
    pub entity: String,
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

impl Services {
    /// Tries `policy`, or `changed` in its place, on the events of the last `days` days of one source, or of all. An anomaly learns
    /// from everything before.
    pub async fn backtest(
        &self,
        policy: &str,
        changed: Option<Arc<Policy>>,
        days: u32,
        source: Option<&SourceName>,
    ) -> Result<Backtest, ServiceError> {
        let missing = || ServiceError::NoSuchPolicy(policy.to_owned());
        let known = self.policies().await?;
        let in_force = known.into_iter().find(|known| known.id.as_str() == policy);
        let tried = changed.clone().or(in_force.clone()).ok_or_else(missing)?;
        let until = self.clock.now() + crate::CLOCK_AHEAD_MAX;
        let since = self.clock.now() - TimeDelta::days(i64::from(days));
        let mut outcome = Backtest {
            policy: tried.id.to_string(),
            ..Backtest::default()
        };
        let compared = changed.is_some().then_some(in_force).flatten();
        for known in self.ledger.sources().await? {
            if source.is_some_and(|source| *source != known.name) {
                continue;
            }
            let versions: Vec<&Arc<Policy>> = [&tried].into_iter().chain(&compared).collect();
            let mut run = Run::new(self, &known.name, &versions).await?;
            let from = beginning(&versions, since);
            if let Some(range) = TimeRange::new(from, until) {
                let types = concerned(self, &known.name, range, &versions).await?;
                run.over(self, range, types, since).await?;
            }
            if let Some(range) = TimeRange::new(since, until) {
                let counts = self.lake.count_by_type(&known.name, range).await?;
                outcome.events += counts.values().sum::<u64>();
            }
            run.add_to(&mut outcome, compared.is_some());
        }
        Ok(outcome)
    }
}

/// Whether any version goes by what is usual, which is learned from all events there are.
fn learns(versions: &[&Arc<Policy>]) -> bool {
    versions
        .iter()
        .any(|version| matches!(version.kind, PolicyKind::Anomaly { .. }))
}

/// From when on events matter to what is said since `since`.
fn beginning(versions: &[&Arc<Policy>], since: DateTime<Utc>) -> DateTime<Utc> {
    if learns(versions) {
        return DateTime::UNIX_EPOCH;
    }
    let engine = activity_engine(versions);
    let windows = versions.iter().map(|version| version.grouping.window);
    since - engine.looks_back() - windows.max().unwrap_or_default()
}

fn activity_engine(versions: &[&Arc<Policy>]) -> ActivityEngine {
    let policies: Vec<Arc<Policy>> = versions.iter().map(|version| alerting(version)).collect();
    ActivityEngine::new(&policies).0
}

/// The types of events in `range` that can matter to any version; `None`: all do.
async fn concerned(
    services: &Services,
    source: &SourceName,
    range: TimeRange,
    versions: &[&Arc<Policy>],
) -> Result<Option<Vec<String>>, ServiceError> {
    if learns(versions) {
        return Ok(None);
    }
    let engine = activity_engine(versions);
    let counts = services.lake.count_by_type(source, range).await?;
    let concerned = counts
        .into_keys()
        .filter(|event_type| engine.concerns(event_type));
    Ok(Some(concerned.collect()))
}

/// A version as it is tried: what is off or only recorded shall show what it would say.
fn alerting(version: &Policy) -> Arc<Policy> {
    Arc::new(Policy {
        mode: Mode::Alert,
        ..version.clone()
    })
}

/// One version of the policy, and what it came to.
struct Tried {
    detector: Detector,
    /// By key.
    alerts: BTreeMap<String, Alert>,
    not_evaluable: u64,
}

impl Tried {
    fn new(source: &SourceName, version: &Policy) -> Self {
        let settings = GroupingSettings::default();
        Self {
            detector: Detector::new(source.as_str(), &[alerting(version)], settings).0,
            alerts: BTreeMap::new(),
            not_evaluable: 0,
        }
    }

    /// Shows it events; what is older than `since` it only learns from.
    fn take(&mut self, events: &[EnrichedEvent], people: &People, since: DateTime<Utc>) {
        let mut changes = Vec::new();
        for event in events {
            let before = self.detector.not_evaluable();
            self.detector.take(event, people, &mut changes);
            if event.event.created_at >= since {
                self.not_evaluable += self.detector.not_evaluable() - before;
            }
        }
        for change in changes {
            if let Change::Alert { alert, .. } = change
                && alert.opened_at >= since
            {
                self.alerts.insert(alert.key.clone(), *alert);
            }
        }
    }
}

/// One source being gone through.
struct Run {
    source: SourceName,
    people: Arc<People>,
    /// The version that is tried, and the one that it is compared with.
    versions: Vec<Tried>,
}

impl Run {
    async fn new(
        services: &Services,
        source: &SourceName,
        versions: &[&Arc<Policy>],
    ) -> Result<Self, ServiceError> {
        let versions = versions.iter().map(|version| Tried::new(source, version));
        Ok(Self {
            source: source.clone(),
            people: Arc::new(people(services, source).await?),
            versions: versions.collect(),
        })
    }

    async fn over(
        &mut self,
        services: &Services,
        range: TimeRange,
        types: Option<Vec<String>>,
        since: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        let mut reader = services.lake.in_order(&self.source, range).await?;
        if let Some(types) = types {
            reader = reader.of_types(types);
        }
        let mut next = reader.next().await?;
        while let Some(events) = next {
            let (evaluated, read) = tokio::join!(self.evaluate(events, since), reader.next());
            evaluated?;
            next = read?;
        }
        Ok(())
    }

    async fn evaluate(
        &mut self,
        events: Vec<EnrichedEvent>,
        since: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        let mut versions = std::mem::take(&mut self.versions);
        let people = Arc::clone(&self.people);
        let work = tokio::task::spawn_blocking(move || {
            for version in &mut versions {
                version.take(&events, &people, since);
            }
            versions
        });
        let died = |_| ServiceError::TaskDied("the evaluation of events");
        self.versions = work.await.map_err(died)?;
        Ok(())
    }

    fn add_to(self, outcome: &mut Backtest, is_compared: bool) {
        let mut versions = self.versions.into_iter();
        let Some(tried) = versions.next() else {
            return;
        };
        outcome.not_evaluable += tried.not_evaluable;
        let tried = tried.alerts;
        for alert in tried.values() {
            *outcome
                .days
                .entry(alert.opened_at.date_naive())
                .or_default() += 1;
        }
        outcome.alerts += tried.len() as u64;
        add_samples(&mut outcome.samples, &self.source, tried.values());
        if is_compared {
            let in_force = versions.next().map(|version| version.alerts);
            let in_force = in_force.unwrap_or_default();
            let only = |these: &BTreeMap<String, Alert>, others: &BTreeMap<String, Alert>| {
                let only = these.iter().filter(|(key, _)| !others.contains_key(*key));
                only.map(|(_, alert)| alert.clone()).collect::<Vec<_>>()
            };
            let (added, removed) = (only(&tried, &in_force), only(&in_force, &tried));
            let difference = outcome.difference.get_or_insert_default();
            difference.alerts_in_force += in_force.len() as u64;
            difference.added_count += added.len() as u64;
            difference.removed_count += removed.len() as u64;
            add_samples(&mut difference.added, &self.source, &added);
            add_samples(&mut difference.removed, &self.source, &removed);
        }
    }
}

fn add_samples<'a>(
    samples: &mut Vec<BacktestSample>,
    source: &SourceName,
    alerts: impl IntoIterator<Item = &'a Alert>,
) {
    samples.extend(alerts.into_iter().map(|alert| {
        BacktestSample {
            source: source.to_string(),
            time: alert.opened_at,
            severity: alert.severity,
            title: alert.title.clone(),
            entity: alert
                .entity
                .name
                .clone()
                .unwrap_or_else(|| alert.entity.id.clone()),
        }
    }));
    samples.sort_by_key(|sample| sample.time);
    samples.truncate(SAMPLES_MAX);
}

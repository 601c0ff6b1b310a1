//! Trying a policy on what is in the lake.

mod difference;
mod outcome;
mod run;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_detect::{ActivityEngine, Policy, PolicyKind};
use drishti_model::{SourceName, TimeRange};

use crate::{ServiceError, Services};

pub use outcome::{
    Backtest, BacktestDay, BacktestDifference, BacktestEntity, BacktestSample, ENTITIES_MAX,
    LackingField, SAMPLES_MAX,
};
use run::{Deadline, Run};

/// Most policies that are tried at once in one process; who comes then waits.
pub const TRIALS_AT_ONCE_MAX: usize = 2;

/// What is tried.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The version that is tried.
    pub tried: Arc<Policy>,
    /// The version in force that it is compared with.
    pub compared: Option<Arc<Policy>>,
    /// On the events of how many days back.
    pub days: u32,
    /// Only on those of this source.
    pub source: Option<SourceName>,
    /// How long to read at most; what was read until then is the answer. `None`: to the end.
    pub time_max: Option<Duration>,
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
        let trial = self.trial(policy, changed, days, source).await?;
        self.try_policy(trial).await
    }

    /// What [`Services::backtest`] tries.
    pub async fn trial(
        &self,
        policy: &str,
        changed: Option<Arc<Policy>>,
        days: u32,
        source: Option<&SourceName>,
    ) -> Result<Trial, ServiceError> {
        let missing = || ServiceError::NoSuchPolicy(policy.to_owned());
        let known = self.policies().await?;
        let in_force = known.into_iter().find(|known| known.id.as_str() == policy);
        let knowledge = self.knowledge().await?;
        let changed = changed.map(|changed| knowledge.narrowed(changed));
        Ok(Trial {
            tried: changed.clone().or(in_force.clone()).ok_or_else(missing)?,
            compared: changed.is_some().then_some(in_force).flatten(),
            days,
            source: source.cloned(),
            time_max: None,
        })
    }

    /// Tries a policy. Whoever no longer waits for the answer ends it, after the events that are being looked at.
    pub async fn try_policy(&self, trial: Trial) -> Result<Backtest, ServiceError> {
        // It is never closed.
        let _place = self.trials.acquire().await.ok();
        let now = self.clock.now();
        let (until, since) = (
            now + crate::CLOCK_AHEAD_MAX,
            now - TimeDelta::days(i64::from(trial.days)),
        );
        let versions: Vec<&Arc<Policy>> =
            [&trial.tried].into_iter().chain(&trial.compared).collect();
        let mut outcome = Backtest::of(&trial);
        let deadline = Deadline::after(trial.time_max);
        for known in self.ledger.sources().await? {
            let source = &known.name;
            if trial.source.as_ref().is_some_and(|only| only != source) {
                continue;
            }
            let mut run = Run::new(self, source, &versions).await?;
            let from = beginning(&versions, since);
            if let Some(range) = TimeRange::new(from, until) {
                let types = concerned(self, source, range, &versions).await?;
                let read = run.over(self, range, types, since, deadline).await?;
                outcome.cut(read);
            }
            if let Some(events) = run.events() {
                outcome.events += events;
            } else if let Some(range) = TimeRange::new(since, until) {
                let counts = self.lake.count_by_type(source, range).await?;
                outcome.events += counts.values().sum::<u64>();
            }
            run.add_to(&mut outcome);
        }
        outcome.finish();
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
    let policies: Vec<Arc<Policy>> = versions
        .iter()
        .map(|version| run::alerting(version))
        .collect();
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

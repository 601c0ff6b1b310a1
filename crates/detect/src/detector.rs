use std::sync::Arc;

use chrono::NaiveDate;
use drishti_model::EnrichedEvent;

use crate::{
    ActivityEngine, AlertGrouper, AnomalyEngine, Change, Evaluate, Finding, GroupingSettings,
    People, Policy, PolicyError, PolicyId, PolicyKind, StateRow, Verdict,
};

/// The version of what detection remembers. Another one can't be gone on with: everything is evaluated anew from the first event.
pub const ENGINE_VERSION: &str = "5";

/// How the rows of the grouping of alerts begin; those of the engines begin with words of their own.
const ALERT_ROWS: &str = "alert/";

/// All that looks at the events of one source: activity policies, anomalies, and the grouping of what they find. Events come in the
/// order of their times and gids; what comes of them does not depend on how they are cut into batches.
#[derive(Debug)]
pub struct Detector {
    policies: Vec<Arc<Policy>>,
    activity: ActivityStage,
    anomalies: AnomalyStage,
    findings: Vec<Finding>,
}

/// The first half of a [`Detector`]: activity policies. It may be ahead of the second, on another thread.
#[derive(Debug)]
pub struct ActivityStage {
    engine: ActivityEngine,
    lacking: LackingByDay,
}

/// The second half of a [`Detector`]: anomalies, and the grouping of everything that is found.
#[derive(Debug)]
pub struct AnomalyStage {
    engine: AnomalyEngine,
    alerts: AlertGrouper,
    lacking: LackingByDay,
}

/// Counts what could not be judged.
#[derive(Debug, Default)]
struct LackingByDay {
    /// The day of the newest event.
    day: NaiveDate,
    counted: Vec<NotEvaluable>,
}

/// Events of one day that a policy could not judge: they lack what it asks for, counts, compares or groups by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotEvaluable {
    /// Which policy.
    pub policy: PolicyId,
    /// The day of the events, in UTC.
    pub day: NaiveDate,
    /// How many.
    pub events: u64,
}

impl Detector {
    /// A detector with an empty memory for the events of `source`. A broken policy disables itself only, and is told.
    pub fn new(
        source: &str,
        policies: &[Arc<Policy>],
        settings: GroupingSettings,
    ) -> (Self, Vec<PolicyError>) {
        let (activity, mut errors) = ActivityEngine::new(policies);
        let (anomalies, more) = AnomalyEngine::new(policies);
        errors.extend(more);
        let detector = Self {
            policies: policies.to_vec(),
            activity: ActivityStage {
                engine: activity,
                lacking: LackingByDay::default(),
            },
            anomalies: AnomalyStage {
                engine: anomalies,
                alerts: AlertGrouper::new(source, policies, settings),
                lacking: LackingByDay::default(),
            },
            findings: Vec::new(),
        };
        (detector, errors)
    }

    /// The same for a trial: it remembers only what its policies judge by, so that it is faster. It says the same, but explains less.
    pub fn for_trial(
        source: &str,
        policies: &[Arc<Policy>],
        settings: GroupingSettings,
    ) -> (Self, Vec<PolicyError>) {
        let (mut detector, errors) = Self::new(source, policies, settings);
        detector.anomalies.engine.learn_only_what_is_asked();
        (detector, errors)
    }

    /// Judges an event, learns from it, and adds what comes of it to `changes`.
    pub fn take(&mut self, event: &EnrichedEvent, people: &People, changes: &mut Vec<Change>) {
        self.activity.find(event, people, &mut self.findings);
        self.anomalies
            .take(event, people, &mut self.findings, changes);
    }

    /// Both halves, for two threads. Every event goes through both, in the same order.
    pub fn stages(&mut self) -> (&mut ActivityStage, &mut AnomalyStage) {
        (&mut self.activity, &mut self.anomalies)
    }

    /// Why the policy of this name speaks about an event, or why it does not, with what is known now; to be asked before the event is
    /// taken. `None` where there is no such policy.
    pub fn explain(&self, event: &EnrichedEvent, people: &People, policy: &str) -> Option<Verdict> {
        let policy = self
            .policies
            .iter()
            .find(|known| known.id.as_str() == policy)?;
        Some(match policy.kind {
            PolicyKind::Activity(_) => self.activity.engine.explain(event, people, policy),
            PolicyKind::Anomaly { .. } => self.anomalies.engine.explain(event, people, policy),
        })
    }

    /// How many events no policy could judge, by policy and day, since the last call. Previews are left out.
    pub fn take_not_evaluable(&mut self) -> Vec<NotEvaluable> {
        self.activity.end_day();
        self.anomalies.end_day();
        let mut all = std::mem::take(&mut self.activity.lacking.counted);
        all.append(&mut self.anomalies.lacking.counted);
        all
    }

    /// The policies, as they were given.
    pub fn policies(&self) -> &[Arc<Policy>] {
        &self.policies
    }

    /// From here on, until [`Detector::end_preview`], everything is forgotten again.
    pub fn begin_preview(&mut self) {
        self.activity.engine.begin_preview();
        self.anomalies.engine.begin_preview();
        self.anomalies.alerts.begin_preview();
    }

    /// Forgets what happened since [`Detector::begin_preview`].
    pub fn end_preview(&mut self) {
        self.activity.engine.end_preview();
        self.anomalies.engine.end_preview();
        self.anomalies.alerts.end_preview();
    }

    /// What has to be saved since the last time. Not to be called during a preview.
    pub fn take_changes(&mut self) -> Vec<StateRow> {
        let mut rows = self.activity.engine.take_changes();
        rows.extend(self.anomalies.engine.take_changes());
        rows.extend(self.anomalies.alerts.take_changes());
        rows
    }

    /// Takes saved rows into a detector that has seen nothing yet. Answers the keys of rows that could not be read.
    pub fn restore(&mut self, rows: Vec<StateRow>) -> Vec<String> {
        let mut unreadable = self.anomalies.engine.restore(&rows);
        let (alerts, others): (Vec<_>, Vec<_>) = rows
            .into_iter()
            .partition(|row| row.key.starts_with(ALERT_ROWS));
        let refused = alerts
            .iter()
            .filter(|row| !self.anomalies.alerts.restore(row));
        unreadable.extend(refused.map(|row| row.key.clone()));
        self.activity.engine.restore(others);
        unreadable
    }
}

impl ActivityStage {
    /// Adds what the activity policies find at an event.
    pub fn find(&mut self, event: &EnrichedEvent, people: &People, findings: &mut Vec<Finding>) {
        let day = event.event.created_at.date_naive();
        if day != self.lacking.day {
            self.end_day();
            self.lacking.day = day;
        }
        self.engine.evaluate(event, people, findings);
    }

    fn end_day(&mut self) {
        self.lacking.add(self.engine.take_not_evaluable());
    }
}

impl AnomalyStage {
    /// Judges an event, of which the activity policies found `findings`, learns from it, and adds what comes of all that to `changes`.
    pub fn take(
        &mut self,
        event: &EnrichedEvent,
        people: &People,
        findings: &mut Vec<Finding>,
        changes: &mut Vec<Change>,
    ) {
        let day = event.event.created_at.date_naive();
        if day != self.lacking.day {
            self.end_day();
            self.lacking.day = day;
        }
        self.find(event, people, findings);
        for finding in findings.drain(..) {
            self.alerts.take(finding, changes);
        }
    }

    fn find(&mut self, event: &EnrichedEvent, people: &People, findings: &mut Vec<Finding>) {
        let is_alert = |finding: &Finding| self.alerts.alerts(&finding.policy);
        if findings.iter().any(is_alert) {
            let rarity = self.engine.rarity(event);
            for finding in findings.iter_mut() {
                finding.explanation.rarity.clone_from(&rarity);
            }
        }
        self.engine.evaluate(event, people, findings);
    }

    fn end_day(&mut self) {
        self.lacking.add(self.engine.take_not_evaluable());
    }
}

impl LackingByDay {
    fn add<'a>(&mut self, counts: impl Iterator<Item = (&'a PolicyId, u64)>) {
        let day = self.day;
        self.counted
            .extend(counts.map(|(policy, events)| NotEvaluable {
                policy: policy.clone(),
                day,
                events,
            }));
    }
}

impl Evaluate for Detector {
    fn evaluate(&mut self, event: &EnrichedEvent, people: &People, findings: &mut Vec<Finding>) {
        // Of its own: what was found at events before is not as rare as this one.
        let mut found = Vec::new();
        self.activity.find(event, people, &mut found);
        self.anomalies.find(event, people, &mut found);
        findings.append(&mut found);
    }

    fn explain(&self, event: &EnrichedEvent, people: &People, policy: &Policy) -> Option<Verdict> {
        Self::explain(self, event, people, policy.id.as_str())
    }
}

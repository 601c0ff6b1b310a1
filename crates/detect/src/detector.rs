use std::sync::Arc;

use chrono::NaiveDate;
use drishti_model::EnrichedEvent;

use crate::{
    ActivityEngine, AlertGrouper, AnomalyEngine, Change, Evaluate, Finding, GroupingSettings,
    People, Policy, PolicyError, PolicyId, PolicyKind, StateRow, Verdict,
};

/// The version of what detection remembers. Another one can't be gone on with: everything is evaluated anew from the first event.
pub const ENGINE_VERSION: &str = "3";

/// How the rows of the grouping of alerts begin; those of the engines begin with words of their own.
const ALERT_ROWS: &str = "alert/";

/// All that looks at the events of one source: activity policies, anomalies, and the grouping of what they find. Events come in the
/// order of their times and gids; what comes of them does not depend on how they are cut into batches.
#[derive(Debug)]
pub struct Detector {
    policies: Vec<Arc<Policy>>,
    activity: ActivityEngine,
    anomalies: AnomalyEngine,
    alerts: AlertGrouper,
    findings: Vec<Finding>,
    /// The day of the newest event.
    day: NaiveDate,
    not_evaluable: Vec<NotEvaluable>,
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
            activity,
            anomalies,
            alerts: AlertGrouper::new(source, policies, settings),
            findings: Vec::new(),
            day: NaiveDate::MIN,
            not_evaluable: Vec::new(),
        };
        (detector, errors)
    }

    /// Judges an event, learns from it, and adds what comes of it to `changes`.
    pub fn take(&mut self, event: &EnrichedEvent, people: &People, changes: &mut Vec<Change>) {
        let day = event.event.created_at.date_naive();
        if day != self.day {
            self.end_day();
            self.day = day;
        }
        let mut findings = std::mem::take(&mut self.findings);
        self.find(event, people, &mut findings);
        for finding in findings.drain(..) {
            self.alerts.take(finding, changes);
        }
        self.findings = findings;
    }

    fn find(&mut self, event: &EnrichedEvent, people: &People, findings: &mut Vec<Finding>) {
        let before = findings.len();
        self.activity.evaluate(event, people, findings);
        let found = findings.iter().skip(before);
        if found
            .into_iter()
            .any(|finding| self.alerts.alerts(&finding.policy))
        {
            let rarity = self.anomalies.rarity(event);
            for finding in findings.iter_mut().skip(before) {
                finding.explanation.rarity.clone_from(&rarity);
            }
        }
        self.anomalies.evaluate(event, people, findings);
    }

    /// Why the policy of this name speaks about an event, or why it does not, with what is known now; to be asked before the event is
    /// taken. `None` where there is no such policy.
    pub fn explain(&self, event: &EnrichedEvent, people: &People, policy: &str) -> Option<Verdict> {
        let policy = self
            .policies
            .iter()
            .find(|known| known.id.as_str() == policy)?;
        Some(match policy.kind {
            PolicyKind::Activity(_) => self.activity.explain(event, people, policy),
            PolicyKind::Anomaly { .. } => self.anomalies.explain(event, people, policy),
        })
    }

    /// How many events no policy could judge, by policy and day, since the last call. Previews are left out.
    pub fn take_not_evaluable(&mut self) -> Vec<NotEvaluable> {
        self.end_day();
        std::mem::take(&mut self.not_evaluable)
    }

    fn end_day(&mut self) {
        let activity = self.activity.take_not_evaluable();
        let all = activity.chain(self.anomalies.take_not_evaluable());
        self.not_evaluable
            .extend(all.map(|(policy, events)| NotEvaluable {
                policy: policy.clone(),
                day: self.day,
                events,
            }));
    }

    /// The policies, as they were given.
    pub fn policies(&self) -> &[Arc<Policy>] {
        &self.policies
    }

    /// From here on, until [`Detector::end_preview`], everything is forgotten again.
    pub fn begin_preview(&mut self) {
        self.activity.begin_preview();
        self.anomalies.begin_preview();
        self.alerts.begin_preview();
    }

    /// Forgets what happened since [`Detector::begin_preview`].
    pub fn end_preview(&mut self) {
        self.activity.end_preview();
        self.anomalies.end_preview();
        self.alerts.end_preview();
    }

    /// What has to be saved since the last time. Not to be called during a preview.
    pub fn take_changes(&mut self) -> Vec<StateRow> {
        let mut rows = self.activity.take_changes();
        rows.extend(self.anomalies.take_changes());
        rows.extend(self.alerts.take_changes());
        rows
    }

    /// Takes saved rows into a detector that has seen nothing yet. Answers the keys of rows that could not be read.
    pub fn restore(&mut self, rows: Vec<StateRow>) -> Vec<String> {
        let mut unreadable = self.anomalies.restore(&rows);
        let (alerts, others): (Vec<_>, Vec<_>) = rows
            .into_iter()
            .partition(|row| row.key.starts_with(ALERT_ROWS));
        let refused = alerts.iter().filter(|row| !self.alerts.restore(row));
        unreadable.extend(refused.map(|row| row.key.clone()));
        self.activity.restore(others);
        unreadable
    }
}

impl Evaluate for Detector {
    fn evaluate(&mut self, event: &EnrichedEvent, people: &People, findings: &mut Vec<Finding>) {
        self.find(event, people, findings);
    }

    fn explain(&self, event: &EnrichedEvent, people: &People, policy: &Policy) -> Option<Verdict> {
        Self::explain(self, event, people, policy.id.as_str())
    }
}

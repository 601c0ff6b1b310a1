//! What detection found, in the form in which the ledger keeps it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use drishti_detect::{
    Alert, Change, EntityKind, EventReference, Finding, NotEvaluable, Policy, PolicyId,
};
use drishti_ledger::{
    AlertEntity, AlertEvent, DetectedAlert, PolicyCount, RiskCause, RiskEvent, SIGNAL_EVENTS_MAX,
    SIGNALS_A_DAY_MAX, Signal, SuppressionHits,
};
use drishti_model::Severity;

/// What an alert adds to the risk of a person, by severity; a signal adds a quarter.
const POINTS: [(Severity, i64); 5] = [
    (Severity::Informational, 0),
    (Severity::Low, 4),
    (Severity::Medium, 16),
    (Severity::High, 40),
    (Severity::Critical, 80),
];

/// What has been found since the last step.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// By key: as they are after their last match, and the events of all matches.
    alerts: BTreeMap<String, (Box<Alert>, Vec<EventReference>)>,
    risk: BTreeMap<(String, String), RiskEvent>,
    signals: Vec<Signal>,
    counts: BTreeMap<(String, NaiveDate), PolicyCount>,
    suppressed: BTreeMap<i64, SuppressionHits>,
    /// Policies that matched too often, and why they are paused.
    paused: Vec<(String, String)>,
}

/// The same in lists.
pub(super) struct Lists {
    pub(super) alerts: Vec<DetectedAlert>,
    pub(super) risk: Vec<RiskEvent>,
    pub(super) signals: Vec<Signal>,
    pub(super) counts: Vec<PolicyCount>,
    pub(super) suppressed: Vec<SuppressionHits>,
    pub(super) paused: Vec<(String, String)>,
}

impl Told {
    pub(super) fn lists(self, policies: &[Arc<Policy>]) -> Lists {
        let alerts = self.alerts.into_values();
        Lists {
            alerts: alerts
                .map(|(alert, events)| detected(policies, *alert, events))
                .collect(),
            risk: self.risk.into_values().collect(),
            signals: self.signals,
            counts: self.counts.into_values().collect(),
            suppressed: self.suppressed.into_values().collect(),
            paused: self.paused,
        }
    }

    /// Forgets what is not of the alerts themselves.
    pub(super) fn keep_alerts(&mut self) {
        self.risk.clear();
        self.signals.clear();
        self.counts.clear();
    }

    /// How much there is to be saved: alerts, what they rest on, signals and risk.
    pub(super) fn len(&self) -> usize {
        let events: usize = self.alerts.values().map(|(_, events)| events.len()).sum();
        self.alerts.len() + events + self.signals.len() + self.risk.len()
    }

    pub(super) fn take(&mut self, source: &str, change: Change) {
        match change {
            Change::Alert {
                alert,
                begins,
                events,
            } => self.alert(alert, begins, events),
            Change::Signal(finding) => self.signal(source, &finding),
            Change::Suppressed {
                policy,
                at,
                suppression,
            } => {
                let count = self.count(&policy, at.date_naive());
                count.matches += 1;
                count.suppressed += 1;
                self.keep_quiet(&suppression, at);
            }
            Change::Paused {
                policy,
                matches,
                hours,
                ..
            } => {
                let why = format!("it matched {matches} times in {hours} hours");
                self.paused.push((policy.to_string(), why));
            }
        }
    }

    /// Notes events that could not be judged.
    pub(super) fn lacking(&mut self, lacking: &NotEvaluable) {
        self.count(&lacking.policy, lacking.day).not_evaluable += lacking.events;
    }

    fn count(&mut self, policy: &PolicyId, day: NaiveDate) -> &mut PolicyCount {
        self.counts
            .entry((policy.to_string(), day))
            .or_insert_with(|| PolicyCount {
                policy: policy.to_string(),
                day,
                matches: 0,
                alerts: 0,
                suppressed: 0,
                capped: 0,
                not_evaluable: 0,
            })
    }

    fn alert(&mut self, alert: Box<Alert>, begins: bool, events: Vec<EventReference>) {
        let suppression = alert.suppressed_by.as_deref();
        let count = self.count(&alert.policy, alert.last_at.date_naive());
        count.matches += 1;
        count.alerts += u64::from(begins);
        count.suppressed += u64::from(suppression.is_some());
        count.capped += u64::from(begins && alert.is_capped);
        if let Some(suppression) = suppression {
            self.keep_quiet(suppression, alert.last_at);
        } else if alert.entity.kind == EntityKind::Person {
            let points = points(alert.severity);
            self.risk(RiskEvent {
                person: alert.entity.id.clone(),
                person_name: alert.entity.name.clone(),
                at: alert.opened_at,
                points,
                cause: RiskCause::Alert(alert.key.clone()),
                why: format!("{} alert: {}", alert.severity, alert.title),
            });
        }
        match self.alerts.get_mut(&alert.key) {
            Some((known, of_all)) => {
                *known = alert;
                of_all.extend(events);
            }
            None => drop(self.alerts.insert(alert.key.clone(), (alert, events))),
        }
    }

    /// Notes that a suppression kept a match quiet.
    fn keep_quiet(&mut self, suppression: &str, at: DateTime<Utc>) {
        let Ok(suppression) = suppression.parse() else {
            return;
        };
        let first = SuppressionHits {
            suppression,
            matches: 0,
            last_at: at,
        };
        let hits = self.suppressed.entry(suppression).or_insert(first);
        hits.matches += 1;
        hits.last_at = hits.last_at.max(at);
    }

    fn signal(&mut self, source: &str, finding: &Finding) {
        let count = self.count(&finding.policy, finding.at.date_naive());
        count.matches += 1;
        let is_kept = count.matches <= SIGNALS_A_DAY_MAX as u64;
        let last = finding.events.last().map_or("", |event| &event.gid);
        let group = format!("{source}/{}/{}", finding.policy, finding.dedup);
        let id = hashed(&format!("{group}/{last}"));
        let points = points(finding.severity) / 4;
        if finding.entity.kind == EntityKind::Person && points > 0 {
            self.risk(RiskEvent {
                person: finding.entity.id.clone(),
                person_name: finding.entity.name.clone(),
                at: finding.at,
                points,
                // The same again on the same day weighs no more.
                cause: RiskCause::Signal(hashed(&format!("{group}/{}", finding.at.date_naive()))),
                why: format!("{} match, recorded: {}", finding.severity, finding.title),
            });
        }
        if !is_kept {
            return;
        }
        self.signals.push(Signal {
            id,
            policy: finding.policy.to_string(),
            severity: finding.severity,
            title: finding.title.clone(),
            entity: entity(&finding.entity),
            at: finding.at,
            gids: finding
                .events
                .iter()
                .take(SIGNAL_EVENTS_MAX)
                .map(|event| event.gid.clone())
                .collect(),
            seen: finding.explanation.seen.clone(),
        });
    }

    fn risk(&mut self, event: RiskEvent) {
        let cause = match &event.cause {
            RiskCause::Alert(id) | RiskCause::Signal(id) => id.clone(),
        };
        if event.points > 0 {
            self.risk.insert((event.person.clone(), cause), event);
        }
    }
}

fn hashed(text: &str) -> String {
    format!("{:032x}", xxhash_rust::xxh3::xxh3_128(text.as_bytes()))
}

fn points(severity: Severity) -> i64 {
    let found = POINTS.iter().find(|(of, _)| *of == severity);
    found.map_or(0, |(_, points)| *points)
}

fn detected(policies: &[Arc<Policy>], alert: Alert, events: Vec<EventReference>) -> DetectedAlert {
    let policy = policies.iter().find(|policy| policy.id == alert.policy);
    DetectedAlert {
        policy_title: policy.map_or_else(String::new, |policy| policy.title.clone()),
        entity: entity(&alert.entity),
        explanation: json(&alert.explanation),
        finding: json(&alert),
        suppressed_by: alert.suppressed_by.and_then(|id| id.parse().ok()),
        id: alert.key,
        policy: alert.policy.to_string(),
        title: alert.title,
        severity: alert.severity,
        dedup: alert.dedup,
        opened_at: alert.opened_at,
        first_event_at: alert.first_at,
        last_event_at: alert.last_at,
        match_count: alert.matches,
        event_count: alert.events,
        events: events
            .into_iter()
            .map(|event| AlertEvent {
                created_at: event.created_at,
                gid: event.gid,
            })
            .collect(),
        capped: alert.is_capped,
    }
}

fn entity(entity: &drishti_detect::Entity) -> AlertEntity {
    AlertEntity {
        kind: entity.kind.as_str().to_owned(),
        id: entity.id.clone(),
        name: entity.name.clone(),
    }
}

/// What is written here always has a JSON form.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

//! A source on which detection has begun, and the values that cases about it share.

use chrono::TimeDelta;
use drishti_ledger::{
    Alert, AlertChange, AlertEntity, AlertEvent, AlertFilter, Classification, DetectedAlert,
    DetectionStep, Lease, Ledger, Preview, SavedStep, Triage,
};
use drishti_model::{Severity, SourceName};

use crate::place::{Place, at, new_source};

/// Detection on one source.
pub(crate) struct Stand {
    pub(crate) ledger: Ledger,
    pub(crate) source: SourceName,
    pub(crate) lease: Lease,
    pub(crate) generation: i64,
    pub(crate) sequence: i64,
}

impl Stand {
    /// Detection on source `asana` of a new ledger.
    pub(crate) async fn open(place: &Place) -> Self {
        Self::on(&place.open().await, "asana").await
    }

    /// Detection on another source.
    pub(crate) async fn on(ledger: &Ledger, source: &str) -> Self {
        let added = ledger.add_source(new_source(source), at(0)).await;
        let source = added.unwrap().name;
        let lifetime = TimeDelta::seconds(60);
        let lease = ledger.acquire_lease(&source, "node", lifetime, at(0)).await;
        let lease = lease.unwrap().unwrap();
        let begun = ledger.begin_detection(&lease, "engine 1", at(0)).await;
        let generation = begun.unwrap();
        Self {
            ledger: ledger.clone(),
            source,
            lease,
            generation: generation.id,
            sequence: generation.sequence,
        }
    }

    /// The step after the last one that was saved.
    pub(crate) fn next(&self, step: DetectionStep) -> DetectionStep {
        DetectionStep {
            generation: self.generation,
            sequence: self.sequence + 1,
            ..step
        }
    }

    pub(crate) async fn save(&mut self, step: DetectionStep) -> SavedStep {
        let step = self.next(step);
        self.sequence = step.sequence;
        let now = at(1_000 + step.sequence);
        let saved = self.ledger.save_detection(&self.lease, &step, now).await;
        saved.unwrap()
    }

    pub(crate) async fn settle(&mut self, alerts: Vec<DetectedAlert>) -> SavedStep {
        self.save(DetectionStep {
            alerts,
            ..DetectionStep::default()
        })
        .await
    }

    pub(crate) async fn preview(&mut self, alerts: Vec<DetectedAlert>) -> SavedStep {
        self.save(DetectionStep {
            preview: Preview {
                alerts,
                ..Preview::default()
            },
            ..DetectionStep::default()
        })
        .await
    }

    /// The alert as it is listed.
    pub(crate) async fn alert(&self, id: &str) -> Alert {
        self.ledger.alert(id).await.unwrap().unwrap().alert
    }

    /// Ids of all alerts of the source, in their order.
    pub(crate) async fn ids(&self) -> Vec<String> {
        let all = AlertFilter {
            source: Some(self.source.clone()),
            limit: u64::MAX,
            ..AlertFilter::default()
        };
        let mut ids: Vec<String> = self
            .ledger
            .alerts(&all)
            .await
            .unwrap()
            .into_iter()
            .map(|alert| alert.id)
            .collect();
        ids.sort();
        ids
    }

    /// Gids of the alert's events.
    pub(crate) async fn gids(&self, id: &str) -> Vec<String> {
        let events = self.ledger.alert_events(id).await.unwrap();
        events.into_iter().map(|event| event.gid).collect()
    }

    /// Changes an alert in the name of `ada`.
    pub(crate) async fn change(&self, id: &str, change: AlertChange) -> Alert {
        let changed = self
            .ledger
            .change_alert(id, &change, None, "ada", at(5_000));
        changed.await.unwrap()
    }

    pub(crate) async fn resolve(&self, id: &str) -> Alert {
        self.change(id, triage(resolved(Classification::Benign, "known")))
            .await
    }
}

pub(crate) fn triage(triage: Triage) -> AlertChange {
    AlertChange {
        triage: Some(triage),
        ..AlertChange::default()
    }
}

pub(crate) fn resolved(classification: Classification, reason: &str) -> Triage {
    Triage::Resolved {
        classification,
        reason: reason.to_owned(),
    }
}

pub(crate) fn event(second: i64) -> AlertEvent {
    AlertEvent {
        created_at: at(second),
        gid: second.to_string(),
    }
}

/// An alert with one match at each of these seconds, all of whose events are added.
pub(crate) fn detected(id: &str, seconds: &[i64]) -> DetectedAlert {
    let count = seconds.len() as u64;
    let (first, last) = (seconds[0], seconds[seconds.len() - 1]);
    DetectedAlert {
        id: id.to_owned(),
        policy: "asana.saml_made_optional".to_owned(),
        policy_title: "SAML sign-in made optional".to_owned(),
        title: format!("Ada made SAML optional ({id})"),
        severity: Severity::Medium,
        entity: AlertEntity {
            kind: "person".to_owned(),
            id: "1201".to_owned(),
            name: Some("Ada".to_owned()),
        },
        dedup: "1201".to_owned(),
        opened_at: at(first),
        first_event_at: at(first),
        last_event_at: at(last),
        match_count: count,
        event_count: count,
        events: seconds.iter().map(|second| event(*second)).collect(),
        explanation: format!("{{\"seen\":{count}}}"),
        finding: "{}".to_owned(),
        suppressed_by: None,
        capped: false,
    }
}

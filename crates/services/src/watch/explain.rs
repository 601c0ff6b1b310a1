use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_detect::{Change, Detector, Mode, Policy, Verdict};
use drishti_lake::EventFilter;
use drishti_model::{EnrichedEvent, SourceName, TimeRange, canonical_time};
use serde::Serialize;

use super::grouping::grouping;
use super::people::people;
use crate::{ServiceError, Services};

/// Why a policy speaks about an event, or why it does not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explained {
    /// Which policy.
    pub policy: String,
    /// Gid of the event.
    pub event: String,
    /// Which source it is of.
    pub source: String,
    /// When it happened.
    pub created_at: DateTime<Utc>,
    /// What the policy says.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// What comes of that, where it speaks: an alert that somebody sees, or why not. A sentence.
    pub outcome: Option<String>,
}

impl Services {
    /// Why `policy` speaks about the event with this gid, or why it does not, on what was known just before the event: all events of
    /// its source before it are gone through. One of each source that has an event of this gid, or that is `source`.
    pub async fn explain(
        &self,
        gid: &str,
        policy: &str,
        source: Option<&SourceName>,
    ) -> Result<Vec<Explained>, ServiceError> {
        let filter = EventFilter {
            gid: Some(gid.to_owned()),
            source: source.map(ToString::to_string),
            ..EventFilter::default()
        };
        let found = self
            .lake
            .events(&filter, None, EVENTS_EXPLAINED_MAX)
            .await?;
        let mut explained = Vec::new();
        for stored in found.iter().cloned() {
            let event = EnrichedEvent {
                event: stored.event,
                address: stored.address,
                device: stored.device,
            };
            let source = SourceName::new(stored.source)?;
            explained.push(self.explain_event(source, event, policy).await?);
        }
        if explained.is_empty() {
            return Err(ServiceError::NoSuchEvent(gid.to_owned()));
        }
        Ok(explained)
    }

    async fn explain_event(
        &self,
        source: SourceName,
        event: EnrichedEvent,
        policy: &str,
    ) -> Result<Explained, ServiceError> {
        let at = event.event.created_at;
        let settings = self.ledger.all_policy_settings().await?;
        let known = self.knowledge().await?.policies_with(&settings);
        let asked = known.into_iter().find(|known| known.id.as_str() == policy);
        let asked = asked.ok_or_else(|| ServiceError::NoSuchPolicy(policy.to_owned()))?;
        let policies = [Arc::clone(&asked)];
        let grouping = grouping(self, &source, &policies, &settings).await?;
        let (mut detector, _) = Detector::new(source.as_str(), &policies, grouping);
        let people = Arc::new(people(self, &source).await?);
        let end = at + TimeDelta::microseconds(1);
        if let Some(range) = TimeRange::new(DateTime::UNIX_EPOCH, end) {
            let mut reader = self.lake.in_order(&source, range).await?;
            while let Some(events) = reader.next().await? {
                let (people, until) = (Arc::clone(&people), (at, event.event.gid.clone()));
                let work = self.evaluators.begin(move || {
                    let mut changes = Vec::new();
                    for event in &events {
                        if (event.event.created_at, &event.event.gid) < (until.0, &until.1) {
                            detector.take(event, &people, &mut changes);
                            changes.clear();
                        }
                    }
                    detector
                });
                detector = work.end().await?;
            }
        }
        let verdict = detector
            .explain(&event, &people, policy)
            .ok_or_else(|| ServiceError::NoSuchPolicy(policy.to_owned()))?;
        let mut changes = Vec::new();
        detector.take(&event, &people, &mut changes);
        let is_raised = matches!(verdict, Verdict::Raised(_));
        Ok(Explained {
            outcome: is_raised.then(|| outcome(&asked, &changes)),
            policy: policy.to_owned(),
            event: event.event.gid,
            source: source.to_string(),
            created_at: at,
            verdict,
        })
    }
}

/// What becomes of a match.
fn outcome(policy: &Policy, changes: &[Change]) -> String {
    let suppressed = |id: &str| format!("the suppression {id} keeps it quiet");
    let said = changes.iter().find_map(|change| match change {
        Change::Paused { .. } => None,
        Change::Suppressed { suppression, .. } => Some(suppressed(suppression)),
        Change::Signal(_) if policy.mode == Mode::Record => {
            Some("it is only recorded, as the mode of the policy says".to_owned())
        }
        Change::Signal(_) => Some(format!(
            "it makes no alert yet: {} matches are needed",
            policy.grouping.threshold
        )),
        Change::Alert { alert, begins, .. } => Some(match &alert.suppressed_by {
            Some(id) => suppressed(id),
            None if alert.is_capped => {
                "it is beyond the policy's alerts of that day: it is kept, but nobody is called"
                    .to_owned()
            }
            None if *begins => "it opens an alert".to_owned(),
            None => format!(
                "it joins the alert that opened at {}",
                canonical_time(alert.opened_at)
            ),
        }),
    });
    said.unwrap_or_else(|| "the policy was paused at that time".to_owned())
}

/// Most events of one gid, of as many sources, that are explained at once.
const EVENTS_EXPLAINED_MAX: usize = 20;

//! Alerts for people: what was found, why, and what becomes of it.

use chrono::{DateTime, Utc};
use drishti_ledger::{
    Alert, AlertChange, AlertCounts, AlertCursor, AlertEntity, AlertFilter, AlertHistory,
    LedgerError, Triage,
};
use drishti_model::{Role, Severity, SourceScope};
use serde::Serialize;
use serde_json::Value;

use crate::{EventPosition, ServiceError, Services, StoredEvent};

/// Fewest characters of an id that stand for it.
const ID_CHARS_MIN: usize = 6;

/// Alerts read at once where all are.
const ALERTS_A_PAGE: u64 = 10_000;

/// An alert as programs read it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlertView {
    /// The same for the same alert in every evaluation.
    pub id: String,
    /// Which source.
    pub source: String,
    /// Name of the policy.
    pub policy_id: String,
    /// The policy in one line.
    pub policy_title: String,
    /// How bad it is.
    pub severity: Severity,
    /// The alert in one line.
    pub title: String,
    /// When the event happened that made it an alert.
    pub time: DateTime<Utc>,
    /// Time of its first event.
    pub first_event_at: DateTime<Utc>,
    /// Time of its newest event.
    pub last_event_at: DateTime<Utc>,
    /// Whom or what it is about.
    pub entity: EntityView,
    /// How many matches it has.
    pub matches: u64,
    /// How many events it has.
    pub events: u64,
    /// `new`, `in_review` or `resolved`.
    pub state: &'static str,
    /// What it was, where it is resolved: `true_positive`, `benign` or `false_positive`.
    pub classification: Option<&'static str>,
    /// How that is known.
    pub reason: Option<String>,
    /// Who looks after it.
    pub assignee: Option<String>,
    /// Whether the final evaluation may still say otherwise.
    pub is_provisional: bool,
    /// Whether a suppression keeps it quiet.
    pub is_suppressed: bool,
    /// Whether it is beyond its policy's daily cap.
    pub is_capped: bool,
    /// Since when detection no longer finds it; it stays because people have worked on it.
    pub withdrawn_at: Option<DateTime<Utc>>,
    /// One more with each change by people.
    pub revision: i64,
}

/// Whom or what an alert is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntityView {
    /// Such as `person` or `address`.
    pub kind: String,
    /// Asana's gid where there is one, else the address, the name of the app, and so on.
    pub id: String,
    /// For people.
    pub name: Option<String>,
}

/// Why an alert was raised.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertReasons {
    /// Gids of its events, the oldest first, as far as they are kept.
    pub event_gids: Vec<String>,
    /// What was expected and seen.
    pub explanation: Value,
}

/// An alert with why and what.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlertStory {
    /// The alert.
    #[serde(flatten)]
    pub alert: AlertView,
    /// Gids of its events, the oldest first, as far as they are kept.
    pub event_gids: Vec<String>,
    /// Why.
    pub explanation: Value,
    /// What happened to it, the oldest first.
    pub history: Vec<HistoryView>,
}

/// A change of an alert.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HistoryView {
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub author: String,
    /// What was done.
    pub action: String,
    /// What was before, where something changed.
    pub before: Option<String>,
    /// What was after.
    pub after: Option<String>,
    /// What was written.
    pub comment: Option<String>,
}

impl From<Alert> for AlertView {
    fn from(alert: Alert) -> Self {
        let state = alert.triage.state().as_str();
        let (classification, reason) = match alert.triage {
            Triage::Resolved {
                classification,
                reason,
            } => (Some(classification.as_str()), Some(reason)),
            Triage::New | Triage::InReview => (None, None),
        };
        Self {
            id: alert.id,
            source: alert.source.to_string(),
            policy_id: alert.policy,
            policy_title: alert.policy_title,
            severity: alert.severity,
            title: alert.title,
            time: alert.opened_at,
            first_event_at: alert.first_event_at,
            last_event_at: alert.last_event_at,
            entity: alert.entity.into(),
            matches: alert.match_count,
            events: alert.event_count,
            state,
            classification,
            reason,
            assignee: alert.assignee,
            is_provisional: alert.provisional,
            is_suppressed: alert.suppressed_by.is_some(),
            is_capped: alert.capped,
            withdrawn_at: alert.withdrawn_at,
            revision: alert.revision,
        }
    }
}

impl From<AlertEntity> for EntityView {
    fn from(entity: AlertEntity) -> Self {
        Self {
            kind: entity.kind,
            id: entity.id,
            name: entity.name,
        }
    }
}

impl From<AlertHistory> for HistoryView {
    fn from(entry: AlertHistory) -> Self {
        Self {
            at: entry.at,
            author: entry.author,
            action: entry.action.as_str().to_owned(),
            before: entry.before,
            after: entry.after,
            comment: entry.comment,
        }
    }
}

impl Services {
    /// The alerts that fit a filter.
    pub async fn alerts(&self, filter: &AlertFilter) -> Result<Vec<AlertView>, ServiceError> {
        let alerts = self.ledger.alerts(filter).await?;
        Ok(alerts.into_iter().map(AlertView::from).collect())
    }

    /// All alerts that fit a filter, whatever its limit and place.
    pub async fn all_alerts(&self, filter: AlertFilter) -> Result<Vec<AlertView>, ServiceError> {
        let mut filter = AlertFilter {
            limit: ALERTS_A_PAGE,
            after: None,
            ..filter
        };
        let mut all = Vec::new();
        loop {
            let page = self.ledger.alerts(&filter).await?;
            filter.after = page.last().map(AlertCursor::at);
            let is_last = (page.len() as u64) < ALERTS_A_PAGE;
            all.extend(page.into_iter().map(AlertView::from));
            if is_last {
                return Ok(all);
            }
        }
    }

    /// Why these alerts were raised, in their order, read together.
    pub async fn alert_reasons(
        &self,
        alerts: &[AlertView],
    ) -> Result<Vec<AlertReasons>, ServiceError> {
        let ids: Vec<&str> = alerts.iter().map(|alert| alert.id.as_str()).collect();
        let mut reasons = self.ledger.alert_reasons(&ids).await?;
        let reasons = ids.into_iter().map(|id| {
            let why = reasons
                .remove(id)
                .ok_or_else(|| ServiceError::NoSuchAlert(id.to_owned()))?;
            Ok(AlertReasons {
                event_gids: why.events.into_iter().map(|event| event.gid).collect(),
                explanation: serde_json::from_str(&why.explanation).unwrap_or_default(),
            })
        });
        reasons.collect()
    }

    /// The alert with this id, or the only one whose id begins with it.
    pub async fn alert(&self, id: &str) -> Result<AlertStory, ServiceError> {
        let (id, detail) = if let Some(detail) = self.ledger.alert(id).await? {
            (id.to_owned(), detail)
        } else {
            let id = self.only_alert(id).await?;
            let missing = || ServiceError::NoSuchAlert(id.clone());
            let detail = self.ledger.alert(&id).await?.ok_or_else(missing)?;
            (id, detail)
        };
        let events = self.ledger.alert_events(&id).await?;
        let mut history: Vec<HistoryView> = self
            .ledger
            .alert_history(&id)
            .await?
            .into_iter()
            .map(HistoryView::from)
            .collect();
        history.reverse();
        Ok(AlertStory {
            alert: detail.alert.into(),
            event_gids: events.into_iter().map(|event| event.gid).collect(),
            explanation: serde_json::from_str(&detail.explanation).unwrap_or_default(),
            history,
        })
    }

    /// The events of an alert that come after `position`, newest first, at most `limit`, as far as they are kept and still in the lake; and
    /// where the next ones begin.
    pub async fn alert_events(
        &self,
        alert: &AlertView,
        position: Option<&EventPosition>,
        limit: usize,
    ) -> Result<(Vec<StoredEvent>, Option<EventPosition>), ServiceError> {
        let kept = self.ledger.alert_events(&alert.id).await?;
        let after = position.map(|position| (position.created_at, position.gid.as_str()));
        let mut chosen: Vec<(DateTime<Utc>, String)> = kept
            .into_iter()
            .rev()
            .filter(|event| {
                after.is_none_or(|after| (event.created_at, event.gid.as_str()) < after)
            })
            .take(limit + 1)
            .map(|event| (event.created_at, event.gid))
            .collect();
        let is_last = chosen.len() <= limit;
        chosen.truncate(limit);
        let next = chosen.last().filter(|_| !is_last);
        let next = next.map(|(created_at, gid)| EventPosition {
            created_at: *created_at,
            gid: gid.clone(),
            source: alert.source.clone(),
        });
        let events = self.lake.chosen_events(&alert.source, &chosen).await?;
        Ok((events, next))
    }

    /// The operators who may work on alerts of a scope: name, and how they are called.
    pub async fn assignees(
        &self,
        scope: &SourceScope,
    ) -> Result<Vec<(String, String)>, ServiceError> {
        let operators = self.ledger.operators().await?.into_iter();
        Ok(operators
            .filter(|operator| operator.enabled && operator.role.reaches(Role::Analyst))
            .filter(|operator| operator.scope.meets(scope))
            .map(|operator| (operator.name, operator.display_name))
            .collect())
    }

    /// How many alerts fit a filter: by state, severity, policy, assignee and day.
    pub async fn alert_counts(&self, filter: &AlertFilter) -> Result<AlertCounts, ServiceError> {
        Ok(self.ledger.alert_counts(filter).await?)
    }

    /// Changes what people make of an alert; with `revision`, only where it still has that.
    pub async fn triage(
        &self,
        id: &str,
        change: &AlertChange,
        revision: Option<i64>,
        author: &str,
    ) -> Result<AlertView, ServiceError> {
        let id = self.alert_id(id).await?;
        let now = self.clock.now();
        let changed = self.ledger.change_alert(&id, change, revision, author, now);
        Ok(changed.await?.into())
    }

    /// Makes the same change to several alerts, each by its whole id and the revision that it must have. One that can't be changed does
    /// not keep the others; what became of each is told in the same order.
    pub async fn triage_all(
        &self,
        alerts: &[(String, Option<i64>)],
        change: &AlertChange,
        author: &str,
    ) -> Result<Vec<Result<AlertView, LedgerError>>, ServiceError> {
        let now = self.clock.now();
        let outcomes = self
            .ledger
            .change_alerts(alerts, change, author, now)
            .await?;
        let outcomes = outcomes.into_iter();
        Ok(outcomes
            .map(|outcome| outcome.map(AlertView::from))
            .collect())
    }

    async fn alert_id(&self, beginning: &str) -> Result<String, ServiceError> {
        if self.ledger.alert(beginning).await?.is_some() {
            return Ok(beginning.to_owned());
        }
        self.only_alert(beginning).await
    }

    /// The id of the only alert whose id begins so.
    async fn only_alert(&self, beginning: &str) -> Result<String, ServiceError> {
        let missing = || ServiceError::NoSuchAlert(beginning.to_owned());
        let is_hexadecimal = beginning.chars().all(|char| char.is_ascii_hexdigit());
        if !is_hexadecimal || beginning.len() < ID_CHARS_MIN {
            return Err(missing());
        }
        let mut fitting = self.ledger.alert_ids(beginning, 2).await?;
        match (fitting.pop(), fitting.pop()) {
            (Some(id), None) => Ok(id),
            _ => Err(missing()),
        }
    }
}

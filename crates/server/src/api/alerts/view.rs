use chrono::{DateTime, Utc};
use drishti_services::alerts::{AlertStory, AlertView, EntityView, HistoryView};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Whom or what an alert is about.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Entity {
    /// Such as `person`, `address`, `app` or `organisation`.
    kind: String,
    /// Asana's gid where there is one, else the address, the name of the app, and so on.
    id: String,
    /// How it is called.
    #[schema(required)]
    name: Option<String>,
}

/// An alert.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alert {
    /// The same for the same alert in every evaluation.
    id: String,
    /// Name of the source.
    source: String,
    /// Name of the policy.
    policy_id: String,
    /// The policy in one line.
    policy_title: String,
    /// `informational`, `low`, `medium`, `high` or `critical`.
    severity: &'static str,
    /// The alert in one line.
    title: String,
    /// When the event happened that made it an alert.
    time: DateTime<Utc>,
    /// Time of its first event.
    first_event_at: DateTime<Utc>,
    /// Time of its newest event.
    last_event_at: DateTime<Utc>,
    /// Whom or what it is about.
    entity: Entity,
    /// How many matches it has.
    matches: u64,
    /// How many events it has.
    events: u64,
    /// `new`, `in_review` or `resolved`.
    state: &'static str,
    /// What it was, where it is resolved: `true_positive`, `benign` or `false_positive`.
    #[schema(required)]
    classification: Option<&'static str>,
    /// How that is known.
    #[schema(required)]
    reason: Option<String>,
    /// Who looks after it.
    #[schema(required)]
    assignee: Option<String>,
    /// Whether the final evaluation may still say otherwise.
    is_provisional: bool,
    /// Whether a suppression keeps it quiet.
    is_suppressed: bool,
    /// Whether it is beyond its policy's daily cap.
    is_capped: bool,
    /// Since when detection no longer finds it; it stays because people have worked on it.
    #[schema(required)]
    withdrawn_at: Option<DateTime<Utc>>,
    /// One more with each change by people; what `If-Match` names.
    revision: i64,
}

/// An alert with why and what.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertStory)]
pub(crate) struct Story {
    /// The alert.
    alert: Alert,
    /// Gids of its events, the oldest first, as far as they are kept.
    event_gids: Vec<String>,
    /// What was expected, what was seen, the numbers compared, why nothing spoke against it, and how rare each attribute is.
    #[schema(value_type = Object)]
    explanation: Value,
    /// What happened to it, the oldest first.
    history: Vec<Change>,
}

/// A change of an alert.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertHistoryEntry)]
struct Change {
    /// When.
    at: DateTime<Utc>,
    /// Who did it.
    author: String,
    /// What was done.
    action: String,
    /// What was before, where something changed.
    #[schema(required)]
    before: Option<String>,
    /// What was after.
    #[schema(required)]
    after: Option<String>,
    /// What was written.
    #[schema(required)]
    comment: Option<String>,
}

impl From<EntityView> for Entity {
    fn from(EntityView { kind, id, name }: EntityView) -> Self {
        Self { kind, id, name }
    }
}

impl From<AlertView> for Alert {
    fn from(alert: AlertView) -> Self {
        Self {
            id: alert.id,
            source: alert.source,
            policy_id: alert.policy_id,
            policy_title: alert.policy_title,
            severity: alert.severity.as_str(),
            title: alert.title,
            time: alert.time,
            first_event_at: alert.first_event_at,
            last_event_at: alert.last_event_at,
            entity: alert.entity.into(),
            matches: alert.matches,
            events: alert.events,
            state: alert.state,
            classification: alert.classification,
            reason: alert.reason,
            assignee: alert.assignee,
            is_provisional: alert.is_provisional,
            is_suppressed: alert.is_suppressed,
            is_capped: alert.is_capped,
            withdrawn_at: alert.withdrawn_at,
            revision: alert.revision,
        }
    }
}

impl From<AlertStory> for Story {
    fn from(story: AlertStory) -> Self {
        Self {
            alert: story.alert.into(),
            event_gids: story.event_gids,
            explanation: story.explanation,
            history: story.history.into_iter().map(Change::from).collect(),
        }
    }
}

impl From<HistoryView> for Change {
    fn from(entry: HistoryView) -> Self {
        Self {
            at: entry.at,
            author: entry.author,
            action: entry.action,
            before: entry.before,
            after: entry.after,
            comment: entry.comment,
        }
    }
}

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use drishti_model::{Severity, SourceName};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::Ledger;
use crate::error::{Fault, LedgerError, Step};
use crate::rows::ROWS_AT_ONCE;
use crate::tables::{alert, alert_detail};
use crate::value::{cut, moment, moment_if_any, ranked, source_name, text};

mod about;
mod content;
mod draft;
mod events;
mod history;
mod list;
mod save;
mod states;
mod triage;
mod verdicts;

pub(crate) use draft::{finish_drafts, save_drafts};
pub(crate) use save::save_alerts;
pub(crate) use triage::hold_alerts;

pub use about::{ALERTED_ENTITIES_MAX, OpenAlerts};
use events::events_of;
pub use events::{ALERT_EVENTS_FIRST, ALERT_EVENTS_MAX};
pub use history::{ALERT_HISTORY_MAX, AlertAction, AlertHistory, DETECTION_AUTHOR};
pub use list::{AlertCounts, AlertCursor, AlertFilter, AlertOrder, Assignee};
pub use save::AlertChanges;
pub use states::{AlertState, Classification, Triage};
pub use triage::{ALERT_COMMENT_CHARS_MAX, ALERTS_AT_ONCE_MAX, AlertChange};
pub use verdicts::Verdicts;

/// Most characters kept of each short text of an alert or signal that comes from events; what is longer is cut.
pub const ALERT_TEXT_CHARS_MAX: usize = 500;
/// Most bytes of the explanation, and of the finding, of an alert or signal; a longer one is replaced by a note that says so.
pub const ALERT_JSON_BYTES_MAX: usize = 256 << 10;
/// Most bytes of the id of an alert or signal.
pub const ALERT_ID_BYTES_MAX: usize = 128;

/// Whom or what an alert is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlertEntity {
    /// Such as `person` or `address`.
    pub kind: String,
    /// Asana's gid where there is one, else the address, the name of the app, and so on.
    pub id: String,
    /// For people.
    pub name: Option<String>,
}

/// Points to an event in the lake.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertEvent {
    /// When it happened.
    pub created_at: DateTime<Utc>,
    /// Asana's id of it.
    pub gid: String,
}

/// An alert as detection has it now; the counts and times are totals, so that saving it twice is saving it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetectedAlert {
    /// The same for the same alert in every evaluation; at most [`ALERT_ID_BYTES_MAX`] bytes.
    pub id: String,
    /// Which policy.
    pub policy: String,
    /// The policy in one line.
    pub policy_title: String,
    /// The alert in one line.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// Whom or what it is about.
    pub entity: AlertEntity,
    /// Matches of the policy with the same text belong together.
    pub dedup: String,
    /// Time of the event whose match made it an alert.
    pub opened_at: DateTime<Utc>,
    /// Time of its first event.
    pub first_event_at: DateTime<Utc>,
    /// Time of its newest event.
    pub last_event_at: DateTime<Utc>,
    /// How many matches it has.
    pub match_count: u64,
    /// How many events it has.
    pub event_count: u64,
    /// Events to be added to it; those that it has already may be among them.
    pub events: Vec<AlertEvent>,
    /// Why, as JSON.
    pub explanation: String,
    /// The newest finding, as JSON.
    pub finding: String,
    /// The suppression that keeps it quiet.
    pub suppressed_by: Option<i64>,
    /// Whether it is beyond the policy's daily cap, and so told only in the digest.
    pub capped: bool,
}

/// An alert, without its long texts ([`Ledger::alert`]), its events and its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The same for the same alert in every evaluation.
    pub id: String,
    /// Which source; it may have been removed.
    pub source: SourceName,
    /// Which policy.
    pub policy: String,
    /// The policy in one line.
    pub policy_title: String,
    /// The alert in one line.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// Whom or what it is about.
    pub entity: AlertEntity,
    /// Matches of the policy with the same text belong together.
    pub dedup: String,
    /// Time of the event whose match made it an alert.
    pub opened_at: DateTime<Utc>,
    /// Time of its first event.
    pub first_event_at: DateTime<Utc>,
    /// Time of its newest event.
    pub last_event_at: DateTime<Utc>,
    /// How many matches it has.
    pub match_count: u64,
    /// How many events it has, those that are not kept among them.
    pub event_count: u64,
    /// The suppression that keeps it quiet.
    pub suppressed_by: Option<i64>,
    /// Whether it is beyond the policy's daily cap.
    pub capped: bool,
    /// Whether what it says comes from a preview: the final evaluation may say otherwise, or nothing.
    pub provisional: bool,
    /// What people make of it.
    pub triage: Triage,
    /// When it was last resolved, while it is.
    pub resolved_at: Option<DateTime<Utc>>,
    /// How many matches it had then.
    pub resolved_match_count: Option<u64>,
    /// Who looks after it.
    pub assignee: Option<String>,
    /// Since when detection no longer finds it; it is kept because people have worked on it.
    pub withdrawn_at: Option<DateTime<Utc>>,
    /// 1 at first, and one more with each change of state or assignee; growing does not change it.
    pub revision: i64,
    /// When it was first saved.
    pub created_at: DateTime<Utc>,
    /// When it was last changed, by detection or people.
    pub updated_at: DateTime<Utc>,
}

/// An alert with its long texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertDetail {
    /// The alert.
    pub alert: Alert,
    /// Why, as JSON.
    pub explanation: String,
    /// The newest finding, as JSON.
    pub finding: String,
}

/// Why an alert was raised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertReasons {
    /// As JSON.
    pub explanation: String,
    /// What it rests on, the oldest first, as [`Ledger::alert_events`] tells it.
    pub events: Vec<AlertEvent>,
}

impl Ledger {
    /// Why these alerts were raised, by id, read together; ids that no alert has are left out.
    pub async fn alert_reasons(
        &self,
        ids: &[&str],
    ) -> Result<BTreeMap<String, AlertReasons>, LedgerError> {
        let found = async {
            let snapshot = self.snapshot().await?;
            let mut events = events_of(&snapshot, ids).await?;
            let mut found = BTreeMap::new();
            for ids in ids.chunks(ROWS_AT_ONCE) {
                let details: Vec<(String, String)> = alert_detail::Entity::find()
                    .select_only()
                    .column(alert_detail::Column::AlertId)
                    .column(alert_detail::Column::Explanation)
                    .filter(alert_detail::Column::AlertId.is_in(ids.iter().copied()))
                    .into_tuple()
                    .all(&snapshot)
                    .await?;
                for (id, explanation) in details {
                    let events = events.remove(&id).unwrap_or_default();
                    found.insert(
                        id,
                        AlertReasons {
                            explanation,
                            events,
                        },
                    );
                }
            }
            snapshot.commit().await?;
            Ok(found)
        };
        found
            .await
            .map_err(|fault: Fault| self.failed("reading why alerts were raised", fault))
    }

    /// The alert with this id.
    pub async fn alert(&self, id: &str) -> Result<Option<AlertDetail>, LedgerError> {
        let found = async {
            let snapshot = self.snapshot().await?;
            let id = text(id);
            let row = alert::Entity::find_by_id(id.as_str());
            let row = row.one(&snapshot).await?;
            let detail = alert_detail::Entity::find_by_id(id).one(&snapshot).await?;
            snapshot.commit().await?;
            let Some((row, detail)) = row.zip(detail) else {
                return Ok(None);
            };
            Ok(Some(AlertDetail {
                alert: alert_of(row)?,
                explanation: detail.explanation,
                finding: detail.finding,
            }))
        };
        found
            .await
            .map_err(|fault: Fault| self.failed(format!("reading alert `{id}`"), fault))
    }
}

fn alert_of(row: alert::Model) -> Step<Alert> {
    Ok(Alert {
        triage: Triage::of(&row)?,
        id: row.id,
        source: source_name(row.source)?,
        policy: row.policy,
        policy_title: row.policy_title,
        title: row.title,
        severity: ranked(row.severity)?,
        entity: AlertEntity {
            kind: row.entity_kind,
            id: row.entity_id,
            name: row.entity_name,
        },
        dedup: row.dedup,
        opened_at: moment(row.opened_at)?,
        first_event_at: moment(row.first_event_at)?,
        last_event_at: moment(row.last_event_at)?,
        match_count: row.match_count.unsigned_abs(),
        event_count: row.event_count.unsigned_abs(),
        suppressed_by: row.suppressed_by,
        capped: row.capped,
        provisional: row.provisional,
        resolved_at: moment_if_any(row.resolved_at)?,
        resolved_match_count: row.resolved_match_count.map(i64::unsigned_abs),
        assignee: row.assignee,
        withdrawn_at: moment_if_any(row.withdrawn_at)?,
        revision: row.revision,
        created_at: moment(row.created_at)?,
        updated_at: moment(row.updated_at)?,
    })
}

/// Refuses what can't be the id of an alert or signal.
pub(crate) fn check_id(what: &str, id: &str) -> Step<()> {
    if id.is_empty() || id.len() > ALERT_ID_BYTES_MAX || id.contains('\0') {
        return Err(Fault::Refused(format!(
            "the id of {what} is empty, holds a NUL or has more than {ALERT_ID_BYTES_MAX} bytes"
        )));
    }
    Ok(())
}

/// A short text from events as it stands in a column.
pub(crate) fn short(text: &str) -> String {
    cut(text, ALERT_TEXT_CHARS_MAX)
}

/// JSON from detection as it stands in a column.
pub(crate) fn long(json: &str) -> String {
    if json.len() > ALERT_JSON_BYTES_MAX {
        return format!("{{\"omitted_bytes\":{}}}", json.len());
    }
    crate::value::text(json)
}

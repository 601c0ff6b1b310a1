//! Matches of policies that only record.

use chrono::{DateTime, Utc};
use drishti_ledger::{SignalFilter, StoredSignal};
use drishti_model::Severity;
use serde::Serialize;

use crate::alerts::EntityView;
use crate::{ServiceError, Services};

/// A match that was recorded without an alert.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordedView {
    /// The same for the same match in every evaluation.
    pub id: String,
    /// Name of the policy.
    pub policy_id: String,
    /// How bad it is.
    pub severity: Severity,
    /// It in one line.
    pub title: String,
    /// When the event happened that completed it.
    pub time: DateTime<Utc>,
    /// Whom or what it is about.
    pub entity: EntityView,
    /// Gids of its events, as far as they are kept.
    pub event_gids: Vec<String>,
    /// What was seen, in words.
    pub seen: String,
    /// Whether the final evaluation may not have it.
    pub is_provisional: bool,
}

impl From<StoredSignal> for RecordedView {
    fn from(stored: StoredSignal) -> Self {
        let signal = stored.signal;
        Self {
            id: signal.id,
            policy_id: signal.policy,
            severity: signal.severity,
            title: signal.title,
            time: signal.at,
            entity: signal.entity.into(),
            event_gids: signal.gids,
            seen: signal.seen,
            is_provisional: stored.provisional,
        }
    }
}

impl Services {
    /// The recorded matches that fit a filter, the newest first.
    pub async fn recorded(&self, filter: &SignalFilter) -> Result<Vec<RecordedView>, ServiceError> {
        let signals = self.ledger.signals(filter).await?;
        Ok(signals.into_iter().map(RecordedView::from).collect())
    }
}

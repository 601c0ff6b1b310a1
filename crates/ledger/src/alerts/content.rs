use drishti_model::SourceName;
use serde::{Deserialize, Serialize};

use super::{DetectedAlert, long, short};
use crate::error::{Fault, Step};
use crate::tables::{alert, alert_detail};
use crate::value::{count, micros, rank};

/// What detection says of an alert, as it stands in columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Content {
    policy: String,
    policy_title: String,
    title: String,
    severity: i16,
    entity_kind: String,
    entity_id: String,
    entity_name: Option<String>,
    dedup: String,
    opened_at: i64,
    first_event_at: i64,
    last_event_at: i64,
    pub(super) match_count: i64,
    event_count: i64,
    suppressed_by: Option<i64>,
    capped: bool,
    explanation: String,
    finding: String,
}

impl Content {
    pub(super) fn of(detected: &DetectedAlert) -> Self {
        Self {
            policy: short(&detected.policy),
            policy_title: short(&detected.policy_title),
            title: short(&detected.title),
            severity: rank(detected.severity),
            entity_kind: short(&detected.entity.kind),
            entity_id: short(&detected.entity.id),
            entity_name: detected.entity.name.as_deref().map(short),
            dedup: short(&detected.dedup),
            opened_at: micros(detected.opened_at),
            first_event_at: micros(detected.first_event_at),
            last_event_at: micros(detected.last_event_at),
            match_count: count(detected.match_count),
            event_count: count(detected.event_count),
            suppressed_by: detected.suppressed_by,
            capped: detected.capped,
            explanation: long(&detected.explanation),
            finding: long(&detected.finding),
        }
    }

    pub(super) fn parse(text: &str) -> Step<Self> {
        serde_json::from_str(text).map_err(|problem| {
            Fault::Unreadable(format!("an alert's content can't be read: {problem}"))
        })
    }

    pub(super) fn to_text(&self) -> Step<String> {
        serde_json::to_string(self).map_err(|problem| Fault::Unreadable(problem.to_string()))
    }

    /// What listings are searched for.
    fn search(&self) -> String {
        let name = self.entity_name.as_deref().unwrap_or_default();
        let texts = [
            self.title.as_str(),
            &self.policy_title,
            &self.policy,
            &self.entity_id,
            name,
        ];
        texts.join("\n").to_lowercase()
    }
}

/// An alert in the database, both rows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) alert: alert::Model,
    pub(super) detail: alert_detail::Model,
}

impl Stored {
    /// An alert that says nothing yet, neither for good nor in a preview.
    pub(super) fn begin(source: &SourceName, id: &str, now: i64) -> Self {
        let id = id.to_owned();
        let detail = alert_detail::Model {
            alert_id: id.clone(),
            explanation: String::new(),
            finding: String::new(),
            settled: None,
        };
        let alert = alert::Model {
            id,
            source: source.to_string(),
            policy: String::new(),
            policy_title: String::new(),
            title: String::new(),
            severity: 0,
            entity_kind: String::new(),
            entity_id: String::new(),
            entity_name: None,
            dedup: String::new(),
            search: String::new(),
            opened_at: 0,
            first_event_at: 0,
            last_event_at: 0,
            match_count: 0,
            event_count: 0,
            suppressed_by: None,
            capped: false,
            provisional: true,
            state: super::AlertState::New.as_str().to_owned(),
            classification: None,
            reason: None,
            assignee: None,
            resolved_at: None,
            resolved_match_count: None,
            touched: false,
            withdrawn_at: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        Self { alert, detail }
    }

    /// Lets the alert say `content`, for good.
    pub(super) fn settle(&mut self, content: Content) {
        self.alert.provisional = false;
        self.detail.settled = None;
        self.say(content);
    }

    /// Lets the alert say `content` until the preview is replaced; what it says for good is kept beside it.
    pub(super) fn preview(&mut self, content: Content) -> Step<()> {
        if !self.alert.provisional {
            self.detail.settled = Some(self.content().to_text()?);
            self.alert.provisional = true;
        }
        self.say(content);
        Ok(())
    }

    /// Ends what a preview made of the alert; whether something is left that it says for good.
    pub(super) fn end_preview(&mut self) -> Step<bool> {
        match self.detail.settled.take() {
            None => Ok(!self.alert.provisional),
            Some(settled) => {
                self.settle(Content::parse(&settled)?);
                Ok(true)
            }
        }
    }

    fn say(&mut self, content: Content) {
        let search = content.search();
        let row = &mut self.alert;
        row.search = search;
        row.policy = content.policy;
        row.policy_title = content.policy_title;
        row.title = content.title;
        row.severity = content.severity;
        row.entity_kind = content.entity_kind;
        row.entity_id = content.entity_id;
        row.entity_name = content.entity_name;
        row.dedup = content.dedup;
        row.opened_at = content.opened_at;
        row.first_event_at = content.first_event_at;
        row.last_event_at = content.last_event_at;
        row.match_count = content.match_count;
        row.event_count = content.event_count;
        row.suppressed_by = content.suppressed_by;
        row.capped = content.capped;
        self.detail.explanation = content.explanation;
        self.detail.finding = content.finding;
    }

    fn content(&self) -> Content {
        let row = self.alert.clone();
        Content {
            policy: row.policy,
            policy_title: row.policy_title,
            title: row.title,
            severity: row.severity,
            entity_kind: row.entity_kind,
            entity_id: row.entity_id,
            entity_name: row.entity_name,
            dedup: row.dedup,
            opened_at: row.opened_at,
            first_event_at: row.first_event_at,
            last_event_at: row.last_event_at,
            match_count: row.match_count,
            event_count: row.event_count,
            suppressed_by: row.suppressed_by,
            capped: row.capped,
            explanation: self.detail.explanation.clone(),
            finding: self.detail.finding.clone(),
        }
    }
}

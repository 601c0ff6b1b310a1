use chrono::{DateTime, Utc};
use drishti_model::{Severity, SourceScope};
use drishti_services::{AlertCursor, AlertFilter, AlertOrder, AlertState, Assignee};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::cursor;
use crate::parameters::{moment, source_name, word};
use crate::problem::Problem;

/// Which alerts are meant; what is left out does not narrow it.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlertParameters {
    /// `new`, `in_review` or `resolved`; can be given often.
    #[serde(default)]
    state: Vec<String>,
    /// At least so bad: `informational`, `low`, `medium`, `high` or `critical`.
    severity_min: Option<String>,
    /// So bad and no other: like `severity_min`; can be given often.
    #[serde(default)]
    severity: Vec<String>,
    /// Name of the policy; can be given often.
    #[serde(default)]
    policy: Vec<String>,
    /// Name of the source.
    source: Option<String>,
    /// Id of whoever or whatever it is about.
    entity: Option<String>,
    /// Who looks after it; `-` for nobody; can be given often.
    #[serde(default)]
    assignee: Vec<String>,
    /// Gid of an event that it rests on.
    event: Option<String>,
    /// With an event at this time or later (RFC 3339).
    from: Option<String>,
    /// With an event before this time (RFC 3339).
    to: Option<String>,
    /// Text in title, policy or entity, in any case.
    text: Option<String>,
    /// Whether a suppression keeps it quiet.
    suppressed: Option<bool>,
    /// Whether it is beyond its policy's daily cap.
    capped: Option<bool>,
    /// Whether the final evaluation may still say otherwise.
    provisional: Option<bool>,
    /// Whether detection no longer finds it.
    withdrawn: Option<bool>,
}

/// In which order, and where to go on.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlertPlace {
    /// `newest` (by its newest event) or `worst`; `newest` where it is left out.
    order: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Most alerts of the page: 1 to 500, 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    pub(crate) limit: Option<usize>,
}

impl AlertParameters {
    pub(crate) fn filter(self, scope: SourceScope) -> Result<AlertFilter, Problem> {
        let states = self.state.iter().map(|text| word("state", text));
        let severities = self.severity.iter().map(|text| word("severity", text));
        let assignees = self.assignee.into_iter().map(|name| match name.as_str() {
            "-" => Assignee::Nobody,
            _ => Assignee::Somebody(name),
        });
        let source = self.source.as_deref();
        let time = |name, text: Option<String>| -> Result<Option<DateTime<Utc>>, Problem> {
            text.map(|text| moment(name, &text)).transpose()
        };
        Ok(AlertFilter {
            states: states.collect::<Result<Vec<AlertState>, Problem>>()?,
            severity_min: self
                .severity_min
                .map(|text| word::<Severity>("severity_min", &text))
                .transpose()?,
            severities: severities.collect::<Result<Vec<Severity>, Problem>>()?,
            policies: self.policy,
            source: source.map(|name| source_name("source", name)).transpose()?,
            scope,
            entity_id: self.entity,
            assignees: assignees.collect(),
            event_gid: self.event,
            since: time("from", self.from)?,
            until: time("to", self.to)?,
            text: self.text,
            suppressed: self.suppressed,
            capped: self.capped,
            provisional: self.provisional,
            withdrawn: self.withdrawn,
            ..AlertFilter::default()
        })
    }
}

impl AlertPlace {
    /// The filter with this order and place.
    pub(crate) fn put(self, filter: AlertFilter, limit: usize) -> Result<AlertFilter, Problem> {
        let order = match self.order.as_deref() {
            None | Some("newest") => AlertOrder::Newest,
            Some("worst") => AlertOrder::Worst,
            Some(_) => return Err(Problem::parameter("order", "expected `newest` or `worst`")),
        };
        Ok(AlertFilter {
            order,
            after: self.cursor.as_deref().map(position).transpose()?,
            limit: limit as u64 + 1,
            ..filter
        })
    }
}

/// Where the page after `cursor` begins.
pub(crate) fn place(cursor: &AlertCursor) -> String {
    let last_event_at = cursor.last_event_at.timestamp_micros();
    cursor::encode(&(cursor.severity, last_event_at, &cursor.id))
}

fn position(text: &str) -> Result<AlertCursor, Problem> {
    let (severity, microseconds, id): (Severity, i64, String) = cursor::decode(text)?;
    Ok(AlertCursor {
        severity,
        last_event_at: DateTime::from_timestamp_micros(microseconds).ok_or_else(cursor::refused)?,
        id,
    })
}

use std::collections::BTreeMap;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use drishti_model::{Backfill, CollectSettings, ErrorKind, SourceName, SourceState};
use drishti_services::sources::SourceOverview;
use drishti_services::{Services, SourceStatus};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::api::coverage::SourceCoverage;
use crate::preconditions::etag;
use crate::problem::{Code, Problem};

/// How a source is collected. Durations are in seconds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Collect {
    /// Time between two polls.
    poll_interval_seconds: u32,
    /// Days fetched at the first connection; Asana keeps 90.
    backfill_days: u32,
    /// In which order: `oldest` or `newest` first.
    #[schema(value_type = String)]
    backfill_order: Backfill,
    /// How far back each sweep reads again.
    overlap_seconds: u32,
    /// Reads side by side.
    concurrent_reads: u32,
    /// Requests a minute; 0 leaves it to Asana's own answers.
    requests_per_minute: u32,
    /// Silence that raises the log drop-off alarm; 0 switches it off.
    drop_off_seconds: u32,
    /// Whether Saturdays and Sundays count towards the silence; null learns it.
    #[schema(required)]
    drop_off_on_weekends: Option<bool>,
}

impl From<&CollectSettings> for Collect {
    fn from(settings: &CollectSettings) -> Self {
        Self {
            poll_interval_seconds: settings.poll_interval_seconds,
            backfill_days: settings.backfill_days,
            backfill_order: settings.backfill_order,
            overlap_seconds: settings.overlap_seconds,
            concurrent_reads: settings.concurrent_reads,
            requests_per_minute: settings.requests_per_minute,
            drop_off_seconds: settings.drop_off_seconds,
            drop_off_on_weekends: settings.drop_off_on_weekends,
        }
    }
}

/// Settings to be set anew. What is left out stays as it is, or has its default.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes the object that `merged` takes, whose absent keys are not its nulls"
)]
pub(crate) struct CollectChange {
    /// Time between two polls.
    poll_interval_seconds: Option<u32>,
    /// Days fetched at the first connection; Asana keeps 90.
    backfill_days: Option<u32>,
    /// In which order: `oldest` or `newest` first.
    backfill_order: Option<String>,
    /// How far back each sweep reads again.
    overlap_seconds: Option<u32>,
    /// Reads side by side.
    concurrent_reads: Option<u32>,
    /// Requests a minute; 0 leaves it to Asana's own answers.
    requests_per_minute: Option<u32>,
    /// Silence that raises the log drop-off alarm; 0 switches it off.
    drop_off_seconds: Option<u32>,
    /// Whether Saturdays and Sundays count towards the silence; null learns it.
    drop_off_on_weekends: Option<bool>,
}

/// The settings with those that `change` names set anew.
pub(super) fn merged(
    settings: &CollectSettings,
    change: Option<Map<String, Value>>,
) -> Result<CollectSettings, Problem> {
    let unreadable =
        |error: serde_json::Error| Problem::new(Code::InvalidBody, format!("`collect`: {error}"));
    let mut all = serde_json::to_value(settings).map_err(unreadable)?;
    if let Value::Object(all) = &mut all {
        all.extend(change.unwrap_or_default());
    }
    serde_json::from_value(all).map_err(unreadable)
}

/// Where a source stands.
#[derive(Debug, Serialize, ToSchema)]
struct Standing {
    /// `Pending`, `Started`, `Initialized`, `Authenticated`, `Collecting`, `Error`, `Stopping` or `Paused`; null where it only takes
    /// events from files.
    #[schema(required)]
    state: Option<&'static str>,
    /// Since when it is in that state.
    since: DateTime<Utc>,
    /// `Healthy` or `Unhealthy`.
    status: &'static str,
    /// `ThirdPartyConfig`, `ThirdPartyGeneric` or `FirstPartyGeneric`; null where nothing is wrong.
    #[schema(required)]
    kind: Option<&'static str>,
    /// Name of the newest health event.
    event_name: String,
    /// What happened, in words.
    reason: String,
    /// What to do, in words; empty where nothing needs doing.
    advice: String,
    /// Errors since it was last healthy.
    error_count: i64,
    /// Warnings since it was last healthy.
    warning_count: i64,
    /// When Asana was last asked for events.
    #[schema(required)]
    last_poll_at: Option<DateTime<Utc>>,
    /// Time of its newest event.
    #[schema(required)]
    last_event_at: Option<DateTime<Utc>>,
    /// Events stored in the lake.
    events_stored: i64,
    /// Events that were there already.
    events_duplicate: i64,
    /// Different events that failed validation.
    events_quarantined: i64,
}

impl Standing {
    fn new(status: SourceStatus, state: Option<SourceState>) -> Self {
        Self {
            state: state.map(SourceState::as_str),
            since: status.since,
            status: status.status.as_str(),
            kind: status.kind.map(ErrorKind::as_str),
            event_name: status.event_name,
            reason: status.reason,
            advice: status.advice,
            error_count: status.error_count,
            warning_count: status.warning_count,
            last_poll_at: status.last_poll_at,
            last_event_at: status.last_event_at,
            events_stored: status.events_stored,
            events_duplicate: status.events_duplicate,
            events_quarantined: status.events_quarantined,
        }
    }
}

/// A source, without its token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Source {
    /// Its name, which never changes.
    name: String,
    /// The workspace or organisation that is collected; null where it only takes events from files.
    #[schema(required)]
    workspace_gid: Option<String>,
    /// Base of Asana's API.
    api_url: String,
    /// Free text.
    description: String,
    /// Sumo Logic's `_sourceCategory`.
    category: String,
    /// Metadata that every event of the source carries.
    fields: BTreeMap<String, String>,
    /// How it is collected.
    collect: Collect,
    /// What is wanted of it: `running`, `paused` or `removed`.
    desired: &'static str,
    /// Whether it stands in the configuration file.
    declared: bool,
    /// Whether it has a token.
    has_token: bool,
    /// One more with each change; in quotes it is the `ETag`.
    revision: i64,
    /// When it was added.
    created_at: DateTime<Utc>,
    /// When it was last changed.
    updated_at: DateTime<Utc>,
    /// Where it stands.
    #[schema(required)]
    status: Option<Standing>,
    /// Events in quarantine.
    quarantined: u64,
    /// Time since Asana was last asked; null where it never was.
    #[schema(required)]
    lag_seconds: Option<i64>,
    /// Which of its time is complete.
    coverage: SourceCoverage,
}

impl From<SourceOverview> for Source {
    fn from(overview: SourceOverview) -> Self {
        let coverage = SourceCoverage::from(&overview);
        let state = overview.state();
        let source = overview.source;
        Self {
            name: source.name.into(),
            workspace_gid: source.profile.workspace_gid,
            api_url: source.profile.api_url,
            description: source.profile.description,
            category: source.profile.category,
            fields: source.profile.fields,
            collect: Collect::from(&source.profile.collect),
            desired: source.desired.as_str(),
            declared: source.declared,
            has_token: source.has_token,
            revision: source.revision,
            created_at: source.created_at,
            updated_at: source.updated_at,
            status: overview.status.map(|status| Standing::new(status, state)),
            quarantined: overview.quarantined,
            lag_seconds: overview.lag_seconds,
            coverage,
        }
    }
}

/// Sources by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sources {
    /// The sources.
    pub(super) sources: Vec<Source>,
}

/// A source as it now is, with its `ETag`.
pub(super) async fn answer(
    services: &Services,
    name: &SourceName,
    status: StatusCode,
) -> Result<Response, Problem> {
    let overview = services.source(name).await?;
    let tag = etag(overview.source.revision);
    Ok((status, [(ETAG, tag)], Json(Source::from(overview))).into_response())
}

/// Notes in the audit trail what was done to a source.
pub(super) async fn tell(
    services: &Services,
    author: &str,
    action: &str,
    source: &SourceName,
) -> Result<(), Problem> {
    let told = services.note_in_trail(author, action, ("source", source.as_str()));
    Ok(told.await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_shown_as_it_is_stored() {
        let settings = CollectSettings::default();
        assert_eq!(
            serde_json::to_value(Collect::from(&settings)).unwrap(),
            serde_json::to_value(&settings).unwrap()
        );
    }

    #[test]
    fn a_change_of_settings_leaves_the_others_alone() {
        let settings = CollectSettings {
            overlap_seconds: 7,
            ..CollectSettings::default()
        };
        let change = |text: &str| merged(&settings, Some(serde_json::from_str(text).unwrap()));
        let changed = change("{\"poll_interval_seconds\":30}").unwrap();
        assert_eq!(
            changed,
            CollectSettings {
                poll_interval_seconds: 30,
                ..settings.clone()
            }
        );
        for refused in [
            "{\"poll_interval\":30}",
            "{\"poll_interval_seconds\":-1}",
            "{\"poll_interval_seconds\":1e40}",
            "{\"backfill_order\":\"sideways\"}",
        ] {
            assert!(change(refused).is_err(), "{refused}");
        }
    }
}

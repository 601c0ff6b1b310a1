//! Matches of policies that only record.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use drishti_services::recorded::RecordedView;
use drishti_services::{Services, SignalFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::alerts::Entity;
use crate::cursor;
use crate::parameters::{Parameters, moment, page, page_size, source_name};
use crate::problem::{Failure, Problem};

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(list_recorded_matches))
}

/// Which matches are meant.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RecordedParameters {
    /// Name of the source.
    source: Option<String>,
    /// Name of the policy.
    policy: Option<String>,
    /// Id of whoever or whatever it is about.
    entity: Option<String>,
    /// At this time or later (RFC 3339).
    from: Option<String>,
    /// Before this time (RFC 3339).
    to: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Most matches of the page: 1 to 500, 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// A match that was recorded without an alert.
#[derive(Debug, Serialize, ToSchema)]
struct RecordedMatch {
    /// The same for the same match in every evaluation.
    id: String,
    /// Name of the policy.
    policy_id: String,
    /// `informational`, `low`, `medium`, `high` or `critical`.
    severity: &'static str,
    /// It in one line.
    title: String,
    /// When the event happened that completed it.
    time: DateTime<Utc>,
    /// Whom or what it is about.
    entity: Entity,
    /// Gids of its events, as far as they are kept.
    event_gids: Vec<String>,
    /// What was seen, in words.
    seen: String,
    /// Whether the final evaluation may not have it.
    is_provisional: bool,
}

impl From<RecordedView> for RecordedMatch {
    fn from(view: RecordedView) -> Self {
        Self {
            id: view.id,
            policy_id: view.policy_id,
            severity: view.severity.as_str(),
            title: view.title,
            time: view.time,
            entity: view.entity.into(),
            event_gids: view.event_gids,
            seen: view.seen,
            is_provisional: view.is_provisional,
        }
    }
}

/// Recorded matches, the newest first.
#[derive(Debug, Serialize, ToSchema)]
struct RecordedPage {
    /// The matches.
    recorded_matches: Vec<RecordedMatch>,
    /// Where the next page begins; null at the end.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// List matches of policies that only record, the newest first.
#[utoipa::path(
    get,
    path = "/recorded-matches",
    tag = "alerts",
    params(RecordedParameters),
    responses((status = 200, description = "One page of recorded matches.", body = RecordedPage), Failure<'static>)
)]
async fn list_recorded_matches(
    State(services): State<Services>,
    Parameters(parameters, _): Parameters<RecordedParameters>,
) -> Result<Json<RecordedPage>, Problem> {
    let limit = page_size(parameters.limit)?;
    let source = parameters.source.as_deref();
    let time = |name, text: Option<String>| text.map(|text| moment(name, &text)).transpose();
    let filter = SignalFilter {
        source: source.map(|name| source_name("source", name)).transpose()?,
        policy: parameters.policy,
        entity_id: parameters.entity,
        since: time("from", parameters.from)?,
        until: time("to", parameters.to)?,
        after: parameters.cursor.as_deref().map(position).transpose()?,
        limit: limit as u64 + 1,
    };
    let found = services.recorded(&filter).await?;
    let (found, next_cursor) = page(found, limit, |last| {
        cursor::encode(&(last.time.timestamp_micros(), &last.id))
    });
    Ok(Json(RecordedPage {
        recorded_matches: found.into_iter().map(RecordedMatch::from).collect(),
        next_cursor,
    }))
}

fn position(text: &str) -> Result<(DateTime<Utc>, String), Problem> {
    let (microseconds, id): (i64, String) = cursor::decode(text)?;
    let time = DateTime::from_timestamp_micros(microseconds).ok_or_else(cursor::refused)?;
    Ok((time, id))
}

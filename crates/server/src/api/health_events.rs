//! What happened to the sources: changes of state, errors and what to do.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use drishti_services::{HealthFilter, Services, StoredHealthEvent};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::parameters::{Parameters, page, page_size, source_name};
use crate::principal::Scope;
use crate::problem::{Failure, Problem};

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(list_health_events))
}

/// Which health events are meant.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct HealthParameters {
    /// Name of the source.
    source: Option<String>,
    /// Only those before the one with this id: `next_before` of the page before.
    before: Option<i64>,
    /// Most events of the page: 1 to 500, 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// One change in the health of a source.
#[derive(Debug, Serialize, ToSchema)]
struct HealthEvent {
    /// Greater than that of every earlier event.
    id: i64,
    /// Name of the source.
    source: String,
    /// When it happened.
    at: DateTime<Utc>,
    /// The state from then on.
    state: &'static str,
    /// `Healthy` or `Unhealthy`.
    status: &'static str,
    /// `Information`, `Warning` or `Error`.
    severity: &'static str,
    /// `ThirdPartyConfig`, `ThirdPartyGeneric` or `FirstPartyGeneric`; null where nothing is wrong.
    #[schema(required)]
    kind: Option<&'static str>,
    /// A stable name of what happened.
    name: String,
    /// What happened, in words.
    reason: String,
    /// What to do, in words; empty where nothing needs doing.
    advice: String,
}

impl From<StoredHealthEvent> for HealthEvent {
    fn from(stored: StoredHealthEvent) -> Self {
        let event = stored.event;
        Self {
            id: stored.id,
            source: event.source.into(),
            at: event.at,
            state: event.state.as_str(),
            status: event.status.as_str(),
            severity: event.severity.as_str(),
            kind: event.kind.map(drishti_model::ErrorKind::as_str),
            name: event.name,
            reason: event.reason,
            advice: event.advice,
        }
    }
}

/// Health events, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct HealthEventPage {
    /// The events.
    health_events: Vec<HealthEvent>,
    /// Where the next page begins; null at the end.
    #[schema(required)]
    next_before: Option<i64>,
}

/// List what happened to the sources, newest first.
#[utoipa::path(
    get,
    path = "/health-events",
    tag = "sources",
    params(HealthParameters),
    responses((status = 200, description = "One page of health events.", body = HealthEventPage), Failure<'static>)
)]
async fn list_health_events(
    State(services): State<Services>,
    Scope(scope): Scope,
    Parameters(parameters, _): Parameters<HealthParameters>,
) -> Result<Json<HealthEventPage>, Problem> {
    let limit = page_size(parameters.limit)?;
    let source = parameters.source.as_deref();
    let filter = HealthFilter {
        source: source.map(|name| source_name("source", name)).transpose()?,
        scope,
        before_id: parameters.before,
        limit: limit as u64 + 1,
    };
    let ledger = services.ledger();
    let events = ledger
        .health_events(filter)
        .await
        .map_err(drishti_services::ServiceError::from)?;
    let (events, next_before) = page(events, limit, |event| event.id);
    Ok(Json(HealthEventPage {
        health_events: events.into_iter().map(HealthEvent::from).collect(),
        next_before,
    }))
}

//! Suppressions: what is not to be told until a time.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use drishti_services::Services;
use drishti_services::suppressions::{AddSuppression, SuppressionConditions, SuppressionView};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::body::Body;
use crate::parameters::{Parameters, Path};
use crate::principal::Author;
use crate::problem::{Failure, Problem};

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(list_suppressions, create_suppression))
        .routes(routes!(end_suppression))
}

/// Which suppressions are meant.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SuppressionParameters {
    /// Those that have ended, too.
    #[serde(default)]
    all: bool,
}

/// A suppression and what it has kept quiet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Suppression)]
struct SuppressionShown {
    /// Names it.
    id: i64,
    /// Of which policy; null: of all.
    #[schema(required)]
    policy: Option<String>,
    /// Only about whoever or whatever has this id or name; null: about all.
    #[schema(required)]
    entity: Option<String>,
    /// Why.
    reason: String,
    /// Who set it.
    author: String,
    /// Since when it holds.
    created_at: DateTime<Utc>,
    /// Until when it holds.
    ends_at: DateTime<Utc>,
    /// Whether it holds now.
    holds: bool,
    /// How many matches it has kept quiet.
    matches: u64,
    /// When the newest of those happened.
    #[schema(required)]
    last_match_at: Option<DateTime<Utc>>,
}

impl From<SuppressionView> for SuppressionShown {
    fn from(view: SuppressionView) -> Self {
        Self {
            id: view.id,
            policy: view.policy,
            entity: view.conditions.and_then(|conditions| conditions.entity),
            reason: view.reason,
            author: view.author,
            created_at: view.created_at,
            ends_at: view.ends_at,
            holds: view.holds,
            matches: view.matches,
            last_match_at: view.last_match_at,
        }
    }
}

/// Suppressions.
#[derive(Debug, Serialize, ToSchema)]
struct SuppressionList {
    /// The newest first.
    suppressions: Vec<SuppressionShown>,
}

/// What is to be kept quiet: a policy, an entity, or both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSuppression {
    /// Of which policy.
    policy: Option<String>,
    /// About whoever or whatever has this id or name.
    entity: Option<String>,
    /// Why.
    reason: String,
    /// Until when, at most 366 days ahead.
    ends_at: DateTime<Utc>,
}

/// List the suppressions that hold.
#[utoipa::path(
    get,
    path = "/suppressions",
    tag = "alerts",
    params(SuppressionParameters),
    responses((status = 200, description = "The suppressions.", body = SuppressionList), Failure<'static>)
)]
async fn list_suppressions(
    State(services): State<Services>,
    Parameters(parameters, _): Parameters<SuppressionParameters>,
) -> Result<Json<SuppressionList>, Problem> {
    let suppressions = services.suppressions(parameters.all).await?.into_iter();
    Ok(Json(SuppressionList {
        suppressions: suppressions.map(SuppressionShown::from).collect(),
    }))
}

/// Keep matches quiet from now until a time. Their alerts are kept, but nobody is called.
#[utoipa::path(
    post,
    path = "/suppressions",
    tag = "alerts",
    request_body = NewSuppression,
    responses((status = 201, description = "The suppression.", body = SuppressionShown), Failure<'static>)
)]
async fn create_suppression(
    State(services): State<Services>,
    Author(author): Author,
    Body(new): Body<NewSuppression>,
) -> Result<(StatusCode, Json<SuppressionShown>), Problem> {
    let add = AddSuppression {
        policy: new.policy,
        conditions: SuppressionConditions { entity: new.entity },
        reason: new.reason,
        ends_at: new.ends_at,
    };
    let added = services.add_suppression(add, &author).await?;
    Ok((StatusCode::CREATED, Json(added.into())))
}

/// End a suppression now.
#[utoipa::path(
    post,
    path = "/suppressions/{id}/end",
    tag = "alerts",
    params(("id" = i64, Path, description = "Its id.")),
    responses((status = 200, description = "The suppression.", body = SuppressionShown), Failure<'static>)
)]
async fn end_suppression(
    State(services): State<Services>,
    Path(id): Path<String>,
    Author(author): Author,
) -> Result<Json<SuppressionShown>, Problem> {
    let id = id
        .parse()
        .map_err(|error| Problem::parameter("id", error))?;
    let ended = services.end_suppression(id, &author).await?;
    Ok(Json(ended.into()))
}

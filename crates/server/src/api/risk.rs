//! The risk of people: what alerts and recorded matches about them add up to.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use drishti_services::Services;
use drishti_services::risk::{RiskAddendView, RiskView};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::parameters::{Parameters, Path, page_size, source_name};
use crate::principal::Scope;
use crate::problem::{Failure, Problem};

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(list_risks))
        .routes(routes!(get_risk))
}

/// Whose risk is meant.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RiskParameters {
    /// Only what comes from this source.
    source: Option<String>,
    /// Most people: 1 to 500, 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// From where a risk comes.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AddendParameters {
    /// Only what comes from this source.
    source: Option<String>,
}

/// The risk of a person over the last seven days.
#[derive(Debug, Serialize, ToSchema)]
struct Risk {
    /// Who, by gid or whatever the person is known by.
    person: String,
    /// How the person is called.
    #[schema(required)]
    name: Option<String>,
    /// The sum of what counts.
    points: i64,
    /// How many causes it is the sum of.
    causes: u64,
}

/// The riskiest people.
#[derive(Debug, Serialize, ToSchema)]
struct RiskList {
    /// The highest risk first.
    risks: Vec<Risk>,
}

/// The risk of a person, and why.
#[derive(Debug, Serialize, ToSchema)]
struct RiskStory {
    /// The risk.
    risk: Risk,
    /// What adds to it, the newest first, as far as it is listed.
    addends: Vec<RiskAddend>,
}

/// What one alert or recorded match adds to the risk of a person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RiskAddend {
    /// When it happened.
    at: DateTime<Utc>,
    /// How much it adds.
    points: i64,
    /// Whether it counts; an alert that was resolved as benign or false positive does not.
    counts: bool,
    /// Why it adds so much, in words.
    why: String,
    /// Whether the final evaluation may still say otherwise.
    is_provisional: bool,
    /// `alert` or `recorded`.
    cause: &'static str,
    /// Id of the alert or recorded match.
    cause_id: String,
}

impl From<RiskView> for Risk {
    fn from(view: RiskView) -> Self {
        Self {
            person: view.person,
            name: view.name,
            points: view.points,
            causes: view.causes,
        }
    }
}

impl From<RiskAddendView> for RiskAddend {
    fn from(view: RiskAddendView) -> Self {
        Self {
            at: view.at,
            points: view.points,
            counts: view.counts,
            why: view.why,
            is_provisional: view.is_provisional,
            cause: view.cause,
            cause_id: view.cause_id,
        }
    }
}

/// List the people with the highest risk over the last seven days.
#[utoipa::path(
    get,
    path = "/risks",
    tag = "people",
    params(RiskParameters),
    responses((status = 200, description = "The riskiest people.", body = RiskList), Failure<'static>)
)]
async fn list_risks(
    State(services): State<Services>,
    Scope(scope): Scope,
    Parameters(parameters, _): Parameters<RiskParameters>,
) -> Result<Json<RiskList>, Problem> {
    let limit = page_size(parameters.limit)? as u64;
    let source = parameters.source.as_deref();
    let source = source.map(|name| source_name("source", name)).transpose()?;
    let risks = services
        .risks(source.as_ref(), &scope, limit)
        .await?
        .into_iter();
    Ok(Json(RiskList {
        risks: risks.map(Risk::from).collect(),
    }))
}

/// Show the risk of a person and every addend of it.
#[utoipa::path(
    get,
    path = "/risks/{person}",
    tag = "people",
    params(("person" = String, Path, description = "Gid, e-mail address or name."), AddendParameters),
    responses((status = 200, description = "The risk.", body = RiskStory), Failure<'static>)
)]
async fn get_risk(
    State(services): State<Services>,
    Path(person): Path<String>,
    Scope(scope): Scope,
    Parameters(parameters, _): Parameters<AddendParameters>,
) -> Result<Json<RiskStory>, Problem> {
    let source = parameters.source.as_deref();
    let source = source.map(|name| source_name("source", name)).transpose()?;
    let story = services.risk_of(&person, source.as_ref(), &scope).await?;
    Ok(Json(RiskStory {
        risk: story.risk.into(),
        addends: story.addends.into_iter().map(RiskAddend::from).collect(),
    }))
}

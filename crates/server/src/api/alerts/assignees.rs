use axum::Json;
use axum::extract::State;
use drishti_services::Services;
use serde::Serialize;
use utoipa::ToSchema;

use crate::principal::Scope;
use crate::problem::{Failure, Problem};

/// Somebody who may look after alerts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Assignee {
    /// The name of the operator.
    name: String,
    /// For people; empty where none was given.
    display_name: String,
}

/// Those who may look after alerts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Assignees {
    /// By name.
    assignees: Vec<Assignee>,
}

/// List the operators who may look after alerts: those who are enabled, have the role for it and see some of the same sources.
#[utoipa::path(
    get,
    path = "/alerts/assignees",
    tag = "alerts",
    responses((status = 200, description = "The operators, by name.", body = Assignees), Failure<'static>)
)]
pub(crate) async fn list_assignees(
    State(services): State<Services>,
    Scope(scope): Scope,
) -> Result<Json<Assignees>, Problem> {
    let operators = services.assignees(&scope).await?.into_iter();
    let assignees = operators.map(|(name, display_name)| Assignee { name, display_name });
    Ok(Json(Assignees {
        assignees: assignees.collect(),
    }))
}

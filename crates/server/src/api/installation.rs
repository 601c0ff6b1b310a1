//! What the installation is made of, how it stands, and for how long it keeps events.

mod doctor;
mod view;

use axum::Json;
use axum::extract::State;
use drishti_services::Services;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::body::Body;
use crate::principal::{Author, Principal};
use crate::problem::{Failure, Problem, ProblemDocument};
use view::{Installation, Retention};

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(get_installation))
        .routes(routes!(set_retention))
        .routes(routes!(doctor::examine))
}

/// Show what the installation is made of and how it stands. Addresses and paths are shown to admins.
#[utoipa::path(
    get,
    path = "/installation",
    tag = "installation",
    responses((status = 200, description = "The installation.", body = Installation), Failure<'static>)
)]
async fn get_installation(
    State(services): State<Services>,
    principal: Principal,
) -> Result<Json<Installation>, Problem> {
    let about = services.about().await?;
    Ok(Json(Installation::shown(about, principal.is_full_admin())))
}

/// For how long events are to be kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RetentionOrder {
    /// Days, 1 to 36,500, counted by when they happened; null keeps them for ever.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    days: Option<u32>,
}

/// Set for how long events are kept. Older ones go for good the next time that the lake is looked after, within a day.
#[utoipa::path(
    put,
    path = "/installation/retention",
    tag = "installation",
    request_body = RetentionOrder,
    responses(
        (status = 200, description = "What holds now.", body = Retention),
        (status = 409, description = "`setting_declared`: a configuration file says so, which alone can change it.", body = ProblemDocument<'static>, content_type = "application/problem+json"),
        Failure<'static>
    )
)]
async fn set_retention(
    State(services): State<Services>,
    Author(author): Author,
    Body(order): Body<RetentionOrder>,
) -> Result<Json<Retention>, Problem> {
    let set = services.set_retention(order.days, &author).await?;
    Ok(Json(set.into()))
}

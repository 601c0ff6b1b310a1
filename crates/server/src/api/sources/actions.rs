use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use drishti_services::Services;

use super::view::{Source, answer};
use crate::parameters::Named;
use crate::principal::Author;
use crate::problem::{Failure, Problem};

/// Begin anew: the token is tried again, and collection goes on where it was.
#[utoipa::path(
    post,
    path = "/sources/{name}/restart",
    tag = "sources",
    params(("name" = String, Path, description = "Name of the source.")),
    responses((status = 200, description = "The source.", body = Source), Failure<'static>)
)]
pub(crate) async fn restart_source(
    State(services): State<Services>,
    Named(name): Named,
    Author(author): Author,
) -> Result<Response, Problem> {
    let named = services.in_name_of(&author);
    named.restart_source(&name).await?;
    answer(&services, &name, StatusCode::OK).await
}

/// Set a source aside: everything is kept, nothing is fetched.
#[utoipa::path(
    post,
    path = "/sources/{name}/pause",
    tag = "sources",
    params(("name" = String, Path, description = "Name of the source.")),
    responses((status = 200, description = "The source.", body = Source), Failure<'static>)
)]
pub(crate) async fn pause_source(
    State(services): State<Services>,
    Named(name): Named,
    Author(author): Author,
) -> Result<Response, Problem> {
    let named = services.in_name_of(&author);
    named.pause_source(&name).await?;
    answer(&services, &name, StatusCode::OK).await
}

/// Collect again.
#[utoipa::path(
    post,
    path = "/sources/{name}/resume",
    tag = "sources",
    params(("name" = String, Path, description = "Name of the source.")),
    responses((status = 200, description = "The source.", body = Source), Failure<'static>)
)]
pub(crate) async fn resume_source(
    State(services): State<Services>,
    Named(name): Named,
    Author(author): Author,
) -> Result<Response, Problem> {
    let named = services.in_name_of(&author);
    named.resume_source(&name).await?;
    answer(&services, &name, StatusCode::OK).await
}

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use drishti_services::Services;
use drishti_services::sources::{SourceOverview, sumo_change};
use serde::Deserialize;
use utoipa::IntoParams;

use super::failure::SumoFailure;
use super::source;
use super::view::{IMPORT_VERSION, SumoSource, SumoSourceEnvelope};
use crate::body::BodyText;
use crate::parameters::{Parameters, Path};
use crate::preconditions::{IfMatch, etag};
use crate::principal::{Author, Scope};
use crate::problem::Problem;

/// In which form a source is told.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FormParameters {
    /// Whether it is told as a file to import it from.
    #[serde(default)]
    download: bool,
}

/// A source with its `ETag`.
pub(super) fn answer(status: StatusCode, overview: SourceOverview, is_import: bool) -> Response {
    let tag = etag(overview.source.revision);
    let source = SumoSource::new(overview);
    let envelope = if is_import {
        SumoSourceEnvelope {
            version: Some(IMPORT_VERSION),
            source: source.into_import(),
        }
    } else {
        SumoSourceEnvelope {
            version: None,
            source,
        }
    };
    (status, [(ETAG, tag)], Json(envelope)).into_response()
}

/// Show a source.
#[utoipa::path(
    get,
    path = "/collectors/{collector}/sources/{source}",
    tag = "sumo",
    security(("access_key" = []), ("token" = []), ("session" = [])),
    params(
        ("collector" = u64, Path, description = "Id of the collector, which is 1."),
        ("source" = u64, Path, description = "Id of the source."),
        FormParameters
    ),
    responses(
        (status = 200, description = "The source.", body = SumoSourceEnvelope, headers(("ETag" = String, description = "Its version."))),
        SumoFailure
    )
)]
pub(crate) async fn get_sumo_source(
    State(services): State<Services>,
    Scope(scope): Scope,
    Path((collector, id)): Path<(String, String)>,
    Parameters(asked, _): Parameters<FormParameters>,
) -> Result<Response, Problem> {
    let found = source(&services, &scope, (&collector, &id)).await?;
    Ok(answer(StatusCode::OK, found, asked.download))
}

/// Change a source: the body tells all of it, but for a token that stays where it is masked or left out.
#[utoipa::path(
    put,
    path = "/collectors/{collector}/sources/{source}",
    tag = "sumo",
    security(("access_key" = []), ("token" = []), ("session" = [])),
    params(
        ("collector" = u64, Path, description = "Id of the collector, which is 1."),
        ("source" = u64, Path, description = "Id of the source."),
        ("If-Match" = String, Header, description = "The ETag that the change is made for.")
    ),
    request_body(content = Object, description = "As it is shown, with what is to be different."),
    responses(
        (status = 200, description = "The changed source.", body = SumoSourceEnvelope, headers(("ETag" = String, description = "Its version."))),
        SumoFailure
    )
)]
pub(crate) async fn update_sumo_source(
    State(services): State<Services>,
    Scope(scope): Scope,
    Author(author): Author,
    Path((collector, id)): Path<(String, String)>,
    expected: IfMatch,
    BodyText(json): BodyText,
) -> Result<Response, Problem> {
    let current = source(&services, &scope, (&collector, &id)).await?.source;
    if expected.0.is_none() {
        let problem = "a change needs the ETag that the source was shown with";
        return Err(Problem::parameter("If-Match", problem));
    }
    expected.check(current.revision)?;
    let change = sumo_change(&json, &current)?;
    let (name, revision) = (&current.name, Some(current.revision));
    let named = services.in_name_of(&author);
    named.update_source(name, change, revision).await?;
    let changed = services.source(name).await?;
    Ok(answer(StatusCode::OK, changed, false))
}

/// Remove a source. Where it is being collected it stops first, and is shown as `Stopping` until it has. Its events stay.
#[utoipa::path(
    delete,
    path = "/collectors/{collector}/sources/{source}",
    tag = "sumo",
    security(("access_key" = []), ("token" = []), ("session" = [])),
    params(
        ("collector" = u64, Path, description = "Id of the collector, which is 1."),
        ("source" = u64, Path, description = "Id of the source."),
        ("If-Match" = Option<String>, Header, description = "The ETag that the source must have.")
    ),
    responses((status = 200, description = "It is gone, or being stopped."), SumoFailure)
)]
pub(crate) async fn delete_sumo_source(
    State(services): State<Services>,
    Scope(scope): Scope,
    Author(author): Author,
    Path((collector, id)): Path<(String, String)>,
    expected: IfMatch,
) -> Result<StatusCode, Problem> {
    let current = source(&services, &scope, (&collector, &id)).await?.source;
    let named = services.in_name_of(&author);
    named.remove_source(&current.name, expected.0).await?;
    Ok(StatusCode::OK)
}

/// Let a source begin anew: the token is tried again, and collection goes on where it was.
#[utoipa::path(
    post,
    path = "/collectors/{collector}/sources/{source}/action/restart",
    tag = "sumo",
    security(("access_key" = []), ("token" = []), ("session" = [])),
    params(
        ("collector" = u64, Path, description = "Id of the collector, which is 1."),
        ("source" = u64, Path, description = "Id of the source.")
    ),
    responses((status = 200, description = "The source.", body = SumoSourceEnvelope), SumoFailure)
)]
pub(crate) async fn restart_sumo_source(
    State(services): State<Services>,
    Scope(scope): Scope,
    Author(author): Author,
    Path((collector, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let found = source(&services, &scope, (&collector, &id)).await?;
    let name = &found.source.name;
    services.in_name_of(&author).restart_source(name).await?;
    Ok(answer(StatusCode::OK, services.source(name).await?, false))
}

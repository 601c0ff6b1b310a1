use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use drishti_services::Services;
use drishti_services::sources::sumo_source;

use super::collection::add;
use super::view::Sources;
use crate::body::BodyText;
use crate::principal::Author;
use crate::problem::{Failure, Problem};

/// Add a source from Sumo Logic's JSON, as its web app and its collector API give it, with the token filled in.
#[utoipa::path(
    post,
    path = "/sources/import/sumo",
    tag = "sources",
    request_body(
        content = Object,
        description = "`{\"api.version\":\"v1\",\"source\":{\"config\":{\"name\":…,\"personalAccessToken\":…,\"workspaceID\":…},\"schemaRef\":{\"type\":\"Asana\"},\"sourceType\":\"Universal\"}}`"
    ),
    responses((status = 201, description = "What was added.", body = Sources), Failure<'static>)
)]
pub(crate) async fn import_sumo_source(
    State(services): State<Services>,
    Author(author): Author,
    BodyText(json): BodyText,
) -> Result<(StatusCode, Json<Sources>), Problem> {
    add(&services, sumo_source(&json)?, &author).await
}

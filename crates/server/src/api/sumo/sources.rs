use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use drishti_services::Services;
use drishti_services::sources::{sumo_id, sumo_source};
use serde::Deserialize;
use utoipa::IntoParams;

use super::failure::SumoFailure;
use super::single::answer;
use super::view::{IMPORT_VERSION, SumoSource, SumoSourceEnvelope, SumoSources};
use super::{COLLECTOR_ID, PATH, check_collector, part, visible};
use crate::body::BodyText;
use crate::parameters::{Parameters, Path};
use crate::principal::{Author, Scope};
use crate::problem::{Code, Problem};

/// Which sources are meant, and in which form.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SourceParameters {
    /// Most that are listed.
    #[param(minimum = 1)]
    limit: Option<usize>,
    /// How many are left out before.
    offset: Option<usize>,
    /// Whether they are told as a file to import them from.
    #[serde(default)]
    download: bool,
}

/// List the sources that collect from Asana.
#[utoipa::path(
    get,
    path = "/collectors/{collector}/sources",
    tag = "sumo",
    security(("access_key" = []), ("token" = []), ("session" = [])),
    params(("collector" = u64, Path, description = "Id of the collector, which is 1."), SourceParameters),
    responses((status = 200, description = "The sources, by name.", body = SumoSources), SumoFailure)
)]
pub(crate) async fn list_sumo_sources(
    State(services): State<Services>,
    Scope(scope): Scope,
    Path(collector): Path<String>,
    Parameters(asked, _): Parameters<SourceParameters>,
) -> Result<Json<SumoSources>, Problem> {
    check_collector(&collector)?;
    let all = visible(&services, &scope).await?;
    let sources = part(all, asked.limit, asked.offset)?
        .into_iter()
        .map(SumoSource::new);
    Ok(Json(if asked.download {
        SumoSources {
            version: Some(IMPORT_VERSION),
            sources: sources.map(SumoSource::into_import).collect(),
        }
    } else {
        SumoSources {
            version: None,
            sources: sources.collect(),
        }
    }))
}

/// Add a source.
#[utoipa::path(
    post,
    path = "/collectors/{collector}/sources",
    tag = "sumo",
    security(("access_key" = []), ("token" = []), ("session" = [])),
    params(("collector" = u64, Path, description = "Id of the collector, which is 1.")),
    request_body(
        content = Object,
        description = "`{\"source\":{\"config\":{\"name\":…,\"personalAccessToken\":…,\"workspaceID\":…},\"schemaRef\":{\"type\":\"Asana\"},\"sourceType\":\"Universal\"}}`"
    ),
    responses(
        (status = 201, description = "The source.", body = SumoSourceEnvelope, headers(
            ("ETag" = String, description = "Its version."),
            ("Location" = String, description = "Where it is.")
        )),
        SumoFailure
    )
)]
pub(crate) async fn create_sumo_source(
    State(services): State<Services>,
    Author(author): Author,
    Path(collector): Path<String>,
    BodyText(json): BodyText,
) -> Result<Response, Problem> {
    check_collector(&collector)?;
    let order = sumo_source(&json)?;
    if order.workspace_gid.is_none() {
        let detail = "`workspaceID` is missing";
        return Err(Problem::new(Code::InvalidSetting, detail));
    }
    let name = order.name.clone();
    services.in_name_of(&author).add_source(order).await?;
    let overview = services.source(&name).await?;
    let id = sumo_id(&overview.source);
    let location = format!("{PATH}/{COLLECTOR_ID}/sources/{id}");
    let shown = answer(StatusCode::CREATED, overview, false);
    Ok(([(LOCATION, location)], shown).into_response())
}

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use drishti_services::Services;
use drishti_services::detect::enrich::OwnRange;
use drishti_services::ranges::RangeView;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::body::Body;
use crate::parameters::Path;
use crate::preconditions::{IfMatch, etag};
use crate::principal::Author;
use crate::problem::{ChangeFailure, Code, Failure, Problem, ProblemDocument};

/// A place on earth.
#[derive(ToSchema)]
#[schema(as = Place)]
#[expect(
    dead_code,
    reason = "only described in the document; the values are the range's own JSON"
)]
struct PlaceShape {
    /// Two letters.
    country: Option<String>,
    /// Region.
    region: Option<String>,
    /// City.
    city: Option<String>,
    /// Degrees north.
    latitude: Option<f64>,
    /// Degrees east.
    longitude: Option<f64>,
}

/// Addresses that the owner has something to say about.
#[derive(ToSchema)]
#[schema(as = NewRange)]
#[expect(
    dead_code,
    reason = "only described in the document; the values are the range's own JSON"
)]
pub(crate) struct RangeShape {
    /// What the owner calls it.
    name: String,
    /// Networks or single addresses, IPv4 and IPv6.
    networks: Vec<String>,
    /// `administrative`, `cloud_provider`, `corporate`, `risky`, `vpn` or `other`.
    category: String,
    /// Added to those of feeds and files of places.
    #[schema(required = false)]
    tags: Vec<String>,
    /// Instead of the organisation that the files of places name.
    organization: Option<String>,
    /// Instead of the place that the files of places name.
    #[schema(value_type = Option<PlaceShape>)]
    place: Option<PlaceShape>,
}

/// A range, and who last changed it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Range)]
pub(crate) struct Entry {
    /// The range itself.
    #[schema(value_type = RangeShape)]
    range: Value,
    /// One more with each change; what `If-Match` names.
    revision: i64,
    /// When it was last changed.
    updated_at: DateTime<Utc>,
    /// Who did.
    updated_by: String,
}

impl From<RangeView> for Entry {
    fn from(view: RangeView) -> Self {
        Self {
            range: serde_json::to_value(&view.range).unwrap_or_default(),
            revision: view.revision,
            updated_at: view.updated_at,
            updated_by: view.updated_by,
        }
    }
}

/// The owner's ranges.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RangeList {
    /// By name.
    ranges: Vec<Entry>,
}

fn answer(status: StatusCode, view: RangeView) -> Response {
    let tag = etag(view.revision);
    (status, [(ETAG, tag)], Json(Entry::from(view))).into_response()
}

/// List the owner's address ranges.
#[utoipa::path(
    get,
    path = "/ranges",
    tag = "addresses",
    responses((status = 200, description = "All ranges.", body = RangeList), Failure<'static>)
)]
pub(crate) async fn list_ranges(
    State(services): State<Services>,
) -> Result<Json<RangeList>, Problem> {
    let ranges = services.ranges().await?.into_iter();
    Ok(Json(RangeList {
        ranges: ranges.map(Entry::from).collect(),
    }))
}

/// Add a range. It counts for events that are stored from then on.
#[utoipa::path(
    post,
    path = "/ranges",
    tag = "addresses",
    request_body = RangeShape,
    responses(
        (status = 201, description = "The range.", body = Entry, headers(("ETag" = String, description = "Its revision."))),
        (status = 409, description = "One of this name is there.", body = ProblemDocument<'static>, content_type = "application/problem+json"),
        Failure<'static>
    )
)]
pub(crate) async fn create_range(
    State(services): State<Services>,
    Author(author): Author,
    Body(range): Body<OwnRange>,
) -> Result<Response, Problem> {
    let added = services.add_range(range, &author).await?;
    Ok(answer(StatusCode::CREATED, added))
}

/// Ranges to be saved together.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RangeImport {
    /// Those whose names are there already take the place of what these were.
    #[schema(value_type = Vec<RangeShape>)]
    ranges: Vec<OwnRange>,
}

/// Add many ranges, and let those whose names are there be others: all of them, or none where one can't be.
#[utoipa::path(
    post,
    path = "/ranges/import",
    tag = "addresses",
    request_body = RangeImport,
    responses((status = 200, description = "The ranges that were given.", body = RangeList), Failure<'static>)
)]
pub(crate) async fn import_ranges(
    State(services): State<Services>,
    Author(author): Author,
    Body(import): Body<RangeImport>,
) -> Result<Json<RangeList>, Problem> {
    let saved = services.import_ranges(import.ranges, &author).await?;
    Ok(Json(RangeList {
        ranges: saved.into_iter().map(Entry::from).collect(),
    }))
}

/// Let a range be another: what is given takes the place of all there was.
#[utoipa::path(
    put,
    path = "/ranges/{name}",
    tag = "addresses",
    params(
        ("name" = String, Path, description = "Name of the range."),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is made for.")
    ),
    request_body = RangeShape,
    responses(
        (status = 200, description = "The range.", body = Entry, headers(("ETag" = String, description = "Its revision."))),
        ChangeFailure<'static>
    )
)]
pub(crate) async fn update_range(
    State(services): State<Services>,
    Path(name): Path<String>,
    Author(author): Author,
    IfMatch(revision): IfMatch,
    Body(range): Body<OwnRange>,
) -> Result<Response, Problem> {
    if range.name != name {
        return Err(Problem::new(
            Code::InvalidBody,
            "`name` must be that of the address: a range keeps its name",
        ));
    }
    let changed = services.replace_range(range, revision, &author).await?;
    Ok(answer(StatusCode::OK, changed))
}

/// Remove a range.
#[utoipa::path(
    delete,
    path = "/ranges/{name}",
    tag = "addresses",
    params(
        ("name" = String, Path, description = "Name of the range."),
        ("If-Match" = Option<String>, Header, description = "The ETag that the range must have.")
    ),
    responses(
        (status = 204, description = "It is gone."),
        ChangeFailure<'static>
    )
)]
pub(crate) async fn delete_range(
    State(services): State<Services>,
    Path(name): Path<String>,
    Author(author): Author,
    IfMatch(revision): IfMatch,
) -> Result<StatusCode, Problem> {
    services.remove_range(&name, revision, &author).await?;
    Ok(StatusCode::NO_CONTENT)
}

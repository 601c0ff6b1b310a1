//! Views of the web app's pages that people keep for themselves, or for all.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use drishti_services::views::ViewReader;
use drishti_services::{NewSavedView, SavedView, Services};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::body::Body;
use crate::parameters::{Parameters, Path, word};
use crate::preconditions::{IfMatch, etag};
use crate::principal::Principal;
use crate::problem::{ChangeFailure, Failure, Problem, ProblemDocument};

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(list_views, create_view))
        .routes(routes!(update_view, delete_view))
}

/// Which views are meant.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ViewParameters {
    /// Only those of this page.
    page: Option<String>,
}

/// What a view is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewView {
    /// Of which page: `alerts`, `events`, `people`, `policies` or `query`.
    page: String,
    /// What you call it; no other of yours on the page has this name. At most 100 characters.
    name: String,
    /// The state of the page, as it stands in its address behind the question mark. At most 7,000 bytes.
    query: String,
    /// Whether everybody sees it.
    #[serde(default)]
    is_shared: bool,
}

impl NewView {
    fn checked(self) -> Result<NewSavedView, Problem> {
        Ok(NewSavedView {
            page: word("page", &self.page)?,
            name: self.name,
            query: self.query,
            is_shared: self.is_shared,
        })
    }
}

/// A view of a page.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = View)]
struct ViewShown {
    /// Names it.
    id: i64,
    /// Of which page.
    page: &'static str,
    /// What its owner calls it.
    name: String,
    /// The state of the page, as it stands in its address behind the question mark.
    query: String,
    /// Whether everybody sees it.
    is_shared: bool,
    /// Whose it is.
    owner: String,
    /// Whether it is yours, so that you can change it.
    is_own: bool,
    /// Whether you can remove it: your own, and as an admin those that are shared.
    is_removable: bool,
    /// One more with each change; what `If-Match` names.
    revision: i64,
    /// When it was last changed.
    updated_at: DateTime<Utc>,
}

impl ViewShown {
    fn to(principal: &Principal, view: SavedView) -> Self {
        let is_own = view.owner == principal.name;
        Self {
            id: view.id,
            page: view.view.page.as_str(),
            name: view.view.name,
            query: view.view.query,
            is_shared: view.view.is_shared,
            is_own,
            is_removable: is_own || principal.is_full_admin(),
            owner: view.owner,
            revision: view.revision,
            updated_at: view.updated_at,
        }
    }
}

/// Views of pages.
#[derive(Debug, Serialize, ToSchema)]
struct Views {
    /// Your own and those that others share, by name.
    views: Vec<ViewShown>,
}

fn reader(principal: &Principal) -> ViewReader<'_> {
    ViewReader {
        name: &principal.name,
        role: principal.role,
        scope: &principal.scope,
    }
}

fn answer(status: StatusCode, principal: &Principal, view: SavedView) -> Response {
    let tag = etag(view.revision);
    let shown = ViewShown::to(principal, view);
    (status, [(ETAG, tag)], Json(shown)).into_response()
}

fn number(id: &str) -> Result<i64, Problem> {
    id.parse().map_err(|error| Problem::parameter("id", error))
}

/// List your views, and those that others share.
#[utoipa::path(
    get,
    path = "/views",
    tag = "views",
    params(ViewParameters),
    responses((status = 200, description = "The views.", body = Views), Failure<'static>)
)]
async fn list_views(
    State(services): State<Services>,
    principal: Principal,
    Parameters(parameters, _): Parameters<ViewParameters>,
) -> Result<Json<Views>, Problem> {
    let page = parameters
        .page
        .map(|page| word("page", &page))
        .transpose()?;
    let views = services.saved_views(reader(&principal)).await?.into_iter();
    let views = views.filter(|view| page.is_none_or(|page| view.view.page == page));
    Ok(Json(Views {
        views: views.map(|view| ViewShown::to(&principal, view)).collect(),
    }))
}

/// Keep a view. It is there as long as you are; shared ones stay.
#[utoipa::path(
    post,
    path = "/views",
    tag = "views",
    request_body = NewView,
    responses(
        (status = 201, description = "The view.", body = ViewShown, headers(("ETag" = String, description = "Its revision."))),
        (status = 409, description = "`view_exists`: you have one of this name on the page.", body = ProblemDocument<'static>, content_type = "application/problem+json"),
        Failure<'static>
    )
)]
async fn create_view(
    State(services): State<Services>,
    principal: Principal,
    Body(new): Body<NewView>,
) -> Result<Response, Problem> {
    let new = new.checked()?;
    let added = services.add_view(&new, reader(&principal)).await?;
    Ok(answer(StatusCode::CREATED, &principal, added))
}

/// Let a view of yours be another: what is given takes the place of all there was.
#[utoipa::path(
    put,
    path = "/views/{id}",
    tag = "views",
    params(
        ("id" = i64, Path, description = "Id of the view."),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is made for.")
    ),
    request_body = NewView,
    responses(
        (status = 200, description = "The view.", body = ViewShown, headers(("ETag" = String, description = "Its revision."))),
        (status = 409, description = "`view_exists`: you have another of this name on the page.", body = ProblemDocument<'static>, content_type = "application/problem+json"),
        ChangeFailure<'static>
    )
)]
async fn update_view(
    State(services): State<Services>,
    Path(id): Path<String>,
    principal: Principal,
    IfMatch(revision): IfMatch,
    Body(new): Body<NewView>,
) -> Result<Response, Problem> {
    let (id, new) = (number(&id)?, new.checked()?);
    let changed = services.change_view(id, &new, revision, reader(&principal));
    Ok(answer(StatusCode::OK, &principal, changed.await?))
}

/// Remove a view of yours, or as an admin one that is shared.
#[utoipa::path(
    delete,
    path = "/views/{id}",
    tag = "views",
    params(
        ("id" = i64, Path, description = "Id of the view."),
        ("If-Match" = Option<String>, Header, description = "The ETag that the view must have.")
    ),
    responses((status = 204, description = "It is gone."), ChangeFailure<'static>)
)]
async fn delete_view(
    State(services): State<Services>,
    Path(id): Path<String>,
    principal: Principal,
    IfMatch(revision): IfMatch,
) -> Result<StatusCode, Problem> {
    let id = number(&id)?;
    services
        .remove_view(id, revision, reader(&principal))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

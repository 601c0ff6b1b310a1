use axum::Json;
use axum::extract::State;
use drishti_services::Services;

use super::single::visible;
use crate::api::events::{EventPage, PageParameters, answer, place, position};
use crate::bounds::EVENTS_PAGE_BYTES_MAX;
use crate::parameters::{Parameters, Path, page_size};
use crate::principal::Scope;
use crate::problem::{Failure, Problem};

/// List the events of an alert, newest first: of more than 1,000 the first 100 and the newest, as far as the lake still has them.
#[utoipa::path(
    get,
    path = "/alerts/{id}/events",
    tag = "alerts",
    params(
        ("id" = String, Path, description = "Its id, or at least six characters that no other begins with."),
        PageParameters
    ),
    responses((status = 200, description = "One page of its events.", body = EventPage), Failure<'static>)
)]
pub(crate) async fn list_alert_events(
    State(services): State<Services>,
    Scope(scope): Scope,
    Path(id): Path<String>,
    Parameters(parameters, _): Parameters<PageParameters>,
) -> Result<Json<EventPage>, Problem> {
    let limit = page_size(parameters.limit)?;
    let position = parameters.cursor.as_deref().map(position).transpose()?;
    let alert = visible(&services, &scope, &id).await?.alert;
    let (events, next) = services
        .alert_events(&alert, position.as_ref(), limit)
        .await?;
    let mut page = answer(&events, limit, EVENTS_PAGE_BYTES_MAX)?;
    page.next_cursor = page.next_cursor.or_else(|| next.as_ref().map(place));
    Ok(Json(page))
}

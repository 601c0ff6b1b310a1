//! Telling of changes as they come: server-sent events.

mod open;
mod places;
mod view;

use axum::Extension;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, HeaderName};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::sse::Sse;
use axum::response::{IntoResponse, Response};
use drishti_services::Services;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::parameters::Parameters;
use crate::principal::Principal;
use crate::problem::{Code, Failure, Problem};
use open::OpenStream;
pub(crate) use places::Streams;
use view::StreamChange;

/// Where browsers say what they heard last.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Whether nginx, and others after it, may gather an answer.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new().routes(routes!(follow_changes))
}

/// Where to go on.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct StreamParameters {
    /// Id of the last event that was heard, for those who can't send it as `Last-Event-ID`.
    after: Option<String>,
}

/// Follow what changes, as server-sent events: the first says `ready` or `reset`, each further one what changed. After `reset` some changes
/// were missed, so that what is shown is to be read anew. A comment every 15 seconds says that the line is there.
#[utoipa::path(
    get,
    path = "/stream",
    tag = "operation",
    operation_id = "follow_changes",
    params(
        StreamParameters,
        ("Last-Event-ID" = Option<String>, Header, description = "Id of the last event that was heard; takes precedence over `after`.")
    ),
    responses(
        (status = 200, description = "The data of each event is one of these.", body = StreamChange, content_type = "text/event-stream"),
        Failure<'static>
    )
)]
async fn follow_changes(
    State(services): State<Services>,
    Extension(streams): Extension<Streams>,
    principal: Principal,
    headers: HeaderMap,
    Parameters(parameters, _): Parameters<StreamParameters>,
) -> Result<Response, Problem> {
    let place = streams.enter(&principal.name).ok_or_else(too_many)?;
    let last = headers.get(LAST_EVENT_ID);
    let last = last.and_then(|id| id.to_str().ok());
    let follower = services.follow_changes(last.or(parameters.after.as_deref()));
    let stream = OpenStream::new(services, principal, follower, place).into_stream();
    let mut response = Sse::new(stream).into_response();
    let own = response.headers_mut();
    own.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that gather answers would keep the changes back.
    own.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    Ok(response)
}

fn too_many() -> Problem {
    let detail = "too many streams are open, of this caller or in all";
    Problem::new(Code::Overloaded, detail)
        .with_hint("Close one, or ask the lists from time to time.")
}

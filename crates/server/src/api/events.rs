//! Events: pages of them, and how many there are over time.

mod enrichment;
mod filters;
mod histogram;
mod list;

use drishti_services::Services;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(list::list_events))
        .routes(routes!(histogram::get_event_histogram))
}

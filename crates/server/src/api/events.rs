//! Events: pages and files of them, how many there are over time, and of what.

mod enrichment;
mod export;
mod facets;
mod filters;
mod histogram;
mod list;

pub(in crate::api) use list::{EventPage, PageParameters, answer, place, position};

use drishti_services::Services;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(list::list_events))
        .routes(routes!(histogram::get_event_histogram))
        .routes(routes!(facets::get_event_facets))
        .routes(routes!(export::export_events))
}

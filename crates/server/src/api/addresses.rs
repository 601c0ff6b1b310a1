//! What is known of addresses: the owner's ranges, and why an address counts as what it does.

mod ranges;
mod why;

use drishti_services::Services;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(ranges::list_ranges, ranges::create_range))
        .routes(routes!(ranges::import_ranges))
        .routes(routes!(ranges::update_range, ranges::delete_range))
        .routes(routes!(why::explain_address))
}

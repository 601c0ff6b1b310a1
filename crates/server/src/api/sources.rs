//! Sources: what is collected, and how it stands.

mod actions;
mod collection;
mod import;
mod quarantine;
mod single;
mod test;
mod view;

use drishti_services::Services;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(collection::list_sources, collection::create_source))
        .routes(routes!(import::import_sumo_source))
        .routes(routes!(
            single::get_source,
            single::update_source,
            single::delete_source
        ))
        .routes(routes!(actions::restart_source))
        .routes(routes!(actions::pause_source))
        .routes(routes!(actions::resume_source))
        .routes(routes!(test::test_source))
        .routes(routes!(quarantine::list_quarantine))
        .routes(routes!(quarantine::get_quarantined_bytes))
        .routes(routes!(quarantine::replay_quarantine))
}

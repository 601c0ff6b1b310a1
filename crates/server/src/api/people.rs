//! People: who does something in the sources, who has an account there, and what is known of each.

mod habits;
mod list;
mod places;
mod single;
mod view;

use drishti_services::Services;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(list::list_people))
        .routes(routes!(single::get_person))
        .routes(routes!(places::list_places_of_person))
}

//! Operators: who may sign in.

mod collection;
mod password;
mod single;
mod view;

use drishti_services::Services;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use view::{names_of, scope_of};

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(
            collection::list_operators,
            collection::create_operator
        ))
        .routes(routes!(
            single::get_operator,
            single::update_operator,
            single::delete_operator
        ))
        .routes(routes!(password::set_password))
}

//! Alerts: what was found, why, and what becomes of it.

mod assignees;
mod events;
mod filters;
mod list;
mod single;
mod view;

pub(crate) use view::{Alert, Entity};

use drishti_services::Services;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(list::list_alerts))
        .routes(routes!(list::count_alerts))
        .routes(routes!(assignees::list_assignees))
        .routes(routes!(single::change_alerts))
        .routes(routes!(single::get_alert, single::change_alert))
        .routes(routes!(events::list_alert_events))
}

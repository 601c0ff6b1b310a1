//! What is below `/api/v1`: one folder for each resource.

mod accounts;
mod addresses;
mod alerts;
mod audit;
mod coverage;
mod events;
mod health_events;
mod installation;
mod operators;
mod people;
mod policies;
mod query;
mod recorded_matches;
mod risk;
mod session;
mod sources;
mod stream;
pub(crate) mod sumo;
mod suppressions;
mod tables;
mod tokens;
mod views;

pub(crate) use session::Provider;

use drishti_services::Services;
use utoipa_axum::router::OpenApiRouter;

pub(crate) use stream::Streams;

/// All routes, without the prefix.
pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .merge(sources::routes())
        .merge(sumo::routes())
        .merge(events::routes())
        .merge(coverage::routes())
        .merge(health_events::routes())
        .merge(accounts::routes())
        .merge(alerts::routes())
        .merge(suppressions::routes())
        .merge(recorded_matches::routes())
        .merge(policies::routes())
        .merge(people::routes())
        .merge(risk::routes())
        .merge(addresses::routes())
        .merge(query::routes())
        .merge(session::routes())
        .merge(operators::routes())
        .merge(tokens::routes())
        .merge(audit::routes())
        .merge(tables::routes())
        .merge(views::routes())
        .merge(installation::routes())
        .merge(stream::routes())
}

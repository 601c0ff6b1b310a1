//! Policies: what is looked for, what is set about it here, and what it would say.

mod backtest;
mod draft;
mod list;
mod own;
mod single;
mod view;
mod vocabulary;

use drishti_services::Services;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(list::list_policies, own::create_policy))
        .routes(routes!(list::list_policy_counts))
        .routes(routes!(draft::check_policy))
        .routes(routes!(backtest::preview_policy))
        .routes(routes!(vocabulary::get_policy_vocabulary))
        .routes(routes!(
            single::get_policy,
            single::change_policy,
            own::update_policy,
            own::delete_policy
        ))
        .routes(routes!(own::get_policy_text))
        .routes(routes!(single::list_policy_changes))
        .routes(routes!(backtest::backtest_policy))
}

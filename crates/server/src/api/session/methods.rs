use axum::{Extension, Json};
use drishti_services::access::OpenId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::OpenFailure;

/// The provider that people sign in with, where there is one.
#[derive(Clone)]
pub(crate) struct Provider(pub(crate) Option<OpenId>);

/// How people can sign in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionMethods {
    /// The provider of `OpenID Connect`; null where there is none.
    #[schema(required)]
    openid: Option<OpenIdMethod>,
}

/// A provider of `OpenID Connect`.
#[derive(Debug, Serialize, ToSchema)]
struct OpenIdMethod {
    /// What its button says.
    display: String,
    /// Where a browser goes to sign in with it; `to` says where it comes back to.
    path: &'static str,
}

/// Show how people can sign in.
#[utoipa::path(
    get,
    path = "/session/methods",
    tag = "access",
    security(()),
    responses((status = 200, description = "Besides name and password.", body = SessionMethods), OpenFailure<'static>)
)]
pub(super) async fn get_session_methods(
    Extension(Provider(provider)): Extension<Provider>,
) -> Json<SessionMethods> {
    let openid = provider.map(|provider| OpenIdMethod {
        display: provider.display().to_owned(),
        path: "/api/v1/session/openid",
    });
    Json(SessionMethods { openid })
}

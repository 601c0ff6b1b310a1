//! Who makes a request.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

/// Whoever a request proved to come from.
#[derive(Clone, Debug)]
pub(crate) struct Principal {
    /// As the audit trail and the history of alerts call it.
    pub(crate) name: String,
}

impl Principal {
    /// Whoever has the token of the installation.
    pub(crate) fn of_installation_token() -> Self {
        Self {
            name: "api token".to_owned(),
        }
    }
}

/// In whose name a change is made.
pub(crate) struct Author(pub(crate) String);

impl<S: Sync> FromRequestParts<S> for Author {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let principal = parts.extensions.get::<Principal>();
        Ok(Self(principal.map_or_else(
            || "unknown".to_owned(),
            |principal| principal.name.clone(),
        )))
    }
}

use chrono::{DateTime, Utc};
use drishti_model::{SourceName, SourceScope};
use drishti_services::ServiceError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;

/// Somebody who may sign in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Operator {
    /// The name to sign in with.
    name: String,
    /// For people.
    display_name: String,
    /// `viewer`, `analyst`, `reviewer`, `auditor` or `admin`.
    role: &'static str,
    /// The sources that they may see; null for all.
    #[schema(required)]
    sources: Option<Vec<String>>,
    /// Whether they may sign in at all.
    is_enabled: bool,
    /// Whether a second factor is set up.
    has_totp: bool,
    /// Whether they have a password here; who has none signs in with the provider of `OpenID Connect`.
    has_password: bool,
    /// When they were added.
    created_at: DateTime<Utc>,
    /// When they were last changed.
    updated_at: DateTime<Utc>,
    /// When they last signed in.
    #[schema(required)]
    signed_in_at: Option<DateTime<Utc>>,
    /// One more with each change by an admin; what `If-Match` names.
    revision: i64,
}

/// All operators.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Operators {
    /// By name.
    pub(super) operators: Vec<Operator>,
}

impl From<drishti_services::Operator> for Operator {
    fn from(operator: drishti_services::Operator) -> Self {
        Self {
            sources: names_of(&operator.scope),
            name: operator.name,
            display_name: operator.display_name,
            role: operator.role.as_str(),
            is_enabled: operator.enabled,
            has_totp: operator.has_totp,
            has_password: operator.has_password,
            created_at: operator.created_at,
            updated_at: operator.updated_at,
            signed_in_at: operator.signed_in_at,
            revision: operator.revision,
        }
    }
}

/// The names of the sources in a scope; `None` where it is all.
pub(in crate::api) fn names_of(scope: &SourceScope) -> Option<Vec<String>> {
    let names = scope.names()?.iter();
    Some(names.map(ToString::to_string).collect())
}

/// The scope of these sources; all where there is no list.
pub(in crate::api) fn scope_of(names: Option<Vec<String>>) -> Result<SourceScope, Problem> {
    let Some(names) = names else {
        return Ok(SourceScope::All);
    };
    let names = names.into_iter().map(SourceName::new);
    let names: Result<Vec<_>, _> = names.collect();
    let names = names.map_err(ServiceError::from)?;
    Ok(SourceScope::of(Some(names)))
}

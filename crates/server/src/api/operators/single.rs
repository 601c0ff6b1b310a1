use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use drishti_services::{OperatorChange, Services};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::view::{Operator, scope_of};
use crate::body::Body;
use crate::parameters::{Path, word};
use crate::preconditions::{IfMatch, etag};
use crate::principal::Author;
use crate::problem::{ChangeFailure, Failure, Problem};

/// What to change of an operator. What is left out stays as it is. Another role, other sources and disabling end their sessions.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperatorPatch {
    /// Another name for people.
    display_name: Option<String>,
    /// `viewer`, `analyst`, `reviewer`, `auditor` or `admin`.
    role: Option<String>,
    /// The sources that they may see; null for all.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Vec<String>>)]
    sources: Option<OtherSources>,
    /// Whether they may sign in at all.
    is_enabled: Option<bool>,
}

/// Other sources than before; `None` for all.
struct OtherSources(Option<Vec<String>>);

/// Tells null from what is left out.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<OtherSources>, D::Error> {
    let sources = Option::deserialize(deserializer)?;
    Ok(Some(OtherSources(sources)))
}

impl OperatorPatch {
    fn change(self) -> Result<OperatorChange, Problem> {
        Ok(OperatorChange {
            display_name: self.display_name,
            role: self.role.map(|role| word("role", &role)).transpose()?,
            scope: self
                .sources
                .map(|OtherSources(names)| scope_of(names))
                .transpose()?,
            enabled: self.is_enabled,
        })
    }
}

fn answer(operator: drishti_services::Operator) -> Response {
    let tag = etag(operator.revision);
    ([(ETAG, tag)], Json(Operator::from(operator))).into_response()
}

/// Show one operator.
#[utoipa::path(
    get,
    path = "/operators/{name}",
    tag = "access",
    params(("name" = String, Path, description = "Name of the operator.")),
    responses(
        (status = 200, description = "The operator.", body = Operator, headers(("ETag" = String, description = "Their revision."))),
        Failure<'static>
    )
)]
pub(crate) async fn get_operator(
    State(services): State<Services>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    Ok(answer(services.operator(&name).await?))
}

/// Change an operator.
#[utoipa::path(
    patch,
    path = "/operators/{name}",
    tag = "access",
    params(
        ("name" = String, Path, description = "Name of the operator."),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is made for.")
    ),
    request_body = OperatorPatch,
    responses(
        (status = 200, description = "The changed operator.", body = Operator, headers(("ETag" = String, description = "Their revision."))),
        ChangeFailure<'static>
    )
)]
pub(crate) async fn update_operator(
    State(services): State<Services>,
    Path(name): Path<String>,
    Author(author): Author,
    IfMatch(revision): IfMatch,
    Body(patch): Body<OperatorPatch>,
) -> Result<Response, Problem> {
    let change = patch.change()?;
    let changed = services.change_operator(&name, change, revision, &author);
    Ok(answer(changed.await?))
}

/// Remove an operator. What they did stays in the audit trail.
#[utoipa::path(
    delete,
    path = "/operators/{name}",
    tag = "access",
    params(
        ("name" = String, Path, description = "Name of the operator."),
        ("If-Match" = Option<String>, Header, description = "The ETag that they must have.")
    ),
    responses(
        (status = 204, description = "They are gone."),
        ChangeFailure<'static>
    )
)]
pub(crate) async fn delete_operator(
    State(services): State<Services>,
    Path(name): Path<String>,
    Author(author): Author,
    IfMatch(revision): IfMatch,
) -> Result<StatusCode, Problem> {
    services.remove_operator(&name, revision, &author).await?;
    Ok(StatusCode::NO_CONTENT)
}

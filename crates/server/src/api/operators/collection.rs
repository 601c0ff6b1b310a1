use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use drishti_model::Secret;
use drishti_services::Services;
use drishti_services::access::AddOperator;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{Operator, Operators, scope_of};
use crate::body::Body;
use crate::parameters::word;
use crate::preconditions::etag;
use crate::principal::Author;
use crate::problem::{Failure, Problem};

/// Somebody who is to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOperator {
    /// The name to sign in with, which never changes: 1 to 64 lower-case letters, digits and `._-@`.
    name: String,
    /// For people; the name where it is left out.
    #[serde(default)]
    display_name: String,
    /// `viewer`, `analyst`, `reviewer`, `auditor` or `admin`.
    role: String,
    /// The sources that they may see; all where it is left out or null.
    sources: Option<Vec<String>>,
    /// The first password: 12 to 256 characters, not the name. Where it is left out or null they sign in with the provider of `OpenID`
    /// Connect only.
    #[schema(value_type = Option<String>, format = Password, write_only)]
    password: Option<Secret>,
}

/// List the operators.
#[utoipa::path(
    get,
    path = "/operators",
    tag = "access",
    responses((status = 200, description = "All operators, by name.", body = Operators), Failure<'static>)
)]
pub(crate) async fn list_operators(
    State(services): State<Services>,
) -> Result<Json<Operators>, Problem> {
    let operators = services.operators().await?.into_iter();
    Ok(Json(Operators {
        operators: operators.map(Operator::from).collect(),
    }))
}

/// Add an operator.
#[utoipa::path(
    post,
    path = "/operators",
    tag = "access",
    request_body = NewOperator,
    responses(
        (status = 201, description = "Who was added.", body = Operator, headers(("ETag" = String, description = "Their revision."))),
        Failure<'static>
    )
)]
pub(crate) async fn create_operator(
    State(services): State<Services>,
    Author(author): Author,
    Body(new): Body<NewOperator>,
) -> Result<Response, Problem> {
    let add = AddOperator {
        role: word("role", &new.role)?,
        scope: scope_of(new.sources)?,
        name: new.name,
        display_name: new.display_name,
        password: new.password,
    };
    let added = services.add_operator(add, &author).await?;
    let tag = etag(added.revision);
    let answer = (
        StatusCode::CREATED,
        [(ETAG, tag)],
        Json(Operator::from(added)),
    );
    Ok(answer.into_response())
}

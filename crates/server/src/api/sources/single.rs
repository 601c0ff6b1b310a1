use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use drishti_model::{Secret, SourceProfile};
use drishti_services::{Services, SourceChange};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::view::{CollectChange, Source, answer, merged};
use crate::body::Body;
use crate::parameters::Named;
use crate::preconditions::IfMatch;
use crate::principal::Author;
use crate::problem::{ChangeFailure, Code, Failure, Problem};

/// What to change of a source. What is left out, or null, stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourcePatch {
    /// Another workspace or organisation.
    workspace_gid: Option<String>,
    /// Another token.
    #[schema(value_type = Option<String>, format = Password, write_only)]
    token: Option<Secret>,
    /// Another base of Asana's API.
    api_url: Option<String>,
    /// Other words.
    description: Option<String>,
    /// Another category.
    category: Option<String>,
    /// Other metadata, instead of all that there was.
    fields: Option<BTreeMap<String, String>>,
    /// Other settings; those that are left out stay.
    #[schema(value_type = Option<CollectChange>)]
    collect: Option<Map<String, Value>>,
}

impl SourcePatch {
    fn into_change(self, current: SourceProfile) -> Result<SourceChange, Problem> {
        let profile = SourceProfile {
            workspace_gid: self.workspace_gid.or(current.workspace_gid),
            api_url: self.api_url.unwrap_or(current.api_url),
            description: self.description.unwrap_or(current.description),
            category: self.category.unwrap_or(current.category),
            fields: self.fields.unwrap_or(current.fields),
            collect: merged(&current.collect, self.collect)?,
        };
        Ok(SourceChange {
            profile: Some(profile),
            token: self.token.filter(|token| !token.is_empty()),
            desired: None,
            declared: None,
        })
    }
}

/// Show one source.
#[utoipa::path(
    get,
    path = "/sources/{name}",
    tag = "sources",
    params(("name" = String, Path, description = "Name of the source.")),
    responses(
        (status = 200, description = "The source.", body = Source, headers(("ETag" = String, description = "Its revision."))),
        Failure<'static>
    )
)]
pub(crate) async fn get_source(
    State(services): State<Services>,
    Named(name): Named,
) -> Result<Response, Problem> {
    answer(&services, &name, StatusCode::OK).await
}

/// Change a source.
#[utoipa::path(
    patch,
    path = "/sources/{name}",
    tag = "sources",
    params(
        ("name" = String, Path, description = "Name of the source."),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is made for.")
    ),
    request_body = SourcePatch,
    responses(
        (status = 200, description = "The changed source.", body = Source, headers(("ETag" = String, description = "Its revision."))),
        ChangeFailure<'static>
    )
)]
pub(crate) async fn update_source(
    State(services): State<Services>,
    Named(name): Named,
    Author(author): Author,
    expected: IfMatch,
    Body(patch): Body<SourcePatch>,
) -> Result<Response, Problem> {
    let current = services.source(&name).await?.source;
    expected.check(current.revision)?;
    let change = patch.into_change(current.profile)?;
    // The change was made from this very revision, whether the caller named it or not.
    let revision = Some(current.revision);
    let named = services.in_name_of(&author);
    let changed = named.update_source(&name, change, revision);
    changed.await.map_err(|error| expected.failure(error))?;
    answer(&services, &name, StatusCode::OK).await
}

/// Remove a source. Its events stay in the lake.
#[utoipa::path(
    delete,
    path = "/sources/{name}",
    tag = "sources",
    params(
        ("name" = String, Path, description = "Name of the source."),
        ("If-Match" = Option<String>, Header, description = "The ETag that the source must have.")
    ),
    responses(
        (status = 202, description = "It is being stopped and will then be gone.", body = Source),
        (status = 204, description = "It is gone."),
        ChangeFailure<'static>
    )
)]
pub(crate) async fn delete_source(
    State(services): State<Services>,
    Named(name): Named,
    Author(author): Author,
    expected: IfMatch,
) -> Result<Response, Problem> {
    services.source(&name).await?;
    let named = services.in_name_of(&author);
    named.remove_source(&name, expected.0).await?;
    match answer(&services, &name, StatusCode::ACCEPTED).await {
        Err(problem) if problem.is(Code::NoSuchSource) => {
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        answer => answer,
    }
}

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use drishti_model::{CollectSettings, Secret, SourceName, SourceProfile};
use drishti_services::sources::AddSource;
use drishti_services::{ServiceError, Services};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::view::{CollectChange, Source, Sources, merged};
use crate::body::Body;
use crate::principal::{Author, Scope};
use crate::problem::{Failure, Problem};

/// A source to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSource {
    /// Its name, which never changes.
    name: String,
    /// The workspace or organisation. Without one Asana is asked: each workspace that the token sees becomes a source, several as
    /// `NAME-GID`.
    workspace_gid: Option<String>,
    /// Asana's token. Without one the source only takes events from files. It is never shown again.
    #[schema(value_type = Option<String>, format = Password, write_only)]
    token: Option<Secret>,
    /// Base of Asana's API; Asana's own where it is left out.
    api_url: Option<String>,
    /// Free text.
    #[serde(default)]
    description: String,
    /// Sumo Logic's `_sourceCategory`.
    #[serde(default)]
    category: String,
    /// Metadata that every event of the source carries.
    #[serde(default)]
    fields: BTreeMap<String, String>,
    /// How it is collected. What is left out has its default.
    #[schema(value_type = Option<CollectChange>)]
    collect: Option<Map<String, Value>>,
}

impl NewSource {
    fn into_order(self) -> Result<AddSource, Problem> {
        let name = SourceName::new(self.name).map_err(ServiceError::from)?;
        let api_url = self.api_url;
        Ok(AddSource {
            name,
            workspace_gid: self.workspace_gid.filter(|gid| !gid.is_empty()),
            token: self.token.filter(|token| !token.is_empty()),
            profile: SourceProfile {
                workspace_gid: None,
                api_url: api_url.unwrap_or_else(|| SourceProfile::API_URL.to_owned()),
                description: self.description,
                category: self.category,
                fields: self.fields,
                collect: merged(&CollectSettings::default(), self.collect)?,
            },
            declared: false,
        })
    }
}

/// List all sources.
#[utoipa::path(
    get,
    path = "/sources",
    tag = "sources",
    responses((status = 200, description = "All sources, by name.", body = Sources), Failure<'static>)
)]
pub(crate) async fn list_sources(
    State(services): State<Services>,
    Scope(scope): Scope,
) -> Result<Json<Sources>, Problem> {
    let overviews = services.sources().await?;
    let seen = overviews
        .into_iter()
        .filter(|overview| scope.has(&overview.source.name));
    Ok(Json(Sources {
        sources: seen.map(Source::from).collect(),
    }))
}

/// Add a source, or one for each workspace that the token sees.
#[utoipa::path(
    post,
    path = "/sources",
    tag = "sources",
    request_body = NewSource,
    responses((status = 201, description = "What was added.", body = Sources), Failure<'static>)
)]
pub(crate) async fn create_source(
    State(services): State<Services>,
    Author(author): Author,
    Body(new): Body<NewSource>,
) -> Result<(StatusCode, Json<Sources>), Problem> {
    add(&services, new.into_order()?, &author).await
}

/// Adds what was ordered and answers with it.
pub(super) async fn add(
    services: &Services,
    order: AddSource,
    author: &str,
) -> Result<(StatusCode, Json<Sources>), Problem> {
    let mut sources = Vec::new();
    for added in services.in_name_of(author).add_source(order).await? {
        sources.push(Source::from(services.source(&added.name).await?));
    }
    Ok((StatusCode::CREATED, Json(Sources { sources })))
}

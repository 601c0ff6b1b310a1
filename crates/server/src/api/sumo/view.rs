use std::collections::BTreeMap;

use drishti_model::{HealthStatus, SourceProfile};
use drishti_services::sources::{SUMO_SCHEMA, SUMO_SOURCE_TYPES, SourceOverview, sumo_id};
use serde::Serialize;
use utoipa::ToSchema;

use super::COLLECTOR_ID;

/// What stands for a token.
const MASK: &str = "********";

/// The one collector.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SumoCollector {
    /// Always 1.
    id: u64,
    /// Its name.
    name: &'static str,
    /// What it is.
    description: &'static str,
    /// Empty.
    category: &'static str,
    /// Always `Hosted`.
    collector_type: &'static str,
    /// Always `UTC`.
    time_zone: &'static str,
    /// Version of Drishti.
    collector_version: &'static str,
    /// Always true.
    alive: bool,
    /// Empty.
    fields: BTreeMap<String, String>,
    /// Where its sources are.
    links: Vec<SumoLink>,
}

/// A way to something else.
#[derive(Debug, Serialize, ToSchema)]
struct SumoLink {
    /// What is there.
    rel: &'static str,
    /// Where, below `/api`.
    href: String,
}

impl SumoCollector {
    pub(super) const NAME: &'static str = "Drishti";

    pub(super) fn new() -> Self {
        Self {
            id: COLLECTOR_ID,
            name: Self::NAME,
            description: "This installation of Drishti",
            category: "",
            collector_type: "Hosted",
            time_zone: "UTC",
            collector_version: env!("CARGO_PKG_VERSION"),
            alive: true,
            fields: BTreeMap::new(),
            links: vec![SumoLink {
                rel: "sources",
                href: format!("/v1/collectors/{COLLECTOR_ID}/sources"),
            }],
        }
    }
}

/// A source as Sumo Logic's API tells of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SumoSource {
    /// Made of its name and the time of its addition. Not told with `download=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    /// What is configured.
    config: SumoConfig,
    /// What kind of source it is.
    schema_ref: SumoSchema,
    /// Always `Universal`.
    source_type: &'static str,
    /// Where it stands. Not told with `download=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<SumoState>,
    /// Whether it is healthy. Not told with `download=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    alive: Option<bool>,
}

/// What is configured of a source.
#[derive(Debug, Serialize, ToSchema)]
struct SumoConfig {
    /// Its name.
    name: String,
    /// Free text.
    description: String,
    /// The `_sourceCategory`.
    category: String,
    /// Metadata of its events.
    fields: BTreeMap<String, String>,
    /// Asterisks.
    #[serde(rename = "personalAccessToken")]
    personal_access_token: &'static str,
    /// The workspace or organisation.
    #[serde(rename = "workspaceID")]
    workspace_id: String,
    /// Base of Asana's API, where it is not Asana's own.
    #[serde(rename = "apiUrl", skip_serializing_if = "Option::is_none")]
    api_url: Option<String>,
}

/// What kind of source it is.
#[derive(Debug, Serialize, ToSchema)]
struct SumoSchema {
    /// Always `Asana`.
    #[serde(rename = "type")]
    kind: &'static str,
}

/// Where a source stands.
#[derive(Debug, Serialize, ToSchema)]
struct SumoState {
    /// Such as `Collecting`.
    state: &'static str,
}

impl SumoSource {
    pub(super) fn new(overview: SourceOverview) -> Self {
        let state = overview.state().map(|state| SumoState {
            state: state.as_str(),
        });
        let status = overview.status.as_ref().map(|status| status.status);
        let source = overview.source;
        let profile = source.profile.clone();
        Self {
            id: Some(sumo_id(&source)),
            config: SumoConfig {
                name: source.name.into(),
                description: profile.description,
                category: profile.category,
                fields: profile.fields,
                personal_access_token: if source.has_token { MASK } else { "" },
                workspace_id: profile.workspace_gid.unwrap_or_default(),
                api_url: Some(profile.api_url).filter(|url| url != SourceProfile::API_URL),
            },
            schema_ref: SumoSchema { kind: SUMO_SCHEMA },
            source_type: SUMO_SOURCE_TYPES[0],
            state,
            alive: Some(status != Some(HealthStatus::Unhealthy)),
        }
    }

    /// The same, as a file to import it from.
    pub(super) fn into_import(self) -> Self {
        Self {
            id: None,
            state: None,
            alive: None,
            ..self
        }
    }
}

/// Version of the form of files to import.
pub(super) const IMPORT_VERSION: &str = "v1";

/// One source.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SumoSourceEnvelope {
    /// `v1`, with `download=true`.
    #[serde(rename = "api.version", skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<&'static str>,
    /// The source.
    pub(super) source: SumoSource,
}

/// Several sources.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SumoSources {
    /// `v1`, with `download=true`.
    #[serde(rename = "api.version", skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<&'static str>,
    /// The sources, by name.
    pub(super) sources: Vec<SumoSource>,
}

/// One collector.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SumoCollectorEnvelope {
    /// The collector.
    pub(super) collector: SumoCollector,
}

/// Several collectors.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SumoCollectors {
    /// The collectors.
    pub(super) collectors: Vec<SumoCollector>,
}

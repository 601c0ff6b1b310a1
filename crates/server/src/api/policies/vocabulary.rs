use axum::Json;
use drishti_services::detect::{DETECTORS, fields};
use serde::Serialize;
use serde_json::Map;
use utoipa::ToSchema;

use super::view::PolicyParameter;
use crate::problem::Failure;

/// What policies are written with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyVocabulary {
    /// The fields of events that policies can name. Besides them there are `details.…` and whatever else stands in an event.
    fields: Vec<PolicyField>,
    /// The detectors of anomaly policies.
    detectors: Vec<PolicyDetector>,
}

/// A field that policies can name.
#[derive(Debug, Serialize, ToSchema)]
struct PolicyField {
    /// Its name.
    name: &'static str,
    /// `text`, `number`, `flag`, `time`, `list` or `any`.
    kind: &'static str,
    /// What it says, in words.
    meaning: &'static str,
    /// All values that it can have, where they are few; empty where they are not known beforehand.
    values: &'static [&'static str],
}

/// A detector of anomaly policies.
#[derive(Debug, Serialize, ToSchema)]
struct PolicyDetector {
    /// Its name.
    name: &'static str,
    /// Its parameters.
    parameters: Vec<PolicyParameter>,
}

/// List what policies are written with: the fields of events, and the detectors with their parameters.
#[utoipa::path(
    get,
    path = "/policies/vocabulary",
    tag = "policies",
    responses((status = 200, description = "The vocabulary.", body = PolicyVocabulary), Failure<'static>)
)]
pub(crate) async fn get_policy_vocabulary() -> Json<PolicyVocabulary> {
    let fields = fields().map(|field| PolicyField {
        name: field.name,
        kind: field.kind.as_str(),
        meaning: field.meaning,
        values: field.values,
    });
    let detectors = DETECTORS.map(|name| PolicyDetector {
        name,
        parameters: PolicyParameter::all_of(name, &Map::new()),
    });
    Json(PolicyVocabulary {
        fields: fields.collect(),
        detectors: detectors.into(),
    })
}

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use drishti_model::Severity;
use drishti_services::Services;
use drishti_services::detect::{Mode, Scope};
use drishti_services::policies::{PolicyChange, PolicyChangeView, Setting};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::view::PolicyDetail;
use crate::body::Body;
use crate::parameters::{Parameters, page_size};
use crate::preconditions::{IfMatch, etag};
use crate::principal::Author;
use crate::problem::{ChangeFailure, Code, Failure, Problem};

/// Show one policy.
#[utoipa::path(
    get,
    path = "/policies/{name}",
    tag = "policies",
    params(("name" = String, Path, description = "Name of the policy.")),
    responses(
        (status = 200, description = "The policy.", body = PolicyDetail, headers(("ETag" = String, description = "Revision of what is set about it."))),
        Failure<'static>
    )
)]
pub(crate) async fn get_policy(
    State(services): State<Services>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    answer(&services, &name).await
}

async fn answer(services: &Services, name: &str) -> Result<Response, Problem> {
    let policy = services.policy(name).await?;
    let settings = services.policy_settings().await?;
    let set = settings.iter().find(|set| set.policy == name);
    let tag = etag(set.map_or(0, |set| set.revision));
    Ok(([(ETAG, tag)], Json(PolicyDetail::new(&policy, set))).into_response())
}

/// What to set about a policy. What is left out stays as it is; null: as its file says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyPatch {
    /// `alert`, `record` or `off`.
    #[serde(default, deserialize_with = "setting")]
    #[schema(value_type = Option<String>)]
    mode: Option<Setting<Mode>>,
    /// How bad a match is.
    #[serde(default, deserialize_with = "setting")]
    #[schema(value_type = Option<String>)]
    severity: Option<Setting<Severity>>,
    /// Most alerts a day, 1 to 100,000.
    #[serde(default, deserialize_with = "setting")]
    #[schema(value_type = Option<u64>)]
    daily_cap: Option<Setting<u64>>,
    /// About whom it speaks: `include` and `exclude`, each with `people`, `groups` and `roles`.
    #[serde(default, deserialize_with = "setting")]
    #[schema(value_type = Option<Object>)]
    scope: Option<Setting<Scope>>,
    /// Parameters of its detector by name; a parameter that is null is as the file says.
    #[serde(default)]
    #[schema(value_type = Object)]
    parameters: BTreeMap<String, Value>,
    /// `false` lets a policy go on that is paused because it matched too often.
    paused: Option<bool>,
}

/// What is given: null means what the file says.
fn setting<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Setting<T>>, D::Error> {
    let given = Option::deserialize(deserializer)?;
    Ok(Some(given.map_or(Setting::File, Setting::To)))
}

impl PolicyPatch {
    fn change(self) -> PolicyChange {
        let parameters = self.parameters.into_iter();
        PolicyChange {
            mode: self.mode,
            severity: self.severity,
            daily_cap: self.daily_cap,
            scope: self.scope,
            parameters: parameters
                .map(|(name, value)| match value {
                    Value::Null => (name, Setting::File),
                    value => (name, Setting::To(value)),
                })
                .collect(),
        }
    }
}

/// Set something about a policy, in one change. What does not work with it is refused.
#[utoipa::path(
    patch,
    path = "/policies/{name}",
    tag = "policies",
    params(
        ("name" = String, Path, description = "Name of the policy."),
        ("If-Match" = Option<String>, Header, description = "The ETag that the change is made for.")
    ),
    request_body = PolicyPatch,
    responses(
        (status = 200, description = "The policy with what is set.", body = PolicyDetail, headers(("ETag" = String, description = "Revision of what is set about it."))),
        ChangeFailure<'static>
    )
)]
pub(crate) async fn change_policy(
    State(services): State<Services>,
    Path(name): Path<String>,
    Author(author): Author,
    IfMatch(revision): IfMatch,
    Body(patch): Body<PolicyPatch>,
) -> Result<Response, Problem> {
    let resumes = match patch.paused {
        Some(true) => {
            return Err(Problem::new(
                Code::InvalidBody,
                "`paused` can only be `false`: `mode` `off` keeps a policy quiet",
            ));
        }
        paused => paused.is_some(),
    };
    let change = patch.change();
    if change != PolicyChange::default() {
        services
            .change_policy(&name, change, revision, &author)
            .await?;
    }
    if resumes {
        services.resume_policy(&name, &author).await?;
    }
    answer(&services, &name).await
}

/// How many changes to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChangeParameters {
    /// Most changes: 1 to 500, 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// What was set about a policy, and by whom.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyChanges {
    /// The newest first.
    changes: Vec<PolicyChangeShown>,
}

/// One change of what is set about a policy.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyChange)]
struct PolicyChangeShown {
    /// When.
    at: DateTime<Utc>,
    /// Who did it; `detection` where it paused the policy.
    author: String,
    /// `changed`, `paused` or `resumed`.
    action: String,
    /// What was set before; null where nothing was.
    #[schema(value_type = Option<Object>, required)]
    before: Option<Value>,
    /// What was set after.
    #[schema(value_type = Option<Object>, required)]
    after: Option<Value>,
}

impl From<PolicyChangeView> for PolicyChangeShown {
    fn from(change: PolicyChangeView) -> Self {
        Self {
            at: change.at,
            author: change.author,
            action: change.action,
            before: change.before,
            after: change.after,
        }
    }
}

/// List what was set about a policy, and by whom; the newest first.
#[utoipa::path(
    get,
    path = "/policies/{name}/changes",
    tag = "policies",
    params(("name" = String, Path, description = "Name of the policy."), ChangeParameters),
    responses((status = 200, description = "The changes.", body = PolicyChanges), Failure<'static>)
)]
pub(crate) async fn list_policy_changes(
    State(services): State<Services>,
    Path(name): Path<String>,
    Parameters(parameters, _): Parameters<ChangeParameters>,
) -> Result<Json<PolicyChanges>, Problem> {
    let limit = page_size(parameters.limit)? as u64;
    services.policy(&name).await?;
    let changes = services.policy_history(Some(&name), limit).await?;
    Ok(Json(PolicyChanges {
        changes: changes.into_iter().map(PolicyChangeShown::from).collect(),
    }))
}

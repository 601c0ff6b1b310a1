use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use drishti_model::Severity;
use drishti_services::detect::{Mode, Policy, Scope};
use drishti_services::policies::{PolicyChange, PolicyChangeView, Setting, TextDifference};
use drishti_services::{ServiceError, Services};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::view::PolicyDetail;
use crate::body::Body;
use crate::parameters::{Parameters, Path, page_size};
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

pub(super) async fn answer(services: &Services, name: &str) -> Result<Response, Problem> {
    let knowledge = services.knowledge().await?;
    let settings = services.policy_settings().await?;
    let set = settings.iter().find(|set| set.policy == name);
    let called = |policy: &&Arc<Policy>| policy.id.as_str() == name;
    let file = knowledge.pack.policies.iter().find(called);
    let all = knowledge.policies_with(&settings);
    let policy = all.iter().find(called);
    let Some((policy, file)) = policy.zip(file) else {
        return Err(ServiceError::NoSuchPolicy(name.to_owned()).into());
    };
    let tag = etag(set.map_or(0, |set| set.revision));
    let shown = PolicyDetail::new(policy, file, knowledge.origin(&policy.id), set);
    Ok(([(ETAG, tag)], Json(shown)).into_response())
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
            resumes: false,
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
    expected: IfMatch,
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
    let change = PolicyChange {
        resumes,
        ..patch.change()
    };
    let changed = services.change_policy(&name, change, expected.0, &author);
    changed.await.map_err(|error| expected.failure(error))?;
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
    /// `changed`, `paused` or `resumed`; `created`, `replaced` or `removed` where its text was.
    action: String,
    /// What was set before; null where nothing was.
    #[schema(value_type = Option<Object>, required)]
    before: Option<Value>,
    /// What was set after.
    #[schema(value_type = Option<Object>, required)]
    after: Option<Value>,
    /// How its text differs, where that changed.
    #[schema(required)]
    difference: Option<Difference>,
}

/// How two texts differ.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TextDifference)]
struct Difference {
    /// The lines that differ, and some around them.
    lines: Vec<DifferenceLine>,
    /// Whether there are more of them.
    is_truncated: bool,
}

/// A line of a difference.
#[derive(Debug, Serialize, ToSchema)]
struct DifferenceLine {
    /// Its number in the text before, from 1; null where it is new.
    #[schema(required)]
    before: Option<usize>,
    /// Its number in the text after; null where it is gone.
    #[schema(required)]
    after: Option<usize>,
    /// The line.
    text: String,
}

impl From<TextDifference> for Difference {
    fn from(difference: TextDifference) -> Self {
        let lines = difference.lines.into_iter().map(|line| DifferenceLine {
            before: line.before,
            after: line.after,
            text: line.text,
        });
        Self {
            lines: lines.collect(),
            is_truncated: difference.is_truncated,
        }
    }
}

impl From<PolicyChangeView> for PolicyChangeShown {
    fn from(change: PolicyChangeView) -> Self {
        Self {
            at: change.at,
            author: change.author,
            action: change.action,
            before: change.before,
            after: change.after,
            difference: change.difference.map(Difference::from),
        }
    }
}

/// List what was set or written about a policy, and by whom; the newest first.
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

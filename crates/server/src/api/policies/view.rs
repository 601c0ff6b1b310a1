use chrono::{DateTime, Utc};
use drishti_services::detect::{Policy, PolicyKind};
use drishti_services::policies::{PolicySettingsView, word};
use drishti_services::{PolicyOverrides, PolicySettings};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A policy in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicySummary {
    /// Its stable name.
    name: String,
    /// It in one line.
    title: String,
    /// `alert`, `record` or `off`.
    mode: &'static str,
    /// `informational`, `low`, `medium`, `high` or `critical`; a match can be worse or better, where the policy says so.
    severity: &'static str,
    /// `activity` (in Sigma) or `anomaly` (a detector).
    kind: &'static str,
    /// Sigma's tags, such as `attack.t1556`.
    tags: Vec<String>,
    /// Where it was read from.
    file: String,
    /// Since when and why it is quiet, where it matched too often.
    #[schema(required)]
    paused: Option<Pause>,
    /// Whether something about it is set here.
    is_changed: bool,
}

/// Why a policy is quiet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyPause)]
pub(crate) struct Pause {
    /// Since when.
    since: DateTime<Utc>,
    /// Why, in words.
    why: String,
}

impl PolicySummary {
    pub(crate) fn new(policy: &Policy, set: Option<&PolicySettings>) -> Self {
        let paused = set.and_then(|set| set.paused.as_ref());
        Self {
            name: policy.id.to_string(),
            title: policy.title.clone(),
            mode: word(policy.mode),
            severity: policy.severity.as_str(),
            kind: match policy.kind {
                PolicyKind::Activity(_) => "activity",
                PolicyKind::Anomaly { .. } => "anomaly",
            },
            tags: policy.tags.clone(),
            file: policy.file.display().to_string(),
            paused: paused.map(|pause| Pause {
                since: pause.since,
                why: pause.why.clone(),
            }),
            is_changed: set.is_some_and(|set| set.overrides != PolicyOverrides::default()),
        }
    }
}

/// A policy with all it says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Policy)]
pub(crate) struct PolicyDetail {
    /// What lists show of it.
    policy: PolicySummary,
    /// What it looks for and why.
    description: String,
    /// Addresses and documents to read on.
    references: Vec<String>,
    /// Known harmless causes.
    false_positives: Vec<String>,
    /// What to do with an alert.
    runbook: String,
    /// The whole file.
    text: String,
    /// About whom it speaks: `include` and `exclude`, each with `people`, `groups` and `roles`.
    #[schema(value_type = Object)]
    scope: Value,
    /// Parameters of its detector; null for activity policies.
    #[schema(value_type = Option<Object>, required)]
    parameters: Option<Value>,
    /// How long matches join an alert, in seconds.
    window_seconds: i64,
    /// How many matches within the window make an alert.
    threshold: u32,
    /// What is set here instead of what the file says.
    settings: PolicySettingsShown,
}

/// What is set about a policy; null: as its file says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicySettings)]
pub(crate) struct PolicySettingsShown {
    /// `alert`, `record` or `off`.
    #[schema(required)]
    mode: Option<String>,
    /// How bad a match is.
    #[schema(required)]
    severity: Option<&'static str>,
    /// Most alerts a day.
    #[schema(required)]
    daily_cap: Option<u64>,
    /// About whom it speaks.
    #[schema(value_type = Option<Object>, required)]
    scope: Option<Value>,
    /// Parameters of its detector.
    #[schema(value_type = Option<Object>, required)]
    parameters: Option<Value>,
    /// One more with each change; what `If-Match` names.
    revision: i64,
}

impl From<PolicySettingsView> for PolicySettingsShown {
    fn from(set: PolicySettingsView) -> Self {
        Self {
            mode: set.mode,
            severity: set.severity.map(drishti_model::Severity::as_str),
            daily_cap: set.daily_cap,
            scope: set.scope,
            parameters: set.parameters,
            revision: set.revision,
        }
    }
}

impl PolicyDetail {
    pub(crate) fn new(policy: &Policy, set: Option<&PolicySettings>) -> Self {
        let parameters = match &policy.kind {
            PolicyKind::Anomaly { parameters, .. } => Some(Value::Object(parameters.clone())),
            PolicyKind::Activity(_) => None,
        };
        Self {
            policy: PolicySummary::new(policy, set),
            description: policy.description.clone(),
            references: policy.references.clone(),
            false_positives: policy.false_positives.clone(),
            runbook: policy.runbook.clone(),
            text: policy.text.to_string(),
            scope: serde_json::to_value(&policy.scope).unwrap_or_default(),
            parameters,
            window_seconds: policy.grouping.window.num_seconds(),
            threshold: policy.grouping.threshold,
            settings: set
                .map_or_else(PolicySettingsView::default, PolicySettingsView::from)
                .into(),
        }
    }
}

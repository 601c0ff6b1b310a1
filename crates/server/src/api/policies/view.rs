use chrono::{DateTime, Utc};
use drishti_services::detect::{
    Parameter, ParameterRange, Policy, PolicyKind, detector_parameters,
};
use drishti_services::policies::{Origin, PolicySettingsView, word};
use drishti_services::{PolicyOverrides, PolicySettings};
use serde::Serialize;
use serde_json::{Map, Value};
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
    /// `shipped` with the program, in a `file` of the owner's, or written here: `own`.
    origin: &'static str,
    /// Since when and why it is quiet, where it matched too often.
    #[schema(required)]
    paused: Option<Pause>,
    /// Most alerts a day before the rest is kept as capped, where that is set here; null: as usual.
    #[schema(required)]
    daily_cap: Option<u64>,
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
    pub(crate) fn new(policy: &Policy, origin: Origin, set: Option<&PolicySettings>) -> Self {
        let paused = set.and_then(|set| set.paused.as_ref());
        Self {
            name: policy.id.to_string(),
            title: policy.title.clone(),
            mode: word(policy.mode),
            severity: policy.severity.as_str(),
            kind: kind(policy),
            tags: policy.tags.clone(),
            file: policy.file.display().to_string(),
            origin: origin.as_str(),
            paused: paused.map(|pause| Pause {
                since: pause.since,
                why: pause.why.clone(),
            }),
            daily_cap: set.and_then(|set| set.overrides.daily_cap),
            is_changed: set.is_some_and(|set| set.overrides != PolicyOverrides::default()),
        }
    }
}

/// The word for what a policy looks for.
pub(super) fn kind(policy: &Policy) -> &'static str {
    match policy.kind {
        PolicyKind::Activity(_) => "activity",
        PolicyKind::Anomaly { .. } => "anomaly",
    }
}

/// A parameter of a detector, as it is published.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PolicyParameter {
    /// Its name.
    name: &'static str,
    /// `count` (a whole number), `number`, `flag`, `choice` (one of some words) or `words`.
    kind: &'static str,
    /// What it is where neither file nor settings say.
    #[schema(value_type = Value)]
    default: Value,
    /// The least number; null where it is none.
    #[schema(required)]
    minimum: Option<f64>,
    /// The greatest number, or most words; null where there is no bound.
    #[schema(required)]
    maximum: Option<f64>,
    /// The words to choose from.
    choices: Vec<String>,
}

impl PolicyParameter {
    /// All parameters of a detector that works with these, in its order.
    pub(super) fn all_of(detector: &str, given: &Map<String, Value>) -> Vec<Self> {
        let parameters = detector_parameters(detector, given).into_iter();
        parameters.map(Self::from).collect()
    }
}

impl From<Parameter> for PolicyParameter {
    fn from(parameter: Parameter) -> Self {
        let (kind, minimum, maximum, choices) = match parameter.range {
            ParameterRange::Count(least, most) => {
                ("count", Some(least.into()), Some(most.into()), Vec::new())
            }
            ParameterRange::Number(least, most) => ("number", Some(least), Some(most), Vec::new()),
            ParameterRange::Flag => ("flag", None, None, Vec::new()),
            ParameterRange::Choice(words) => ("choice", None, None, words),
            ParameterRange::Words(most) => {
                let most = u32::try_from(most).unwrap_or(u32::MAX);
                ("words", None, Some(most.into()), Vec::new())
            }
        };
        Self {
            name: parameter.name,
            kind,
            default: parameter.default,
            minimum,
            maximum,
            choices,
        }
    }
}

/// What the file of a policy says of what can be set here.
#[derive(Debug, Serialize, ToSchema)]
struct PolicyPublished {
    /// `alert`, `record` or `off`.
    mode: &'static str,
    /// How bad a match is.
    severity: &'static str,
    /// About whom it speaks.
    #[schema(value_type = Object)]
    scope: Value,
    /// Parameters of its detector that the file gives; null for activity policies.
    #[schema(value_type = Option<Object>, required)]
    parameters: Option<Value>,
}

impl PolicyPublished {
    fn of(file: &Policy) -> Self {
        Self {
            mode: word(file.mode),
            severity: file.severity.as_str(),
            scope: scope(file),
            parameters: parameters(file),
        }
    }
}

fn scope(policy: &Policy) -> Value {
    serde_json::to_value(&policy.scope).unwrap_or_default()
}

fn parameters(policy: &Policy) -> Option<Value> {
    match &policy.kind {
        PolicyKind::Anomaly { parameters, .. } => Some(Value::Object(parameters.clone())),
        PolicyKind::Activity(_) => None,
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
    /// Files of filters that narrow its rules.
    narrowed_by: Vec<String>,
    /// About whom it speaks: `include` and `exclude`, each with `people`, `groups` and `roles`.
    #[schema(value_type = Object)]
    scope: Value,
    /// Parameters of its detector; null for activity policies.
    #[schema(value_type = Option<Object>, required)]
    parameters: Option<Value>,
    /// What parameters its detector has; empty for activity policies.
    parameters_known: Vec<PolicyParameter>,
    /// What its file says of what can be set.
    published: PolicyPublished,
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
    /// `file` is the policy as its file says, without what is set about it.
    pub(crate) fn new(
        policy: &Policy,
        file: &Policy,
        origin: Origin,
        set: Option<&PolicySettings>,
    ) -> Self {
        let parameters_known = match &policy.kind {
            PolicyKind::Anomaly {
                detector,
                parameters,
            } => PolicyParameter::all_of(detector, parameters),
            PolicyKind::Activity(_) => Vec::new(),
        };
        Self {
            policy: PolicySummary::new(policy, origin, set),
            description: policy.description.clone(),
            references: policy.references.clone(),
            false_positives: policy.false_positives.clone(),
            runbook: policy.runbook.clone(),
            text: policy.text.to_string(),
            narrowed_by: policy
                .filters
                .iter()
                .map(|filters| filters.file.display().to_string())
                .collect(),
            scope: scope(policy),
            parameters: parameters(policy),
            parameters_known,
            published: PolicyPublished::of(file),
            window_seconds: policy.grouping.window.num_seconds(),
            threshold: policy.grouping.threshold,
            settings: set
                .map_or_else(PolicySettingsView::default, PolicySettingsView::from)
                .into(),
        }
    }
}

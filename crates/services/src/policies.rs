//! What is set about policies here, beside what their files say, and those that are written here.

mod draft;
mod files;
mod history;
mod own;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use drishti_detect::{Detector, GroupingSettings, Mode, Policy, PolicyError, PolicyKind, Scope};
use drishti_ledger::{PolicyOverrides, PolicySettings, PolicyStep};
use drishti_model::{AccountRole, Severity};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{ServiceError, Services};

pub use draft::DraftCheck;
pub use history::{DIFFERENCE_LINES_MAX, DifferenceLine, PolicyChangeView, TextDifference};
pub use own::Origin;

/// Most alerts a day that a policy can be set to make.
pub const DAILY_CAP_MAX: u64 = 100_000;

/// How something is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting<T> {
    /// As the file says.
    File,
    /// Like this, whatever the file says.
    To(T),
}

impl<T> Setting<T> {
    /// What takes the place of what the file says.
    fn instead(self) -> Option<T> {
        match self {
            Self::File => None,
            Self::To(value) => Some(value),
        }
    }
}

impl<T: FromStr<Err: Display>> FromStr for Setting<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "file" => Ok(Self::File),
            _ => match text.parse() {
                Ok(value) => Ok(Self::To(value)),
                Err(problem) => Err(format!("{problem}, or `file`")),
            },
        }
    }
}

/// How a policy is to be set; what is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyChange {
    /// Whether it alerts, only records, or is off.
    pub mode: Option<Setting<Mode>>,
    /// How bad a match is.
    pub severity: Option<Setting<Severity>>,
    /// How many alerts a day it makes before they are kept as capped.
    pub daily_cap: Option<Setting<u64>>,
    /// About whom it speaks.
    pub scope: Option<Setting<Scope>>,
    /// Parameters of its detector, by name.
    pub parameters: BTreeMap<String, Setting<Value>>,
    /// Whether it goes on where it is paused because it matched too often.
    pub resumes: bool,
}

/// What is set about a policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PolicySettingsView {
    /// Instead of the mode in its file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Instead of the severity in its file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Instead of the usual daily cap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daily_cap: Option<u64>,
    /// Instead of the scope in its file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Value>,
    /// Instead of those parameters in its file that have the same names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
    /// One more with each change; 0 where nothing was ever set.
    pub revision: i64,
}

impl From<&PolicySettings> for PolicySettingsView {
    fn from(set: &PolicySettings) -> Self {
        let parsed = |text: &Option<String>| serde_json::from_str(text.as_deref()?).ok();
        let overrides = &set.overrides;
        Self {
            mode: overrides.mode.clone(),
            severity: overrides.severity,
            daily_cap: overrides.daily_cap,
            scope: parsed(&overrides.scope),
            parameters: parsed(&overrides.parameters),
            revision: set.revision,
        }
    }
}

impl PolicyChange {
    /// What differs from the file, with this change.
    fn onto(self, mut overrides: PolicyOverrides) -> PolicyOverrides {
        if let Some(mode) = self.mode {
            overrides.mode = mode.instead().map(|mode| word(mode).to_owned());
        }
        if let Some(severity) = self.severity {
            overrides.severity = severity.instead();
        }
        if let Some(most) = self.daily_cap {
            overrides.daily_cap = most.instead();
        }
        if let Some(scope) = self.scope {
            // Names in lists always have a JSON form.
            overrides.scope = scope
                .instead()
                .and_then(|scope| serde_json::to_string(&scope).ok());
        }
        let before = overrides.parameters.as_deref().unwrap_or_default();
        let mut parameters: Map<String, Value> = serde_json::from_str(before).unwrap_or_default();
        for (name, setting) in self.parameters {
            match setting {
                Setting::File => drop(parameters.remove(&name)),
                Setting::To(value) => drop(parameters.insert(name, value)),
            }
        }
        overrides.parameters =
            (!parameters.is_empty()).then(|| Value::Object(parameters).to_string());
        overrides
    }

    /// What is wrong with it for `policy`, and what to do about it.
    fn fault(&self, policy: &Policy) -> Option<(String, String)> {
        let has_parameters = matches!(policy.kind, PolicyKind::Anomaly { .. });
        if !self.parameters.is_empty() && !has_parameters {
            return Some((
                "it has no parameters, because it counts on no detector".to_owned(),
                "Change its file, or set its severity, daily cap or scope.".to_owned(),
            ));
        }
        if let Some(Setting::To(most)) = self.daily_cap
            && !(1..=DAILY_CAP_MAX).contains(&most)
        {
            return Some((
                format!("its daily cap is {most}, not 1 to {DAILY_CAP_MAX}"),
                "The mode `record` makes no alerts at all.".to_owned(),
            ));
        }
        let Some(Setting::To(scope)) = &self.scope else {
            return None;
        };
        let roles = scope.include.roles.iter().chain(&scope.exclude.roles);
        let fault = roles
            .map(|role| role.parse::<AccountRole>())
            .find_map(Result::err)?;
        Some((fault, "Use admin, member, guest or view_only.".to_owned()))
    }
}

/// The word for a mode in files and in the ledger.
pub fn word(mode: Mode) -> &'static str {
    match mode {
        Mode::Alert => "alert",
        Mode::Record => "record",
        Mode::Off => "off",
    }
}

impl Services {
    /// The policy of this name, with what was set about it.
    pub async fn policy(&self, name: &str) -> Result<Arc<Policy>, ServiceError> {
        let known = self.policies().await?.into_iter();
        let mut called = known.filter(|policy| policy.id.as_str() == name);
        let missing = || ServiceError::NoSuchPolicy(name.to_owned());
        called.next().ok_or_else(missing)
    }

    /// What is set about all policies, by policy.
    pub async fn policy_settings(&self) -> Result<Vec<PolicySettings>, ServiceError> {
        Ok(self.ledger.all_policy_settings().await?)
    }

    /// Sets something about a policy, if it works with it, in one change; with `expected_revision`, only where its settings still have
    /// it (0: nothing was ever set).
    pub async fn change_policy(
        &self,
        name: &str,
        change: PolicyChange,
        expected_revision: Option<i64>,
        author: &str,
    ) -> Result<PolicySettingsView, ServiceError> {
        let refused = |(problem, advice): (String, String)| ServiceError::Refused {
            doing: format!("setting policy `{name}`"),
            problem,
            advice,
        };
        let policy = self.policy(name).await?;
        let resumes = change.resumes;
        let sets_something = change
            != PolicyChange {
                resumes,
                ..PolicyChange::default()
            };
        if let Some(fault) = change.fault(&policy) {
            return Err(refused(fault));
        }
        let now = self.clock.now();
        let known = self.ledger.policy_settings(name).await?;
        let known = known.unwrap_or_else(|| nothing_set(name, now));
        let set = PolicySettings {
            overrides: change.onto(known.overrides.clone()),
            ..known
        };
        let error = self.compile(&set).await?;
        if let Some(error) = error {
            return Err(refused((error.problem, error.advice.unwrap_or_default())));
        }
        let step = PolicyStep {
            overrides: sets_something.then_some(&set.overrides),
            resumes,
        };
        // What stays as it is was just read.
        let expected = expected_revision.or(sets_something.then_some(set.revision));
        let ledger = &self.ledger;
        let stored = ledger.change_policy_settings(name, step, expected, author, now);
        Ok(PolicySettingsView::from(&stored.await?))
    }

    /// What is wrong with a policy that is set like this.
    async fn compile(&self, set: &PolicySettings) -> Result<Option<PolicyError>, ServiceError> {
        let policies = self.knowledge().await?;
        let policies = policies.policies_with(std::slice::from_ref(set));
        let policies: Vec<Arc<Policy>> = policies
            .into_iter()
            .filter(|policy| policy.id.as_str() == set.policy)
            .collect();
        let (_, errors) = Detector::new("test", &policies, GroupingSettings::default());
        Ok(errors.into_iter().next())
    }

    /// Lets a paused policy go on.
    pub async fn resume_policy(
        &self,
        name: &str,
        author: &str,
    ) -> Result<PolicySettingsView, ServiceError> {
        self.policy(name).await?;
        let now = self.clock.now();
        let resumed = self.ledger.resume_policy(name, author, now).await?;
        Ok(PolicySettingsView::from(&resumed))
    }
}

fn nothing_set(policy: &str, now: DateTime<Utc>) -> PolicySettings {
    PolicySettings {
        policy: policy.to_owned(),
        overrides: PolicyOverrides::default(),
        paused: None,
        resumed_at: None,
        revision: 0,
        updated_at: now,
        updated_by: String::new(),
    }
}

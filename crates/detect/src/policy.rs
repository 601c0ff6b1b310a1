//! Policies: what is looked for, as data. Every kind of policy has the same frame.

mod duration;
mod error;
pub(crate) mod example;
mod filters;
mod frame;
mod lines;
mod lint;
mod nearest;
mod pack;
mod run;
mod scope;
mod section;
mod yaml;

use std::path::PathBuf;
use std::sync::Arc;

use chrono::TimeDelta;
use drishti_model::Severity;
use serde::{Deserialize, Serialize};

use crate::PolicyId;

pub use error::PolicyError;
pub(crate) use error::Problem;
pub use filters::FilterFile;
pub(crate) use lint::Note;
pub use lint::{Remark, RemarkLevel, lint};
pub(crate) use nearest::nearest;
pub use pack::{POLICIES_MAX, POLICY_FILE_BYTES_MAX, Pack};
pub use run::{Evaluate, TestReport, TestResult, run_tests};

/// A policy as read from its file.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Stable name, `drishti.name` in the file.
    pub id: PolicyId,
    /// One line for people.
    pub title: String,
    /// What it looks for and why, in words.
    pub description: String,
    /// How bad a match is, unless `severities` says otherwise.
    pub severity: Severity,
    /// Whether that was set here, in place of the levels that its rules have in the file.
    pub severity_is_set: bool,
    /// Sigma's tags, such as `attack.t1556`.
    pub tags: Vec<String>,
    /// Addresses and documents to read on.
    pub references: Vec<String>,
    /// Known harmless causes.
    pub false_positives: Vec<String>,
    /// What to do with an alert, in words.
    pub runbook: String,
    /// Whether it alerts, only records, or is off.
    pub mode: Mode,
    /// About whom.
    pub scope: Scope,
    /// Which matches make one alert.
    pub grouping: Grouping,
    /// Where it was read from.
    pub file: PathBuf,
    /// The whole file.
    pub text: Arc<str>,
    /// What it looks for.
    pub kind: PolicyKind,
    /// Filters of other files that narrow its rules.
    pub filters: Vec<Arc<FilterFile>>,
    /// Examples that must and must not fire.
    pub tests: Vec<PolicyTest>,
}

/// What a match of a policy comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It makes an alert.
    #[default]
    Alert,
    /// It is kept and adds to the risk of the person, without an alert (Defender's *behaviours*).
    Record,
    /// Nothing is looked for.
    Off,
}

/// About whom a policy speaks. Nobody named under `include` means everybody; `exclude` wins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scope {
    /// Only these.
    pub include: Audience,
    /// Never these.
    pub exclude: Audience,
}

/// Somebody named in one of these ways.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Audience {
    /// Gids or e-mail addresses.
    pub people: Vec<String>,
    /// Names of groups.
    pub groups: Vec<String>,
    /// `admin`, `member`, `guest` or `view_only`.
    pub roles: Vec<String>,
}

/// Which matches of a policy make one alert: as Panther defines it, but by the time of the events (`sumo-panther.md`, section 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grouping {
    /// Matches with the same key within this time after the first one join its alert.
    pub window: TimeDelta,
    /// So many matches within the window make an alert.
    pub threshold: u32,
    /// What a match does whose alert was resolved in the meantime.
    pub after_resolution: AfterResolution,
}

impl Default for Grouping {
    fn default() -> Self {
        Self {
            window: TimeDelta::minutes(60),
            threshold: 1,
            after_resolution: AfterResolution::default(),
        }
    }
}

/// What becomes of a match whose alert is resolved. It is never swallowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterResolution {
    /// The alert is new again.
    #[default]
    Reopen,
    /// Another alert begins.
    OpenAnew,
}

/// What a policy looks for.
#[derive(Clone, Debug, PartialEq)]
pub enum PolicyKind {
    /// Activity, in Sigma.
    Activity(Box<Activity>),
    /// A detector that is code, with its parameters.
    Anomaly {
        /// Such as `impossible_travel`.
        detector: String,
        /// Read by the detector, which refuses unknown names.
        parameters: serde_json::Map<String, serde_json::Value>,
    },
}

/// How activity is told; the Sigma documents are the policy's text.
#[derive(Clone, Debug, PartialEq)]
pub struct Activity {
    /// The title of an alert, with fields in braces: `{actor.email} made SAML optional`.
    pub alert_title: String,
    /// What an alert is about.
    pub subject: Subject,
    /// Fields whose values, joined, group matches; empty: the subject.
    pub group_by: Vec<String>,
    /// The first whose conditions fit decides the severity.
    pub severities: Vec<SeverityCase>,
}

/// What an alert of an activity policy is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Who did it: a person, or a service account.
    #[default]
    Actor,
    /// The client address.
    Address,
    /// The OAuth app.
    App,
    /// What it was done to.
    Resource,
    /// The workspace.
    Organisation,
}

/// A severity for matches that fit a Sigma selection.
#[derive(Clone, Debug, PartialEq)]
pub struct SeverityCase {
    /// A Sigma selection as JSON; `None` always fits.
    pub when: Option<serde_json::Value>,
    /// The severity then; `None`: no finding at all.
    pub severity: Option<Severity>,
}

/// An example in a policy's file.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyTest {
    /// What it shows.
    pub name: String,
    /// Whether the policy must speak.
    pub fires: bool,
    /// The severity that the last finding must have, where it matters.
    pub severity: Option<Severity>,
    /// What the directory knows, as in `docs/POLICIES.md`.
    pub people: Vec<serde_json::Value>,
    /// The events in order, as in `docs/POLICIES.md`.
    pub events: Vec<serde_json::Value>,
}

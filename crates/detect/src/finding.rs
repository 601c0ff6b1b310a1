use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use drishti_model::Severity;
use serde::{Deserialize, Serialize};

/// Most events that a finding names; of more, the first and the newest are kept.
pub const FINDING_EVENTS_MAX: usize = 100;

/// The stable name of a policy, such as `asana.saml_optional` or `anomaly.impossible_travel`. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PolicyId(Arc<str>);

impl PolicyId {
    /// Takes `text` as a name; whoever reads policies checks its form.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PolicyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What one policy found at one event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Which policy.
    pub policy: PolicyId,
    /// One line for people.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// When the event happened that completed it.
    pub at: DateTime<Utc>,
    /// Whom or what it is about.
    pub entity: Entity,
    /// Findings of a policy with the same text belong together.
    pub dedup: String,
    /// The events that it rests on, the oldest first; at most [`FINDING_EVENTS_MAX`].
    pub events: Vec<EventReference>,
    /// Why.
    pub explanation: Explanation,
}

/// Whom or what a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Entity {
    /// What it is.
    pub kind: EntityKind,
    /// Asana's gid where there is one, else the address, the name of the app, and so on.
    pub id: String,
    /// For people: an e-mail address or a display name.
    pub name: Option<String>,
}

/// What a finding can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    /// Somebody.
    Person,
    /// A service account.
    ServiceAccount,
    /// An OAuth app.
    App,
    /// A client address.
    Address,
    /// Something in Asana, such as a project.
    Resource,
    /// The workspace as a whole.
    Organisation,
}

impl EntityKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Person,
        Self::ServiceAccount,
        Self::App,
        Self::Address,
        Self::Resource,
        Self::Organisation,
    ];

    /// The word in alerts, the ledger and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::ServiceAccount => "service_account",
            Self::App => "app",
            Self::Address => "address",
            Self::Resource => "resource",
            Self::Organisation => "organisation",
        }
    }
}

/// Points to an event in the lake.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EventReference {
    /// Asana's id of the event.
    pub gid: String,
    /// When it happened; with the gid it is found quickly.
    pub created_at: DateTime<Utc>,
}

/// Why a policy speaks, for somebody who has never seen it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// What was expected, a sentence.
    pub expected: String,
    /// What was seen, a sentence.
    pub seen: String,
    /// The numbers that were compared.
    pub comparisons: Vec<Comparison>,
    /// Why no suppression applied, a sentence each.
    pub not_suppressed: Vec<String>,
    /// How rare the attributes of the event are for the person and for the organisation.
    pub rarity: Vec<Rarity>,
}

/// A number that was compared with a limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// What it counts or measures, with its unit, such as `speed in km/h`.
    pub what: String,
    /// What was seen.
    pub seen: f64,
    /// What it was compared with.
    pub limit: f64,
}

/// How rare one attribute of an event is, as seen before the event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rarity {
    /// `country`, `asn`, `device`, `device_kind`, `event_type`, `app`.
    pub attribute: String,
    /// Its value.
    pub value: String,
    /// Days since the person last had it; `None` where never.
    pub person_last_seen_days: Option<f64>,
    /// Days since anybody last had it; `None` where never.
    pub organisation_last_seen_days: Option<f64>,
}

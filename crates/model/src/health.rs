use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{SourceName, SourceState};

/// Whose fault a problem is, and so whether trying again can help (`sumo-panther.md`, section 1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ErrorKind {
    /// The token, workspace or plan is wrong: nothing is tried until the source is changed or restarted.
    ThirdPartyConfig,
    /// Asana does not answer as it should: tried again, ever slower, without end.
    ThirdPartyGeneric,
    /// Our disk, database or lake: tried again, ever slower, without end.
    FirstPartyGeneric,
}

impl ErrorKind {
    /// The name in the ledger and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ThirdPartyConfig => "ThirdPartyConfig",
            Self::ThirdPartyGeneric => "ThirdPartyGeneric",
            Self::FirstPartyGeneric => "FirstPartyGeneric",
        }
    }
}

impl FromStr for ErrorKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [
            Self::ThirdPartyConfig,
            Self::ThirdPartyGeneric,
            Self::FirstPartyGeneric,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or_else(|| format!("no error kind is called `{text}`"))
    }
}

/// Whether the source works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HealthStatus {
    /// It does.
    Healthy,
    /// It does not, or not as it should.
    Unhealthy,
}

impl HealthStatus {
    /// The word in the ledger and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "Healthy",
            Self::Unhealthy => "Unhealthy",
        }
    }
}

/// How bad a health event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum HealthSeverity {
    /// A change worth knowing.
    Information,
    /// Collection goes on, but something needs a look.
    Warning,
    /// Collection stands still.
    Error,
}

impl HealthSeverity {
    /// The word in the ledger and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Information => "Information",
            Self::Warning => "Warning",
            Self::Error => "Error",
        }
    }
}

/// One change in the health of a source, in the shape of Sumo Logic's health events (`sumo-panther.md`, section 1.6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthEvent {
    /// Which source.
    pub source: SourceName,
    /// When it changed.
    pub at: DateTime<Utc>,
    /// The state from then on.
    pub state: SourceState,
    /// Whether it works from then on.
    pub status: HealthStatus,
    /// How bad it is.
    pub severity: HealthSeverity,
    /// Whose fault it is; `None` where nothing is wrong.
    pub kind: Option<ErrorKind>,
    /// A stable name such as `TokenRejected`, `LogDropOff` or `Collecting`.
    pub name: String,
    /// What happened, in words.
    pub reason: String,
    /// What to do, in words; empty where nothing needs doing.
    pub advice: String,
}

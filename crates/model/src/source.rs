use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The instance name of a source, unique in one installation. It stands in the lake's `source` column and never changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourceName(String);

/// Why a text cannot name a source.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum NameError {
    /// Empty, or longer than [`SourceName::LENGTH_MAX`] characters.
    #[error("a source name has 1 to 128 characters, this one has {0}")]
    Length(usize),
    /// Contains a character that names may not have.
    #[error(
        "a source name can't contain {0:?}; use letters, digits, spaces and punctuation other than a slash"
    )]
    Character(char),
    /// Begins or ends with white space.
    #[error("a source name can't begin or end with white space")]
    Padding,
}

impl SourceName {
    /// Most characters in a name (Sumo Logic's limit for a collector's name).
    pub const LENGTH_MAX: usize = 128;

    /// Checks `text` and makes it a name.
    pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
        let text = text.into();
        let length = text.chars().count();
        if length == 0 || length > Self::LENGTH_MAX {
            return Err(NameError::Length(length));
        }
        if text.trim().len() != text.len() {
            return Err(NameError::Padding);
        }
        match text
            .chars()
            .find(|&c| c.is_control() || c == '/' || c == '\\')
        {
            Some(character) => Err(NameError::Character(character)),
            None => Ok(Self(text)),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for SourceName {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl TryFrom<String> for SourceName {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl From<SourceName> for String {
    fn from(name: SourceName) -> Self {
        name.0
    }
}

/// What is configured of a source, apart from its token. `description`, `category` and `fields` are Sumo Logic's metadata
/// (`sumo-panther.md`, sections 1.2 and 1.8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceProfile {
    /// The workspace or organisation that is collected. A source without one only takes events from files.
    pub workspace_gid: Option<String>,
    /// Base of Asana's API, such as `https://app.asana.com/api/1.0`.
    pub api_url: String,
    /// Free text.
    #[serde(default)]
    pub description: String,
    /// Sumo Logic's `_sourceCategory`.
    #[serde(default)]
    pub category: String,
    /// Metadata that every event of the source carries.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// How it is collected.
    #[serde(default)]
    pub collect: CollectSettings,
}

impl SourceProfile {
    /// Asana's public API (`asana-api.md`, section 1).
    pub const API_URL: &'static str = "https://app.asana.com/api/1.0";
}

/// In which order the first 90 days are fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backfill {
    /// In time order.
    #[default]
    Oldest,
    /// Today becomes visible first.
    Newest,
}

/// How a source is collected. All have a default; durations are in seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CollectSettings {
    /// Time between two polls.
    pub poll_interval_seconds: u32,
    /// Days fetched at the first connection; Asana keeps 90.
    pub backfill_days: u32,
    /// Order of the first fetch.
    pub backfill_order: Backfill,
    /// How far back each sweep reads again, so that events which became visible late are found.
    pub overlap_seconds: u32,
    /// Reads side by side; Asana allows 50 a token.
    pub concurrent_reads: u32,
    /// Requests a minute; Asana allows 1,500 a token on paid plans. 0 leaves it to Asana's own answers.
    pub requests_per_minute: u32,
    /// Silence that raises the log drop-off alarm. 0 switches it off.
    pub drop_off_seconds: u32,
    /// Whether Saturdays and Sundays (UTC) count towards the silence: `None` learns it from the weekends seen so far.
    pub drop_off_on_weekends: Option<bool>,
}

impl CollectSettings {
    /// Days that Asana keeps audit events (`asana-api.md`, section 2).
    pub const RETENTION_DAYS: u32 = 90;
    /// Reads that Asana answers at once for a token (`asana-api.md`, section 4).
    pub const CONCURRENT_READS_MAX: u32 = 50;
    /// Requests a minute on a paid plan (`asana-api.md`, section 4).
    pub const REQUESTS_PER_MINUTE: u32 = 1_500;
}

impl Default for CollectSettings {
    fn default() -> Self {
        Self {
            poll_interval_seconds: 60,
            backfill_days: Self::RETENTION_DAYS,
            backfill_order: Backfill::Oldest,
            overlap_seconds: 900,
            concurrent_reads: Self::CONCURRENT_READS_MAX,
            requests_per_minute: Self::REQUESTS_PER_MINUTE,
            drop_off_seconds: 86_400,
            drop_off_on_weekends: None,
        }
    }
}

/// What the owner wants of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DesiredState {
    /// Collect.
    Running,
    /// Keep everything, fetch nothing.
    Paused,
    /// Stop, then forget the source. Its events stay in the lake.
    Removed,
}

impl DesiredState {
    /// The word in the ledger and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Removed => "removed",
        }
    }
}

impl FromStr for DesiredState {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Running, Self::Paused, Self::Removed]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| format!("no desired state is called `{text}`"))
    }
}

/// Where a source stands: the states of Sumo Logic's Asana source (`sumo-panther.md`, section 1.3), and `Paused`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SourceState {
    /// Configured and stored, no task yet.
    Pending,
    /// A task exists.
    Started,
    /// The task has its settings, its place in the lake and its lease.
    Initialized,
    /// Asana accepted the token and let us read the audit log.
    Authenticated,
    /// Events are being fetched.
    Collecting,
    /// Something is wrong; the newest health event says what.
    Error,
    /// Being removed or shut down.
    Stopping,
    /// Set aside by the owner.
    Paused,
}

impl SourceState {
    /// All states, in the order of a source's life.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Started,
        Self::Initialized,
        Self::Authenticated,
        Self::Collecting,
        Self::Error,
        Self::Stopping,
        Self::Paused,
    ];

    /// The word in the ledger, the API and on screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Started => "Started",
            Self::Initialized => "Initialized",
            Self::Authenticated => "Authenticated",
            Self::Collecting => "Collecting",
            Self::Error => "Error",
            Self::Stopping => "Stopping",
            Self::Paused => "Paused",
        }
    }
}

impl fmt::Display for SourceState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for SourceState {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| format!("no source state is called `{text}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        assert!(SourceName::new("Asana – Berlin (prod)").is_ok());
        assert_eq!(SourceName::new(""), Err(NameError::Length(0)));
        assert_eq!(
            SourceName::new("x".repeat(129)),
            Err(NameError::Length(129))
        );
        assert_eq!(SourceName::new(" a"), Err(NameError::Padding));
        assert_eq!(SourceName::new("a/b"), Err(NameError::Character('/')));
        assert_eq!(SourceName::new("a\0b"), Err(NameError::Character('\0')));
    }

    #[test]
    fn states_are_read_as_they_are_written() {
        for state in SourceState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert!("Sleeping".parse::<SourceState>().is_err());
    }
}

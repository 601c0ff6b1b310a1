//! From findings to alerts: what belongs together becomes one alert that grows.

use chrono::{DateTime, Utc};
use drishti_model::Severity;
use serde::{Deserialize, Serialize};

use crate::{Entity, EventReference, Explanation, Finding, PolicyId};

mod grouping;
mod suppression;

pub use grouping::{
    ALERT_EVENTS_KNOWN_MAX, AlertGrouper, GROUPS_MAX, GroupingSettings, PolicyLimits,
};
pub use suppression::Suppression;

/// An alert as far as its events make it. What people do with it is kept elsewhere, under its key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// The same for the same first match, whenever it is evaluated: 32 hexadecimal digits.
    pub key: String,
    /// Which policy.
    pub policy: PolicyId,
    /// One line for people, of the newest of its most severe matches.
    pub title: String,
    /// Of the most severe match.
    pub severity: Severity,
    /// Whom or what it is about.
    pub entity: Entity,
    /// What its matches have in common.
    pub dedup: String,
    /// When the match happened that made it an alert.
    pub opened_at: DateTime<Utc>,
    /// When its first match happened.
    pub first_at: DateTime<Utc>,
    /// When its newest match happened.
    pub last_at: DateTime<Utc>,
    /// How many matches it has.
    pub matches: u64,
    /// How many events they rest on, each counted once as far as [`ALERT_EVENTS_KNOWN_MAX`] can be told apart.
    pub events: u64,
    /// Why, by the newest of its most severe matches.
    pub explanation: Explanation,
    /// The suppression that applies to it; it is kept, but nobody is called.
    pub suppressed_by: Option<String>,
    /// Whether the policy had made its most of alerts on that day before.
    pub is_capped: bool,
}

/// What a finding changes.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// An alert begins or grows.
    Alert {
        /// As it is from now on.
        alert: Box<Alert>,
        /// Whether it was not there before.
        begins: bool,
        /// The events that are new to it.
        events: Vec<EventReference>,
    },
    /// A match of a policy that only records, or one that does not make an alert yet.
    Signal(Box<Finding>),
    /// Such a match that a suppression keeps quiet.
    Suppressed {
        /// Which policy.
        policy: PolicyId,
        /// At which event time.
        at: DateTime<Utc>,
        /// The suppression.
        suppression: String,
    },
    /// The policy matches too often and is paused from here on.
    Paused {
        /// Which policy.
        policy: PolicyId,
        /// At which event time.
        at: DateTime<Utc>,
        /// Matches in the span that was too much.
        matches: u64,
        /// That span, in hours.
        hours: u32,
    },
}

use std::fmt;
use std::str::FromStr;

use crate::error::{Fault, Step};
use crate::tables::alert;
use crate::value::word;

/// How far people are with an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertState {
    /// Nobody has looked at it.
    New,
    /// Somebody looks at it.
    InReview,
    /// It is known what it was.
    Resolved,
}

impl AlertState {
    /// All states, in their order.
    pub const ALL: [Self; 3] = [Self::New, Self::InReview, Self::Resolved];

    /// The word in the ledger and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::InReview => "in_review",
            Self::Resolved => "resolved",
        }
    }
}

impl FromStr for AlertState {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| {
                format!("no state of an alert is called `{text}`: use new, in_review or resolved")
            })
    }
}

/// What a resolved alert was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Classification {
    /// What it says happened, and was wrong.
    TruePositive,
    /// What it says happened, and was right.
    Benign,
    /// What it says did not happen.
    FalsePositive,
}

impl Classification {
    /// All classifications.
    pub const ALL: [Self; 3] = [Self::TruePositive, Self::Benign, Self::FalsePositive];

    /// The word in the ledger and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TruePositive => "true_positive",
            Self::Benign => "benign",
            Self::FalsePositive => "false_positive",
        }
    }
}

impl FromStr for Classification {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|classification| classification.as_str() == text)
            .ok_or_else(|| {
                format!("no classification is called `{text}`: use true_positive, benign or false_positive")
            })
    }
}

/// What people make of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Triage {
    /// Nobody has looked at it.
    New,
    /// Somebody looks at it.
    InReview,
    /// It is known what it was.
    Resolved {
        /// What it was.
        classification: Classification,
        /// How that is known, in words.
        reason: String,
    },
}

impl Triage {
    /// How far people are.
    pub fn state(&self) -> AlertState {
        match self {
            Self::New => AlertState::New,
            Self::InReview => AlertState::InReview,
            Self::Resolved { .. } => AlertState::Resolved,
        }
    }

    pub(super) fn of(row: &alert::Model) -> Step<Self> {
        Ok(match word(&row.state)? {
            AlertState::New => Self::New,
            AlertState::InReview => Self::InReview,
            AlertState::Resolved => {
                let classification = row.classification.as_deref().ok_or_else(|| {
                    Fault::Unreadable(format!(
                        "alert `{}` is resolved without a classification",
                        row.id
                    ))
                })?;
                Self::Resolved {
                    classification: word(classification)?,
                    reason: row.reason.clone().unwrap_or_default(),
                }
            }
        })
    }

    /// Lets `row` be so from `now` on.
    pub(super) fn put(&self, row: &mut alert::Model, now: i64) {
        self.state().as_str().clone_into(&mut row.state);
        (row.classification, row.reason) = (None, None);
        (row.resolved_at, row.resolved_match_count) = (None, None);
        if let Self::Resolved {
            classification,
            reason,
        } = self
        {
            row.classification = Some(classification.as_str().to_owned());
            row.reason = Some(reason.clone());
            row.resolved_at = Some(now);
            row.resolved_match_count = Some(row.match_count);
        }
    }
}

impl fmt::Display for Triage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New | Self::InReview => formatter.write_str(self.state().as_str()),
            Self::Resolved { classification, .. } => {
                write!(formatter, "resolved as {}", classification.as_str())
            }
        }
    }
}

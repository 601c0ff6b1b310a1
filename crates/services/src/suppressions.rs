//! What is not to be told until a time.

use chrono::{DateTime, Utc};
use drishti_ledger::{NewSuppression, Suppression};
use serde::{Deserialize, Serialize};

use crate::{ServiceError, Services};

/// What a match must be like for a suppression to keep it quiet; what is left out does not narrow it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuppressionConditions {
    /// Only about whoever or whatever has this id or name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
}

/// What is to be kept quiet, about a policy, an entity, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddSuppression {
    /// Of which policy; `None`: of all.
    pub policy: Option<String>,
    /// What its matches must be like.
    pub conditions: SuppressionConditions,
    /// Why.
    pub reason: String,
    /// Until when.
    pub ends_at: DateTime<Utc>,
}

/// A suppression and what it has kept quiet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SuppressionView {
    /// Names it.
    pub id: i64,
    /// Of which policy; `None`: of all.
    pub policy: Option<String>,
    /// What its matches must be like; `None` where that can't be read, so that it keeps nothing quiet.
    pub conditions: Option<SuppressionConditions>,
    /// Why.
    pub reason: String,
    /// Who set it.
    pub author: String,
    /// Since when it holds.
    pub created_at: DateTime<Utc>,
    /// Until when it holds.
    pub ends_at: DateTime<Utc>,
    /// Whether it holds now.
    pub holds: bool,
    /// How many matches it has kept quiet.
    pub matches: u64,
    /// When the newest of those happened.
    pub last_match_at: Option<DateTime<Utc>>,
}

impl SuppressionView {
    fn new(stored: Suppression, now: DateTime<Utc>) -> Self {
        Self {
            id: stored.id,
            policy: stored.policy,
            conditions: serde_json::from_str(&stored.conditions).ok(),
            reason: stored.reason,
            author: stored.created_by,
            created_at: stored.created_at,
            ends_at: stored.ends_at,
            holds: (stored.created_at..stored.ends_at).contains(&now),
            matches: stored.matches,
            last_match_at: stored.last_at,
        }
    }
}

impl Services {
    /// The suppressions that hold now, or all that were ever set; the newest first.
    pub async fn suppressions(&self, all: bool) -> Result<Vec<SuppressionView>, ServiceError> {
        let now = self.clock.now();
        let holding_at = (!all).then_some(now);
        let stored = self.ledger.suppressions(holding_at).await?.into_iter();
        Ok(stored
            .map(|stored| SuppressionView::new(stored, now))
            .collect())
    }

    /// Keeps matches quiet from now until a time.
    pub async fn add_suppression(
        &self,
        add: AddSuppression,
        author: &str,
    ) -> Result<SuppressionView, ServiceError> {
        self.check_suppression(&add).await?;
        let now = self.clock.now();
        let new = NewSuppression {
            policy: add.policy,
            // Such a small thing always has a JSON form.
            conditions: serde_json::to_string(&add.conditions).unwrap_or_default(),
            reason: add.reason,
            ends_at: add.ends_at,
        };
        let added = self.ledger.add_suppression(&new, author, now).await?;
        Ok(SuppressionView::new(added, now))
    }

    async fn check_suppression(&self, add: &AddSuppression) -> Result<(), ServiceError> {
        let is_blank = |text: &str| text.trim().is_empty();
        let entity = add.conditions.entity.as_deref();
        let (problem, advice) = if is_blank(&add.reason) {
            ("it has no reason", "Say why, for whoever finds it later.")
        } else if entity.is_some_and(is_blank) {
            (
                "what it is about is empty",
                "Give the id or name of a person, address or app as `drishti alerts show` tells it.",
            )
        } else if entity.is_none() && add.policy.is_none() {
            (
                "it would keep everything quiet",
                "Name a policy, or whom or what it is about.",
            )
        } else {
            return match &add.policy {
                Some(policy) => self.policy(policy).await.map(drop),
                None => Ok(()),
            };
        };
        Err(ServiceError::Refused {
            doing: "adding a suppression".to_owned(),
            problem: problem.to_owned(),
            advice: advice.to_owned(),
        })
    }

    /// Ends a suppression now. One that is over stays so.
    pub async fn end_suppression(
        &self,
        id: i64,
        author: &str,
    ) -> Result<SuppressionView, ServiceError> {
        let now = self.clock.now();
        let ended = self.ledger.end_suppression(id, now, author, now).await?;
        Ok(SuppressionView::new(ended, now))
    }
}

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Finding, PolicyId};

/// Findings that nobody wants to hear of for a while. They are kept all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// Names it.
    pub id: String,
    /// Of one policy; `None`: of all.
    pub policy: Option<PolicyId>,
    /// About one entity, by its id or name; `None`: about all.
    pub entity: Option<String>,
    /// From this event time on.
    pub from: DateTime<Utc>,
    /// Up to, and without, this event time.
    pub until: DateTime<Utc>,
    /// Why.
    pub reason: String,
}

impl Suppression {
    /// Whether it is meant for `finding`.
    pub fn applies_to(&self, finding: &Finding) -> bool {
        (self.from..self.until).contains(&finding.at)
            && self
                .policy
                .as_ref()
                .is_none_or(|policy| *policy == finding.policy)
            && self.entity.as_deref().is_none_or(|entity| {
                finding.entity.id == entity || finding.entity.name.as_deref() == Some(entity)
            })
    }
}

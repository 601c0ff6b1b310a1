//! The risk of people: what alerts and recorded matches about them add up to.

use chrono::{DateTime, Utc};
pub use drishti_ledger::RISK_DAYS;
use drishti_ledger::{PersonRisk, RiskAddend, RiskCause};
use drishti_model::{SourceName, SourceScope};
use serde::Serialize;

use crate::{ServiceError, Services};

/// The risk of a person over the last [`RISK_DAYS`] days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RiskView {
    /// Who, by gid or whatever the person is known by.
    pub person: String,
    /// How the person is called.
    pub name: Option<String>,
    /// The sum of what counts.
    pub points: i64,
    /// How many causes it is the sum of.
    pub causes: u64,
}

/// The risk of a person, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RiskStory {
    /// The risk.
    #[serde(flatten)]
    pub risk: RiskView,
    /// What adds to it, the newest first, as far as it is listed.
    pub addends: Vec<RiskAddendView>,
}

/// What one alert or recorded match adds to the risk of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RiskAddendView {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// How much it adds.
    pub points: i64,
    /// Whether it counts; an alert that was resolved as benign or false positive does not.
    pub counts: bool,
    /// Why it adds so much, in words.
    pub why: String,
    /// Whether the final evaluation may still say otherwise.
    pub is_provisional: bool,
    /// `alert` or `recorded`.
    pub cause: &'static str,
    /// Id of the alert or recorded match.
    pub cause_id: String,
}

impl From<PersonRisk> for RiskView {
    fn from(risk: PersonRisk) -> Self {
        Self {
            person: risk.person,
            name: risk.person_name,
            points: risk.points,
            causes: risk.causes,
        }
    }
}

impl From<RiskAddend> for RiskAddendView {
    fn from(addend: RiskAddend) -> Self {
        let (cause, cause_id) = match addend.event.cause {
            RiskCause::Alert(id) => ("alert", id),
            RiskCause::Signal(id) => ("recorded", id),
        };
        Self {
            at: addend.event.at,
            points: addend.event.points,
            counts: addend.counts,
            why: addend.event.why,
            is_provisional: addend.provisional,
            cause,
            cause_id,
        }
    }
}

impl Services {
    /// The people with the highest risk now, from one source or all in a scope together.
    pub async fn risks(
        &self,
        source: Option<&SourceName>,
        scope: &SourceScope,
        limit: u64,
    ) -> Result<Vec<RiskView>, ServiceError> {
        let now = self.clock.now();
        let risks = self.ledger.risks(source, scope, limit, now).await?;
        Ok(risks.into_iter().map(RiskView::from).collect())
    }

    /// The risk now of the person with this gid, e-mail address or name, and what adds to it.
    pub async fn risk_of(
        &self,
        person: &str,
        source: Option<&SourceName>,
        scope: &SourceScope,
    ) -> Result<RiskStory, ServiceError> {
        let directory = self.directory().await?;
        let id = self.person_id(&directory, person, source, scope).await?;
        let now = self.clock.now();
        let (risk, addends) = self.ledger.risk_of(&id, source, scope, now).await?;
        let mut risk = RiskView::from(risk);
        let known = directory.find(&id);
        let name = || {
            Some(
                known?
                    .parts_in(source, scope)
                    .next()?
                    .names()
                    .next()?
                    .to_owned(),
            )
        };
        risk.name = risk.name.or_else(name);
        Ok(RiskStory {
            risk,
            addends: addends.into_iter().map(RiskAddendView::from).collect(),
        })
    }
}

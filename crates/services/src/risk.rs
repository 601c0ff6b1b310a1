//! The risk of people: what alerts and recorded matches about them add up to.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
pub use drishti_ledger::RISK_DAYS;
use drishti_ledger::{PersonRisk, ROWS_MAX, RiskAddend, RiskCause};
use drishti_model::SourceName;
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
    /// The people with the highest risk now, from one source or all together.
    pub async fn risks(
        &self,
        source: Option<&SourceName>,
        limit: u64,
    ) -> Result<Vec<RiskView>, ServiceError> {
        let now = self.clock.now();
        let risks = self.ledger.risks(source, limit, now).await?;
        Ok(risks.into_iter().map(RiskView::from).collect())
    }

    /// The risk now of the person with this gid, e-mail address or name, and what adds to it.
    pub async fn risk_of(
        &self,
        person: &str,
        source: Option<&SourceName>,
    ) -> Result<RiskStory, ServiceError> {
        let (id, name) = self.person(person).await?;
        let now = self.clock.now();
        let (risk, addends) = self.ledger.risk_of(&id, source, now).await?;
        let mut risk = RiskView::from(risk);
        risk.name = risk.name.or(name);
        Ok(RiskStory {
            risk,
            addends: addends.into_iter().map(RiskAddendView::from).collect(),
        })
    }

    /// Id and name of the only person who is known by `text`, among those who have an account or a risk.
    async fn person(&self, text: &str) -> Result<(String, Option<String>), ServiceError> {
        let now = self.clock.now();
        let risky = self.ledger.risks(None, ROWS_MAX, now).await?.into_iter();
        let mut known: Vec<(String, Vec<String>)> = risky
            .map(|risk| (risk.person, risk.person_name.into_iter().collect()))
            .collect();
        known.extend(self.all_accounts().await?.into_iter().map(|stored| {
            let account = stored.account;
            let names = account.name.into_iter().chain(account.email);
            (account.user_gid, names.collect())
        }));
        if let Some((id, names)) = known.iter().find(|(id, _)| id == text) {
            return Ok((id.clone(), names.first().cloned()));
        }
        let wanted = text.to_lowercase();
        let called = known
            .into_iter()
            .filter(|(_, names)| names.iter().any(|name| name.to_lowercase() == wanted))
            .map(|(id, _)| id);
        let mut called = called.collect::<BTreeSet<_>>().into_iter();
        match (called.next(), called.next()) {
            (Some(id), None) => Ok((id, Some(text.to_owned()))),
            _ => Err(ServiceError::NoSuchPerson(text.to_owned())),
        }
    }
}

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use drishti_detect::{HabitReader, Habits, StateRow};
use drishti_ledger::{AlertFilter, AlertOrder, StateKind};
use drishti_model::{AccountRole, AccountStatus, SourceName, SourceScope};
use serde::Serialize;

use super::directory::{Directory, Part, Person};
use super::{Danger, PersonView};
use crate::alerts::AlertView;
use crate::risk::RiskAddendView;
use crate::{ServiceError, Services};

/// Most alerts that are told of one person, the newest.
pub const PERSON_ALERTS_MAX: u64 = 50;

/// A person with all that is known of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PersonStory {
    /// The person.
    pub person: PersonView,
    /// What adds to the risk, the newest first, as far as it is listed.
    pub risk_addends: Vec<RiskAddendView>,
    /// Alerts about them, the newest first, at most [`PERSON_ALERTS_MAX`].
    pub alerts: Vec<AlertView>,
    /// What each source knows of them.
    pub sources: Vec<PersonInSource>,
}

/// What one source knows of a person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PersonInSource {
    /// Name of the source.
    pub source: String,
    /// The account, as the directory says; `None` where it knows none.
    pub account: Option<AccountOfPerson>,
    /// What they did in its events; `None` where they did nothing, as far as events go back.
    pub seen: Option<SeenPerson>,
    /// What providers tell of them, in the order in which it was told.
    pub facts: Vec<FactsOfPerson>,
    /// What is usual for them; `None` where nothing was learned.
    pub habits: Option<Habits>,
}

/// An account in a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountOfPerson {
    /// What it may do.
    pub role: AccountRole,
    /// Whether it is still there.
    pub status: AccountStatus,
    /// When the membership was made.
    pub joined_at: Option<DateTime<Utc>>,
    /// Begin of the first reading of the directory that saw it.
    pub first_read_at: DateTime<Utc>,
    /// Begin of the last reading of the directory that saw it.
    pub last_read_at: DateTime<Utc>,
    /// When a complete reading first missed it.
    pub gone_at: Option<DateTime<Utc>>,
}

/// What somebody did, counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeenPerson {
    /// When the first event happened.
    pub first_at: DateTime<Utc>,
    /// When the last event happened.
    pub last_at: DateTime<Utc>,
    /// How many events.
    pub events: u64,
}

/// What a provider tells of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FactsOfPerson {
    /// Who tells it.
    pub told_by: String,
    /// Groups that they are in.
    pub groups: Vec<String>,
    /// Since when it is known that they are going to leave.
    pub leaving_since: Option<DateTime<Utc>>,
    /// Since when they should no longer do anything.
    pub terminated_since: Option<DateTime<Utc>>,
}

impl Services {
    /// The person with this gid, e-mail address or name, with all that the sources in a scope know.
    pub async fn person(
        &self,
        known_as: &str,
        source: Option<&SourceName>,
        scope: &SourceScope,
    ) -> Result<PersonStory, ServiceError> {
        let directory = self.directory().await?;
        let id = self.person_id(&directory, known_as, source, scope).await?;
        let now = self.clock.now();
        let (risk, addends) = self.ledger.risk_of(&id, source, scope, now).await?;
        let about = std::slice::from_ref(&id);
        let mut open = self.ledger.open_alerts(source, scope, Some(about)).await?;
        let danger = Danger {
            points: risk.points,
            causes: risk.causes,
            name: risk.person_name,
            alerts: open.remove(&id),
        };
        let filter = AlertFilter {
            source: source.cloned(),
            scope: scope.clone(),
            entity_id: Some(id.clone()),
            order: AlertOrder::Newest,
            limit: PERSON_ALERTS_MAX,
            ..AlertFilter::default()
        };
        let person = directory.find(&id);
        let parts = person
            .into_iter()
            .flat_map(|person| person.parts_in(source, scope));
        let mut sources = Vec::new();
        for part in parts.clone() {
            sources.push(self.in_source(&id, part).await?);
        }
        Ok(PersonStory {
            person: PersonView::new(&id, parts, Some(&danger)),
            risk_addends: addends.into_iter().map(RiskAddendView::from).collect(),
            alerts: self.alerts(&filter).await?,
            sources,
        })
    }

    /// Id of the only person who is known by `text` to sources in a scope, among all who are listed.
    pub(crate) async fn person_id(
        &self,
        directory: &Directory,
        text: &str,
        source: Option<&SourceName>,
        scope: &SourceScope,
    ) -> Result<String, ServiceError> {
        let is_known = |person: &&Person| person.parts_in(source, scope).next().is_some();
        if let Some(person) = directory.find(text).filter(is_known) {
            return Ok(person.id.to_string());
        }
        let wanted = text.to_lowercase();
        let is_called = |part: &Part| part.names().any(|name| name.to_lowercase() == wanted);
        let people = directory.people.iter();
        // Most are ruled out by one look at what is searched.
        let called = people
            .filter(|person| person.search.contains(&wanted))
            .filter(|person| person.parts_in(source, scope).any(is_called));
        let mut ids: BTreeSet<String> = called.map(|person| person.id.to_string()).collect();
        if ids.is_empty() {
            ids = self.risky_ids(text, source, scope).await?;
        }
        match (ids.pop_first(), ids.is_empty()) {
            (Some(id), true) => Ok(id),
            _ => Err(ServiceError::NoSuchPerson(text.to_owned())),
        }
    }

    /// Ids of those with a risk who are known by `text` to alerts only.
    async fn risky_ids(
        &self,
        text: &str,
        source: Option<&SourceName>,
        scope: &SourceScope,
    ) -> Result<BTreeSet<String>, ServiceError> {
        let (risks, wanted) = (
            self.risks(source, scope, drishti_ledger::ROWS_MAX),
            text.to_lowercase(),
        );
        let risks = risks.await?;
        if risks.iter().any(|risk| risk.person == text) {
            return Ok([text.to_owned()].into());
        }
        let called = risks.into_iter().filter(|risk| {
            let name = risk.name.as_deref().unwrap_or(&risk.person);
            name.to_lowercase() == wanted
        });
        Ok(called.map(|risk| risk.person).collect())
    }

    async fn in_source(&self, id: &str, part: &Part) -> Result<PersonInSource, ServiceError> {
        let account = part.account.as_ref();
        let role = account.map(|stored| stored.account.role);
        let seen = part.sightings().map(|seen| SeenPerson {
            first_at: seen.first_at,
            last_at: seen.last_at,
            events: seen.events,
        });
        let seen = seen.reduce(|a, b| SeenPerson {
            first_at: a.first_at.min(b.first_at),
            last_at: a.last_at.max(b.last_at),
            events: a.events + b.events,
        });
        Ok(PersonInSource {
            source: part.source.to_string(),
            account: account.map(|stored| AccountOfPerson {
                role: stored.account.role,
                status: stored.account.status,
                joined_at: stored.account.joined_at,
                first_read_at: stored.first_seen_at,
                last_read_at: stored.last_seen_at,
                gone_at: stored.gone_at,
            }),
            seen,
            facts: part
                .facts
                .iter()
                .map(|fact| FactsOfPerson {
                    told_by: fact.told_by.clone(),
                    groups: fact.groups.clone(),
                    leaving_since: fact.leaving_since,
                    terminated_since: fact.terminated_since,
                })
                .collect(),
            habits: self.habits(id, &part.source, role).await?,
        })
    }

    /// What detection remembers of a person, from events that are settled.
    async fn habits(
        &self,
        id: &str,
        source: &SourceName,
        role: Option<AccountRole>,
    ) -> Result<Option<Habits>, ServiceError> {
        let Some(generation) = self.ledger.generation(source).await? else {
            return Ok(None);
        };
        let mut reader = HabitReader::new(id);
        let mut keys = vec![reader.person_key()];
        // The person's row says which others are needed.
        for _ in 0..2 {
            let ledger = &self.ledger;
            let rows = ledger.detection_state(generation.id, StateKind::Anomaly, &keys);
            for row in rows.await? {
                let row = StateRow {
                    key: row.key,
                    value: Some(row.value),
                };
                if !reader.take(&row) {
                    tracing::warn!(%source, key = row.key, "what is remembered can't be read; a rebuild learns it again");
                }
            }
            keys = reader.other_keys();
        }
        Ok(reader.habits(role))
    }
}

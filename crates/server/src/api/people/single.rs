use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use drishti_services::Services;
use drishti_services::people::{
    AccountOfPerson, FactsOfPerson, PersonInSource, PersonStory as Story, SeenPerson,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::habits::Habits;
use super::view::Person;
use crate::api::alerts::Alert;
use crate::api::risk::RiskAddend;
use crate::parameters::{Parameters, Path, source_name};
use crate::principal::Scope;
use crate::problem::{Failure, Problem};

/// From where things are told.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PersonParameters {
    /// Only what this source knows.
    source: Option<String>,
}

/// A person with all that is known of them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonStory {
    /// The person.
    person: Person,
    /// What adds to the risk, the newest first, as far as it is listed.
    risk_addends: Vec<RiskAddend>,
    /// Alerts about them, the newest first, at most 50.
    alerts: Vec<Alert>,
    /// What each source knows of them.
    sources: Vec<InSource>,
}

/// What one source knows of a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PersonInSource)]
struct InSource {
    /// Name of the source.
    source: String,
    /// The account, as the directory says; null where it knows none.
    #[schema(required)]
    account: Option<InDirectory>,
    /// What they did in its events; null where they did nothing, as far as events go back.
    #[schema(required)]
    seen: Option<Seen>,
    /// What providers tell of them, in the order in which it was told.
    facts: Vec<Facts>,
    /// What is usual for them; null where nothing was learned.
    #[schema(required)]
    habits: Option<Habits>,
}

/// An account in a workspace.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountOfPerson)]
struct InDirectory {
    /// `admin`, `guest`, `view_only` or `member`.
    role: &'static str,
    /// `active` (joined or invited), `inactive`, `gone` or `unknown`.
    status: &'static str,
    /// When the membership was made.
    #[schema(required)]
    joined_at: Option<DateTime<Utc>>,
    /// Begin of the first reading of the directory that saw it.
    first_read_at: DateTime<Utc>,
    /// Begin of the last reading of the directory that saw it.
    last_read_at: DateTime<Utc>,
    /// When a complete reading first missed it; null while it is there.
    #[schema(required)]
    gone_at: Option<DateTime<Utc>>,
}

/// What somebody did, counted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SeenPerson)]
struct Seen {
    /// When the first event happened.
    first_at: DateTime<Utc>,
    /// When the last event happened.
    last_at: DateTime<Utc>,
    /// How many events.
    events: u64,
}

/// What a provider tells of a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FactsOfPerson)]
struct Facts {
    /// Who tells it.
    told_by: String,
    /// Groups that they are in.
    groups: Vec<String>,
    /// Since when it is known that they are going to leave.
    #[schema(required)]
    leaving_since: Option<DateTime<Utc>>,
    /// Since when they should no longer do anything.
    #[schema(required)]
    terminated_since: Option<DateTime<Utc>>,
}

impl From<Story> for PersonStory {
    fn from(story: Story) -> Self {
        let addends = story.risk_addends.into_iter();
        Self {
            person: story.person.into(),
            risk_addends: addends.map(RiskAddend::from).collect(),
            alerts: story.alerts.into_iter().map(Alert::from).collect(),
            sources: story.sources.into_iter().map(InSource::from).collect(),
        }
    }
}

impl From<PersonInSource> for InSource {
    fn from(known: PersonInSource) -> Self {
        Self {
            source: known.source,
            account: known.account.map(InDirectory::from),
            seen: known.seen.map(Seen::from),
            facts: known.facts.into_iter().map(Facts::from).collect(),
            habits: known.habits.map(Habits::from),
        }
    }
}

impl From<AccountOfPerson> for InDirectory {
    fn from(account: AccountOfPerson) -> Self {
        Self {
            role: account.role.as_str(),
            status: account.status.as_str(),
            joined_at: account.joined_at,
            first_read_at: account.first_read_at,
            last_read_at: account.last_read_at,
            gone_at: account.gone_at,
        }
    }
}

impl From<SeenPerson> for Seen {
    fn from(seen: SeenPerson) -> Self {
        Self {
            first_at: seen.first_at,
            last_at: seen.last_at,
            events: seen.events,
        }
    }
}

impl From<FactsOfPerson> for Facts {
    fn from(facts: FactsOfPerson) -> Self {
        Self {
            told_by: facts.told_by,
            groups: facts.groups,
            leaving_since: facts.leaving_since,
            terminated_since: facts.terminated_since,
        }
    }
}

/// Show a person: account, risk with its addends, alerts, and what is usual for them.
#[utoipa::path(
    get,
    path = "/people/{id}",
    tag = "people",
    params(("id" = String, Path, description = "Gid, e-mail address or name."), PersonParameters),
    responses((status = 200, description = "The person.", body = PersonStory), Failure<'static>)
)]
pub(crate) async fn get_person(
    State(services): State<Services>,
    Path(person): Path<String>,
    Scope(scope): Scope,
    Parameters(parameters, _): Parameters<PersonParameters>,
) -> Result<Json<PersonStory>, Problem> {
    let source = parameters.source.as_deref();
    let source = source.map(|name| source_name("source", name)).transpose()?;
    let story = services.person(&person, source.as_ref(), &scope).await?;
    Ok(Json(story.into()))
}

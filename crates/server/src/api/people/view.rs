use chrono::{DateTime, Utc};
use drishti_model::{AccountRole, AccountStatus, Severity};
use drishti_services::people::{PersonKind, PersonView};
use serde::Serialize;
use utoipa::ToSchema;

/// A person or service account, over all sources that were asked for. What is not known is null, never zero.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Person {
    /// Asana's gid, else the e-mail address in lower case.
    id: String,
    /// Display name.
    #[schema(required)]
    name: Option<String>,
    /// E-mail address.
    #[schema(required)]
    email: Option<String>,
    /// `person` or `service_account`; null for those who were never seen to do anything.
    #[schema(required)]
    kind: Option<&'static str>,
    /// `admin`, `guest`, `view_only` or `member`, as the directory says; of several accounts, the mightiest.
    #[schema(required)]
    role: Option<&'static str>,
    /// `active` (joined or invited), `inactive`, `gone` or `unknown`, as the directory says; of several accounts, the most alive.
    #[schema(required)]
    status: Option<&'static str>,
    /// Names of the sources that know the person.
    sources: Vec<String>,
    /// When the first event happened that they did, as far as events go back.
    #[schema(required)]
    first_seen_at: Option<DateTime<Utc>>,
    /// When the last event happened that they did.
    #[schema(required)]
    last_seen_at: Option<DateTime<Utc>>,
    /// How many events they did; null where no events were evaluated yet.
    #[schema(required)]
    events: Option<u64>,
    /// Points of risk over the last seven days.
    risk: i64,
    /// How many causes the risk is the sum of.
    risk_causes: u64,
    /// Alerts about them that wait for somebody.
    open_alerts: u64,
    /// Severity of the worst of those.
    #[schema(required)]
    worst_alert: Option<&'static str>,
    /// Groups that they are in, as providers of facts say.
    groups: Vec<String>,
    /// Since when it is known that they are going to leave.
    #[schema(required)]
    leaving_since: Option<DateTime<Utc>>,
    /// Since when they should no longer do anything.
    #[schema(required)]
    terminated_since: Option<DateTime<Utc>>,
}

impl From<PersonView> for Person {
    fn from(view: PersonView) -> Self {
        Self {
            id: view.id,
            name: view.name,
            email: view.email,
            kind: view.kind.map(PersonKind::as_str),
            role: view.role.map(AccountRole::as_str),
            status: view.status.map(AccountStatus::as_str),
            sources: view.sources,
            first_seen_at: view.first_seen_at,
            last_seen_at: view.last_seen_at,
            events: view.events,
            risk: view.risk,
            risk_causes: view.risk_causes,
            open_alerts: view.open_alerts,
            worst_alert: view.worst_alert.map(Severity::as_str),
            groups: view.groups,
            leaving_since: view.leaving_since,
            terminated_since: view.terminated_since,
        }
    }
}

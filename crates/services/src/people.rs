//! People: who does something in the sources, who has an account there, and who is at risk.
//!
//! What is listed stands in the ledger: detection counts who did something while it evaluates, and accounts are read from Asana. A
//! `directory::Directory` holds it in memory from the first question on, merged over the sources, and takes up what has
//! changed since the last one.

mod directory;
mod list;
mod places;
mod profile;

use chrono::{DateTime, Utc};
use drishti_ledger::{OpenAlerts, PersonSeen};
use drishti_model::{Account, AccountRole, AccountStatus, Severity};
use serde::Serialize;

pub(crate) use directory::DirectoryMemory;
pub use drishti_ledger::PEOPLE_SEEN_MAX;
pub use list::{PeopleFilter, PeopleOrder, PeoplePage, PersonKind, PersonPosition};
pub use places::PLACES_MAX;
pub use profile::{
    AccountOfPerson, FactsOfPerson, PERSON_ALERTS_MAX, PersonInSource, PersonStory, SeenPerson,
};

use directory::Part;

/// A person or service account, over all sources that were asked for. What is not known is `None`, never zero.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PersonView {
    /// Asana's gid, else the e-mail address in lower case.
    pub id: String,
    /// Display name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Whether it is somebody or a program; `None` for those who were never seen to do anything.
    pub kind: Option<PersonKind>,
    /// What the account may do, as the directory says; of several accounts, the mightiest.
    pub role: Option<AccountRole>,
    /// Whether there is an account, as the directory says; of several, the most alive.
    pub status: Option<AccountStatus>,
    /// Names of the sources that know the person.
    pub sources: Vec<String>,
    /// When the first event happened that they did, as far as events go back.
    pub first_seen_at: Option<DateTime<Utc>>,
    /// When the last event happened that they did.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// How many events they did; `None` where no events were evaluated yet.
    pub events: Option<u64>,
    /// Points of risk over the last seven days.
    pub risk: i64,
    /// How many causes the risk is the sum of.
    pub risk_causes: u64,
    /// Alerts about them that are not resolved.
    pub open_alerts: u64,
    /// The worst of those.
    pub worst_alert: Option<Severity>,
    /// Groups that they are in, as providers of facts say.
    pub groups: Vec<String>,
    /// Since when it is known that they are going to leave.
    pub leaving_since: Option<DateTime<Utc>>,
    /// Since when they should no longer do anything.
    pub terminated_since: Option<DateTime<Utc>>,
}

/// What is known of the danger that somebody is in, or is.
#[derive(Clone, Debug, Default)]
struct Danger {
    points: i64,
    causes: u64,
    name: Option<String>,
    alerts: Option<OpenAlerts>,
}

impl Danger {
    fn is_risky(&self) -> bool {
        self.causes > 0
    }
}

/// What lists filter and sort by.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    kind: Option<PersonKind>,
    role: Option<AccountRole>,
    status: Option<AccountStatus>,
    first_seen_at: Option<DateTime<Utc>>,
    last_seen_at: Option<DateTime<Utc>>,
    events: Option<u64>,
    leaving_since: Option<DateTime<Utc>>,
    terminated_since: Option<DateTime<Utc>>,
}

impl Standing {
    fn new<'p>(parts: &(impl Iterator<Item = &'p Part> + Clone)) -> Self {
        let accounts = || parts.clone().filter_map(|part| part.account.as_deref());
        let seen = || parts.clone().flat_map(Part::sightings);
        let facts = || parts.clone().flat_map(|part| &part.facts);
        let events = seen().map(|seen| seen.events).sum();
        Self {
            kind: seen()
                .map(|seen| PersonKind::of(&seen.kind))
                .max_by_key(|kind| *kind == PersonKind::ServiceAccount),
            role: accounts().map(|stored| stored.account.role).max(),
            status: accounts()
                .map(|stored| stored.account.status)
                .min_by_key(|status| liveliness(*status)),
            first_seen_at: seen().map(|seen| seen.first_at).min(),
            last_seen_at: seen().map(|seen| seen.last_at).max(),
            events: parts
                .clone()
                .any(|part| part.is_evaluated)
                .then_some(events),
            leaving_since: facts().filter_map(|fact| fact.leaving_since).min(),
            terminated_since: facts().filter_map(|fact| fact.terminated_since).min(),
        }
    }
}

/// Name and e-mail address: as the directory calls somebody, else as the newest event that says it.
fn called<'p>(parts: &(impl Iterator<Item = &'p Part> + Clone)) -> [Option<&'p str>; 2] {
    let of_account = |of: fn(&Account) -> Option<&str>| {
        let accounts = parts.clone().filter_map(|part| part.account.as_deref());
        accounts
            .map(|stored| &stored.account)
            .find_map(move |account| of(account))
    };
    let of_event = |of: fn(&PersonSeen) -> Option<&str>| {
        let seen = parts.clone().flat_map(Part::sightings);
        let told = seen.filter_map(move |seen| Some((seen.last_at, of(seen)?)));
        told.max_by_key(|(at, _)| *at).map(|(_, text)| text)
    };
    [
        of_account(|account| account.name.as_deref())
            .or_else(|| of_event(|seen| seen.name.as_deref())),
        of_account(|account| account.email.as_deref())
            .or_else(|| of_event(|seen| seen.email.as_deref())),
    ]
}

impl PersonView {
    fn new<'p>(
        id: &str,
        parts: impl Iterator<Item = &'p Part> + Clone,
        danger: Option<&Danger>,
    ) -> Self {
        let standing = Standing::new(&parts);
        let [name, email] = called(&parts);
        let mut groups: Vec<String> = parts
            .clone()
            .flat_map(|part| &part.facts)
            .flat_map(|fact| fact.groups.iter().cloned())
            .collect();
        groups.sort_unstable();
        groups.dedup();
        let open = danger.and_then(|danger| danger.alerts);
        // What alerts call somebody of whom nothing else is known.
        let in_alerts = danger.and_then(|danger| danger.name.as_deref());
        let is_email = |text: &&str| text.contains('@');
        let name = name.or(in_alerts.filter(|text| !is_email(text)));
        let email = email.or(in_alerts.filter(is_email));
        Self {
            id: id.to_owned(),
            name: name.map(str::to_owned),
            email: email.map(str::to_owned),
            kind: standing.kind,
            role: standing.role,
            status: standing.status,
            sources: parts.map(|part| part.source.to_string()).collect(),
            first_seen_at: standing.first_seen_at,
            last_seen_at: standing.last_seen_at,
            events: standing.events,
            risk: danger.map_or(0, |danger| danger.points),
            risk_causes: danger.map_or(0, |danger| danger.causes),
            open_alerts: open.map_or(0, |open| open.alerts),
            worst_alert: open.map(|open| open.worst),
            groups,
            leaving_since: standing.leaving_since,
            terminated_since: standing.terminated_since,
        }
    }
}

fn liveliness(status: AccountStatus) -> u8 {
    match status {
        AccountStatus::Active => 0,
        AccountStatus::Unknown => 1,
        AccountStatus::Inactive => 2,
        AccountStatus::Gone => 3,
    }
}

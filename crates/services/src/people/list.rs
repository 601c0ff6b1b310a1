use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use drishti_ledger::ROWS_MAX;
use drishti_model::{AccountRole, AccountStatus, SourceName, SourceScope};
use serde::{Deserialize, Serialize};

use super::directory::{Directory, Person};
use super::{Danger, PersonView, Standing, called};
use crate::{ServiceError, Services};

/// Somebody, or a program with an account of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonKind {
    /// Somebody.
    Person,
    /// A service account.
    ServiceAccount,
}

impl PersonKind {
    /// The word in the ledger and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::ServiceAccount => "service_account",
        }
    }

    pub(super) fn of(word: &str) -> Self {
        word.parse().unwrap_or(Self::Person)
    }
}

impl FromStr for PersonKind {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let mut all = [Self::Person, Self::ServiceAccount].into_iter();
        all.find(|kind| kind.as_str() == word).ok_or_else(|| {
            format!("`{word}` is no kind of people; expected person or service_account")
        })
    }
}

/// Which people come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeopleOrder {
    /// Those with the highest risk; of equals, those seen last.
    #[default]
    Risk,
    /// Those seen last.
    LastSeen,
    /// By name, else e-mail address, else id.
    Name,
    /// Those who did most.
    Events,
}

impl PeopleOrder {
    /// All orders.
    pub const ALL: [Self; 4] = [Self::Risk, Self::LastSeen, Self::Name, Self::Events];

    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Risk => "risk",
            Self::LastSeen => "last_seen",
            Self::Name => "name",
            Self::Events => "events",
        }
    }
}

impl FromStr for PeopleOrder {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let mut all = Self::ALL.into_iter();
        all.find(|order| order.as_str() == word).ok_or_else(|| {
            format!("`{word}` is no order; expected risk, last_seen, name or events")
        })
    }
}

/// Which people are meant: all that is set must fit. What is unknown of somebody fits nothing that asks for it.
#[derive(Clone, Debug, Default)]
pub struct PeopleFilter {
    /// Only what this source knows.
    pub source: Option<SourceName>,
    /// Only what sources in this scope know.
    pub scope: SourceScope,
    /// With this text in name, e-mail address, id or a group, in any case.
    pub text: Option<String>,
    /// Of this kind.
    pub kind: Option<PersonKind>,
    /// With this role in the directory.
    pub role: Option<AccountRole>,
    /// With this status in the directory.
    pub status: Option<AccountStatus>,
    /// With at least so many points of risk.
    pub risk_min: Option<i64>,
    /// Who have, or have no, alert that waits for somebody.
    pub has_alerts: Option<bool>,
    /// Who are going to leave, or should have left; or of whom nobody says so.
    pub is_leaving: Option<bool>,
    /// Seen at this time or later.
    pub seen_from: Option<DateTime<Utc>>,
    /// Seen before this time, and not since.
    pub seen_to: Option<DateTime<Utc>>,
    /// Which come first.
    pub order: PeopleOrder,
    /// Only those that follow this place.
    pub after: Option<PersonPosition>,
    /// How many at most.
    pub limit: usize,
}

/// A place in a list of people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonPosition {
    /// In which order.
    pub order: PeopleOrder,
    numbers: [i64; 2],
    text: String,
    id: String,
}

/// One page of people.
#[derive(Clone, Debug, PartialEq)]
pub struct PeoplePage {
    /// The people, in order.
    pub people: Vec<PersonView>,
    /// How many people fit the filter, on all pages.
    pub total: u64,
    /// Where the next page begins; `None` at the end.
    pub next: Option<PersonPosition>,
}

/// By what somebody is put in order: numbers from the greatest, then a text, then the id.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key<'p> {
    numbers: [Reverse<i64>; 2],
    text: Cow<'p, str>,
    id: &'p str,
}

impl<'p> Key<'p> {
    fn new(id: &'p str, standing: &Standing, risk: i64, order: PeopleOrder) -> Self {
        let last_seen = standing.last_seen_at;
        let last_seen = last_seen.map_or(i64::MIN, |at| at.timestamp_micros());
        let events = || {
            let events = standing.events?;
            Some(i64::try_from(events).unwrap_or(i64::MAX))
        };
        let numbers = match order {
            PeopleOrder::Risk => [risk, last_seen],
            PeopleOrder::LastSeen => [last_seen, 0],
            PeopleOrder::Name => [0, 0],
            PeopleOrder::Events => [events().unwrap_or(-1), last_seen],
        };
        Self {
            numbers: numbers.map(Reverse),
            text: Cow::Borrowed(""),
            id,
        }
    }

    fn of(position: &'p PersonPosition) -> Self {
        Self {
            numbers: position.numbers.map(Reverse),
            text: Cow::Borrowed(&position.text),
            id: &position.id,
        }
    }

    fn position(&self, order: PeopleOrder) -> PersonPosition {
        PersonPosition {
            order,
            numbers: self.numbers.map(|Reverse(number)| number),
            text: self.text.to_string(),
            id: self.id.to_owned(),
        }
    }
}

impl Services {
    /// People in the order of the filter.
    pub async fn people(&self, filter: PeopleFilter) -> Result<PeoplePage, ServiceError> {
        let directory = self.directory().await?;
        let dangers = self.dangers(filter.source.as_ref(), &filter.scope).await?;
        let work = tokio::task::spawn_blocking(move || page(&directory, &dangers, &filter));
        work.await
            .map_err(|_| ServiceError::TaskDied("the listing of people"))
    }

    /// Risk and open alerts of everybody who has some, by id.
    async fn dangers(
        &self,
        source: Option<&SourceName>,
        scope: &SourceScope,
    ) -> Result<HashMap<String, Danger>, ServiceError> {
        let now = self.clock.now();
        let mut dangers: HashMap<String, Danger> = HashMap::new();
        for risk in self.ledger.risks(source, scope, ROWS_MAX, now).await? {
            let danger = dangers.entry(risk.person).or_default();
            (danger.points, danger.causes) = (risk.points, risk.causes);
            danger.name = risk.person_name;
        }
        for (entity, open) in self.ledger.open_alerts(source, scope, None).await? {
            dangers.entry(entity).or_default().alerts = Some(open);
        }
        Ok(dangers)
    }
}

fn page(
    directory: &Directory,
    dangers: &HashMap<String, Danger>,
    filter: &PeopleFilter,
) -> PeoplePage {
    let strangers = strangers(directory, dangers);
    let text = filter.text.as_ref().map(|text| text.to_lowercase());
    let after = filter.after.as_ref().map(Key::of);
    let mut total = 0;
    let mut found: Vec<(Key<'_>, &Person)> = Vec::new();
    for person in directory.people.iter().chain(&strangers) {
        let danger = dangers.get(&*person.id);
        let Some(key) = key_of(person, danger, filter, text.as_deref()) else {
            continue;
        };
        total += 1;
        if after.as_ref().is_none_or(|after| key > *after) {
            found.push((key, person));
        }
    }
    let is_more = found.len() > filter.limit;
    if is_more && let Some(last) = filter.limit.checked_sub(1) {
        found.select_nth_unstable_by(last, |(a, _), (b, _)| a.cmp(b));
    }
    found.truncate(filter.limit);
    found.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    let last = found.last().filter(|_| is_more);
    let next = last.map(|(key, _)| key.position(filter.order));
    let view = |(_, person): (_, &Person)| {
        let parts = person.parts_in(filter.source.as_ref(), &filter.scope);
        PersonView::new(&person.id, parts, dangers.get(&*person.id))
    };
    PeoplePage {
        people: found.into_iter().map(view).collect(),
        total,
        next,
    }
}

/// Where somebody stands in the order, if they fit the filter, whose text is given in small letters.
fn key_of<'p>(
    person: &'p Person,
    danger: Option<&Danger>,
    filter: &'p PeopleFilter,
    text: Option<&str>,
) -> Option<Key<'p>> {
    if text.is_some_and(|text| !person.search.contains(text)) {
        return None;
    }
    let is_whole = filter.source.is_none() && filter.scope.is_all();
    let parts = person.parts_in(filter.source.as_ref(), &filter.scope);
    let standing = if is_whole {
        person.whole
    } else {
        let is_risky = danger.is_some_and(Danger::is_risky);
        let is_known = is_risky || parts.clone().next().is_some();
        // What other sources call somebody is not theirs to find who may not see these.
        let is_called = |text: &str| {
            let in_alerts = danger.and_then(|danger| danger.name.as_deref());
            let mut names = in_alerts.into_iter().chain(Some(&*person.id));
            names.any(|name| name.to_lowercase().contains(text))
                || parts.clone().any(|part| part.is_called(text))
        };
        if !is_known || !text.is_none_or(is_called) {
            return None;
        }
        Standing::new(&parts)
    };
    if !fits(&standing, danger, filter) {
        return None;
    }
    let risk = danger.map_or(0, |danger| danger.points);
    let mut key = Key::new(&person.id, &standing, risk, filter.order);
    if filter.order == PeopleOrder::Name {
        key.text = if is_whole {
            Cow::Borrowed(&*person.called)
        } else {
            let [name, email] = called(&parts);
            Cow::Owned(name.or(email).unwrap_or(&person.id).to_lowercase())
        };
    }
    Some(key)
}

/// Those with a risk of whom neither events nor accounts tell, such as an account at which passwords were tried.
fn strangers(directory: &Directory, dangers: &HashMap<String, Danger>) -> Vec<Person> {
    let dangers = dangers.iter();
    dangers
        .filter(|(id, danger)| danger.is_risky() && directory.find(id).is_none())
        .map(|(id, danger)| Person::stranger(id, danger.name.as_deref()))
        .collect()
}

fn fits(standing: &Standing, danger: Option<&Danger>, filter: &PeopleFilter) -> bool {
    let is_leaving = standing
        .leaving_since
        .or(standing.terminated_since)
        .is_some();
    let has_alerts = danger.is_some_and(|danger| danger.alerts.is_some());
    let risk = danger.map_or(0, |danger| danger.points);
    let seen = standing.last_seen_at;
    filter.kind.is_none_or(|kind| standing.kind == Some(kind))
        && filter.role.is_none_or(|role| standing.role == Some(role))
        && filter
            .status
            .is_none_or(|status| standing.status == Some(status))
        && filter.risk_min.is_none_or(|least| risk >= least)
        && filter.has_alerts.is_none_or(|has| has == has_alerts)
        && filter
            .is_leaving
            .is_none_or(|leaving| leaving == is_leaving)
        && filter
            .seen_from
            .is_none_or(|from| seen.is_some_and(|seen| seen >= from))
        && filter
            .seen_to
            .is_none_or(|to| seen.is_some_and(|seen| seen < to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn danger(points: i64, causes: u64, name: &str) -> Danger {
        Danger {
            points,
            causes,
            name: Some(name.to_owned()),
            alerts: None,
        }
    }

    #[test]
    fn who_is_only_at_risk_is_listed_and_what_is_no_person_is_not() {
        let dangers = HashMap::from([
            ("7".to_owned(), danger(40, 1, "ada@example.com")),
            ("8".to_owned(), danger(4, 1, "Ben")),
            // An address about which there are alerts.
            ("192.0.2.1".to_owned(), danger(0, 0, "192.0.2.1")),
        ]);
        let filter = PeopleFilter {
            limit: 10,
            ..PeopleFilter::default()
        };
        let listed = page(&Directory::default(), &dangers, &filter);
        let told: Vec<_> = listed
            .people
            .iter()
            .map(|person| {
                (
                    person.id.as_str(),
                    person.name.as_deref(),
                    person.email.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("7", None, Some("ada@example.com")),
                ("8", Some("Ben"), None)
            ]
        );
        assert_eq!((listed.total, listed.people[0].events), (2, None));
        let text = Some("BEN".to_owned());
        let found = page(
            &Directory::default(),
            &dangers,
            &PeopleFilter { text, ..filter },
        );
        assert_eq!(found.people[0].id, "8");
    }

    #[test]
    fn a_page_of_none_has_no_next() {
        let dangers = HashMap::from([("7".to_owned(), danger(40, 1, "Ada"))]);
        let listed = page(&Directory::default(), &dangers, &PeopleFilter::default());
        assert_eq!(
            (listed.people.len(), listed.total, listed.next),
            (0, 1, None)
        );
    }
}

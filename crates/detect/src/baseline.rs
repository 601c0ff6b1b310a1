//! What is usual: for each person, service account, OAuth app and address, and in the organisation as a whole.
//!
//! Baselines are learned event by event, in the order of the events, by their times alone. So the same events give the same
//! baselines, whatever the batches were. Everything has a bound, and room is made for the new by forgetting what was not touched for
//! longest. What was refused teaches nothing: an attacker who fails does not become usual.

mod aspects;
mod crowd;
mod facts;
mod hours;
mod lessons;
mod observed;
mod organisation;
mod person;
mod raises;
mod rate;
mod reference;
mod second;
mod seen;
mod table;
mod traits;

use compact_str::CompactString;
use drishti_model::{AddressCategory, AddressFacts};

use crate::StateRow;

pub(crate) use aspects::{Action, Aspects, TypeFacts, Types, of_context};
pub(crate) use crowd::{CROWD_MAX, Crowd};
pub(crate) use facts::{FactValues, KnownFacts};
pub(crate) use hours::hour_of_day;
pub(crate) use lessons::Lessons;
pub(crate) use observed::{Observed, Subject};
pub(crate) use organisation::{
    AddressBaseline, AddressFailure, AppBaseline, Organisation, ValueBaseline,
};
pub(crate) use person::{
    FAILURES_MAX, FAILURES_PAUSE, Failure, Fresh, PersonBaseline, Place, Weakened,
};
pub(crate) use raises::Raise;
pub(crate) use rate::Spread;
pub(crate) use reference::Reference;
pub(crate) use second::{DAY, HOUR, MINUTE, Second, days_between};
pub(crate) use seen::{FORGOTTEN_AFTER, Seen, SeenSet};
#[cfg(test)]
pub(crate) use traits::country_value;
pub(crate) use traits::{Attribute, country_code, device_name, hash_text, network_name};

use organisation::{Only, ValueKey};
use table::{Key as _, Table};

/// People and service accounts that are remembered.
pub const PEOPLE_MAX: usize = 200_000;
/// Client addresses that are remembered.
pub const ADDRESSES_MAX: usize = 100_000;
/// OAuth apps that are remembered.
pub const OAUTH_APPS_MAX: usize = 2_000;
/// Values of attributes that are remembered of the organisation: countries, networks, devices, event types, apps.
pub const VALUES_MAX: usize = 30_000;

/// The saved row of what is usual in the organisation.
pub(crate) const ORGANISATION_ROW: &str = "anomaly/organisation";
const PEOPLE_ROWS: &str = "anomaly/person/";
const VALUE_ROWS: &str = "anomaly/value/";

/// The saved row of a person.
pub(crate) fn person_row(person: &str) -> String {
    format!("{PEOPLE_ROWS}{person}")
}

/// The saved row of a value, which has its name.
pub(crate) fn value_row(attribute: Attribute, value: u64) -> String {
    format!("{VALUE_ROWS}{}", ValueKey(attribute, value).to_text())
}

/// The saved rows of baselines begin with this.
pub(crate) const PREFIX: &str = "anomaly/";

/// Everything that is remembered.
#[derive(Debug)]
pub(crate) struct Baselines {
    /// Of all that there is to learn.
    lessons: Lessons,
    organisation: Table<Only, Organisation>,
    people: Table<CompactString, PersonBaseline>,
    addresses: Table<u128, AddressBaseline>,
    apps: Table<Box<str>, AppBaseline>,
    values: Table<ValueKey, ValueBaseline>,
}

/// Where it is remembered that a policy spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Memory {
    /// With the person or service account of the event.
    Subject,
    /// With the address of the event.
    Address,
}

/// That a policy spoke, to be remembered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spoken {
    pub(crate) memory: Memory,
    /// The policy's name as a number.
    pub(crate) policy: u64,
    pub(crate) level: u32,
}

impl Default for Baselines {
    fn default() -> Self {
        Self {
            lessons: Lessons::all(),
            organisation: Table::new(ORGANISATION_ROW, 1),
            people: Table::new(PEOPLE_ROWS, PEOPLE_MAX),
            addresses: Table::new("anomaly/address/", ADDRESSES_MAX),
            apps: Table::new("anomaly/app/", OAUTH_APPS_MAX),
            values: Table::new(VALUE_ROWS, VALUES_MAX),
        }
    }
}

impl Baselines {
    pub(crate) fn organisation(&self) -> Option<&Organisation> {
        self.organisation.get(&Only)
    }

    pub(crate) fn person(&self, key: &str) -> Option<&PersonBaseline> {
        self.people.get(key)
    }

    pub(crate) fn address(&self, subscriber: u128) -> Option<&AddressBaseline> {
        self.addresses.get(&subscriber)
    }

    pub(crate) fn app(&self, name: &str) -> Option<&AppBaseline> {
        self.apps.get(name)
    }

    pub(crate) fn value(&self, attribute: Attribute, value: u64) -> Option<&ValueBaseline> {
        self.values.get(&ValueKey(attribute, value))
    }

    /// How many people, addresses, apps and values are remembered.
    pub(crate) fn sizes(&self) -> [usize; 4] {
        [
            self.people.len(),
            self.addresses.len(),
            self.apps.len(),
            self.values.len(),
        ]
    }

    /// From now on, only these are learned.
    pub(crate) fn learn_only(&mut self, lessons: Lessons) {
        self.lessons = lessons;
    }

    /// Learns from one event, after it was judged.
    pub(crate) fn learn(&mut self, observed: &Observed<'_>, spoken: &[Spoken]) {
        self.learn_values(observed);
        if self.lessons.contains(Lessons::ADDRESSES) {
            self.learn_address(observed, spoken);
        }
        if self.lessons.contains(Lessons::OAUTH_APPS) {
            self.learn_app(observed);
        }
        let organisation =
            self.organisation
                .change(&Only, || Only, || Some(Organisation::default()));
        let Some(organisation) = organisation else {
            return;
        };
        organisation.learn(observed);
        if observed.aspects.contains(Aspects::FOR_OTHERS) {
            organisation
                .acted_for
                .learn(acted_for(observed), observed.at);
        }
        let done = observed.aspects.contains(Aspects::DONE);
        if let Some(subject) = &observed.subject {
            // A made-up address must not push a real person out.
            let create = || (done || subject.has_gid).then(PersonBaseline::default);
            let person = self
                .people
                .change(&*subject.key, || subject.key.as_ref().into(), create);
            if let Some(person) = person {
                if done {
                    person.learn(observed, self.lessons, organisation);
                } else if observed.aspects.contains(Aspects::FAILED_SIGN_IN) {
                    person.learn_failure(observed);
                }
                for spoken in of_memory(spoken, Memory::Subject) {
                    person
                        .raises
                        .learn(spoken.policy, observed.at, spoken.level);
                }
            }
        }
        self.learn_weakening(observed);
    }

    fn learn_values(&mut self, observed: &Observed<'_>) {
        let at = observed.at;
        let done = observed.aspects.contains(Aspects::DONE);
        let interactive = observed.aspects.contains(Aspects::INTERACTIVE);
        for attribute in Attribute::ALL {
            let asked = done && self.lessons.contains(lesson(attribute));
            let Some(value) = observed.traits.get(attribute).filter(|_| asked) else {
                continue;
            };
            let key = ValueKey(attribute, value);
            let create = || {
                let name = name_of(attribute, observed);
                let (seen, crowd) = (
                    Seen {
                        count: 0,
                        ..Seen::new(value, at)
                    },
                    Crowd::default(),
                );
                Some(ValueBaseline { name, seen, crowd })
            };
            let Some(known) = self.values.change(&key, || key, create) else {
                continue;
            };
            known.seen.learn(at);
            let by_place = match attribute {
                Attribute::Country => observed.hidden_place.is_none(),
                Attribute::Network => true,
                _ => false,
            };
            if let Some(subject) = observed
                .subject
                .as_ref()
                .filter(|_| by_place && interactive)
            {
                known.crowd.learn(subject.hash, at);
            }
        }
    }

    fn learn_address(&mut self, observed: &Observed<'_>, spoken: &[Spoken]) {
        let (Some(subscriber), Some(subject)) = (observed.subscriber(), &observed.subject) else {
            return;
        };
        let done = Aspects::DONE | Aspects::INTERACTIVE;
        let failed = observed.aspects.contains(Aspects::FAILED_SIGN_IN);
        if !failed && !observed.aspects.contains(done) {
            return;
        }
        let is_known_here = failed
            && self.people.get(&*subject.key).is_some_and(|person| {
                let network = observed.traits.network;
                network.is_some_and(|network| person.networks.get(network).is_some())
            });
        let create = || Some(AddressBaseline::default());
        let Some(address) = self.addresses.change(&subscriber, || subscriber, create) else {
            return;
        };
        address.last = observed.at;
        if failed {
            let is_known_here = is_known_here || address.crowd.has(subject.hash);
            address.learn_failure(AddressFailure {
                account: subject.hash,
                at: observed.at,
                is_stranger: !is_known_here,
                event: Reference::to(&observed.event.event),
            });
        } else {
            address.crowd.learn(subject.hash, observed.at);
        }
        for spoken in of_memory(spoken, Memory::Address) {
            address
                .raises
                .learn(spoken.policy, observed.at, spoken.level);
        }
    }

    fn learn_app(&mut self, observed: &Observed<'_>) {
        let by_app = observed.aspects.contains(Aspects::APP | Aspects::DONE);
        let name = observed.event.event.context.oauth_app_name.as_deref();
        if let Some(name) = name.filter(|_| by_app) {
            let create = || Some(AppBaseline::default());
            if let Some(app) = self.apps.change(name, || name.into(), create) {
                app.learn(observed);
            }
        }
    }

    /// Remembers with the person whose factor or password it was that it was taken away.
    fn learn_weakening(&mut self, observed: &Observed<'_>) {
        if !observed.aspects.contains(Aspects::WEAKENING) {
            return;
        }
        let event = &observed.event.event;
        let account = Subject::of_resource(&event.resource);
        let Some(account) = account.or_else(|| observed.subject.clone()) else {
            return;
        };
        let person = self
            .people
            .change(&*account.key, || account.key.as_ref().into(), || None);
        if let Some(person) = person {
            person.weakened = Some(Box::new(Weakened {
                at: observed.at,
                event_type: observed.traits.event_type,
                event: Reference::to(event),
            }));
        }
    }

    /// From now on, what is learned is forgotten again by [`Self::end_preview`].
    pub(crate) fn begin_preview(&mut self) {
        self.organisation.begin_preview();
        self.people.begin_preview();
        self.addresses.begin_preview();
        self.apps.begin_preview();
        self.values.begin_preview();
    }

    pub(crate) fn end_preview(&mut self) {
        self.organisation.end_preview();
        self.people.end_preview();
        self.addresses.end_preview();
        self.apps.end_preview();
        self.values.end_preview();
    }

    pub(crate) fn take_changes(&mut self) -> Vec<StateRow> {
        let mut rows = Vec::new();
        self.organisation.take_changes(&mut rows);
        self.people.take_changes(&mut rows);
        self.addresses.take_changes(&mut rows);
        self.apps.take_changes(&mut rows);
        self.values.take_changes(&mut rows);
        rows
    }

    /// Takes a saved row; `false` where it can't be read.
    pub(crate) fn restore(&mut self, row: &StateRow) -> bool {
        let tables = [
            self.organisation.restore(row),
            self.people.restore(row),
            self.addresses.restore(row),
            self.apps.restore(row),
            self.values.restore(row),
        ];
        tables.into_iter().flatten().next().unwrap_or(false)
    }
}

/// What it is to learn which values of an attribute anybody has.
fn lesson(attribute: Attribute) -> Lessons {
    match attribute {
        Attribute::Country => Lessons::COUNTRIES_OF_ALL,
        Attribute::Network => Lessons::NETWORKS_OF_ALL,
        Attribute::Device | Attribute::DeviceKind | Attribute::EventType | Attribute::App => {
            Lessons::WORDS
        }
    }
}

fn of_memory(spoken: &[Spoken], memory: Memory) -> impl Iterator<Item = &Spoken> {
    spoken.iter().filter(move |spoken| spoken.memory == memory)
}

/// Who acted for whom, as a number. Where it is not said for whom, changes of settings are apart from the rest: what is harmless does
/// not make them usual.
pub(crate) fn acted_for(observed: &Observed<'_>) -> u64 {
    let event = &observed.event.event;
    let who = match &observed.subject {
        Some(subject) => &*subject.key,
        None => event.actor.actor_type.as_deref().unwrap_or_default(),
    };
    match event.context.on_behalf_of_user_id {
        Some(person) => hash_text(&[who, &person.to_string()]),
        None if observed.aspects.contains(Aspects::ADMINISTRATION) => {
            hash_text(&[who, "", "administration"])
        }
        None => hash_text(&[who]),
    }
}

/// How the value of an attribute is called, by the event itself.
pub(crate) fn name_of(attribute: Attribute, observed: &Observed<'_>) -> Box<str> {
    let enriched = observed.event;
    let name = match attribute {
        Attribute::Country => enriched
            .address
            .as_ref()
            .and_then(|facts| facts.country.clone()),
        Attribute::Network => enriched.address.as_deref().map(network_name),
        Attribute::Device => enriched.device.as_deref().map(device_name),
        Attribute::DeviceKind => {
            let kind = enriched.device.as_ref().and_then(|device| device.kind);
            kind.map(|kind| kind.as_str().to_owned())
        }
        Attribute::EventType => Some(enriched.event.event_type.clone()),
        Attribute::App => enriched.event.context.oauth_app_name.clone(),
    };
    name.unwrap_or_default().into()
}

/// Whether the owner says that an address is the organisation's own.
pub(crate) fn is_own(facts: &AddressFacts) -> bool {
    matches!(
        facts.category,
        Some(AddressCategory::Corporate | AddressCategory::Administrative)
    )
}

/// Why the place of an address is not the person's, if so.
fn says_nothing_of_place(facts: &AddressFacts) -> Option<&'static str> {
    match facts.category {
        Some(AddressCategory::Vpn) => return Some("a VPN"),
        Some(AddressCategory::CloudProvider) => return Some("a cloud provider"),
        _ => {}
    }
    let tags = [
        ("vpn", "a VPN"),
        ("hosting", "a hosting provider"),
        ("tor_exit", "a Tor exit"),
        ("anonymous_proxy", "an anonymous proxy"),
    ];
    tags.into_iter()
        .find(|(tag, _)| facts.has_tag(tag))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests;

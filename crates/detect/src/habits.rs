use chrono::{DateTime, Utc};
use drishti_model::AccountRole;
use serde::Serialize;

use crate::StateRow;
use crate::anomaly::ACTIVE_DAYS_MIN;
use crate::baseline::{
    Action, Attribute, Baselines, DAY, FORGOTTEN_AFTER, ORGANISATION_ROW, PersonBaseline, Second,
    Seen, Spread, country_code, person_row, value_row,
};

/// The learning period of most detectors, as they are shipped.
const LEARNING: Second = 7 * DAY;

/// What is usual for one person or service account, as detection remembers it, for people to read. Times are those of events; what is
/// not known is empty or `None`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Habits {
    /// Since when habits are learned: the first activity, or the first after 90 days without any.
    pub learning_since: Option<DateTime<Utc>>,
    /// The newest activity that was not refused.
    pub last_active_at: Option<DateTime<Utc>>,
    /// The newest sign-in that succeeded.
    pub signed_in_at: Option<DateTime<Utc>>,
    /// Days with activity since learning began.
    pub active_days: u16,
    /// Whether that is enough for something to be unusual: a week since learning began, and three active days in it.
    pub is_learned: bool,
    /// Countries in two letters, the most frequent first.
    pub countries: Vec<Usual>,
    /// Networks, by who runs them.
    pub networks: Vec<Usual>,
    /// Devices, such as `Chrome on macOS`.
    pub devices: Vec<Usual>,
    /// Kinds of devices, such as `mobile`.
    pub device_kinds: Vec<Usual>,
    /// OAuth apps.
    pub apps: Vec<Usual>,
    /// Event types.
    pub event_types: Vec<Usual>,
    /// Networks from which tokens were used.
    pub token_networks: Vec<Usual>,
    /// At which hours of the week; `None` before the first interactive event.
    pub hours: Option<HourHabit>,
    /// How often something is done, and by colleagues in the same role.
    pub actions: Vec<ActionHabit>,
    /// The newest place in each of the last countries, the newest first; addresses that say nothing of a place are left out.
    pub places: Vec<PlaceHabit>,
}

/// A value that was seen within the last 90 days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Usual {
    /// How it is called; `None` where its name is no longer remembered.
    pub name: Option<String>,
    /// When it was seen first.
    pub first_at: DateTime<Utc>,
    /// When it was seen last.
    pub last_at: DateTime<Utc>,
    /// In how many events.
    pub events: u32,
    /// On how many days.
    pub days: u16,
}

/// When somebody is active.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HourHabit {
    /// How much of each of the 168 hours of the week, beginning on Monday at 00:00 UTC; old habits fade.
    pub week: Vec<u16>,
    /// The first hour (UTC) of the shortest span of the day with nine tenths of the activity.
    pub from_hour: usize,
    /// The first hour (UTC) after it.
    pub to_hour: usize,
}

/// How often somebody does something.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActionHabit {
    /// What, such as `downloads`.
    pub action: &'static str,
    /// Mean of active days.
    pub day_mean: f64,
    /// The most on one day, fading.
    pub day_most: f64,
    /// Mean of the busiest hours of active days.
    pub hour_mean: f64,
    /// How many active days that is learned from.
    pub days: u16,
    /// The same of colleagues in the same role, on days on which they do it at all.
    pub peers: Option<PeerHabit>,
}

/// How often colleagues in the same role do something.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PeerHabit {
    /// Mean of days on which they do it at all.
    pub day_mean: f64,
    /// Mean of the busiest hours of those days.
    pub hour_mean: f64,
    /// How many such days that is learned from.
    pub days: u16,
}

/// Where somebody was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlaceHabit {
    /// Two letters.
    pub country: String,
    /// Degrees, north positive.
    pub latitude: f64,
    /// Degrees, east positive.
    pub longitude: f64,
    /// When they were there last.
    pub last_at: DateTime<Utc>,
    /// Whether it is the organisation's own network.
    pub is_own: bool,
}

/// Reads the habits of one person out of saved rows: that of the person first, then those that it names.
#[derive(Debug)]
pub struct HabitReader {
    person: String,
    baselines: Baselines,
}

impl HabitReader {
    /// For the person of this id, as detection knows people.
    pub fn new(person: &str) -> Self {
        Self {
            person: person.to_owned(),
            baselines: Baselines::default(),
        }
    }

    /// Key of the person's row.
    pub fn person_key(&self) -> String {
        person_row(&self.person)
    }

    /// Takes a saved row; `false` where it can't be read.
    pub fn take(&mut self, row: &StateRow) -> bool {
        self.baselines.restore(row)
    }

    /// Keys of the rows that say how the values of the person's row are called, and what colleagues do; to be asked after that row
    /// was taken.
    pub fn other_keys(&self) -> Vec<String> {
        let Some(person) = self.known() else {
            return Vec::new();
        };
        let values = ATTRIBUTES
            .iter()
            .filter(|(attribute, _)| *attribute != Attribute::Country)
            .flat_map(|(attribute, usual)| {
                let key = |seen: &Seen| value_row(*attribute, seen.value);
                usual(person).iter().map(key).collect::<Vec<_>>()
            });
        std::iter::once(ORGANISATION_ROW.to_owned())
            .chain(values)
            .collect()
    }

    /// The habits, with those of colleagues in this role; `None` where nothing is remembered of the person.
    pub fn habits(&self, role: Option<AccountRole>) -> Option<Habits> {
        let person = self.known()?;
        let [
            countries,
            networks,
            devices,
            device_kinds,
            apps,
            event_types,
            token_networks,
        ] = ATTRIBUTES.map(|(attribute, usual)| self.named(attribute, &usual(person)));
        let mut places: Vec<PlaceHabit> = person
            .places
            .iter()
            .map(|place| PlaceHabit {
                country: country_code(place.country),
                latitude: place.latitude,
                longitude: place.longitude,
                last_at: time(place.at),
                is_own: place.is_safe,
            })
            .collect();
        places.sort_by_key(|place| std::cmp::Reverse(place.last_at));
        let hours = person.hours.usual_span();
        Some(Habits {
            learning_since: time_if_any(person.learning_since),
            last_active_at: time_if_any(person.last),
            signed_in_at: time_if_any(person.signed_in),
            active_days: person.active_days,
            is_learned: person.active_days >= ACTIVE_DAYS_MIN
                && person.last.saturating_sub(person.learning_since) >= LEARNING,
            countries,
            networks,
            devices,
            device_kinds,
            apps,
            event_types,
            token_networks,
            hours: hours.map(|(from_hour, to_hour)| HourHabit {
                week: person.hours.weekly(),
                from_hour,
                to_hour,
            }),
            actions: self.actions(person, role),
            places,
        })
    }

    fn known(&self) -> Option<&PersonBaseline> {
        self.baselines.person(&self.person)
    }

    fn named(&self, attribute: Attribute, usual: &[Seen]) -> Vec<Usual> {
        let name = |value| {
            if attribute == Attribute::Country {
                return Some(country_code(value));
            }
            let known = self.baselines.value(attribute, value)?;
            Some(known.name.to_string()).filter(|name| !name.is_empty())
        };
        let usual = usual.iter().map(|seen| Usual {
            name: name(seen.value),
            first_at: time(seen.first),
            last_at: time(seen.last),
            events: seen.count,
            days: seen.days,
        });
        usual.collect()
    }

    fn actions(&self, person: &PersonBaseline, role: Option<AccountRole>) -> Vec<ActionHabit> {
        let of = |action: Action| {
            let rate = person.rate(action)?;
            let organisation = self.baselines.organisation();
            let peers = organisation.and_then(|all| all.peers(role, action));
            let Spread {
                mean, most, days, ..
            } = rate.days;
            Some(ActionHabit {
                action: action.plural(),
                day_mean: rounded(mean),
                day_most: rounded(most),
                hour_mean: rounded(rate.hours.mean),
                days,
                peers: peers.map(|peers| PeerHabit {
                    day_mean: rounded(peers.days.mean),
                    hour_mean: rounded(peers.hours.mean),
                    days: peers.days.days,
                }),
            })
        };
        Action::ALL.into_iter().filter_map(of).collect()
    }
}

type UsualOf = fn(&PersonBaseline) -> Vec<Seen>;

/// What is remembered of a person by value. Networks are there twice: those of people and those of their tokens.
const ATTRIBUTES: [(Attribute, UsualOf); 7] = [
    (Attribute::Country, |person| {
        person.countries.usual(since(person))
    }),
    (Attribute::Network, |person| {
        person.networks.usual(since(person))
    }),
    (Attribute::Device, |person| {
        person.devices.usual(since(person))
    }),
    (Attribute::DeviceKind, |person| {
        person.device_kinds.usual(since(person))
    }),
    (Attribute::App, |person| person.apps.usual(since(person))),
    (Attribute::EventType, |person| {
        person.event_types.usual(since(person))
    }),
    (Attribute::Network, |person| {
        person.token_networks.usual(since(person))
    }),
];

/// What was not seen in the last 90 days of the person's activity is forgotten.
fn since(person: &PersonBaseline) -> Second {
    person.last.saturating_sub(FORGOTTEN_AFTER)
}

fn time(second: Second) -> DateTime<Utc> {
    DateTime::from_timestamp(i64::from(second), 0).unwrap_or_default()
}

fn time_if_any(second: Second) -> Option<DateTime<Utc>> {
    (second > 0).then(|| time(second))
}

/// To a tenth, which is as exact as means of days are.
fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

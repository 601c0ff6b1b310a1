use chrono::{DateTime, Utc};
use drishti_services::detect::{ActionHabit, Habits as Known, Usual as UsualValue};
use serde::Serialize;
use utoipa::ToSchema;

/// What is usual for a person, as detection remembers it from settled events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Habits {
    /// Since when habits are learned: the first activity, or the first after 90 days without any.
    #[schema(required)]
    learning_since: Option<DateTime<Utc>>,
    /// The newest activity that was not refused.
    #[schema(required)]
    last_active_at: Option<DateTime<Utc>>,
    /// The newest sign-in that succeeded.
    #[schema(required)]
    signed_in_at: Option<DateTime<Utc>>,
    /// Days with activity since learning began.
    active_days: u16,
    /// Whether that is enough for something to be unusual: a week since learning began, and three active days in it.
    is_learned: bool,
    /// Countries in two letters, the most frequent first.
    countries: Vec<Usual>,
    /// Networks, by who runs them.
    networks: Vec<Usual>,
    /// Devices, such as `Chrome on macOS`.
    devices: Vec<Usual>,
    /// Kinds of devices, such as `mobile`.
    device_kinds: Vec<Usual>,
    /// OAuth apps.
    apps: Vec<Usual>,
    /// Event types.
    event_types: Vec<Usual>,
    /// Networks from which tokens were used.
    token_networks: Vec<Usual>,
    /// At which hours of the week; null before the first interactive event.
    #[schema(required)]
    hours: Option<UsualHours>,
    /// How often something is done, and by colleagues in the same role.
    actions: Vec<UsualAction>,
    /// The newest place in each of the last countries, the newest first.
    places: Vec<UsualPlace>,
}

/// A value that was seen within the last 90 days.
#[derive(Debug, Serialize, ToSchema)]
struct Usual {
    /// How it is called; null where its name is no longer remembered.
    #[schema(required)]
    name: Option<String>,
    /// When it was seen first.
    first_at: DateTime<Utc>,
    /// When it was seen last.
    last_at: DateTime<Utc>,
    /// In how many events.
    events: u32,
    /// On how many days.
    days: u16,
}

/// When somebody is active.
#[derive(Debug, Serialize, ToSchema)]
struct UsualHours {
    /// How much of each of the 168 hours of the week, beginning on Monday at 00:00 UTC; old habits fade.
    week: Vec<u16>,
    /// The first hour (UTC) of the shortest span of the day with nine tenths of the activity.
    from_hour: usize,
    /// The first hour (UTC) after it.
    to_hour: usize,
}

/// How often somebody does something.
#[derive(Debug, Serialize, ToSchema)]
struct UsualAction {
    /// What, such as `downloads`.
    action: &'static str,
    /// Mean of active days.
    day_mean: f64,
    /// The most on one day, fading.
    day_most: f64,
    /// Mean of the busiest hours of active days.
    hour_mean: f64,
    /// How many active days that is learned from.
    days: u16,
    /// The same of colleagues in the same role, on days on which they do it at all; null where none of them ever did.
    #[schema(required)]
    peers: Option<UsualOfPeers>,
}

/// How often colleagues in the same role do something.
#[derive(Debug, Serialize, ToSchema)]
struct UsualOfPeers {
    /// Mean of days on which they do it at all.
    day_mean: f64,
    /// Mean of the busiest hours of those days.
    hour_mean: f64,
    /// How many such days that is learned from.
    days: u16,
}

/// Where somebody was.
#[derive(Debug, Serialize, ToSchema)]
struct UsualPlace {
    /// Two letters.
    country: String,
    /// Degrees, north positive.
    latitude: f64,
    /// Degrees, east positive.
    longitude: f64,
    /// When they were there last.
    last_at: DateTime<Utc>,
    /// Whether it is the organisation's own network.
    is_own: bool,
}

impl From<Known> for Habits {
    fn from(known: Known) -> Self {
        Self {
            learning_since: known.learning_since,
            last_active_at: known.last_active_at,
            signed_in_at: known.signed_in_at,
            active_days: known.active_days,
            is_learned: known.is_learned,
            countries: all(known.countries),
            networks: all(known.networks),
            devices: all(known.devices),
            device_kinds: all(known.device_kinds),
            apps: all(known.apps),
            event_types: all(known.event_types),
            token_networks: all(known.token_networks),
            hours: known.hours.map(|hours| UsualHours {
                week: hours.week,
                from_hour: hours.from_hour,
                to_hour: hours.to_hour,
            }),
            actions: known.actions.into_iter().map(UsualAction::from).collect(),
            places: known
                .places
                .into_iter()
                .map(|place| UsualPlace {
                    country: place.country,
                    latitude: place.latitude,
                    longitude: place.longitude,
                    last_at: place.last_at,
                    is_own: place.is_own,
                })
                .collect(),
        }
    }
}

fn all(values: Vec<UsualValue>) -> Vec<Usual> {
    let usual = values.into_iter().map(|value| Usual {
        name: value.name,
        first_at: value.first_at,
        last_at: value.last_at,
        events: value.events,
        days: value.days,
    });
    usual.collect()
}

impl From<ActionHabit> for UsualAction {
    fn from(habit: ActionHabit) -> Self {
        Self {
            action: habit.action,
            day_mean: habit.day_mean,
            day_most: habit.day_most,
            hour_mean: habit.hour_mean,
            days: habit.days,
            peers: habit.peers.map(|peers| UsualOfPeers {
                day_mean: peers.day_mean,
                hour_mean: peers.hour_mean,
                days: peers.days,
            }),
        }
    }
}

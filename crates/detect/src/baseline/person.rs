use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::aspects::{Action, Aspects};
use super::hours::Hours;
use super::lessons::Lessons;
use super::observed::Observed;
use super::organisation::Organisation;
use super::raises::Raises;
use super::rate::Rate;
use super::reference::Reference;
use super::second::{DAY, MINUTE, Second};
use super::seen::{FORGOTTEN_AFTER, SeenSet};
use super::table::Remembered;

/// Countries that are remembered of one person.
pub(crate) const COUNTRIES_MAX: usize = 12;
/// Networks that are remembered of one person: travellers and phones use many.
pub(crate) const NETWORKS_MAX: usize = 32;
/// Devices that are remembered of one person.
pub(crate) const DEVICES_MAX: usize = 16;
/// Kinds of devices that are remembered of one person.
pub(crate) const DEVICE_KINDS_MAX: usize = 5;
/// OAuth apps that are remembered of one person.
pub(crate) const APPS_MAX: usize = 16;
/// Event types that are remembered of one person or service account.
pub(crate) const EVENT_TYPES_MAX: usize = 64;
/// Networks from which tokens of one person or service account were used that are remembered.
pub(crate) const TOKEN_NETWORKS_MAX: usize = 16;
/// Countries of which the newest place is remembered.
pub(crate) const PLACES_MAX: usize = 4;
/// Counted actions of the last day that are remembered one by one.
pub(crate) const RECENT_MAX: usize = 64;
/// Failed sign-ins that are remembered one by one.
pub(crate) const FAILURES_MAX: usize = 64;
/// Failures go on while no pause between them is longer.
pub(crate) const FAILURES_PAUSE: Second = 30 * MINUTE;

/// What is usual for a person or a service account. Everything has a bound: at most about 15 kB, usually 2.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PersonBaseline {
    /// Since when habits are learned: the first activity, or the first after a long absence; 0 where there was none yet.
    pub(crate) learning_since: Second,
    /// The newest activity that was not refused; 0 where there was none yet.
    pub(crate) last: Second,
    /// The newest event of any kind.
    touched: Second,
    /// Days with activity since learning began.
    pub(crate) active_days: u16,
    /// The newest sign-in that succeeded.
    pub(crate) signed_in: Second,
    pub(crate) countries: SeenSet<COUNTRIES_MAX>,
    pub(crate) networks: SeenSet<NETWORKS_MAX>,
    pub(crate) devices: SeenSet<DEVICES_MAX>,
    pub(crate) device_kinds: SeenSet<DEVICE_KINDS_MAX>,
    pub(crate) apps: SeenSet<APPS_MAX>,
    pub(crate) event_types: SeenSet<EVENT_TYPES_MAX>,
    /// Networks of personal tokens or, for service accounts, of theirs.
    pub(crate) token_networks: SeenSet<TOKEN_NETWORKS_MAX>,
    pub(crate) hours: Hours,
    rates: Vec<(Action, Rate)>,
    /// The newest administrative change; 0 where there was none yet.
    pub(crate) administered: Second,
    pub(crate) recent: VecDeque<Recent>,
    pub(crate) failures: Vec<Failure>,
    /// When those that go on began.
    failing_since: Second,
    pub(crate) places: Vec<Place>,
    pub(crate) weakened: Option<Box<Weakened>>,
    pub(crate) fresh: Option<Box<Fresh>>,
    pub(crate) raises: Raises,
}

/// A counted action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Recent {
    pub(crate) at: Second,
    /// The lowest bits of its [`Aspects`]: counted actions, and whether they can be undone.
    actions: u8,
    pub(crate) event: Reference,
}

impl Recent {
    pub(crate) fn is(&self, aspect: Aspects) -> bool {
        Aspects::from_bits_truncate(self.actions.into()).contains(aspect)
    }

    pub(crate) fn is_any(&self, aspects: Aspects) -> bool {
        Aspects::from_bits_truncate(self.actions.into()).intersects(aspects)
    }
}

/// A failed sign-in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) at: Second,
    pub(crate) network: Option<u64>,
    pub(crate) device: Option<u64>,
    pub(crate) subscriber: Option<u128>,
    pub(crate) event: Reference,
}

/// Where somebody was seen, as far as an address can tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) at: Second,
    pub(crate) country: u64,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    pub(crate) network: Option<u64>,
    pub(crate) device: Option<u64>,
    /// The owner's own network.
    pub(crate) is_safe: bool,
    pub(crate) event: Reference,
}

/// A second factor or a password was taken away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Weakened {
    pub(crate) at: Second,
    pub(crate) event_type: u64,
    pub(crate) event: Reference,
}

/// The newest appearance on a device and in a network that were both new.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fresh {
    pub(crate) at: Second,
    pub(crate) device: u64,
    pub(crate) network: u64,
    pub(crate) event: Reference,
}

impl PersonBaseline {
    /// How often the person does this; `None` where never yet.
    pub(crate) fn rate(&self, action: Action) -> Option<&Rate> {
        self.rates
            .iter()
            .find(|(known, _)| *known == action)
            .map(|(_, rate)| rate)
    }

    /// Learns from an event of this person that was not refused.
    pub(crate) fn learn(
        &mut self,
        observed: &Observed<'_>,
        lessons: Lessons,
        organisation: &mut Organisation,
    ) {
        let at = observed.at;
        self.touched = self.touched.max(at);
        self.begin_day(observed, organisation);
        if lessons.contains(Lessons::EVENT_TYPES) {
            self.event_types.learn(observed.traits.event_type, at);
        }
        if let Some(app) = observed.traits.app
            && lessons.contains(Lessons::WORDS)
        {
            self.apps.learn(app, at);
        }
        let token = Aspects::PERSONAL_TOKEN | Aspects::SERVICE_ACCOUNT;
        if observed.aspects.contains(Aspects::INTERACTIVE) {
            self.learn_presence(observed, lessons);
        } else if observed.aspects.intersects(token)
            && let Some(network) = observed.traits.network
            && lessons.contains(Lessons::TOKEN_NETWORKS)
        {
            self.token_networks.learn(network, at);
        }
        if observed.aspects.contains(Aspects::SIGN_IN) {
            self.signed_in = at;
        }
        if observed.aspects.contains(Aspects::ADMINISTRATION) {
            self.administered = at;
        }
        if lessons.contains(Lessons::ACTIONS) {
            self.learn_actions(observed);
        }
        self.last = at;
    }

    /// Starts learning anew after long absence, and closes the last active day when another begins.
    fn begin_day(&mut self, observed: &Observed<'_>, organisation: &mut Organisation) {
        let at = observed.at;
        if self.last == 0 || at.saturating_sub(self.last) >= FORGOTTEN_AFTER {
            (self.learning_since, self.active_days) = (at, 0);
        }
        let (last, today) = (self.last / DAY, at / DAY);
        if self.active_days > 0 && today <= last {
            return;
        }
        self.active_days = self.active_days.saturating_add(1);
        for (action, rate) in &mut self.rates {
            let closed = rate.close(last);
            organisation.learn_peer(observed.role(), *action, closed);
        }
    }

    /// Where from, with what and when.
    fn learn_presence(&mut self, observed: &Observed<'_>, lessons: Lessons) {
        let (at, traits) = (observed.at, &observed.traits);
        let asked = |value: Option<u64>, lesson| value.filter(|_| lessons.contains(lesson));
        if let (Some(device), Some(network)) = (traits.device, traits.network)
            && lessons.contains(Lessons::FRESH)
            && self.last > 0
        {
            let device_is_new = self.devices.is_new(device, at, FORGOTTEN_AFTER);
            if device_is_new && self.networks.is_new(network, at, FORGOTTEN_AFTER) {
                self.fresh = Some(Box::new(Fresh {
                    at,
                    device,
                    network,
                    event: Reference::to(&observed.event.event),
                }));
            }
        }
        // The country of a VPN or of Tor does not become usual.
        if let Some(country) = asked(traits.country, Lessons::COUNTRIES)
            && observed.hidden_place.is_none()
        {
            self.countries.learn(country, at);
        }
        if let Some(network) = asked(traits.network, Lessons::NETWORKS) {
            self.networks.learn(network, at);
        }
        if let Some(device) = asked(traits.device, Lessons::DEVICES) {
            self.devices.learn(device, at);
        }
        if let Some(kind) = asked(traits.device_kind, Lessons::WORDS) {
            self.device_kinds.learn(kind, at);
        }
        if lessons.contains(Lessons::HOURS) {
            self.hours.learn(at);
        }
        if lessons.contains(Lessons::PLACES)
            && let Some(place) = Place::of(observed)
        {
            self.learn_place(place);
        }
    }

    fn learn_place(&mut self, place: Place) {
        let known = self.places.iter_mut();
        if let Some(known) = known
            .into_iter()
            .find(|known| known.country == place.country)
        {
            *known = place;
        } else if self.places.len() < PLACES_MAX {
            self.places.push(place);
        } else {
            let places = self.places.iter_mut();
            if let Some(oldest) = places.min_by_key(|place| (place.at, place.country)) {
                *oldest = place;
            }
        }
    }

    fn learn_actions(&mut self, observed: &Observed<'_>) {
        let at = observed.at;
        let actions = u8::try_from(observed.aspects.bits() & u32::from(u8::MAX)).unwrap_or(0);
        for action in Action::ALL {
            if observed.aspects.contains(action.aspect()) {
                self.count(action, at);
            }
        }
        if actions == 0 {
            return;
        }
        let over = |recent: &Recent| recent.at.saturating_add(DAY) < at;
        while self.recent.front().is_some_and(over) || self.recent.len() >= RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(Recent {
            at,
            actions,
            event: Reference::to(&observed.event.event),
        });
    }

    fn count(&mut self, action: Action, at: Second) {
        let known = self.rates.iter_mut().find(|(known, _)| *known == action);
        if let Some((_, rate)) = known {
            rate.learn(at);
        } else {
            let mut rate = Rate::default();
            rate.learn(at);
            self.rates.push((action, rate));
        }
    }

    /// When the failures that go on at `at` began: behind the last pause.
    pub(crate) fn failing_since(&self, at: Second) -> Second {
        let newest = self.failures.last();
        match newest {
            Some(newest) if at.saturating_sub(newest.at) <= FAILURES_PAUSE => self.failing_since,
            _ => at,
        }
    }

    /// Learns that a sign-in to this account failed. Nothing of its attributes becomes usual.
    pub(crate) fn learn_failure(&mut self, observed: &Observed<'_>) {
        let at = observed.at;
        self.touched = self.touched.max(at);
        self.count(Action::FailedSignIn, at);
        self.failing_since = self.failing_since(at);
        if self.failures.len() >= FAILURES_MAX {
            self.failures.remove(0);
        }
        self.failures.push(Failure {
            at,
            network: observed.traits.network,
            device: observed.traits.device,
            subscriber: observed.subscriber(),
            event: Reference::to(&observed.event.event),
        });
    }
}

impl Place {
    /// The place of an event; `None` where its address says nothing about where somebody is: VPNs, clouds, anonymisers.
    pub(crate) fn of(observed: &Observed<'_>) -> Option<Self> {
        let facts = observed.event.address.as_deref()?;
        let country = observed.traits.country?;
        let (latitude, longitude) = facts.coordinates()?;
        if observed.hidden_place.is_some() {
            return None;
        }
        Some(Self {
            at: observed.at,
            country,
            latitude,
            longitude,
            network: observed.traits.network,
            device: observed.traits.device,
            is_safe: super::is_own(facts),
            event: Reference::to(&observed.event.event),
        })
    }
}

impl Remembered for PersonBaseline {
    fn touched(&self) -> Second {
        self.touched
    }
}

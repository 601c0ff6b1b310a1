use drishti_model::AccountRole;
use serde::{Deserialize, Serialize};

use super::aspects::{Action, Aspects};
use super::crowd::Crowd;
use super::observed::Observed;
use super::raises::Raises;
use super::rate::{ClosedDay, Rate, Spread};
use super::reference::Reference;
use super::second::{DAY, MINUTE, Second};
use super::seen::{Seen, SeenSet};
use super::table::{Key, Remembered};
use super::traits::Attribute;

/// Networks that are remembered of one OAuth app.
pub(crate) const APP_NETWORKS_MAX: usize = 32;
/// Event types that are remembered of one OAuth app.
pub(crate) const APP_EVENT_TYPES_MAX: usize = 128;
/// Pairs of who acted, and for whom, that are remembered.
pub(crate) const ACTED_FOR_MAX: usize = 256;
/// Failed sign-ins from one address that are remembered.
pub(crate) const ADDRESS_FAILURES_MAX: usize = 128;
/// Failures of one account that follow each other within this time are remembered as one, the newest.
const SAME_TRY: Second = 10 * MINUTE;

/// What is usual in the organisation as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Organisation {
    /// The first event; 0 where there was none yet.
    pub(crate) first: Second,
    last: Second,
    /// Who acted for whom, see [`super::acted_for`].
    pub(crate) acted_for: SeenSet<ACTED_FOR_MAX>,
    peers: Vec<(Option<AccountRole>, Action, Peers)>,
}

/// How busy people of one role are on days on which they do something at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Peers {
    /// The busiest hour of a day.
    pub(crate) hours: Spread,
    /// The sum of a day.
    pub(crate) days: Spread,
}

impl Organisation {
    pub(crate) fn learn(&mut self, observed: &Observed<'_>) {
        if self.first == 0 {
            self.first = observed.at;
        }
        self.last = self.last.max(observed.at);
    }

    /// How busy people of this role are with this; `None` where none of them ever did it.
    pub(crate) fn peers(&self, role: Option<AccountRole>, action: Action) -> Option<&Peers> {
        let mut peers = self.peers.iter();
        peers
            .find(|(known_role, known, _)| (*known_role, *known) == (role, action))
            .map(|(_, _, peers)| peers)
    }

    pub(crate) fn learn_peer(&mut self, role: Option<AccountRole>, action: Action, day: ClosedDay) {
        if day.total == 0 {
            return;
        }
        let mut known = self.peers.iter_mut();
        let known = known.find(|(known_role, known, _)| (*known_role, *known) == (role, action));
        let peers = if let Some((_, _, peers)) = known {
            peers
        } else {
            self.peers.push((role, action, Peers::default()));
            match self.peers.last_mut() {
                Some((_, _, peers)) => peers,
                None => return,
            }
        };
        peers.hours.learn(day.peak);
        peers.days.learn(day.total);
    }
}

impl Remembered for Organisation {
    fn touched(&self) -> Second {
        self.last
    }
}

/// The key of what there is only one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Only;

impl Key for Only {
    fn to_text(&self) -> String {
        String::new()
    }

    fn from_text(text: &str) -> Option<Self> {
        text.is_empty().then_some(Self)
    }
}

/// A value of an attribute anywhere in the organisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ValueBaseline {
    /// How it is called.
    pub(crate) name: Box<str>,
    pub(crate) seen: Seen,
    /// Who used it, for countries and networks.
    pub(crate) crowd: Crowd,
}

impl Remembered for ValueBaseline {
    fn touched(&self) -> Second {
        self.seen.last
    }
}

/// An attribute and the number of one of its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ValueKey(pub(crate) Attribute, pub(crate) u64);

impl Key for ValueKey {
    fn to_text(&self) -> String {
        format!("{}/{:016x}", self.0.as_str(), self.1)
    }

    fn from_text(text: &str) -> Option<Self> {
        let (attribute, value) = text.split_once('/')?;
        let attribute = Attribute::ALL
            .into_iter()
            .find(|known| known.as_str() == attribute)?;
        Some(Self(attribute, u64::from_str_radix(value, 16).ok()?))
    }
}

/// What happened from one address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct AddressBaseline {
    pub(crate) last: Second,
    /// Who was active from here.
    pub(crate) crowd: Crowd,
    /// Failed sign-ins, the oldest first; those of one account that follow each other closely stand as one.
    pub(crate) failures: Vec<AddressFailure>,
    pub(crate) raises: Raises,
}

/// A failed sign-in to one account from an address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AddressFailure {
    /// The hash of the account's key.
    pub(crate) account: u64,
    pub(crate) at: Second,
    /// Whether the person was never seen in this network before.
    pub(crate) is_stranger: bool,
    pub(crate) event: Reference,
}

impl AddressBaseline {
    pub(crate) fn learn_failure(&mut self, failure: AddressFailure) {
        self.last = failure.at;
        self.failures.retain(|known| {
            known.account != failure.account || failure.at.saturating_sub(known.at) > SAME_TRY
        });
        if self.failures.len() >= ADDRESS_FAILURES_MAX {
            self.failures.remove(0);
        }
        self.failures.push(failure);
    }
}

impl Remembered for AddressBaseline {
    fn touched(&self) -> Second {
        self.last
    }
}

/// What is usual for an OAuth app.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct AppBaseline {
    /// The first use; 0 where there was none yet.
    pub(crate) first: Second,
    pub(crate) last: Second,
    pub(crate) active_days: u16,
    pub(crate) networks: SeenSet<APP_NETWORKS_MAX>,
    pub(crate) event_types: SeenSet<APP_EVENT_TYPES_MAX>,
    /// Its downloads and exports.
    pub(crate) takings: Rate,
}

impl AppBaseline {
    pub(crate) fn learn(&mut self, observed: &Observed<'_>) {
        let at = observed.at;
        if self.first == 0 {
            self.first = at;
        }
        if self.active_days == 0 || at / DAY > self.last / DAY {
            self.active_days = self.active_days.saturating_add(1);
        }
        self.last = at;
        if let Some(network) = observed.traits.network {
            self.networks.learn(network, at);
        }
        self.event_types.learn(observed.traits.event_type, at);
        if observed
            .aspects
            .intersects(Aspects::DOWNLOAD | Aspects::EXPORT)
        {
            self.takings.learn(at);
        }
    }
}

impl Remembered for AppBaseline {
    fn touched(&self) -> Second {
        self.last
    }
}

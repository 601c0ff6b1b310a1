//! A new device in a new network: Entra's *unfamiliar sign-in properties* (`defender-behaviour.md`, section 1.6), made strict.

use super::address::{origin, what};
use super::catalogue::{Interest, Judge};
use super::moment::{Judgement, Moment, Raised};
use super::parameters::Parameters;
use super::words;
use crate::baseline::{
    Aspects, Attribute, DAY, FORGOTTEN_AFTER, Fresh, HOUR, Lessons, Memory, PersonBaseline,
    country_code, days_between, is_own,
};
use drishti_model::AddressFacts;

/// What somebody does with an account that they have taken over.
pub(super) const SENSITIVE: Aspects = Aspects::EXPORT
    .union(Aspects::ADMINISTRATION)
    .union(Aspects::CREDENTIAL)
    .union(Aspects::INVITATION)
    .union(Aspects::WEAKENING)
    .union(Aspects::PERMANENT);
/// In minutes, failed sign-ins and lost factors before are a sign.
const BEFORE: u32 = 24 * HOUR;

/// Activity on a device and in a network that are both new for the person, with other signs besides or a sensitive action soon after.
#[derive(Debug)]
pub(super) struct NewDeviceAndNetwork {
    learning_days: u32,
    memory_days: u32,
    shared_people: usize,
    signs: usize,
    follow_hours: u32,
}

impl NewDeviceAndNetwork {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        let signs = parameters.count("signs", 1, 0..=5);
        Self {
            learning_days: parameters.learning_days(7),
            memory_days: parameters.memory_days(),
            shared_people: parameters.shared_people(),
            signs: usize::try_from(signs).unwrap_or(usize::MAX),
            follow_hours: parameters.count("follow_hours", 24, 0..=168),
        }
    }

    /// What else speaks against the event.
    fn signs(
        &self,
        moment: &Moment<'_>,
        person: &PersonBaseline,
        facts: &AddressFacts,
    ) -> Vec<String> {
        let mut signs = Vec::new();
        let since = moment.at.saturating_sub(self.memory_days * DAY);
        if let Some(country) = moment.observed.traits.country
            && person.countries.since(country, since).is_none()
        {
            signs.push(format!(
                "{} is a new country for them",
                country_code(country)
            ));
        }
        for (tag, sign) in [
            ("tor_exit", "the address is a Tor exit"),
            ("anonymous_proxy", "the address is an anonymous proxy"),
            ("malicious", "the address is in a feed of malicious ones"),
            ("hosting", "the address belongs to a hosting provider"),
            ("vpn", "the address belongs to a VPN"),
        ] {
            if facts.has_tag(tag) {
                signs.push(sign.to_owned());
            }
        }
        let before = moment.at.saturating_sub(BEFORE);
        let failed = person
            .failures
            .iter()
            .filter(|failure| failure.at >= before)
            .count();
        if failed >= 3 {
            signs.push(format!(
                "{failed} sign-ins to the account failed in the last day"
            ));
        }
        if person
            .weakened
            .as_ref()
            .is_some_and(|weakened| weakened.at >= before)
        {
            signs.push(
                "a password or second factor of the account was taken away in the last day"
                    .to_owned(),
            );
        }
        signs
    }

    fn first(&self, moment: &Moment<'_>, person: &PersonBaseline) -> Judgement {
        let subject = moment.interactive()?;
        let facts = moment.facts()?;
        let signs = self.signs(moment, person, facts);
        moment.require(signs.len() >= self.signs, || {
            format!(
                "device and network are new, but that happens: {} of {} further signs{}",
                signs.len(),
                self.signs,
                if signs.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", signs.join("; "))
                }
            )
        })?;
        let title = format!("{} appeared on a new device in a new network", subject.name);
        let mut raised = Raised::about(subject, title);
        raised.seen = format!(
            "{} on {} from {}",
            what(moment),
            device_name(moment),
            origin(moment)
        );
        self.tell(moment, person, &mut raised);
        raised.compare("further signs", number(signs.len()), number(self.signs));
        if signs.len() >= 2 {
            raised.steps += 1;
        }
        raised.not_suppressed.extend(signs);
        Ok(raised)
    }

    /// The first sensitive action after an appearance on a new device in a new network.
    fn follow_up(&self, moment: &Moment<'_>, person: &PersonBaseline, fresh: &Fresh) -> Judgement {
        let subject = moment.interactive()?;
        moment.require(moment.has_any(SENSITIVE), || {
            "device and network were new lately, but the event is not a sensitive one".to_owned()
        })?;
        let event_type = moment.observed.traits.event_type;
        let unusual = person
            .event_types
            .is_new(event_type, moment.at, FORGOTTEN_AFTER);
        moment.require(unusual, || {
            "device and network were new lately, but they do the same on other days too".to_owned()
        })?;
        moment.learned_at(person, self.learning_days, fresh.at)?;
        let said = moment.raised().filter(|raise| raise.at >= fresh.at);
        moment.require(said.is_none_or(|raise| raise.level == 0), || {
            "a sensitive action on this new device was raised already".to_owned()
        })?;
        let ago = words::days(days_between(fresh.at, moment.at));
        let title = format!(
            "{} appeared on a new device in a new network and soon did something sensitive",
            subject.name
        );
        let mut raised = Raised::about(subject, title);
        raised.seen = format!(
            "{} on {} from {}, {ago} after both were first seen",
            what(moment),
            device_name(moment),
            origin(moment)
        );
        self.tell(moment, person, &mut raised);
        raised.compare(
            "hours since the first appearance",
            days_between(fresh.at, moment.at) * 24.0,
            f64::from(self.follow_hours),
        );
        raised.steps += 1;
        raised.after([&fresh.event]);
        raised.remember = Some((Memory::Subject, 1));
        Ok(raised)
    }

    fn tell(&self, moment: &Moment<'_>, person: &PersonBaseline, raised: &mut Raised) {
        raised.expected = format!(
            "they use {} in {}",
            words::usual(moment, person, Attribute::Device),
            words::usual(moment, person, Attribute::Network)
        );
        raised.unsuppressed("both are new; a new device in a known network, or a known device in a new one, is not raised");
        raised.unsuppressed(format!(
            "fewer than {} others of the organisation use the network",
            self.shared_people
        ));
    }
}

impl Judge for NewDeviceAndNetwork {
    fn interest(&self) -> Interest {
        Interest::all(Aspects::DONE.union(Aspects::INTERACTIVE))
    }

    fn asks(&self) -> Lessons {
        Lessons::FRESH | Lessons::COUNTRIES | Lessons::EVENT_TYPES | Lessons::NETWORKS_OF_ALL
    }

    fn judge(&self, moment: &Moment<'_>) -> Judgement {
        moment.interactive()?;
        let (device, network) = (moment.device()?, moment.network()?);
        let nothing = || "this is the first time that anything is seen of them".to_owned();
        let person = moment.person.ok_or_else(|| moment.quiet(nothing))?;
        let memory = self.memory_days.saturating_mul(DAY).min(FORGOTTEN_AFTER);
        let device_is_new = person.devices.is_new(device, moment.at, memory);
        let network_is_new = person.networks.is_new(network, moment.at, memory);
        let both = device_is_new && network_is_new;
        let fresh = person.fresh.as_deref().filter(|fresh| {
            let until = fresh.at.saturating_add(self.follow_hours * HOUR);
            (fresh.device, fresh.network) == (device, network) && moment.at <= until
        });
        if !both && fresh.is_none() {
            return Err(moment.quiet(|| {
                let which = match (device_is_new, network_is_new) {
                    (true, _) => "only the device is new; the network is known",
                    (_, true) => "only the network is new; the device is known",
                    _ => "device and network are known",
                };
                which.to_owned()
            }));
        }
        let others = moment.others_in_network(network);
        moment.require(others < self.shared_people, || {
            format!("{others} others of the organisation use the network, so it is no strange one")
        })?;
        let facts = moment.facts()?;
        moment.require(!is_own(facts), || {
            "the address is the organisation's own".to_owned()
        })?;
        if let Some(fresh) = fresh.filter(|_| !both) {
            return self.follow_up(moment, person, fresh);
        }
        let person = moment.learned(self.learning_days)?;
        self.first(moment, person)
    }
}

fn device_name(moment: &Moment<'_>) -> String {
    let device = moment.observed.event.device.as_deref();
    device.map_or_else(
        || "an unknown device".to_owned(),
        crate::baseline::device_name,
    )
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

//! Unusual administrative activity (`defender-behaviour.md`, section 1.6).

use super::address::{origin, what};
use super::catalogue::{Interest, Judge};
use super::mass::{recent, steps};
use super::moment::{Judgement, Moment, Quiet, Raised};
use super::parameters::Parameters;
use super::words;
use crate::baseline::{
    Action, Aspects, DAY, FORGOTTEN_AFTER, HOUR, Lessons, Memory, PersonBaseline, days_between,
};

/// So many times the busiest hour of the last weeks is still within habit.
const MOST_FACTOR: f64 = 2.0;

/// Administrative changes from elsewhere than usual, after a long time without any, or far more than usual.
#[derive(Debug)]
pub(super) struct UnusualAdministration {
    learning_days: u32,
    quiet_days: u32,
    minimum: u32,
    deviations: f64,
    familiar_days: u32,
    shared_people: usize,
}

impl UnusualAdministration {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        let deviations = parameters.sensitivity().choose(4.0, 3.0, 2.5);
        Self {
            learning_days: parameters.learning_days(7),
            quiet_days: parameters.count("quiet_days", 30, 1..=365),
            minimum: parameters.count("minimum", 15, 2..=10_000),
            deviations,
            familiar_days: parameters.count("familiar_days", 3, 1..=30),
            shared_people: parameters.shared_people(),
        }
    }

    /// Far more changes within an hour than the person usually makes.
    fn burst(&self, moment: &Moment<'_>, person: &PersonBaseline) -> Option<(u32, f64)> {
        let rate = person.rate(Action::Administration);
        let count = rate
            .map_or(0, |rate| rate.hour_count(moment.at))
            .saturating_add(1);
        let own = rate.map(|rate| rate.hours).filter(|hours| hours.days > 0);
        let own = own.map_or(0.0, |hours| {
            hours.above(self.deviations).max(hours.most * MOST_FACTOR)
        });
        let peers = moment
            .organisation?
            .peers(moment.observed.role(), Action::Administration);
        let peers = peers.map_or(0.0, |peers| peers.hours.above(self.deviations));
        let limit = f64::from(self.minimum).max(own).max(peers);
        (f64::from(count) >= limit).then_some((count, limit))
    }

    /// What is strange about the place of a change, a sentence.
    fn elsewhere(&self, moment: &Moment<'_>, person: &PersonBaseline) -> Result<String, Quiet> {
        moment.require(moment.has(Aspects::INTERACTIVE), || {
            "a rule, an app or a token did it; only how many there are is looked at then".to_owned()
        })?;
        let unfamiliar = moment.unfamiliar(person, self.familiar_days);
        let idle = person.administered == 0
            || days_between(person.administered, moment.at) >= f64::from(self.quiet_days);
        let hidden = unfamiliar.network && moment.observed.hidden_place.is_some();
        let since = moment.at.saturating_sub(FORGOTTEN_AFTER);
        let country = moment.observed.traits.country;
        let abroad =
            country.is_some_and(|country| person.countries.since(country, since).is_none());
        let idle_and_strange = idle && (unfamiliar.device || abroad);
        let strange = unfamiliar.both() || hidden || idle_and_strange;
        moment.require(strange, || {
            let days = self.familiar_days;
            if unfamiliar.either() {
                let quiet = self.quiet_days;
                format!("only one of device and network is new, in a usual country or within {quiet} days of their last administrative change")
            } else {
                format!("device and network have been used for more than {days} days, or are not known")
            }
        })?;
        moment.require(!moment.is_at_own_address(), || {
            "the address is the organisation's own".to_owned()
        })?;
        let others = moment.others_here();
        moment.require(others < self.shared_people, || {
            format!("{others} others of the organisation use the network, so it is no strange one")
        })?;
        let days = self.familiar_days;
        Ok(match moment.observed.hidden_place {
            Some(kind) if hidden => {
                format!(
                    "the network was first seen less than {days} days ago and is {kind}, which hides where they are"
                )
            }
            _ if unfamiliar.both() => {
                format!("device and network were first seen less than {days} days ago")
            }
            _ => {
                let which = if unfamiliar.device {
                    "the device is"
                } else {
                    "network and country are"
                };
                format!(
                    "{which} new, and they made no change for {} days",
                    self.quiet_days
                )
            }
        })
    }
}

impl Judge for UnusualAdministration {
    fn interest(&self) -> Interest {
        Interest::all(Aspects::DONE.union(Aspects::ADMINISTRATION))
    }

    fn asks(&self) -> Lessons {
        Lessons::ACTIONS | Lessons::FAMILIAR | Lessons::COUNTRIES | Lessons::NETWORKS_OF_ALL
    }

    fn judge(&self, moment: &Moment<'_>) -> Judgement {
        let subject = moment.subject()?;
        moment.require(moment.has(Aspects::DONE | Aspects::ADMINISTRATION), || {
            "the event is no administrative change".to_owned()
        })?;
        let person = moment.learned(self.learning_days)?;
        let burst = self.burst(moment, person);
        let elsewhere = match burst {
            Some(_) => None,
            None => Some(self.elsewhere(moment, person)?),
        };
        // Bursts are told again when they have doubled, the other once a day.
        let level = burst.map_or(0, |(count, _)| count);
        let pause = if burst.is_some() { HOUR } else { DAY };
        let said = moment
            .raised()
            .filter(|raise| raise.at.saturating_add(pause) > moment.at);
        moment.require(
            said.is_none_or(|raise| level > 0 && level >= raise.level.saturating_mul(2)),
            || "it was raised already".to_owned(),
        )?;
        let title = match burst {
            Some((count, _)) => format!(
                "{count} administrative changes by {} within one hour",
                subject.name
            ),
            None => format!(
                "{} changed the organisation from a place that is new for them",
                subject.name
            ),
        };
        let mut raised = Raised::about(subject, title);
        raised.seen = format!("{} from {}", what(moment), origin(moment));
        let since = moment.at.saturating_sub(HOUR);
        raised.after(recent(moment, Aspects::ADMINISTRATION, since));
        if let Some((count, limit)) = burst {
            raised.expected = format!(
                "at most {} administrative changes within one hour",
                words::number(limit)
            );
            raised.compare(
                "administrative changes within one hour",
                f64::from(count),
                limit,
            );
            raised.steps = steps(f64::from(count) / limit);
        } else {
            "administrative changes come from devices and networks that the person has used for days".clone_into(&mut raised.expected);
            if person.administered > 0 {
                raised.compare(
                    "days since their last administrative change",
                    days_between(person.administered, moment.at),
                    f64::from(self.quiet_days),
                );
            }
        }
        raised.not_suppressed.extend(elsewhere);
        raised.unsuppressed("it was not raised before, or has doubled since");
        raised.remember = Some((Memory::Subject, level));
        Ok(raised)
    }
}

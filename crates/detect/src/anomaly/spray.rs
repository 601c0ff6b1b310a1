//! Password spraying: a few passwords for many accounts from one address. None of the products that we know sees it in Asana.

use super::address::origin;
use super::catalogue::{Interest, Judge};
use super::moment::{Judgement, Moment, Quiet, Raised};
use super::parameters::Parameters;
use super::words;
use crate::baseline::{
    AddressBaseline, AddressFailure, Aspects, DAY, FORGOTTEN_AFTER, HOUR, Lessons, MINUTE, Memory,
    Reference, Second, days_between,
};

/// People who belong to an address fail there too, at an office on the day on which passwords expire: so many times more are needed.
const AT_HOME_FACTOR: u32 = 3;
/// Most of the failures that a finding names.
const EVENTS_MAX: usize = 60;

/// What counts as spraying.
#[derive(Debug)]
pub(super) struct SprayRule {
    pub(super) people: u32,
    window: Second,
}

/// One address tried passwords for several accounts.
#[derive(Debug)]
pub(super) struct Spray {
    /// How many accounts.
    pub(super) people: u32,
    /// How many of their owners were never seen in this network.
    strangers: u32,
    pub(super) first: Second,
    pub(super) last: Second,
    pub(super) events: Vec<Reference>,
}

impl SprayRule {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        Self {
            people: parameters.count("spray_people", 10, 3..=20),
            window: parameters.count("spray_minutes", 60, 1..=1_440) * MINUTE,
        }
    }

    /// The newest span within the window, ending after `since`, in which enough accounts failed.
    fn find(&self, address: &AddressBaseline, since: Second) -> Option<Spray> {
        let failures = &address.failures;
        if failures.len() < usize::try_from(self.people).unwrap_or(usize::MAX) {
            return None;
        }
        for (end, last) in failures.iter().enumerate().rev() {
            if last.at < since {
                return None;
            }
            let begin = failures
                .partition_point(|failure| failure.at.saturating_add(self.window) < last.at);
            let span = failures.get(begin..=end)?;
            let (people, strangers) = accounts(span);
            if self.is_enough(people, strangers) {
                return Some(Spray {
                    people,
                    strangers,
                    first: span.first()?.at,
                    last: last.at,
                    events: span
                        .iter()
                        .take(EVENTS_MAX)
                        .map(|failure| failure.event.clone())
                        .collect(),
                });
            }
        }
        None
    }

    fn is_enough(&self, people: u32, strangers: u32) -> bool {
        strangers >= self.people || people >= self.people * AT_HOME_FACTOR
    }

    /// Whether the address of the event sprayed within the last hours.
    pub(super) fn recent(&self, moment: &Moment<'_>, hours: u32) -> Option<Spray> {
        let since = moment.at.saturating_sub(hours * HOUR);
        self.find(moment.address()?, since)
    }
}

/// To how many accounts sign-ins failed, and how many of their owners were never seen there.
fn accounts<'a>(failures: impl IntoIterator<Item = &'a AddressFailure>) -> (u32, u32) {
    let mut accounts: Vec<(u64, bool)> = failures
        .into_iter()
        .map(|failure| (failure.account, failure.is_stranger))
        .collect();
    accounts.sort_unstable();
    accounts.dedup_by_key(|(account, _)| *account);
    let strangers = accounts.iter().filter(|(_, is_stranger)| *is_stranger);
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    (count(accounts.len()), count(strangers.count()))
}

/// Whoever has used this network for longer than a day is one of those who sit behind the address, not the one who sprays.
pub(super) fn not_at_home(moment: &Moment<'_>) -> Result<(), Quiet> {
    let known = moment
        .person
        .zip(moment.observed.traits.network)
        .and_then(|(person, network)| {
            person
                .networks
                .since(network, moment.at.saturating_sub(FORGOTTEN_AFTER))
        });
    let at_home = known.is_some_and(|known| known.first.saturating_add(DAY) <= moment.at);
    moment.require(!at_home, || {
        "the person has used this network before: they sit behind the same address as whoever tried the passwords".to_owned()
    })
}

/// One address tries passwords for many accounts.
#[derive(Debug)]
pub(super) struct PasswordSpray {
    rule: SprayRule,
}

impl PasswordSpray {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        Self {
            rule: SprayRule::new(parameters),
        }
    }

    /// The accounts that failed within the window, this one included: all, and those of strangers.
    fn count(&self, moment: &Moment<'_>, address: Option<&AddressBaseline>) -> (u32, u32) {
        let account = moment
            .observed
            .subject
            .as_ref()
            .map_or(0, |subject| subject.hash);
        let since = moment.at.saturating_sub(self.rule.window);
        let failures = address.into_iter().flat_map(|address| &address.failures);
        let others = failures.filter(|failure| failure.at >= since && failure.account != account);
        let (people, strangers) = accounts(others);
        (people + 1, strangers + u32::from(is_stranger(moment)))
    }
}

fn is_stranger(moment: &Moment<'_>) -> bool {
    let account = moment
        .observed
        .subject
        .as_ref()
        .map_or(0, |subject| subject.hash);
    let was_here = moment
        .address()
        .is_some_and(|address| address.crowd.has(account));
    let person = moment.person.zip(moment.observed.traits.network);
    let in_network = person.is_some_and(|(person, network)| person.networks.get(network).is_some());
    !was_here && !in_network
}

impl Judge for PasswordSpray {
    fn interest(&self) -> Interest {
        Interest::all(Aspects::FAILED_SIGN_IN)
    }

    fn asks(&self) -> Lessons {
        Lessons::ADDRESSES
    }

    fn judge(&self, moment: &Moment<'_>) -> Judgement {
        moment.require(moment.has(Aspects::FAILED_SIGN_IN), || {
            "the event is no failed sign-in".to_owned()
        })?;
        moment
            .observed
            .subscriber()
            .ok_or(Quiet::Lacks("a client address"))?;
        moment.subject()?;
        let (people, strangers) = self.count(moment, moment.address());
        let needed = self.rule.people;
        moment.require(self.rule.is_enough(people, strangers), || {
            format!(
                "sign-ins to {people} accounts failed from the address within {} minutes, {strangers} of people who were never seen there; {needed} such, or {} in all, are needed",
                self.rule.window / MINUTE,
                needed * AT_HOME_FACTOR
            )
        })?;
        let said = moment
            .address()
            .and_then(|address| address.raises.of(moment.policy));
        let said = said.filter(|raise| raise.at.saturating_add(self.rule.window) > moment.at);
        moment.require(
            said.is_none_or(|raise| people >= raise.level.saturating_mul(2)),
            || "the same spraying was raised already and has not doubled since".to_owned(),
        )?;
        let from = origin(moment);
        let title = format!("Passwords were tried for {people} accounts from {from}");
        let mut raised = Raised::new(moment.address_entity(), title);
        raised.expected = format!(
            "sign-ins to fewer than {needed} accounts of people who were never seen there fail from one address within {} minutes",
            self.rule.window / MINUTE
        );
        raised.seen = format!("{people} accounts, {strangers} of people who were never seen there");
        raised.compare(
            "accounts of strangers",
            f64::from(strangers),
            f64::from(needed),
        );
        raised.compare(
            "accounts",
            f64::from(people),
            f64::from(needed * AT_HOME_FACTOR),
        );
        raised.unsuppressed("these are not people who usually sit behind this address");
        let failures = moment.address().map(|address| address.failures.iter());
        let since = moment.at.saturating_sub(self.rule.window);
        let failures = failures
            .into_iter()
            .flatten()
            .filter(|failure| failure.at >= since);
        raised.after(failures.map(|failure| &failure.event));
        raised.remember = Some((Memory::Address, people));
        Ok(raised)
    }
}

/// A sign-in succeeds from an address that tried passwords for many accounts.
#[derive(Debug)]
pub(super) struct PasswordSpraySuccess {
    rule: SprayRule,
    hours: u32,
}

impl PasswordSpraySuccess {
    pub(super) fn new(parameters: &mut Parameters<'_>) -> Self {
        Self {
            rule: SprayRule::new(parameters),
            hours: parameters.count("hours", 24, 1..=168),
        }
    }
}

impl Judge for PasswordSpraySuccess {
    fn interest(&self) -> Interest {
        Interest::all(Aspects::DONE.union(Aspects::SIGN_IN))
    }

    fn asks(&self) -> Lessons {
        Lessons::ADDRESSES
    }

    fn judge(&self, moment: &Moment<'_>) -> Judgement {
        moment.require(moment.has(Aspects::DONE | Aspects::SIGN_IN), || {
            "the event is no successful sign-in".to_owned()
        })?;
        let subject = moment.subject()?;
        moment
            .observed
            .subscriber()
            .ok_or(Quiet::Lacks("a client address"))?;
        let spray = self.rule.recent(moment, self.hours).ok_or_else(|| {
            moment.quiet(|| {
                format!(
                    "nobody tried passwords for {} accounts from this address in the last {} hours",
                    self.rule.people, self.hours
                )
            })
        })?;
        not_at_home(moment)?;
        let ago = words::days(days_between(spray.last, moment.at));
        let title = format!(
            "{} signed in from an address that tried passwords for {} accounts",
            subject.name, spray.people
        );
        let mut raised = Raised::about(subject, title);
        "no sign-in succeeds from an address that tries passwords".clone_into(&mut raised.expected);
        raised.seen = format!(
            "a sign-in from {}, {ago} after sign-ins to {} accounts failed there, {} of them of people who were never seen there",
            origin(moment),
            spray.people,
            spray.strangers
        );
        raised.compare(
            "accounts whose sign-in failed from the address",
            f64::from(spray.people),
            f64::from(self.rule.people),
        );
        raised.unsuppressed("the person was not seen in this network before that day");
        raised.after(&spray.events);
        Ok(raised)
    }
}

//! Who plays which part, and from where.

use std::net::IpAddr;

use super::{Agent, Script};
use crate::campaign::plays_sleeper;
use crate::clock::{DAY, HOUR, Millis};
use crate::devices::Devices;
use crate::organisation::Tenure;
use crate::person::{Day, Person, Role, Shape, Tunnel};
use crate::scenario::SILENCE;
use crate::world::{CITIES, Networks};

/// Seats that are asked whether they fit a part.
const TRIES: u32 = 1200;
/// So long somebody must have been there, and must stay, to be a victim.
const SETTLED: Millis = 40 * DAY;
const FAR_KILOMETRES: f64 = 3000.0;

impl Script<'_> {
    /// Somebody of the organisation who fits, asked in the order of the seats from a random one on.
    fn somebody<T>(&mut self, fits: impl Fn(&Self, u32) -> Option<T>) -> Option<T> {
        let people = self.stage.organisation.people;
        let first = u32::try_from(self.dice.below(u64::from(people))).unwrap_or(0);
        let asked = 0..TRIES.min(people);
        asked
            .map(|step| (first + step) % people)
            .filter(|&seat| !plays_sleeper(seat))
            .find_map(|seat| fits(self, seat))
    }

    /// A member who has been there for a while, is active, and fits.
    pub(super) fn member(&mut self, fits: impl Fn(&Person) -> bool) -> Option<Person> {
        let at = self.at;
        self.somebody(|script, seat| {
            let (person, tenure) = script.stage.organisation.present(seat, at)?;
            let works = matches!(person.role, Role::Member | Role::Admin);
            (works && is_settled(&tenure, at) && fits(&person)).then_some(person)
        })
    }

    /// The same, without a VPN or a gateway, so that their addresses say where they are.
    pub(super) fn plain_member(&mut self) -> Option<Person> {
        self.member(|person| person.tunnel() == Tunnel::None)
    }

    /// The owner of an account that has been silent for so long because of this campaign.
    pub(super) fn sleeper(&mut self) -> Option<Person> {
        let organisation = &self.stage.organisation;
        let seat = self.stage.sleeping_seat(self.campaign)?;
        let (person, tenure) = organisation.present(seat, self.at)?;
        let settled = tenure.acts(self.at.saturating_sub(SILENCE + SETTLED));
        let fits = settled && matches!(person.role, Role::Member | Role::ViewOnly);
        fits.then_some(person)
    }

    /// An admin.
    pub(super) fn admin(&mut self) -> Person {
        let at = self.at;
        let found = self.somebody(|script, seat| {
            let (person, tenure) = script.stage.organisation.present(seat, at)?;
            (person.role == Role::Admin && is_settled(&tenure, at)).then_some(person)
        });
        found.unwrap_or_else(|| self.super_admin())
    }

    pub(super) fn super_admin(&mut self) -> Person {
        self.stage.super_admin(&mut self.dice)
    }

    /// A member who has told that they leave within so much time, and when they leave.
    pub(super) fn leaving_member(&mut self, within: Millis) -> Option<(Person, Millis)> {
        let at = self.at;
        self.somebody(|script, seat| {
            let organisation = &script.stage.organisation;
            let (person, tenure) = organisation.present(seat, at)?;
            let soon = (at + 2 * DAY..at + within).contains(&tenure.leaves_at);
            let told = organisation.notice_at(seat, &tenure)? <= at;
            let settled = tenure.acts(at.saturating_sub(SETTLED));
            let fits = soon && told && settled && person.role != Role::Guest;
            fits.then_some((person, tenure.leaves_at))
        })
    }

    /// Somebody who has left within so much time before.
    pub(super) fn former_member(&mut self, within: Millis) -> Option<Person> {
        let at = self.at;
        self.somebody(|script, seat| {
            let organisation = &script.stage.organisation;
            let now = organisation.tenure(seat, at);
            let before = now.generation.checked_sub(1);
            let before = before.map(|last| organisation.tenure_by_generation(seat, last));
            let left = at.saturating_sub(within)..at.saturating_sub(HOUR);
            let tenure = [Some(now), before]
                .into_iter()
                .flatten()
                .find(|tenure| left.contains(&tenure.leaves_at))?;
            let person = organisation.person(seat, tenure.generation);
            let was_there = tenure.acts(tenure.leaves_at.saturating_sub(SETTLED))
                && organisation.falls_asleep_at(&person, &tenure).is_none();
            (was_there && person.role != Role::Guest).then_some(person)
        })
    }

    /// The person's next working day; on live traffic, whatever they do now.
    pub(super) fn next_work_of(&mut self, person: &Person) -> Option<Day> {
        if self.is_live() {
            return Some(person.day_around(self.at));
        }
        let days = person.local_day(self.at)..=person.local_day(self.end);
        days.filter_map(|day| person.day(day)).find(|day| {
            let in_time = day.start >= self.at && day.start + day.length < self.end;
            in_time && day.shape == Shape::Work
        })
    }

    /// Moves on to the middle of the person's next working day.
    pub(super) fn go_to_work(&mut self, person: &Person) -> Option<Day> {
        let day = self.next_work_of(person)?;
        if !self.is_live() {
            self.at = day.start + self.dice.between(day.length / 5, day.length / 2);
        }
        Some(day)
    }

    fn networks(&self) -> &Networks {
        &self.stage.networks
    }

    pub(super) fn tor_exit(&mut self) -> IpAddr {
        let place = self.dice.index(self.networks().tor.len());
        self.networks().tor[place].address(0)
    }

    /// A rented machine where nobody of the organisation is; some of them are known for attacks.
    pub(super) fn rented_abroad(&mut self) -> IpAddr {
        let place = self.dice.index(self.networks().abroad.len());
        let known = self.dice.per_mille(400);
        let salt = if known {
            self.dice.below(Networks::MALICIOUS_HOSTS)
        } else {
            self.dice.between(Networks::MALICIOUS_HOSTS + 2, 1000)
        };
        self.networks().abroad[place].address(salt)
    }

    /// A private line in a city.
    pub(super) fn line_in(&mut self, city: usize) -> IpAddr {
        let salt = self.dice.word();
        self.networks().cable[city].address(salt)
    }

    /// A city in another country, far from this one.
    pub(super) fn far_from(&mut self, city: usize) -> usize {
        let (start, home) = (self.dice.index(CITIES.len()), &CITIES[city]);
        let all = (0..CITIES.len()).map(|step| (start + step) % CITIES.len());
        let mut far = all.filter(|&other| {
            let other = &CITIES[other];
            other.country != home.country && other.kilometres_to(home) > FAR_KILOMETRES
        });
        far.next().unwrap_or(0)
    }

    /// A machine that the person does not have.
    pub(super) fn strange_machine(&mut self, person: &Person) -> Agent {
        let own = person.devices(self.at);
        let key = self.campaign.key.with(self.dice.word());
        let machines = (0..).map(|number| Devices::draw(key.with(number), key.with(number)));
        let mut strange = machines.take(64).filter(|machine| !machine.looks_like(own));
        Agent::Machine(strange.next().unwrap_or(own))
    }
}

fn is_settled(tenure: &Tenure, at: Millis) -> bool {
    tenure.acts(at.saturating_sub(SETTLED)) && tenure.acts(at + SETTLED)
}

//! One simulated organisation: who belongs to it when, and what its things are called. Nothing is stored; everything is a
//! function of the seed.

use crate::clock::{BEGINNING, DAY, HOUR, MINUTE, Millis};
use crate::dice::Key;
use crate::gid::{Gids, Object, ObjectKind};
use crate::names;
use crate::person::{Person, Role};
use crate::world::City;

/// Fewest and most people of an organisation.
pub const PEOPLE_MIN: u32 = 1;
/// Most people of an organisation.
pub const PEOPLE_MAX: u32 = 1_000_000;

const OFFICES_MAX: u64 = 12;
/// An office moves to another building after so many days.
const OFFICE_DAYS: u64 = 240;
/// Accounts that are forgotten some day, in thousandths.
const ASLEEP_PER_MILLE: u64 = 60;
/// Leavers of whom it is known beforehand, in thousandths.
const NOTICE_PER_MILLE: u64 = 880;
const TASKS_PER_PROJECT: u64 = 1 << 14;
/// Generations of one seat that a person's number has room for.
const GENERATIONS: u64 = 1 << 12;

/// What a random choice is about.
#[derive(Clone, Copy)]
pub(crate) enum Topic {
    Offices,
    Seat,
    Tenure,
    Person,
    Names,
    Project,
    Thing,
    Gids,
    Account,
    Habit,
    Event,
    Campaign,
    Duty,
    Sleep,
    Notice,
    Job,
}

/// When somebody belongs to the organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tenure {
    /// How many others have sat on this seat before.
    pub(crate) generation: u32,
    pub(crate) invited_at: Millis,
    /// Some never accept their invitation.
    pub(crate) joined_at: Option<Millis>,
    pub(crate) leaves_at: Millis,
}

impl Tenure {
    /// Member or invited.
    pub(crate) fn belongs(&self, at: Millis) -> bool {
        (self.invited_at..self.leaves_at).contains(&at)
    }

    /// Can do something.
    pub(crate) fn acts(&self, at: Millis) -> bool {
        self.joined_at
            .is_some_and(|joined| (joined..self.leaves_at).contains(&at))
    }
}

/// How people follow each other on one seat.
struct Rhythm {
    key: Key,
    period_days: u64,
    phase_days: u64,
}

impl Rhythm {
    fn tenure(&self, generation: u64) -> Tenure {
        let first_day = (generation * self.period_days).saturating_sub(self.phase_days);
        let mut dice = self.key.with(generation).dice();
        let invited_at = first_day * DAY + 8 * HOUR + dice.below(10 * HOUR);
        let accepts = !dice.per_mille(30);
        let waits = if dice.per_mille(600) {
            dice.between(3 * MINUTE, 4 * HOUR)
        } else {
            dice.between(5 * HOUR, 10 * DAY)
        };
        let last_day = first_day + self.period_days - dice.between(2, 25);
        Tenure {
            generation: u32::try_from(generation).unwrap_or(u32::MAX),
            invited_at,
            joined_at: accepts.then_some(invited_at + waits),
            leaves_at: last_day * DAY + 9 * HOUR + dice.below(8 * HOUR),
        }
    }
}

/// An organisation.
#[derive(Debug)]
pub(crate) struct Organisation {
    pub(crate) number: u8,
    pub(crate) name: &'static str,
    pub(crate) domain: &'static str,
    pub(crate) people: u32,
    pub(crate) teams: u64,
    pub(crate) projects: u64,
    pub(crate) service_accounts: u32,
    /// The cities of its offices.
    pub(crate) offices: Vec<usize>,
    pub(crate) gids: Gids,
    key: Key,
}

impl Organisation {
    pub(crate) fn new(seed: u64, number: u8, people: u32) -> Self {
        let key = Key::new(seed).with(u64::from(number));
        let (name, domain) = names::COMPANIES[usize::from(number) % names::COMPANIES.len()];
        let headcount = u64::from(people);
        let mut dice = key.with(Topic::Offices as u64).dice();
        let mut offices = Vec::new();
        while offices.len() < usize::try_from((2 + headcount / 150).min(OFFICES_MAX)).unwrap_or(2) {
            let city = City::draw(&mut dice);
            if !offices.contains(&city) {
                offices.push(city);
            }
        }
        Self {
            number,
            name,
            domain,
            people,
            teams: (headcount / 12).max(4),
            projects: headcount.max(8),
            service_accounts: 2 + people / 80,
            offices,
            // One permutation for all, so that gids of two workspaces never meet.
            gids: Gids::new(Key::new(seed).with(Topic::Gids as u64)),
            key,
        }
    }

    pub(crate) fn key(&self, topic: Topic) -> Key {
        self.key.with(topic as u64)
    }

    pub(crate) fn gid(&self, kind: ObjectKind, number: u64) -> u64 {
        self.gids.object(Object {
            kind,
            workspace: self.number,
            number,
        })
    }

    pub(crate) fn workspace_gid(&self) -> u64 {
        self.gid(ObjectKind::Workspace, 0)
    }

    /// Who sits on this seat at this time, unless they are away for long or have forgotten their account.
    pub(crate) fn present(&self, seat: u32, at: Millis) -> Option<(Person, Tenure)> {
        let tenure = self.tenure(seat, at);
        if !tenure.acts(at) {
            return None;
        }
        let person = self.person(seat, tenure.generation);
        let asleep = self.falls_asleep_at(&person, &tenure);
        let here = !person.on_long_leave(person.local_day(at));
        (asleep.is_none() && here).then_some((person, tenure))
    }

    /// From when on somebody's account is forgotten: they never leave, but they do nothing any more.
    pub(crate) fn falls_asleep_at(&self, person: &Person, tenure: &Tenure) -> Option<Millis> {
        let key = self.key(Topic::Sleep);
        let mut dice = key
            .with(person_number(person.seat, person.generation))
            .dice();
        if person.role.administers() || !dice.per_mille(ASLEEP_PER_MILLE) {
            return None;
        }
        Some(tenure.joined_at? + dice.between(20, 500) * DAY)
    }

    /// When it was known that somebody would leave; nobody told beforehand of some.
    pub(crate) fn notice_at(&self, seat: u32, tenure: &Tenure) -> Option<Millis> {
        let key = self.key(Topic::Notice);
        let mut dice = key.with(person_number(seat, tenure.generation)).dice();
        let told = dice.per_mille(NOTICE_PER_MILLE) && tenure.leaves_at < Millis::MAX;
        told.then(|| tenure.leaves_at.saturating_sub(dice.between(20, 60) * DAY))
    }

    /// How often this office has moved, and how many days ago it did last.
    pub(crate) fn office_moves(&self, office: usize, at: Millis) -> (u64, u64) {
        let key = self.key(Topic::Offices).with(office as u64);
        let day = at / DAY + key.dice().below(OFFICE_DAYS);
        (day / OFFICE_DAYS, day % OFFICE_DAYS)
    }

    /// The first seats belong to super admins, who never leave.
    pub(crate) fn super_admins(&self) -> u32 {
        1 + u32::from(self.people >= 50) + u32::from(self.people >= 200)
    }

    /// What those on a seat may do. Seats behind the last are those of strangers.
    pub(crate) fn role(&self, seat: u32) -> Role {
        if seat < self.super_admins() {
            return Role::SuperAdmin;
        }
        if seat >= self.people {
            return Role::Guest;
        }
        let mut dice = self.key(Topic::Seat).with(u64::from(seat)).dice();
        match dice.below(1000) {
            0..12 => Role::Admin,
            12..132 => Role::Guest,
            132..192 => Role::ViewOnly,
            _ => Role::Member,
        }
    }

    /// Who sits on this seat at this time, or sat on it last. Changes at midnight UTC at the earliest.
    pub(crate) fn tenure(&self, seat: u32, at: Millis) -> Tenure {
        if seat < self.super_admins() {
            return Tenure {
                generation: 0,
                invited_at: BEGINNING,
                joined_at: Some(BEGINNING),
                leaves_at: Millis::MAX,
            };
        }
        let rhythm = self.rhythm(seat);
        rhythm.tenure((at / DAY + rhythm.phase_days) / rhythm.period_days)
    }

    /// The tenure of one generation of a seat.
    pub(crate) fn tenure_by_generation(&self, seat: u32, generation: u32) -> Tenure {
        if seat < self.super_admins() {
            return self.tenure(seat, BEGINNING);
        }
        self.rhythm(seat).tenure(generation.into())
    }

    fn rhythm(&self, seat: u32) -> Rhythm {
        let key = self.key(Topic::Tenure).with(u64::from(seat));
        let mut dice = key.dice();
        let period_days = dice.between(500, 2500);
        Rhythm {
            key,
            period_days,
            phase_days: dice.below(period_days),
        }
    }

    pub(crate) fn person(&self, seat: u32, generation: u32) -> Person {
        let key = self
            .key(Topic::Person)
            .with(person_number(seat, generation));
        Person::new(key, seat, generation, self.role(seat), &self.offices)
    }

    pub(crate) fn person_at(&self, seat: u32, at: Millis) -> Person {
        self.person(seat, self.tenure(seat, at).generation)
    }

    pub(crate) fn user_gid(&self, seat: u32, generation: u32) -> u64 {
        self.gid(ObjectKind::User, person_number(seat, generation))
    }

    /// First and last name, and a number where others have the same.
    fn name_parts(&self, person: &Person) -> (&'static str, &'static str, u64) {
        let first = names::FIRST.len() as u64;
        let combinations = first * names::LAST.len() as u64;
        let place = u64::from(person.generation) * u64::from(self.people) + u64::from(person.seat);
        let shift = self.key(Topic::Names).word() % combinations;
        // 7919 is a prime that does not divide the number of combinations, so that all of them are used before one comes back.
        let combination = (place * 7919 + shift) % combinations;
        let index = |number: u64| usize::try_from(number).unwrap_or(0);
        (
            names::FIRST[index(combination % first)],
            names::LAST[index(combination / first)],
            place / combinations,
        )
    }

    pub(crate) fn person_name(&self, person: &Person) -> String {
        let (first, last, _) = self.name_parts(person);
        format!("{first} {last}")
    }

    pub(crate) fn person_email(&self, person: &Person) -> String {
        let (first, last, number) = self.name_parts(person);
        let mut email = String::with_capacity(40);
        for letter in first.chars().chain(['.']).chain(last.chars()) {
            match letter {
                'é' | 'ë' => email.push('e'),
                '\'' => {}
                other => email.push(other.to_ascii_lowercase()),
            }
        }
        if number > 0 {
            email.push_str(&(number + 1).to_string());
        }
        email.push('@');
        email.push_str(match person.role {
            Role::Guest => person.guest_domain(),
            _ => self.domain,
        });
        email
    }

    /// The teams of a person: one or two.
    pub(crate) fn teams_of(&self, person: &Person) -> Vec<u64> {
        let mut dice = person.team_dice();
        let own = dice.below(self.teams);
        let other = dice.below(self.teams);
        let second = dice.per_mille(330) && other != own;
        std::iter::once(own)
            .chain(second.then_some(other))
            .collect()
    }

    pub(crate) fn own_team(&self, person: &Person) -> u64 {
        person.team_dice().below(self.teams)
    }

    /// A project of this team, and a task of it.
    pub(crate) fn draw_project(&self, team: u64, word: u64) -> u64 {
        let rounds = (self.projects / self.teams).max(1);
        (team + self.teams * (word % rounds)) % self.projects
    }

    pub(crate) fn draw_task(project: u64, word: u64) -> u64 {
        project * TASKS_PER_PROJECT + word % TASKS_PER_PROJECT
    }

    pub(crate) fn project_name(&self, project: u64) -> String {
        let mut dice = self.key(Topic::Project).with(project).dice();
        let theme = dice.pick(&names::THEMES);
        let suffix = dice.pick(&names::SUFFIXES);
        format!("{theme} {suffix}")
    }

    pub(crate) fn task_name(&self, kind: ObjectKind, number: u64) -> String {
        let key = self.key(Topic::Thing).with(kind as u64).with(number);
        let mut dice = key.dice();
        let verb = dice.pick(&names::VERBS);
        let thing = dice.pick(&names::THINGS);
        format!("{verb} {thing}")
    }

    pub(crate) fn file_name(&self, number: u64) -> &'static str {
        let key = self.key(Topic::Thing).with(ObjectKind::Attachment as u64);
        key.with(number).dice().pick(&names::FILES)
    }
}

pub(crate) fn team_name(team: u64) -> String {
    let count = names::TEAMS.len() as u64;
    let name = names::TEAMS[usize::try_from(team % count).unwrap_or(0)];
    match team / count {
        0 => name.to_owned(),
        round => format!("{name} {}", round + 1),
    }
}

pub(crate) fn service_account_name(account: u32) -> String {
    let account = usize::try_from(account).unwrap_or(0);
    let name = names::SERVICE_ACCOUNTS[account % names::SERVICE_ACCOUNTS.len()];
    match account / names::SERVICE_ACCOUNTS.len() {
        0 => name.to_owned(),
        round => format!("{name} {}", round + 1),
    }
}

/// One number for the person of one generation on one seat.
pub(crate) fn person_number(seat: u32, generation: u32) -> u64 {
    u64::from(seat) * GENERATIONS + u64::from(generation) % GENERATIONS
}

/// The seat and generation that [`person_number`] put together.
pub(crate) fn seat_and_generation(number: u64) -> (u32, u32) {
    (
        u32::try_from(number / GENERATIONS).unwrap_or(u32::MAX),
        u32::try_from(number % GENERATIONS).unwrap_or(0),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn everybody_has_an_address_of_their_own() {
        let organisation = Organisation::new(1, 0, 30_000);
        let mut seen = HashSet::new();
        for seat in 0..30_000 {
            let person = organisation.person_at(seat, BEGINNING + 2000 * DAY);
            let email = organisation.person_email(&person);
            assert!(email.is_ascii(), "{email}");
            assert!(seen.insert(email));
        }
    }

    #[test]
    fn people_come_and_go_and_never_overlap() {
        let organisation = Organisation::new(7, 0, 400);
        let start = BEGINNING + 2000 * DAY;
        let mut leavers = 0;
        for seat in 0..400 {
            let mut last = organisation.tenure(seat, start);
            for day in 0..900 {
                let now = organisation.tenure(seat, start + day * DAY);
                if now != last {
                    assert!(last.leaves_at < start + day * DAY);
                    assert!(now.invited_at >= start + day * DAY);
                    assert_eq!(now.generation, last.generation + 1);
                    assert_eq!(now, organisation.tenure_by_generation(seat, now.generation));
                    leavers += 1;
                    last = now;
                }
            }
        }
        assert!(leavers > 100, "{leavers}");
    }

    #[test]
    fn roles_are_spread_as_in_a_company() {
        let organisation = Organisation::new(1, 0, 10_000);
        let count = |role| {
            (0..10_000)
                .filter(|&seat| organisation.role(seat) == role)
                .count()
        };
        assert_eq!(count(Role::SuperAdmin), 3);
        assert!((80..170).contains(&count(Role::Admin)));
        assert!((1000..1400).contains(&count(Role::Guest)));
        assert!((450..750).contains(&count(Role::ViewOnly)));
    }
}

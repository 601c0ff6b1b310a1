//! A planned event with its parts known: who, what it happens to, by which way. Still without words, so that filters are cheap.

use std::sync::Arc;

use crate::campaign::{Agenda, Campaign, plays_sleeper};
use crate::catalogue::{self, Catalogue, Kind, Target};
use crate::clock::Millis;
use crate::dice::{Dice, Key};
use crate::gid::ObjectKind;
use crate::lull::Lull;
use crate::names;
use crate::organisation::{Organisation, Topic, person_number};
use crate::person::{Person, Role};
use crate::plan::{Entry, Habit, PASSAGE};
use crate::script::Step;
use crate::world::Networks;

/// Service accounts from this place behind the last belong to attackers; below are those that come and go.
pub(crate) const MADE_ACCOUNTS: u32 = 100;
/// The project that takes over a leaver's tasks has a number above all others.
const HANDED_OVER: u64 = 1 << 35;

/// One organisation in its world.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub(crate) organisation: Arc<Organisation>,
    pub(crate) networks: Arc<Networks>,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) lull: Arc<Lull>,
    pub(crate) agenda: Agenda,
}

impl Stage {
    pub(crate) fn new(
        organisation: Organisation,
        networks: Arc<Networks>,
        catalogue: Arc<Catalogue>,
        agenda: Agenda,
    ) -> Self {
        Self {
            lull: Arc::new(Lull::measure(&organisation)),
            organisation: Arc::new(organisation),
            networks,
            catalogue,
            agenda,
        }
    }

    /// An organisation alone in its world.
    #[cfg(test)]
    pub(crate) fn for_tests(seed: u64, people: u32, agenda: Agenda) -> Self {
        let organisation = Organisation::new(seed, 0, people);
        let networks = Networks::new(&[(organisation.name, organisation.offices.clone())]);
        Self::new(organisation, Arc::new(networks), Arc::default(), agenda)
    }
}

/// Who does it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Who {
    Person(Person),
    ServiceAccount(u32),
    Asana,
    /// Asana's support, asked by this person.
    Support(Person),
    Anonymous,
    /// An identity provider.
    ExternalAdministrator,
}

impl Who {
    pub(crate) fn actor_type(&self) -> &'static str {
        match self {
            Self::Person(_) | Self::ServiceAccount(_) => "user",
            Self::Asana => "asana",
            Self::Support(_) => "asana_support",
            Self::Anonymous => "anonymous",
            Self::ExternalAdministrator => "external_administrator",
        }
    }
}

/// What it happens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) kind: ObjectKind,
    pub(crate) number: u64,
}

/// One event.
pub(crate) struct Scene<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) at: Millis,
    pub(crate) gid: u64,
    pub(crate) kind: &'a Kind,
    pub(crate) who: Who,
    pub(crate) resource: Resource,
    /// Whose coming or going this is a step of.
    pub(crate) passing: Option<Person>,
    /// The campaign of which this is a step.
    pub(crate) staged: Option<(Campaign, Step)>,
    pub(crate) key: Key,
}

impl Stage {
    pub(crate) fn event_gid(&self, at: Millis, entry: &Entry) -> u64 {
        let organisation = &self.organisation;
        organisation.gids.event(at, organisation.number, entry.rank)
    }

    pub(crate) fn scene(&self, slot_start: Millis, entry: &Entry) -> Scene<'_> {
        let at = slot_start + u64::from(entry.offset);
        let organisation = &*self.organisation;
        let key = organisation.key(Topic::Event);
        let key = catalogue::event_key(key, entry.row, at, entry.sequence);
        let kind = self.catalogue.kind(entry.kind);
        let mut dice = key.dice();
        let passing = (entry.row < organisation.people && entry.sequence >= PASSAGE)
            .then(|| organisation.person_at(entry.row, at));
        let staged = self.step(entry.row, at, entry.sequence);
        let who = match (passing, &staged) {
            (Some(person), _) => self.ushers(entry.kind, &person, at, &mut dice),
            (None, Some((_, step))) => step.who,
            (None, None) => self.who(entry.row, at, &mut dice),
        };
        let chosen = staged.as_ref().and_then(|(_, step)| step.what);
        let resource = match (passing, kind.target) {
            (None, _) if let Some(resource) = chosen => resource,
            (Some(person), Target::Colleague) => Resource::user(&person),
            (Some(person), Target::Thing(ObjectKind::Project)) => Resource {
                kind: ObjectKind::Project,
                number: HANDED_OVER | person_number(person.seat, person.generation),
            },
            (Some(person), _) => Resource {
                kind: ObjectKind::Team,
                number: organisation.own_team(&person),
            },
            (None, target) => self.resource(kind, target, &who, at, &mut dice),
        };
        Scene {
            stage: self,
            at,
            gid: self.event_gid(at, entry),
            kind,
            who,
            resource,
            passing,
            staged,
            key,
        }
    }

    /// Who lets people in and out: a super admin or the identity provider, and a member lets in guests.
    fn ushers(&self, kind: u16, passing: &Person, at: Millis, dice: &mut Dice) -> Who {
        if kind == catalogue::INVITED
            && passing.role == Role::Guest
            && let Some(host) = self.host(at, dice)
        {
            return Who::Person(host);
        }
        let by_provider = match kind {
            catalogue::LOGGED_OUT_BY_PROVIDER => 1000,
            catalogue::DEPROVISIONED => 600,
            catalogue::TASKS_HANDED_OVER => 0,
            _ => 450,
        };
        if dice.per_mille(by_provider) {
            Who::ExternalAdministrator
        } else {
            Who::Person(self.super_admin(dice))
        }
    }

    /// A member who is there.
    fn host(&self, at: Millis, dice: &mut Dice) -> Option<Person> {
        let organisation = &self.organisation;
        let people = u64::from(organisation.people);
        let mut seats = (0..8).filter_map(|_| u32::try_from(dice.below(people)).ok());
        seats.find_map(|seat| {
            let (person, _) = organisation.present(seat, at)?;
            (person.role == Role::Member && !plays_sleeper(seat)).then_some(person)
        })
    }

    pub(crate) fn super_admin(&self, dice: &mut Dice) -> Person {
        let seat = dice.below(u64::from(self.organisation.super_admins()));
        self.organisation
            .person(u32::try_from(seat).unwrap_or(0), 0)
    }

    fn who(&self, row: u32, at: Millis, dice: &mut Dice) -> Who {
        let organisation = &self.organisation;
        if row < organisation.people {
            return Who::Person(organisation.person_at(row, at));
        }
        let account = row - organisation.people;
        if account < organisation.service_accounts {
            return Who::ServiceAccount(account);
        }
        let habit = usize::try_from(account - organisation.service_accounts).unwrap_or(0);
        match Habit::ALL[habit % Habit::ALL.len()] {
            Habit::Automatic => Who::Asana,
            Habit::Support => Who::Support(self.super_admin(dice)),
            Habit::Anonymous => Who::Anonymous,
            Habit::Provisioning => Who::ExternalAdministrator,
        }
    }

    fn resource(
        &self,
        kind: &Kind,
        target: Target,
        who: &Who,
        at: Millis,
        dice: &mut Dice,
    ) -> Resource {
        match (target, who) {
            (Target::Workspace, _) => Resource {
                kind: ObjectKind::Workspace,
                number: 0,
            },
            (Target::Myself, Who::Person(person)) => Resource::user(person),
            (Target::Myself, Who::ServiceAccount(account)) => Resource {
                kind: ObjectKind::ServiceAccount,
                number: u64::from(*account),
            },
            (Target::Myself | Target::Colleague, _) => Resource::user(&self.colleague(at, dice)),
            (Target::Thing(thing), _) => Resource {
                kind: thing,
                number: self.thing(kind, thing, who, dice),
            },
        }
    }

    /// Anybody who is or was there.
    pub(crate) fn colleague(&self, at: Millis, dice: &mut Dice) -> Person {
        let seat = dice.below(u64::from(self.organisation.people));
        let seat = u32::try_from(seat).unwrap_or(0);
        self.organisation.person_at(seat, at)
    }

    fn thing(&self, kind: &Kind, thing: ObjectKind, who: &Who, dice: &mut Dice) -> u64 {
        let organisation = &self.organisation;
        let team = match who {
            Who::Person(person) => organisation.own_team(person),
            _ => dice.below(organisation.teams),
        };
        let project = organisation.draw_project(team, dice.word());
        match thing {
            // A team or an account that comes or goes is none of those that stay.
            ObjectKind::Team
                if kind.event_type == "team_created" || kind.event_type.ends_with("deleted") =>
            {
                organisation.teams + dice.below(1000)
            }
            ObjectKind::Team => team,
            ObjectKind::Project => project,
            ObjectKind::Task | ObjectKind::Story | ObjectKind::Attachment => {
                Organisation::draw_task(project, dice.word())
            }
            ObjectKind::Division => dice.below(names::DIVISIONS.len() as u64),
            ObjectKind::EmailDomain | ObjectKind::Workspace => 0,
            ObjectKind::ServiceAccount => {
                u64::from(organisation.service_accounts) + dice.below(u64::from(MADE_ACCOUNTS))
            }
            ObjectKind::App => dice.below(names::APPS.len() as u64),
            _ => dice.below(organisation.projects * 4),
        }
    }
}

impl Resource {
    pub(crate) fn user(person: &Person) -> Self {
        Self {
            kind: ObjectKind::User,
            number: person_number(person.seat, person.generation),
        }
    }

    /// The person whose tasks this project takes over.
    pub(crate) fn handed_over_by(&self) -> Option<u64> {
        let number = self.number.checked_sub(HANDED_OVER)?;
        (self.kind == ObjectKind::Project).then_some(number)
    }
}

impl Scene<'_> {
    /// The actor's gid, if it has one.
    pub(crate) fn actor_gid(&self) -> Option<u64> {
        let organisation = &self.stage.organisation;
        match &self.who {
            Who::Person(person) => Some(organisation.user_gid(person.seat, person.generation)),
            Who::ServiceAccount(account) => {
                Some(organisation.gid(ObjectKind::ServiceAccount, u64::from(*account)))
            }
            _ => None,
        }
    }

    pub(crate) fn resource_gid(&self) -> u64 {
        let organisation = &self.stage.organisation;
        organisation.gid(self.resource.kind, self.resource.number)
    }
}

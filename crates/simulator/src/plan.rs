//! Who does what when, before it is put into words. The plan of a slot of time is a function of the organisation and the slot.

use crate::catalogue::{self, Catalogue, Group};
use crate::clock::{DAY, HOUR, MINUTE, Millis, SECOND};
use crate::dice::Dice;
use crate::gid::EVENTS_PER_MILLISECOND_MAX;
use crate::organisation::{Organisation, Tenure, Topic, person_number};
use crate::person::{Day, Person, Role, Shape};
use crate::scene::Stage;

/// Organisations up to this size are planned by the day, so that a quiet night does not scatter a page over many slots.
const PEOPLE_BY_DAY_MAX: u32 = 2_000;
/// Organisations up to this size are planned by the hour, larger ones by ten minutes, so that a plan stays small.
const PEOPLE_BY_HOUR_MAX: u32 = 200_000;

/// From this sequence number on, an entry is a step of somebody's coming or going.
pub(crate) const PASSAGE: u16 = 0xff00;

/// From this sequence number on, an entry is a job that runs while people sleep.
const JOB: u16 = 0x8000;

/// One planned event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    /// Milliseconds since the beginning of the slot.
    pub(crate) offset: u32,
    /// Whose: a seat, then the service accounts, then the [`Habit`]s, then the campaigns.
    pub(crate) row: u32,
    /// Tells apart what one row does.
    pub(crate) sequence: u16,
    /// Its place in the [`Catalogue`].
    pub(crate) kind: u16,
    /// Its place among the events of the same millisecond.
    pub(crate) rank: u16,
}

/// What happens without a person or a service account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    Automatic,
    Support,
    Anonymous,
    Provisioning,
}

impl Habit {
    pub(crate) const ALL: [Self; 4] = [
        Self::Automatic,
        Self::Support,
        Self::Anonymous,
        Self::Provisioning,
    ];

    fn group(self) -> Group {
        match self {
            Self::Automatic => Group::Automatic,
            Self::Support => Group::Settings,
            Self::Anonymous => Group::Anonymous,
            Self::Provisioning => Group::Provisioning,
        }
    }

    /// Events a day in an organisation of 400.
    fn per_day(self) -> f64 {
        match self {
            Self::Automatic => 2.5,
            Self::Support => 0.08,
            Self::Anonymous | Self::Provisioning => 3.0,
        }
    }
}

/// The length of a slot.
pub(crate) fn slot_length(people: u32) -> Millis {
    match people {
        0..=PEOPLE_BY_DAY_MAX => DAY,
        people if people <= PEOPLE_BY_HOUR_MAX => HOUR,
        _ => 10 * MINUTE,
    }
}

/// A span of time and what has been planned for it so far.
struct Planner<'a> {
    stage: &'a Stage,
    organisation: &'a Organisation,
    catalogue: &'a Catalogue,
    from: Millis,
    until: Millis,
    entries: Vec<Entry>,
}

/// Everything that happens in one slot, in order.
pub(crate) fn plan(stage: &Stage, slot: u32) -> Vec<Entry> {
    let length = slot_length(stage.organisation.people);
    let from = u64::from(slot) * length;
    let mut planner = Planner {
        stage,
        organisation: &stage.organisation,
        catalogue: &stage.catalogue,
        from,
        until: from + length,
        entries: Vec::new(),
    };
    planner.people();
    planner.service_accounts();
    planner.habits();
    planner.jobs();
    planner.campaigns();
    let mut entries = planner.entries;
    entries.sort_unstable();
    rank(&mut entries);
    entries.shrink_to_fit();
    entries
}

/// Numbers the events of each millisecond, and moves those for which it has no room to the next.
fn rank(entries: &mut [Entry]) {
    let (mut offset, mut next) = (0, 0);
    for entry in entries {
        if entry.offset > offset {
            (offset, next) = (entry.offset, 0);
        } else if next == EVENTS_PER_MILLISECOND_MAX {
            (offset, next) = (offset + 1, 0);
        }
        (entry.offset, entry.rank) = (offset, next);
        next += 1;
    }
}

/// Number and time of everything that somebody does on a day, and the dice that decide what.
fn deeds(
    organisation: &Organisation,
    person: &Person,
    local_day: u64,
    day: &Day,
) -> impl Iterator<Item = (u64, Millis, Dice)> + use<> {
    let who = person_number(person.seat, person.generation);
    let key = organisation.key(Topic::Event).with(who).with(local_day);
    let day = *day;
    (0..day.events).map(move |number| {
        let mut dice = key.with(number).dice();
        let at = day.event_at(number, &mut dice);
        (number, at, dice)
    })
}

impl Stage {
    /// When somebody last did something on this day, before a moment.
    pub(crate) fn last_deed(&self, person: &Person, day: &Day, before: Millis) -> Option<Millis> {
        let deeds = deeds(&self.organisation, person, person.local_day(before), day);
        deeds.map(|(_, at, _)| at).filter(|&at| at < before).max()
    }
}

impl Planner<'_> {
    fn push(&mut self, at: Millis, row: u32, sequence: u16, kind: u16) {
        if (self.from..self.until).contains(&at)
            && let Ok(offset) = u32::try_from(at - self.from)
        {
            self.entries.push(Entry {
                offset,
                row,
                sequence,
                kind,
                rank: 0,
            });
        }
    }

    fn people(&mut self) {
        for seat in 0..self.organisation.people {
            let tenure = self.organisation.tenure(seat, self.from);
            self.passages(seat, &tenure);
            let Some(joined_at) = tenure.joined_at else {
                continue;
            };
            if joined_at >= self.until || tenure.leaves_at <= self.from {
                continue;
            }
            let person = self.organisation.person(seat, tenure.generation);
            let asleep = self.organisation.falls_asleep_at(&person, &tenure);
            if asleep.is_some_and(|asleep| asleep <= self.from) {
                continue;
            }
            for local_day in person.local_day(self.from)..=person.local_day(self.until - 1) {
                if let Some(day) = person.day(local_day)
                    && day.start < self.until
                    && day.start + day.length > self.from
                    && !self.stage.silent(seat, day.start)
                {
                    self.day(&person, &tenure, local_day, &day);
                }
            }
        }
    }

    /// Somebody comes or goes.
    fn passages(&mut self, seat: u32, tenure: &Tenure) {
        let (came, left) = (tenure.invited_at, tenure.leaves_at);
        let (from, until) = (self.from, self.until);
        let near = |moment: Millis| moment < until && moment.saturating_add(MINUTE) >= from;
        if near(came) {
            self.push(came, seat, PASSAGE, catalogue::INVITED);
            self.push(came + 2 * SECOND, seat, PASSAGE + 1, catalogue::JOINED_TEAM);
        }
        if near(left) {
            self.push(left, seat, PASSAGE + 2, catalogue::DEPROVISIONED);
            if tenure.joined_at.is_some() {
                let kind = catalogue::LOGGED_OUT_BY_PROVIDER;
                self.push(left + SECOND, seat, PASSAGE + 3, kind);
                let kind = catalogue::TASKS_HANDED_OVER;
                self.push(left + 4 * SECOND, seat, PASSAGE + 4, kind);
            }
        }
    }

    fn day(&mut self, person: &Person, tenure: &Tenure, local_day: u64, day: &Day) {
        let deeds = deeds(self.organisation, person, local_day, day).zip(0_u16..);
        for ((number, at, mut dice), sequence) in deeds {
            if at < self.from || at >= self.until || !tenure.acts(at) {
                continue;
            }
            let kind = self.choose(person.role, day, number, &mut dice);
            self.push(at, person.seat, sequence, kind);
        }
    }

    fn choose(&self, role: Role, day: &Day, number: u64, dice: &mut Dice) -> u16 {
        let throw = dice.below(1000);
        let signs_in = match (number, day.shape) {
            (0, Shape::Glance) => 400,
            (0, _) => 720,
            (1, Shape::Work | Shape::Weekend) => 60,
            _ => 0,
        };
        if throw < signs_in {
            let fails = number == 0 && throw < 45;
            return if fails {
                catalogue::LOGIN_FAILED
            } else {
                catalogue::LOGIN
            };
        }
        if number + 1 == day.events && throw >= 880 {
            return catalogue::LOGOUT;
        }
        let looks = day.shape == Shape::Glance || matches!(role, Role::Guest | Role::ViewOnly);
        let group = match dice.below(100_000) {
            0..120 if role.administers() => Group::SeldomSettings,
            120..2_100 if role.administers() => Group::Settings,
            2_100..6_100 if role.administers() => Group::Admin,
            6_100..7_300 => Group::Unlisted,
            _ if looks => Group::Looking,
            7_300..7_303 => Group::Seldom,
            _ => Group::Work,
        };
        self.catalogue.draw(group, dice)
    }

    /// Programs run at fixed intervals, day and night.
    fn service_accounts(&mut self) {
        for account in 0..self.organisation.service_accounts {
            let row = self.organisation.people + account;
            let key = self
                .organisation
                .key(Topic::Account)
                .with(u64::from(account));
            let mut dice = key.dice();
            let every = [1, 2, 4, 8, 24][dice.index(5)] * HOUR;
            let shift = dice.below(every - 30 * MINUTE);
            for run in self.from / every..=(self.until - 1) / every {
                let mut dice = key.with(run).dice();
                let start = run * every + shift + dice.below(20 * SECOND);
                for sequence in 0..=u16::try_from(dice.below(4)).unwrap_or(0) {
                    let at = start + u64::from(sequence) * dice.between(SECOND, MINUTE);
                    let kind = self.catalogue.draw(Group::Machine, &mut dice);
                    self.push(at, row, sequence, kind);
                }
            }
        }
    }

    /// More programs, and rules of Asana's own, while people sleep.
    fn jobs(&mut self) {
        let first_row = self.organisation.people;
        let accounts = u64::from(self.organisation.service_accounts);
        for minute in self.from / MINUTE..self.until / MINUTE {
            let key = self.organisation.key(Topic::Job).with(minute);
            for (job, sequence) in (0..self.stage.lull.jobs(minute)).zip(JOB..) {
                let mut dice = key.with(job).dice();
                // The row behind the last account is that of Asana itself.
                let machine = if dice.per_mille(550) {
                    dice.below(accounts)
                } else {
                    accounts
                };
                let at = minute * MINUTE + dice.below(MINUTE);
                let kind = self.catalogue.draw(Group::Jobs, &mut dice);
                let row = first_row + u32::try_from(machine).unwrap_or(0);
                self.push(at, row, sequence, kind);
            }
        }
    }

    fn campaigns(&mut self) {
        for campaign in self.stage.campaigns(&(self.from..self.until)) {
            let steps = self.stage.script(&campaign);
            for (step, sequence) in steps.iter().zip(0_u16..) {
                self.push(step.at, campaign.row(), sequence, step.kind);
            }
        }
    }

    fn habits(&mut self) {
        let first_row = self.organisation.people + self.organisation.service_accounts;
        let size = (f64::from(self.organisation.people) / 400.0).max(0.25);
        for (habit, row) in Habit::ALL.into_iter().zip(first_row..) {
            let per_hour = habit.per_day() * size / 24.0;
            let key = self.organisation.key(Topic::Habit).with(habit as u64);
            for hour in self.from / HOUR..=(self.until - 1) / HOUR {
                let mut dice = key.with(hour).dice();
                let mut expected = per_hour;
                let mut sequence = 0;
                while dice.chance(expected) {
                    let at = hour * HOUR + dice.below(HOUR);
                    let kind = self.catalogue.draw(habit.group(), &mut dice);
                    self.push(at, row, sequence, kind);
                    expected -= 1.0;
                    sequence += 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::Agenda;
    use crate::clock::BEGINNING;

    const THURSDAY: u64 = (BEGINNING + 2010 * DAY) / DAY;

    fn planned(seed: u64, people: u32) -> Vec<Entry> {
        let slots_per_day = u32::try_from(DAY / slot_length(people)).unwrap();
        let first = u32::try_from(THURSDAY).unwrap() * slots_per_day;
        let stage = Stage::for_tests(seed, people, Agenda::default());
        (first..first + slots_per_day)
            .flat_map(|slot| plan(&stage, slot))
            .collect()
    }

    #[test]
    fn a_day_is_in_order_and_as_busy_as_its_people() {
        for people in [60, 400, 3000] {
            let entries = planned(1, people);
            let per_person = entries.len() as u64 / u64::from(people);
            assert!((3..=12).contains(&per_person), "{people}: {per_person}");
        }
        assert!(planned(1, 400).is_sorted());
        assert_eq!(planned(4, 400), planned(4, 400));
        assert_ne!(planned(4, 400), planned(5, 400));
    }

    #[test]
    fn a_crowded_millisecond_spills_into_the_next() {
        let entry = |sequence| Entry {
            offset: 7,
            row: 0,
            sequence,
            kind: 0,
            rank: 0,
        };
        let mut entries: Vec<Entry> = (0..EVENTS_PER_MILLISECOND_MAX + 3).map(entry).collect();
        rank(&mut entries);
        let last = entries.last().unwrap();
        assert_eq!((last.offset, last.rank), (8, 2));
        assert!(entries.is_sorted_by_key(|entry| (entry.offset, entry.rank)));
    }
}

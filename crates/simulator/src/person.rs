//! One person and their habits.

use crate::clock::{DAY, HOUR, MINUTE, Millis};
use crate::devices::Devices;
use crate::dice::{Dice, Key};
use crate::names;
use crate::world::{CITIES, City};

/// What somebody may do in the organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    SuperAdmin,
    Admin,
    Member,
    ViewOnly,
    Guest,
}

impl Role {
    pub(crate) fn administers(self) -> bool {
        matches!(self, Self::SuperAdmin | Self::Admin)
    }
}

/// Where somebody works on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    Office(usize),
    Home,
    Away(usize),
}

/// What one person does on one day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Day {
    /// When it begins, in UTC.
    pub(crate) start: Millis,
    pub(crate) length: Millis,
    /// How many events it brings.
    pub(crate) events: u64,
    pub(crate) whereabouts: Whereabouts,
    /// A glance at the phone on a free day.
    pub(crate) glance: bool,
}

/// How somebody's traffic reaches the internet, apart from where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tunnel {
    None,
    /// The company's VPN, whenever not in an office.
    Company,
    /// A provider's VPN, whenever not in an office.
    Provider(u64),
}

/// A person. The fields are what every event of theirs needs; the rest is drawn from the key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Person {
    pub(crate) seat: u32,
    pub(crate) generation: u32,
    pub(crate) role: Role,
    /// Their home, a place in the table of cities.
    pub(crate) city: usize,
    office: Option<usize>,
    offset: i64,
    start_minute: u64,
    length_minutes: u64,
    /// Mean number of events on a working day.
    mean_events: u64,
    office_days_per_mille: u64,
    four_days: bool,
    key: Key,
}

#[derive(Clone, Copy)]
enum Trait {
    Team,
    Vacation,
    Travel,
    Day,
    Devices,
    Home,
    Tunnel,
    Domain,
    Session,
}

impl Person {
    pub(crate) fn new(key: Key, seat: u32, generation: u32, role: Role, offices: &[usize]) -> Self {
        let mut dice = key.dice();
        let near_an_office = role != Role::Guest && dice.per_mille(850) && !offices.is_empty();
        // The first offices are the large ones: the lower of two throws.
        let office = dice.index(offices.len()).min(dice.index(offices.len()));
        let drawn = City::draw(&mut dice);
        let city = if near_an_office {
            offices[office]
        } else {
            drawn
        };
        let late_riser = dice.per_mille(50);
        let start_minute = if late_riser { 660 } else { 420 } + dice.below(180);
        let busy = match role {
            Role::SuperAdmin | Role::Admin | Role::Member => dice.between(4, 14),
            Role::ViewOnly | Role::Guest => dice.between(2, 7),
        };
        Self {
            seat,
            generation,
            role,
            city,
            office: near_an_office.then_some(office),
            offset: i64::from(CITIES[city].offset_minutes) * 60_000,
            start_minute,
            length_minutes: dice.between(420, 540),
            mean_events: busy,
            office_days_per_mille: dice.below(1000),
            four_days: dice.per_mille(80),
            key,
        }
    }

    fn key(&self, of: Trait) -> Key {
        self.key.with(of as u64)
    }

    pub(crate) fn team_dice(&self) -> Dice {
        self.key(Trait::Team).dice()
    }

    pub(crate) fn devices(&self) -> Devices {
        Devices::draw(self.key(Trait::Devices))
    }

    pub(crate) fn guest_domain(&self) -> &'static str {
        self.key(Trait::Domain).dice().pick(&names::GUEST_DOMAINS)
    }

    /// A word that stays the same for a home, or a phone's subscription, for about a month.
    pub(crate) fn home_word(&self, at: Millis) -> u64 {
        self.key(Trait::Home).with(at / (30 * DAY)).word()
    }

    /// How this person's home is connected.
    pub(crate) fn home_line(&self) -> u64 {
        self.key(Trait::Home).dice().below(10)
    }

    pub(crate) fn tunnel(&self) -> Tunnel {
        let mut dice = self.key(Trait::Tunnel).dice();
        match dice.below(1000) {
            0..130 if self.role != Role::Guest => Tunnel::Company,
            980.. => Tunnel::Provider(dice.word()),
            _ => Tunnel::None,
        }
    }

    /// Choices that hold for a third of a day: which program, which network.
    pub(crate) fn session_dice(&self, day: &Day, at: Millis) -> Dice {
        let third = at.saturating_sub(day.start) * 3 / day.length.max(1);
        self.key(Trait::Session).with(day.start).with(third).dice()
    }

    /// The number of the local day in which this moment falls.
    pub(crate) fn local_day(&self, at: Millis) -> u64 {
        at.saturating_add_signed(self.offset) / DAY
    }

    /// The days off of the week of this local day, if it is a week of vacation.
    pub(crate) fn on_vacation(&self, local_day: u64) -> bool {
        let week = monday_week(local_day);
        self.key(Trait::Vacation).with(week).dice().per_mille(70)
    }

    fn travels_to(&self, local_day: u64) -> Option<usize> {
        let week = monday_week(local_day);
        let mut dice = self.key(Trait::Travel).with(week).dice();
        if !dice.per_mille(35) {
            return None;
        }
        Some(City::draw(&mut dice)).filter(|&city| city != self.city)
    }

    /// What this person does on a local day; nothing on most free ones.
    pub(crate) fn day(&self, local_day: u64) -> Option<Day> {
        let weekday = weekday(local_day);
        let free = if CITIES[self.city].works_on_sunday() {
            matches!(weekday, 4 | 5)
        } else {
            weekday >= 5
        } || (self.four_days && weekday == 2);
        let mut dice = self.key(Trait::Day).with(local_day).dice();
        let glance = free || self.on_vacation(local_day) || dice.per_mille(40);
        let (events, start_minute, length_minutes) = if glance {
            if !dice.per_mille(40) {
                return None;
            }
            (dice.between(1, 4), dice.between(540, 1200), 40)
        } else {
            let events = self.mean_events / 2 + dice.below(self.mean_events + 2);
            (
                events.max(1),
                self.start_minute + dice.below(50),
                self.length_minutes,
            )
        };
        Some(Day {
            start: (local_day * DAY + start_minute * MINUTE).saturating_add_signed(-self.offset),
            length: length_minutes * MINUTE,
            events,
            whereabouts: self.whereabouts(local_day, &mut dice),
            glance,
        })
    }

    fn whereabouts(&self, local_day: u64, dice: &mut Dice) -> Whereabouts {
        if let Some(city) = self.travels_to(local_day) {
            return Whereabouts::Away(city);
        }
        match self.office {
            Some(office) if dice.per_mille(self.office_days_per_mille) => {
                Whereabouts::Office(office)
            }
            _ => Whereabouts::Home,
        }
    }

    /// The day around a moment, for what happens outside the person's own plan too.
    pub(crate) fn day_around(&self, at: Millis) -> Day {
        self.day(self.local_day(at)).unwrap_or(Day {
            start: at.saturating_sub(HOUR),
            length: 2 * HOUR,
            events: 0,
            whereabouts: Whereabouts::Home,
            glance: false,
        })
    }
}

/// 0 is Monday. 1970 began on a Thursday.
fn weekday(day: u64) -> u64 {
    (day + 3) % 7
}

fn monday_week(day: u64) -> u64 {
    (day + 3) / 7
}

impl Day {
    /// When the `number`th of this day's events happens: evenly spread, each somewhere in its share of the day.
    pub(crate) fn event_at(&self, number: u64, dice: &mut Dice) -> Millis {
        let share = self.length / self.events.max(1);
        self.start + number * share + dice.below(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::BEGINNING;
    use crate::organisation::Organisation;

    #[test]
    fn working_days_are_as_busy_as_people_are() {
        let organisation = Organisation::new(1, 0, 400);
        let monday = (BEGINNING + 2010 * DAY) / DAY;
        assert_eq!(weekday(monday), 3);
        let mean = |weekday_offset: u64| {
            let days: Vec<u64> = (0..400)
                .filter_map(|seat| organisation.person(seat, 3).day(monday + weekday_offset))
                .map(|day| day.events)
                .collect();
            (days.len(), days.iter().sum::<u64>() / days.len() as u64)
        };
        let (active, events) = mean(0);
        assert!((300..400).contains(&active), "{active}");
        assert!((6..=10).contains(&events), "{events}");
        let (active, _) = mean(2);
        assert!(active < 60, "{active}");
    }

    #[test]
    fn a_day_stays_within_its_local_day() {
        let organisation = Organisation::new(2, 0, 400);
        for seat in 0..400 {
            let person = organisation.person(seat, 0);
            for local_day in 20_000..20_030 {
                let Some(day) = person.day(local_day) else {
                    continue;
                };
                assert_eq!(person.local_day(day.start), local_day);
                assert_eq!(person.local_day(day.start + day.length - 1), local_day);
            }
        }
    }
}

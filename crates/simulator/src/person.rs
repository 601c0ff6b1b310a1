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
    pub(crate) shape: Shape,
}

/// What kind of day it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Work,
    /// Two hours or three on a free day.
    Weekend,
    /// A glance at the phone on a free day.
    Glance,
}

/// How somebody's traffic reaches the internet, apart from where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tunnel {
    None,
    /// The company's VPN, whenever not in an office.
    Company,
    /// A provider's VPN, whenever not in an office.
    Provider(u64),
    /// A provider's VPN, when they think of it.
    NowAndThen(u64),
    /// The secure web gateway of a large provider.
    Gateway,
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
    Leave,
    Phone,
}

/// Somebody gets a new laptop, or a new phone, after so many days.
const DEVICE_DAYS: u64 = 730;
/// Days after which a new laptop is no longer new.
pub(crate) const NEW_LAPTOP_DAYS: u64 = 3;
/// Weeks within which some people are away for long once.
const SEASON_WEEKS: u64 = 40;
/// How many of them are, in thousandths.
const LONG_LEAVE_PER_MILLE: u64 = 350;
const LONG_LEAVE_WEEKS: std::ops::Range<u64> = 3..6;

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

    pub(crate) fn devices(&self, at: Millis) -> Devices {
        let (laptop, _) = self.device_turn(Trait::Devices, at);
        let (phone, _) = self.device_turn(Trait::Phone, at);
        let key = |of, turn| self.key(of).with(turn);
        Devices::draw(key(Trait::Devices, laptop), key(Trait::Phone, phone))
    }

    /// Which of their laptops it is, in its first days.
    pub(crate) fn new_laptop(&self, at: Millis) -> Option<u64> {
        let (turn, age_days) = self.device_turn(Trait::Devices, at);
        (age_days < NEW_LAPTOP_DAYS).then_some(turn)
    }

    /// How many devices of this kind they have had before, and the age of this one in days.
    fn device_turn(&self, of: Trait, at: Millis) -> (u64, u64) {
        let shift = self.key(of).dice().below(DEVICE_DAYS);
        let day = self.local_day(at) + shift;
        (day / DEVICE_DAYS, day % DEVICE_DAYS)
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
            130..165 if self.role != Role::Guest => Tunnel::Gateway,
            955..980 => Tunnel::NowAndThen(dice.word()),
            980.. => Tunnel::Provider(dice.word()),
            _ => Tunnel::None,
        }
    }

    /// Choices that hold for a third of a day: which program, which network.
    pub(crate) fn session(&self, day: &Day, at: Millis) -> Key {
        let third = at.saturating_sub(day.start) * 3 / day.length.max(1);
        self.key(Trait::Session).with(day.start).with(third)
    }

    /// The number of the local day in which this moment falls.
    pub(crate) fn local_day(&self, at: Millis) -> u64 {
        at.saturating_add_signed(self.offset) / DAY
    }

    pub(crate) fn office(&self) -> Option<usize> {
        self.office
    }

    /// When a local day begins, in UTC.
    pub(crate) fn midnight(&self, local_day: u64) -> Millis {
        (local_day * DAY).saturating_add_signed(-self.offset)
    }

    /// Whether the week of this local day is one of vacation.
    pub(crate) fn on_vacation(&self, local_day: u64) -> bool {
        let week = monday_week(local_day);
        let short = self.key(Trait::Vacation).with(week).dice().per_mille(70);
        short || self.on_long_leave(local_day)
    }

    /// Whether they are away for several weeks and do not even look at their phone.
    pub(crate) fn on_long_leave(&self, local_day: u64) -> bool {
        self.long_leave(local_day)
            .is_some_and(|weeks| weeks.contains(&monday_week(local_day)))
    }

    /// The number of the week, in the first week after such an absence.
    pub(crate) fn is_back_since(&self, local_day: u64) -> Option<u64> {
        let weeks = self.long_leave(local_day)?;
        (weeks.end == monday_week(local_day)).then_some(weeks.end)
    }

    /// The weeks of the long leave in the season of this local day.
    fn long_leave(&self, local_day: u64) -> Option<std::ops::Range<u64>> {
        let season = monday_week(local_day) / SEASON_WEEKS;
        let mut dice = self.key(Trait::Leave).with(season).dice();
        if !dice.per_mille(LONG_LEAVE_PER_MILLE) {
            return None;
        }
        let weeks = dice.between(LONG_LEAVE_WEEKS.start, LONG_LEAVE_WEEKS.end);
        let first = season * SEASON_WEEKS + dice.below(SEASON_WEEKS - LONG_LEAVE_WEEKS.end);
        Some(first..first + weeks)
    }

    /// The number of the week, if they are on a trip in it.
    pub(crate) fn trip(&self, local_day: u64) -> Option<u64> {
        self.travels_to(local_day).map(|_| monday_week(local_day))
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
        if self.on_long_leave(local_day) || self.flies(local_day) {
            return None;
        }
        let mut dice = self.key(Trait::Day).with(local_day).dice();
        let weekend = self.has_free(weekday(local_day));
        let (shape, events, start_minute, length_minutes) =
            if weekend || self.on_vacation(local_day) || dice.per_mille(40) {
                match dice.below(1000) {
                    0..40 => (
                        Shape::Glance,
                        dice.between(1, 4),
                        dice.between(540, 1200),
                        40,
                    ),
                    40..95 if weekend => (
                        Shape::Weekend,
                        dice.between(2, 3 + self.mean_events / 2),
                        dice.between(540, 1080),
                        150,
                    ),
                    _ => return None,
                }
            } else {
                let events = self.mean_events / 2 + dice.below(self.mean_events + 2);
                let start = self.start_minute + dice.below(50);
                (Shape::Work, events.max(1), start, self.length_minutes)
            };
        Some(Day {
            start: self.midnight(local_day) + start_minute * MINUTE,
            length: length_minutes * MINUTE,
            events,
            whereabouts: self.whereabouts(local_day, &mut dice),
            shape,
        })
    }

    fn has_free(&self, weekday: u64) -> bool {
        let weekend = if CITIES[self.city].works_on_sunday() {
            matches!(weekday, 4 | 5)
        } else {
            weekday >= 5
        };
        weekend || (self.four_days && weekday == 2)
    }

    /// Trips begin and end on a Sunday in the air.
    fn flies(&self, local_day: u64) -> bool {
        let travels = |day| self.travels_to(day).is_some();
        weekday(local_day) == SUNDAY && (travels(local_day) || travels(local_day + 1))
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
            shape: Shape::Work,
        })
    }
}

const SUNDAY: u64 = 6;

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
    fn long_leave_is_several_weeks_without_a_sign_of_life() {
        let organisation = Organisation::new(1, 0, 400);
        let first = (BEGINNING + 2000 * DAY) / DAY;
        let mut leaves = 0;
        for seat in 0..400 {
            let person = organisation.person(seat, 3);
            let days = first..first + 7 * SEASON_WEEKS;
            let back: Vec<u64> = days
                .filter(|&day| weekday(day) == 0 && person.is_back_since(day).is_some())
                .collect();
            for &monday in &back {
                assert!((monday - 21..monday).all(|day| person.day(day).is_none()));
                assert!(person.on_vacation(monday - 1));
                assert!(!person.on_long_leave(monday));
            }
            leaves += back.len();
        }
        assert!((90..200).contains(&leaves), "{leaves}");
    }

    #[test]
    fn nobody_is_seen_on_the_day_before_and_at_the_end_of_a_trip() {
        let organisation = Organisation::new(1, 0, 400);
        let sunday = (BEGINNING + 2003 * DAY) / DAY + 3;
        assert_eq!(weekday(sunday), SUNDAY);
        let mut trips = 0;
        for seat in 0..400 {
            let person = organisation.person(seat, 3);
            for week in 0..20 {
                let monday = sunday + 7 * week + 1;
                if person.trip(monday).is_some() {
                    assert!(person.day(monday - 1).is_none());
                    assert!(person.day(monday + 6).is_none());
                    trips += 1;
                }
            }
        }
        assert!((150..400).contains(&trips), "{trips}");
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

//! What some people of an organisation do for all of them.

use crate::campaign::plays_sleeper;
use crate::clock::Millis;
use crate::organisation::{Organisation, Topic};
use crate::person::{Person, Role};

/// Seats that are asked whether somebody on them has time for a duty.
const SEATS_ASKED_MAX: u32 = 200;

/// What some people do for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duty {
    /// Taken in turns, a week each.
    OnCall,
    Reporting,
}

impl Duty {
    pub(crate) const ALL: [Self; 2] = [Self::OnCall, Self::Reporting];

    /// How many people share one of these duties.
    pub(crate) fn turns(self) -> u64 {
        match self {
            Self::OnCall => 4,
            Self::Reporting => 1,
        }
    }

    /// People for whom one has this duty at a time.
    fn people_each(self) -> u32 {
        match self {
            Self::OnCall => 150,
            Self::Reporting => 400,
        }
    }

    /// The name of the group of those who have it.
    pub(crate) fn group(self) -> &'static str {
        match self {
            Self::OnCall => "On call",
            Self::Reporting => "Reporting",
        }
    }
}

impl Organisation {
    /// How many have a duty at a time.
    pub(crate) fn on_duty_at_once(&self, duty: Duty) -> u32 {
        self.people.div_ceil(duty.people_each())
    }

    /// The member who has one of these duties in this turn, or the next one who is there and awake.
    pub(crate) fn on_duty(&self, duty: Duty, number: u64, turn: u64, at: Millis) -> Option<Person> {
        let key = self.key(Topic::Duty).with(duty as u64).with(number);
        let first = key
            .with(turn % duty.turns())
            .dice()
            .below(u64::from(self.people));
        let first = u32::try_from(first).ok()?;
        let seats = (0..self.people.min(SEATS_ASKED_MAX)).map(|step| (first + step) % self.people);
        seats
            .filter(|&seat| self.role(seat) == Role::Member && !plays_sleeper(seat))
            .find_map(|seat| self.present(seat, at))
            .map(|(person, _)| person)
    }
}

//! Who is in the organisation now, and in which teams.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::{DAY, HOUR, Millis};
use crate::organisation::{Organisation, Tenure};
use crate::person::Person;

/// How long somebody who left is still listed as an inactive member.
const REMEMBERED: Millis = 365 * DAY;

/// One person on the roll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) gid: u64,
    pub(crate) seat: u32,
    pub(crate) generation: u32,
    /// Member or invited; those who left are not.
    pub(crate) active: bool,
}

impl Member {
    pub(crate) fn person(&self, organisation: &Organisation) -> Person {
        organisation.person(self.seat, self.generation)
    }

    pub(crate) fn tenure(&self, organisation: &Organisation) -> Tenure {
        organisation.tenure_by_generation(self.seat, self.generation)
    }
}

/// Everybody of one workspace in the order of their gids.
pub(crate) type Roll = Arc<Vec<Member>>;

/// Keeps the last roll of each workspace: 24 bytes a person, made anew every hour.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    rolls: Mutex<HashMap<u8, (Millis, Roll)>>,
}

impl Directory {
    /// The roll at this time. People come and go in it on the hour.
    pub(crate) fn roll(&self, organisation: &Organisation, now: Millis) -> Roll {
        let hour = now / HOUR * HOUR;
        let mut rolls = self.rolls.lock().unwrap_or_else(PoisonError::into_inner);
        match rolls.get(&organisation.number) {
            Some((made_for, roll)) if *made_for == hour => roll.clone(),
            _ => {
                let roll = Arc::new(call_roll(organisation, hour));
                rolls.insert(organisation.number, (hour, roll.clone()));
                roll
            }
        }
    }
}

/// Everybody who is there, or has left within a year.
pub(crate) fn call_roll(organisation: &Organisation, at: Millis) -> Vec<Member> {
    let mut roll: Vec<Member> = (0..organisation.people)
        .flat_map(|seat| {
            let now = organisation.tenure(seat, at);
            let before = now
                .generation
                .checked_sub(1)
                .map(|generation| organisation.tenure_by_generation(seat, generation));
            [Some(now), before]
                .into_iter()
                .flatten()
                .map(move |tenure| (seat, tenure))
        })
        .filter(|(_, tenure)| {
            tenure.invited_at <= at && tenure.leaves_at.saturating_add(REMEMBERED) > at
        })
        .map(|(seat, tenure)| Member {
            gid: organisation.user_gid(seat, tenure.generation),
            seat,
            generation: tenure.generation,
            active: tenure.belongs(at),
        })
        .collect();
    roll.sort_unstable_by_key(|member| member.gid);
    roll
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::BEGINNING;

    #[test]
    fn the_roll_has_nearly_every_seat_and_some_leavers() {
        let organisation = Organisation::new(1, 0, 2000);
        let directory = Directory::default();
        let at = BEGINNING + 2000 * DAY + 5;
        let roll = directory.roll(&organisation, at);
        let active = roll.iter().filter(|member| member.active).count();
        assert!((1900..=2000).contains(&active), "{active}");
        assert!(roll.len() > active + 200);
        assert!(roll.is_sorted_by_key(|member| member.gid));
        assert!(Arc::ptr_eq(&roll, &directory.roll(&organisation, at + 9)));
        assert_ne!(roll, directory.roll(&organisation, at + 30 * DAY));
    }
}

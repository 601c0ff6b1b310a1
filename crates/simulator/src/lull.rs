//! When people sleep, machines work: the fewer events people make in an hour of the week, the more jobs run in it. So a small
//! organisation is never silent, and a working day stays one of people.

use crate::clock::{BEGINNING, DAY, HOUR, MINUTE, Millis};
use crate::organisation::Organisation;

const HOURS: usize = 168;
/// People, and weeks of theirs, that are looked at to know the habits of all.
const SAMPLE_PEOPLE: u32 = 400;
const SAMPLE_WEEKS: u64 = 4;
/// Some people's weeks are empty: before they join, and after they have forgotten their account.
const PRESENT_PER_MILLE: u64 = 930;
/// Jobs a thousand minutes in an organisation of [`WHOLE`] people while all of them sleep.
const JOBS_PER_MILLE: u64 = 2200;
/// Jobs fewer for each event of people, in thousandths.
const JOBS_LESS_PER_MILLE: u64 = 600;
/// Larger organisations have no more jobs: their people are never all asleep.
const WHOLE: u64 = 400;

/// Jobs a thousand minutes, for each hour of the week from Monday, midnight UTC.
#[derive(Clone, Debug)]
pub(crate) struct Lull(Vec<u64>);

impl Lull {
    pub(crate) fn measure(organisation: &Organisation) -> Self {
        let sample = organisation.people.min(SAMPLE_PEOPLE);
        let first_day = BEGINNING / DAY + 7 * 200;
        let mut events = [0_u64; HOURS];
        for seat in 0..sample {
            let person = organisation.person(seat, 0);
            for day in (first_day..first_day + 7 * SAMPLE_WEEKS).filter_map(|day| person.day(day)) {
                for number in 0..day.events {
                    let at = day.start + day.length * (2 * number + 1) / (2 * day.events);
                    events[hour_of_week(at)] += 1;
                }
            }
        }
        let people = u64::from(organisation.people);
        let minutes = SAMPLE_WEEKS * HOUR / MINUTE * u64::from(sample.max(1));
        let jobs = events.map(|events| {
            let per_mille = events * people * PRESENT_PER_MILLE / minutes;
            let full = JOBS_PER_MILLE * people.min(WHOLE) / WHOLE;
            full.saturating_sub(per_mille * JOBS_LESS_PER_MILLE / 1000)
        });
        Self(jobs.to_vec())
    }

    /// How many jobs run in this minute, counted from 1970: evenly spread, so that no minute is silent by chance.
    pub(crate) fn jobs(&self, minute: u64) -> u64 {
        let per_mille = self.0[hour_of_week(minute * MINUTE)];
        (minute + 1) * per_mille / 1000 - minute * per_mille / 1000
    }
}

/// 1970 began on a Thursday.
fn hour_of_week(at: Millis) -> usize {
    let hour = (at / HOUR + 3 * 24) % HOURS as u64;
    usize::try_from(hour).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jobs(people: u32, hours: std::ops::Range<u64>) -> u64 {
        let organisation = Organisation::new(1, 0, people);
        let lull = Lull::measure(&organisation);
        // A Monday.
        let monday = (4 + 7 * 2900) * 24 * 60;
        (hours.start * 60..hours.end * 60)
            .map(|minute| lull.jobs(monday + minute))
            .sum()
    }

    #[test]
    fn machines_work_when_people_sleep() {
        let sunday = jobs(400, 6 * 24..7 * 24);
        let monday = jobs(400, 0..24);
        assert!((2500..3200).contains(&sunday), "{sunday}");
        assert!(monday < sunday * 3 / 5, "{monday}");
        assert_eq!(jobs(20_000, 24..48), 0);
        assert!((100..200).contains(&jobs(20, 6 * 24..7 * 24)));
    }
}

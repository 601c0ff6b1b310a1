use serde::{Deserialize, Serialize};

use super::second::{DAY, HOUR, Second};

/// Hours of a week.
const WEEK_HOURS: usize = 168;
/// From so many events on, all counts are halved: old habits fade.
const EVENTS_MAX: u32 = 4_000;

/// At which hours of the week, in UTC, somebody is active. Holds nothing until the first event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hours {
    counts: Vec<u16>,
    total: u32,
}

/// The hour of the week; 1970 began on a Thursday, so hour 0 is Thursday, 00:00.
fn hour_of_week(at: Second) -> usize {
    usize::try_from(at / HOUR).unwrap_or(0) % WEEK_HOURS
}

impl Hours {
    pub(crate) fn learn(&mut self, at: Second) {
        self.counts.resize(WEEK_HOURS, 0);
        if let Some(count) = self.counts.get_mut(hour_of_week(at)) {
            *count = count.saturating_add(1);
            self.total += 1;
        }
        if self.total >= EVENTS_MAX {
            self.counts.iter_mut().for_each(|count| *count /= 2);
            self.total = self.counts.iter().copied().map(u32::from).sum();
        }
    }

    /// How many events of each hour of the week, beginning on Monday at 00:00 UTC; empty before the first event.
    pub(crate) fn weekly(&self) -> Vec<u16> {
        let mut counts = self.counts.clone();
        if counts.len() == WEEK_HOURS {
            // From Thursday to Monday are four days.
            counts.rotate_left(4 * 24);
        }
        counts
    }

    /// The share of somebody's activity that falls into the two hours before and after this hour: of this day of the week fully,
    /// of each other day by a quarter. Zero where there is none at all.
    pub(crate) fn share_around(&self, at: Second) -> f64 {
        if self.total == 0 {
            return 0.0;
        }
        let here = hour_of_week(at);
        let around = (0..7_usize).map(|day| {
            let hours =
                (0..5_usize).map(|hour| (here + 24 * day + hour + WEEK_HOURS - 2) % WEEK_HOURS);
            let count: u32 = hours
                .filter_map(|hour| self.counts.get(hour).copied())
                .map(u32::from)
                .sum();
            f64::from(count) * if day == 0 { 1.0 } else { 0.25 }
        });
        around.sum::<f64>() / f64::from(self.total)
    }

    /// The hours of the day in UTC that hold most of the activity, as first and last hour of the shortest such span.
    pub(crate) fn usual_span(&self) -> Option<(usize, usize)> {
        let mut by_hour = [0_u32; 24];
        for (hour, count) in self.counts.iter().enumerate() {
            if let Some(sum) = by_hour.get_mut(hour % 24) {
                *sum += u32::from(*count);
            }
        }
        let enough = self.total - self.total / 10;
        let spans =
            (1..=24_usize).flat_map(|length| (0..24_usize).map(move |start| (start, length)));
        spans
            .filter(|_| self.total > 0)
            .find(|&(start, length)| {
                let span = by_hour.iter().cycle().skip(start).take(length);
                span.sum::<u32>() >= enough
            })
            .map(|(start, length)| (start, (start + length) % 24))
    }
}

/// The hour of the day in UTC.
pub(crate) fn hour_of_day(at: Second) -> Second {
    at % DAY / HOUR
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nights_are_unusual_for_who_works_by_day() {
        let mut hours = Hours::default();
        assert!(hours.share_around(0).abs() < 1e-9 && hours.usual_span().is_none());
        for day in 0..40 {
            for hour in [9, 10, 11, 14, 16] {
                hours.learn(day * DAY + hour * HOUR);
            }
        }
        let day = 41 * DAY;
        assert!(hours.share_around(day + 10 * HOUR) > 0.15);
        assert!(hours.share_around(day + 3 * HOUR) < 1e-9);
        assert_eq!(hours.usual_span(), Some((9, 17)));
    }

    #[test]
    fn weeks_begin_on_monday() {
        let mut hours = Hours::default();
        assert!(hours.weekly().is_empty());
        // 1970-01-05 was a Monday.
        hours.learn(4 * DAY + 2 * HOUR);
        hours.learn(3 * DAY + 23 * HOUR);
        let counts = hours.weekly();
        assert_eq!((counts.len(), counts[2], counts[167]), (168, 1, 1));
    }

    #[test]
    fn old_habits_fade() {
        let mut hours = Hours::default();
        for _ in 0..EVENTS_MAX - 1 {
            hours.learn(9 * HOUR);
        }
        assert_eq!(hours.total, EVENTS_MAX - 1);
        hours.learn(9 * HOUR);
        assert_eq!(hours.total, EVENTS_MAX / 2);
    }
}

use serde::{Deserialize, Serialize};

use super::second::{DAY, MINUTE, Second};

/// An hour is counted in steps of this length.
const STEP: Second = 5 * MINUTE;
const STEPS: usize = 12;
/// A mean over the newest so many values, roughly.
const SPREAD_DAYS: u16 = 30;
/// From so many values on, a value counts as at most this far above what is usual, so that one wild day does not hide the next.
const CLIP_FROM_DAYS: u16 = 5;
const CLIP_DEVIATIONS: f64 = 4.0;
const CLIP_ROOM: f64 = 20.0;
/// What is left of the most after one more day.
const MOST_FADES: f64 = 0.99;

/// Mean and variance of a number per day; old days fade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) mean: f64,
    variance: f64,
    /// The largest value, fading.
    pub(crate) most: f64,
    /// How many days were learned, counted up to a bound.
    pub(crate) days: u16,
}

impl Spread {
    /// So far above the mean, in standard deviations.
    pub(crate) fn above(&self, deviations: f64) -> f64 {
        self.mean + deviations * self.variance.sqrt()
    }

    pub(crate) fn learn(&mut self, value: u32) {
        let mut value = f64::from(value);
        if self.days >= CLIP_FROM_DAYS {
            value = value.min(self.above(CLIP_DEVIATIONS) + CLIP_ROOM);
        }
        let share = 1.0 / f64::from(self.days.min(SPREAD_DAYS) + 1);
        let difference = value - self.mean;
        self.mean += share * difference;
        self.most = (self.most * MOST_FADES).max(value);
        self.variance = (1.0 - share) * (self.variance + share * difference * difference);
        self.days = self.days.saturating_add(1);
    }
}

/// How much of one kind of action somebody does: in the last hour, on this day, and on their busiest hours and days.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rate {
    /// The newest step that has a count.
    step: Second,
    counts: [u16; STEPS],
    day: Second,
    peak: u32,
    total: u32,
    /// The newest day that was learned.
    learned: Second,
    /// The busiest hour of each active day.
    pub(crate) hours: Spread,
    /// The sum of each active day.
    pub(crate) days: Spread,
}

/// One active day that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClosedDay {
    pub(crate) peak: u32,
    pub(crate) total: u32,
}

impl Rate {
    /// How many in the hour up to `at`, in steps of five minutes.
    pub(crate) fn hour_count(&self, at: Second) -> u32 {
        let gone = usize::try_from((at / STEP).saturating_sub(self.step)).unwrap_or(STEPS);
        let left = STEPS.saturating_sub(gone);
        self.counts.iter().take(left).copied().map(u32::from).sum()
    }

    /// How many on the UTC day of `at`.
    pub(crate) fn day_count(&self, at: Second) -> u32 {
        if self.day == at / DAY { self.total } else { 0 }
    }

    pub(crate) fn learn(&mut self, at: Second) {
        let step = at / STEP;
        let gone = usize::try_from(step.saturating_sub(self.step)).unwrap_or(STEPS);
        if gone > 0 {
            // The newest step stands first.
            self.counts.rotate_right(gone % STEPS);
            let emptied = gone.min(STEPS);
            self.counts
                .iter_mut()
                .take(emptied)
                .for_each(|count| *count = 0);
            self.step = step;
        }
        if let Some(count) = self.counts.first_mut() {
            *count = count.saturating_add(1);
        }
        if self.day != at / DAY {
            // What is done to an account may be done before its owner does anything that day.
            if self.total > 0 && self.day > self.learned {
                self.close(self.day);
            }
            (self.day, self.peak, self.total) = (at / DAY, 0, 0);
        }
        self.total = self.total.saturating_add(1);
        self.peak = self.peak.max(self.hour_count(at));
    }

    /// Learns the last active day, once; there may have been none of these actions on it.
    pub(crate) fn close(&mut self, day: Second) -> ClosedDay {
        let nothing = ClosedDay { peak: 0, total: 0 };
        if self.learned > 0 && day <= self.learned {
            return nothing;
        }
        self.learned = day;
        let closed = if self.day == day {
            ClosedDay {
                peak: self.peak,
                total: self.total,
            }
        } else {
            nothing
        };
        self.hours.learn(closed.peak);
        self.days.learn(closed.total);
        closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_hour_slides() {
        let mut rate = Rate::default();
        let start = 20_000 * DAY;
        for minute in 0..60 {
            rate.learn(start + minute * MINUTE);
        }
        for (minute, count) in [
            (59, 60),
            (60, 55),
            (64, 55),
            (65, 50),
            (114, 5),
            (115, 0),
            (9000, 0),
        ] {
            assert_eq!(rate.hour_count(start + minute * MINUTE), count, "{minute}");
        }
        rate.learn(start + 90 * MINUTE);
        assert_eq!(rate.hour_count(start + 90 * MINUTE), 26);
        assert_eq!(rate.day_count(start + 90 * MINUTE), 61);
        assert_eq!(rate.day_count(start + 2 * DAY), 0);
        assert_eq!(
            rate.close(20_000),
            ClosedDay {
                peak: 60,
                total: 61
            }
        );
        assert_eq!(rate.close(20_001), ClosedDay { peak: 0, total: 0 });
        assert_eq!(rate.hours.days, 2);
    }

    #[test]
    fn a_day_is_learned_once_whether_its_owner_was_active_before_or_after() {
        let mut rate = Rate::default();
        for day in 20_000..20_010 {
            for minute in 0..6 {
                rate.learn(day * DAY + minute * MINUTE);
            }
            // The owner's first activity of the day closes the one before.
            rate.close(day - 1);
        }
        assert_eq!((rate.hours.days, rate.hours.most), (10, 6.0), "{rate:?}");
        assert!(rate.hours.mean > 5.0, "{rate:?}");
    }

    #[test]
    fn counts_and_days_do_not_overflow() {
        let mut rate = Rate::default();
        for _ in 0..70_000 {
            rate.learn(5);
        }
        assert_eq!(rate.hour_count(5), u32::from(u16::MAX));
        let mut spread = Spread::default();
        for _ in 0..70_000 {
            spread.learn(3);
        }
        assert!((spread.above(3.0) - 3.0).abs() < 1e-9);
    }

    #[test]
    fn one_wild_day_does_not_hide_the_next() {
        let mut spread = Spread::default();
        for value in [3, 5, 4, 6, 2, 4, 5, 3, 4, 5] {
            spread.learn(value);
        }
        let before = spread.above(3.0);
        spread.learn(5000);
        assert!(before < 9.0 && spread.above(3.0) < 30.0, "{spread:?}");
    }
}

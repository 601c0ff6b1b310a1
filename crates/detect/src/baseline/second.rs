use chrono::{DateTime, Utc};

/// Seconds since 1970-01-01T00:00:00Z: fine enough for what is usual, and half the size of a time.
pub(crate) type Second = u32;

/// Seconds in a minute.
pub(crate) const MINUTE: Second = 60;
/// Seconds in an hour.
pub(crate) const HOUR: Second = 60 * MINUTE;
/// Seconds in a day.
pub(crate) const DAY: Second = 24 * HOUR;

/// The second in which `time` falls; times before 1970 and after 2106 are the nearest that can be said.
pub(crate) fn second_of(time: DateTime<Utc>) -> Second {
    let seconds = time.timestamp().clamp(0, i64::from(Second::MAX));
    Second::try_from(seconds).unwrap_or(Second::MAX)
}

/// Days from `earlier` to `later`, none where they are the other way round.
pub(crate) fn days_between(earlier: Second, later: Second) -> f64 {
    f64::from(later.saturating_sub(earlier)) / f64::from(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_out_of_range_are_the_nearest_in_range() {
        assert_eq!(second_of(DateTime::UNIX_EPOCH), 0);
        assert_eq!(second_of(DateTime::<Utc>::MIN_UTC), 0);
        assert_eq!(second_of(DateTime::<Utc>::MAX_UTC), Second::MAX);
        assert!((days_between(DAY, 3 * DAY) - 2.0).abs() < 1e-9);
        assert!(days_between(3 * DAY, DAY).abs() < 1e-9);
    }
}

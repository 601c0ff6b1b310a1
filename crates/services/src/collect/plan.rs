//! Which spans of time to fetch.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use drishti_ledger::Progress;
use drishti_model::{CollectSettings, Coverage, TimeRange};

/// Length of a window. Side by side, fifty of them are twelve days; each costs at least one request.
pub(crate) const WINDOW_LENGTH: TimeDelta = TimeDelta::hours(6);

/// What a session has to fetch besides the newest events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Windows that are not in the ledger yet, oldest first.
    pub(crate) windows: Vec<TimeRange>,
    /// Everything before this is covered, or in a window; the first sweep begins here.
    pub(crate) settled_until: DateTime<Utc>,
    /// Spans that are not complete and that Asana no longer has.
    pub(crate) lost: Vec<TimeRange>,
}

/// Plans a session that begins at `now` by Asana's clock.
pub(crate) fn plan(progress: &Progress, settings: &CollectSettings, now: DateTime<Utc>) -> Plan {
    let earliest = earliest(progress)
        .unwrap_or_else(|| now - TimeDelta::days(i64::from(settings.backfill_days)));
    let kept_since = now - TimeDelta::days(i64::from(CollectSettings::RETENTION_DAYS));
    let overlap = TimeDelta::seconds(i64::from(settings.overlap_seconds));
    let taken_care_of = progress
        .windows
        .iter()
        .filter(|window| !window.done)
        .map(|window| window.range)
        .chain(progress.coverage.ranges().iter().copied())
        .collect::<Coverage>();
    let gaps = |start, end| {
        TimeRange::new(start, end).map_or_else(Vec::new, |within| taken_care_of.gaps(within))
    };
    // What is younger than the overlap is left to the sweeps: a window may be broken off and taken up again behind events that
    // became visible meanwhile, so that only time that has settled goes into one.
    let settled = now - overlap;
    let mut open = gaps(earliest.max(kept_since), settled);
    let settled_until = match open.last().copied() {
        Some(newest) if newest.end == settled && newest.end - newest.start <= WINDOW_LENGTH => {
            open.pop();
            newest.start
        }
        _ => settled,
    };
    Plan {
        windows: open.into_iter().flat_map(split).collect(),
        settled_until,
        lost: gaps(earliest, kept_since),
    }
}

/// The first moment that the source answers for; `None` before its first connection.
pub(crate) fn earliest(progress: &Progress) -> Option<DateTime<Utc>> {
    let windows = progress.windows.iter().map(|window| window.range.start);
    let covered = progress.coverage.ranges().iter().map(|range| range.start);
    windows.chain(covered).min()
}

/// Cuts a span at the full quarters of each day (UTC).
fn split(span: TimeRange) -> Vec<TimeRange> {
    let mut windows = Vec::new();
    let mut start = span.start;
    while start < span.end {
        let end = start
            .duration_trunc(WINDOW_LENGTH)
            .map_or(span.end, |quarter| quarter + WINDOW_LENGTH)
            .min(span.end);
        windows.push(TimeRange { start, end });
        start = end;
    }
    windows
}

#[cfg(test)]
mod tests {
    use drishti_ledger::{Position, Window};
    use proptest::prelude::*;

    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_000 + hour * 3_600, 0).unwrap()
    }

    fn range(start: i64, end: i64) -> TimeRange {
        TimeRange {
            start: at(start),
            end: at(end),
        }
    }

    fn settings() -> CollectSettings {
        CollectSettings {
            backfill_days: 10,
            ..CollectSettings::default()
        }
    }

    #[test]
    fn the_first_connection_fetches_everything_asked_for() {
        let plan = plan(&Progress::default(), &settings(), at(0));
        assert_eq!(plan.windows.first().unwrap().start, at(-240));
        assert_eq!(plan.windows.last().unwrap().end, plan.settled_until);
        assert!(
            plan.windows
                .windows(2)
                .all(|pair| pair[0].end == pair[1].start)
        );
        assert_eq!(plan.settled_until, at(0) - TimeDelta::seconds(900));
        assert!(plan.lost.is_empty());
    }

    #[test]
    fn a_short_stop_is_left_to_the_first_sweep() {
        let mut progress = Progress::default();
        progress.coverage.add(range(-100, -2));
        let plan = plan(&progress, &settings(), at(0));
        assert!(plan.windows.is_empty());
        assert_eq!(plan.settled_until, at(-2));
    }

    #[test]
    fn what_asana_no_longer_has_is_named() {
        let mut progress = Progress::default();
        progress.coverage.add(range(-24 * 100, -24 * 95));
        let plan = plan(&progress, &settings(), at(0));
        assert_eq!(plan.lost, [range(-24 * 95, -24 * 90)]);
        assert_eq!(plan.windows.first().unwrap().start, at(-24 * 90));
    }

    #[test]
    fn windows_that_are_under_way_are_not_planned_twice() {
        let mut progress = Progress::default();
        progress.coverage.add(range(-100, -50));
        progress.windows.push(Window {
            range: range(-50, -20),
            position: Position {
                start_at: at(-50),
                offset: None,
            },
            done: false,
        });
        let plan = plan(&progress, &settings(), at(0));
        assert_eq!(plan.windows.first().unwrap().start, at(-20));
    }

    proptest! {
        #[test]
        fn nothing_is_left_out(spans in prop::collection::vec((-2_000_i64..0, 1_i64..300), 0..12)) {
            let mut progress = Progress::default();
            for (start, length) in spans {
                progress.coverage.add(range(start, (start + length).min(0)));
            }
            let begin = earliest(&progress).unwrap_or(at(-240));
            let plan = plan(&progress, &settings(), at(0));
            let mut seen = progress.coverage.clone();
            plan.windows.iter().chain(&plan.lost).for_each(|range| seen.add(*range));
            if let Some(tail) = TimeRange::new(plan.settled_until, at(0)) {
                seen.add(tail);
            }
            let all = TimeRange { start: begin, end: at(0) };
            prop_assert_eq!(seen.gaps(all), []);
            prop_assert!(plan.windows.iter().all(|window| window.end - window.start <= WINDOW_LENGTH));
        }
    }
}

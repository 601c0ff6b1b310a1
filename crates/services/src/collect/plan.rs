//! Which spans of time to fetch.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use drishti_ledger::Progress;
use drishti_model::{CollectSettings, TimeRange};

/// Length of a window. Side by side, fifty of them are twelve days; each costs at least one request.
pub(crate) const WINDOW_LENGTH: TimeDelta = TimeDelta::hours(6);

/// How much of the oldest that was planned may pass out of Asana's sight before it counts as lost. Asana promises days, not minutes,
/// and a first fetch begins at the very edge of them.
const EDGE: TimeDelta = TimeDelta::hours(1);

/// What a session has to fetch besides the newest events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Since when the source answers for what happens.
    pub(crate) since: DateTime<Utc>,
    /// Windows that are not in the ledger yet, oldest first.
    pub(crate) windows: Vec<TimeRange>,
    /// Windows of the ledger that were not fetched while Asana had anything of them.
    pub(crate) given_up: Vec<TimeRange>,
    /// Everything before this is covered, in a window, or lost; the first sweep begins here.
    pub(crate) settled_until: DateTime<Utc>,
    /// Whether the poller goes on where it left off; otherwise it begins where the windows end.
    pub(crate) follows_on: bool,
    /// Spans that are not complete and that Asana no longer has.
    pub(crate) lost: Vec<TimeRange>,
}

/// Plans a session that begins at `now` by Asana's clock.
pub(crate) fn plan(progress: &Progress, settings: &CollectSettings, now: DateTime<Utc>) -> Plan {
    let since = progress
        .collected_since
        .unwrap_or_else(|| now - TimeDelta::days(i64::from(settings.backfill_days)));
    let kept_since = kept_since(now);
    let overlap = TimeDelta::seconds(i64::from(settings.overlap_seconds));
    let mut taken_care_of = progress.coverage.clone();
    let mut given_up = Vec::new();
    for window in progress.windows.iter().filter(|window| !window.done) {
        let TimeRange { start, end } = window.range;
        match TimeRange::new(complete_from(start, now), end) {
            Some(left) => taken_care_of.add(left),
            None => given_up.push(window.range),
        }
    }
    let gaps = |start, end| {
        TimeRange::new(start, end).map_or_else(Vec::new, |within| taken_care_of.gaps(within))
    };
    // What is younger than the overlap is left to the sweeps: a window may be broken off and taken up again behind events that
    // became visible meanwhile, so that only time that has settled goes into one.
    let settled = now - overlap;
    let mut open = gaps(since.max(kept_since), settled);
    let mut settled_until = settled;
    let mut follows_on = true;
    if let Some(mut newest) = open.pop_if(|newest| newest.end == settled) {
        if newest.end - newest.start <= WINDOW_LENGTH {
            settled_until = newest.start;
        } else {
            // The poller would read all of it again, page after page. What it would have found of the time before, because it became
            // visible very late, is left to the windows, too.
            follows_on = false;
            let left_off = progress
                .newest_event_at
                .filter(|_| progress.cursor.is_some());
            let left_off = left_off.map_or(newest.start, |at| at.max(kept_since));
            newest.start = newest.start.min(left_off);
            open.push(newest);
        }
    }
    Plan {
        since,
        windows: open.into_iter().flat_map(split).collect(),
        given_up,
        settled_until,
        follows_on,
        lost: gaps(since, kept_since),
    }
}

/// Since when Asana has anything, at `now` by its clock.
fn kept_since(now: DateTime<Utc>) -> DateTime<Utc> {
    now - TimeDelta::days(i64::from(CollectSettings::RETENTION_DAYS))
}

/// From when on a span is complete that is unread from `start` on and read at `now`.
pub(crate) fn complete_from(start: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    let kept_since = kept_since(now);
    if start + EDGE < kept_since {
        kept_since
    } else {
        start
    }
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

    /// Progress of a source that has answered since `hour`.
    fn since(hour: i64) -> Progress {
        Progress {
            collected_since: Some(at(hour)),
            ..Progress::default()
        }
    }

    fn window(start: i64, end: i64, done: bool) -> Window {
        Window {
            range: range(start, end),
            position: Position {
                start_at: at(start),
                offset: None,
            },
            done,
        }
    }

    #[test]
    fn a_short_stop_is_left_to_the_first_sweep() {
        let mut progress = since(-100);
        progress.coverage.add(range(-100, -2));
        let plan = plan(&progress, &settings(), at(0));
        assert!(plan.windows.is_empty() && plan.follows_on);
        assert_eq!(plan.settled_until, at(-2));
    }

    #[test]
    fn a_long_stop_is_left_to_windows_from_the_newest_event_on() {
        let mut progress = since(-100);
        progress.coverage.add(range(-100, -20));
        progress.newest_event_at = Some(at(-50));
        let begin = |progress: &Progress| {
            let plan = plan(progress, &settings(), at(0));
            assert!(!plan.follows_on);
            plan.windows[0].start
        };
        assert_eq!(begin(&progress), at(-20));
        progress.cursor = Some(Position {
            start_at: at(-100),
            offset: Some("next".to_owned()),
        });
        assert_eq!(begin(&progress), at(-50));
        progress.newest_event_at = Some(at(-10));
        assert_eq!(begin(&progress), at(-20));
    }

    #[test]
    fn what_asana_no_longer_has_is_named() {
        let mut progress = since(-24 * 100);
        progress.coverage.add(range(-24 * 100, -24 * 95));
        let plan = plan(&progress, &settings(), at(0));
        assert_eq!(plan.lost, [range(-24 * 95, -24 * 90)]);
        assert_eq!(plan.windows.first().unwrap().start, at(-24 * 90));
    }

    #[test]
    fn an_unfinished_window_that_asana_forgot_is_lost() {
        let mut progress = since(-24 * 110);
        progress.windows = vec![
            window(-24 * 110, -24 * 100, true),
            window(-24 * 100, -24 * 95, false),
            window(-24 * 95, -24 * 80, false),
        ];
        progress.coverage.add(range(-24 * 110, -24 * 100));
        let plan = plan(&progress, &settings(), at(0));
        assert_eq!(plan.given_up, [range(-24 * 100, -24 * 95)]);
        assert_eq!(plan.lost, [range(-24 * 100, -24 * 90)]);
        assert_eq!(plan.windows.first().unwrap().start, at(-24 * 80));
    }

    #[test]
    fn the_edge_of_a_first_fetch_is_not_lost_while_it_is_fetched() {
        let mut progress = since(-24 * 90);
        progress.windows = vec![window(-24 * 90, 0, false)];
        let within = plan(&progress, &settings(), at(1));
        assert_eq!((within.lost, within.given_up), (vec![], vec![]));
        let beyond = plan(&progress, &settings(), at(2));
        assert_eq!(beyond.lost, [range(-24 * 90, 2 - 24 * 90)]);
        assert_eq!(complete_from(at(-24 * 90), at(1)), at(-24 * 90));
        assert_eq!(complete_from(at(-24 * 90), at(2)), at(2 - 24 * 90));
    }

    #[test]
    fn a_source_that_was_reset_answers_for_as_long_as_before() {
        let plan = plan(&since(-24 * 100), &settings(), at(0));
        assert_eq!(plan.since, at(-24 * 100));
        assert_eq!(plan.lost, [range(-24 * 100, -24 * 90)]);
        assert_eq!(plan.windows.first().unwrap().start, at(-24 * 90));
    }

    #[test]
    fn windows_that_are_under_way_are_not_planned_twice() {
        let mut progress = since(-100);
        progress.coverage.add(range(-100, -50));
        progress.windows.push(window(-50, -20, false));
        let plan = plan(&progress, &settings(), at(0));
        assert_eq!(plan.windows.first().unwrap().start, at(-20));
    }

    proptest! {
        #[test]
        fn nothing_is_left_out(spans in prop::collection::vec((-3_000_i64..0, 1_i64..300, any::<bool>()), 0..12)) {
            let mut progress = Progress::default();
            for (start, length, covered) in spans {
                let end = (start + length).min(0);
                progress.collected_since = progress.collected_since.into_iter().chain([at(start)]).min();
                if covered {
                    progress.coverage.add(range(start, end));
                } else {
                    progress.windows.push(window(start, end, false));
                }
            }
            let plan = plan(&progress, &settings(), at(0));
            prop_assert_eq!(plan.since, progress.collected_since.unwrap_or(at(-240)));
            let mut seen = progress.coverage.clone();
            plan.windows.iter().chain(&plan.lost).for_each(|range| seen.add(*range));
            for window in &progress.windows {
                let span = TimeRange::new(complete_from(window.range.start, at(0)), window.range.end);
                prop_assert_eq!(span.is_none(), plan.given_up.contains(&window.range));
                if let Some(span) = span {
                    seen.add(span);
                }
            }
            if let Some(tail) = TimeRange::new(plan.settled_until, at(0)) {
                seen.add(tail);
            }
            let all = TimeRange { start: plan.since, end: at(0) };
            prop_assert_eq!(seen.gaps(all), []);
            // Nothing that Asana may have forgotten by now is promised, but for the edge.
            prop_assert!(plan.windows.iter().all(|window| window.start >= at(-24 * 90)));
            prop_assert!(plan.windows.iter().all(|window| window.end - window.start <= WINDOW_LENGTH));
        }
    }
}

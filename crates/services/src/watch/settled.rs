use chrono::{DateTime, TimeDelta, Utc};
use drishti_model::CollectSettings;

use crate::Progress;

/// Up to when everything that will ever be known of a source is in the lake: the first moment that is not complete and that Asana
/// can still be asked for. Of a source that is only given files, everything that it has been given; `None` where there is nothing.
pub(crate) fn settled_until(
    progress: &Progress,
    is_collected: bool,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    if !is_collected {
        let newest = progress.newest_event_at?;
        return Some(newest + TimeDelta::microseconds(1));
    }
    let kept_since = now - TimeDelta::days(i64::from(CollectSettings::RETENTION_DAYS));
    let mut settled: Option<DateTime<Utc>> = None;
    for range in progress.coverage.ranges() {
        match settled {
            // What Asana no longer has will not come any more.
            Some(until) if range.start > until && range.start > kept_since => break,
            _ => settled = Some(range.end),
        }
    }
    // A source that answers for more than is covered has begun to fetch it.
    let begins = progress.coverage.ranges().first()?.start;
    let answers_for_more = progress
        .windows
        .iter()
        .any(|window| !window.done && window.range.start.max(kept_since) < begins);
    settled.filter(|_| !answers_for_more)
}

#[cfg(test)]
mod tests {
    use drishti_ledger::{Position, Window};
    use drishti_model::TimeRange;

    use super::*;

    fn day(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + day)
    }

    /// From and to which day.
    type Spans = &'static [(i64, i64)];

    fn progress(covered: Spans, unfinished: Spans) -> Progress {
        let range = |&(start, end): &(i64, i64)| TimeRange::new(day(start), day(end)).unwrap();
        Progress {
            coverage: covered.iter().map(range).collect(),
            windows: unfinished
                .iter()
                .map(|span| Window {
                    range: range(span),
                    position: Position {
                        start_at: day(span.0),
                        offset: None,
                    },
                    done: false,
                })
                .collect(),
            newest_event_at: Some(day(5)),
            ..Progress::default()
        }
    }

    #[test]
    fn a_gap_that_can_still_be_fetched_is_waited_for() {
        let cases: [(Spans, Spans, Option<i64>); 6] = [
            (&[], &[], None),
            (&[(0, 10)], &[], Some(10)),
            (&[(0, 10), (12, 20)], &[], Some(10)),
            // The gap from -100 to -95 is older than 90 days: nothing of it will come.
            (&[(-120, -100), (-95, 20)], &[], Some(20)),
            // Fetched from the newest on: the beginning is still missing.
            (&[(10, 20)], &[(0, 10)], None),
            (&[(0, 5), (10, 20)], &[(5, 10)], Some(5)),
        ];
        for (covered, unfinished, expected) in cases {
            let found = settled_until(&progress(covered, unfinished), true, day(21));
            assert_eq!(found, expected.map(day), "{covered:?} {unfinished:?}");
        }
        let files = settled_until(&progress(&[], &[]), false, day(21));
        assert_eq!(files, Some(day(5) + TimeDelta::microseconds(1)));
    }
}

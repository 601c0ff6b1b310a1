use std::task::Poll;

use chrono::TimeDelta;
use drishti_ledger::{Advance, Lease, Ledger, LedgerError, Position, Progress, Window};
use drishti_model::{Coverage, SourceName, TimeRange};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::place::{Place, at};
use crate::quarantine::bad;

pub(crate) fn range(start: i64, end: i64) -> TimeRange {
    TimeRange::new(at(start), at(end)).unwrap()
}

pub(crate) async fn open_leased(place: &Place) -> (Ledger, SourceName, Lease) {
    let (ledger, source) = place.open_with_source().await;
    let lease = ledger
        .acquire_lease(&source, "node", TimeDelta::seconds(60), at(0))
        .await
        .unwrap()
        .unwrap();
    (ledger, source, lease)
}

fn position(second: i64, offset: Option<&str>) -> Position {
    Position {
        start_at: at(second),
        offset: offset.map(str::to_owned),
    }
}

fn window(start: i64, end: i64, offset: Option<&str>, done: bool) -> Window {
    Window {
        range: range(start, end),
        position: position(start, offset),
        done,
    }
}

pub(crate) async fn is_kept(place: Place) {
    let (ledger, source, lease) = open_leased(&place).await;
    let nothing = Progress {
        cursor: None,
        windows: Vec::new(),
        coverage: Coverage::default(),
        lake_sequence: 0,
        newest_event_at: None,
        last_poll_at: None,
        events_stored: 0,
        collected_since: None,
        loss_told_until: None,
    };
    assert_eq!(ledger.progress(&source).await.unwrap(), nothing);
    let advance = Advance {
        lake_sequence: Some(4),
        cursor: Some(position(5, Some("offset:\0abc"))),
        covered: vec![range(0, 5), range(5, 9)],
        uncovered: vec![range(2, 3)],
        stored: 10,
        duplicates: 2,
        newest_event_at: Some(at(8)),
        polled_at: Some(at(20)),
        ..Advance::default()
    };
    ledger.advance(&lease, advance, at(21)).await.unwrap();
    ledger
        .advance(&lease, Advance::default(), at(22))
        .await
        .unwrap();
    let older = Advance {
        stored: 1,
        newest_event_at: Some(at(1)),
        ..Advance::default()
    };
    ledger.advance(&lease, older, at(23)).await.unwrap();

    ledger.close().await;
    let ledger = place.open().await;
    let progress = ledger.progress(&source).await.unwrap();
    let expected = Progress {
        cursor: Some(position(5, Some("offset:\u{fffd}abc"))),
        windows: Vec::new(),
        coverage: [range(0, 2), range(3, 9)].into_iter().collect(),
        lake_sequence: 4,
        newest_event_at: Some(at(8)),
        last_poll_at: Some(at(20)),
        events_stored: 11,
        collected_since: Some(at(0)),
        loss_told_until: None,
    };
    assert_eq!(progress, expected);
    let status = ledger.status(&source).await.unwrap().unwrap();
    assert_eq!((status.events_stored, status.events_duplicate), (11, 2));
    assert_eq!(
        (status.last_poll_at, status.last_event_at),
        (Some(at(20)), Some(at(8)))
    );

    let without_offset = Advance {
        cursor: Some(position(30, None)),
        ..Advance::default()
    };
    ledger
        .advance(&lease, without_offset, at(31))
        .await
        .unwrap();
    assert_eq!(
        ledger.progress(&source).await.unwrap().cursor,
        Some(position(30, None))
    );
}

pub(crate) async fn windows_are_planned_and_moved(place: Place) {
    let (ledger, source, lease) = open_leased(&place).await;
    let windows = async || ledger.progress(&source).await.unwrap().windows;
    ledger
        .plan_backfill(&lease, &[range(10, 20), range(0, 10), range(0, 10)])
        .await
        .unwrap();
    assert_eq!(
        windows().await,
        [window(0, 10, None, false), window(10, 20, None, false)]
    );

    let moved = Advance {
        windows: vec![
            window(10, 20, Some("page 2"), false),
            window(0, 10, None, true),
        ],
        ..Advance::default()
    };
    ledger.advance(&lease, moved, at(1)).await.unwrap();
    assert_eq!(
        windows().await,
        [
            window(0, 10, None, true),
            window(10, 20, Some("page 2"), false)
        ]
    );

    // While one is under way it goes on; one that was done begins anew.
    ledger
        .plan_backfill(&lease, &[range(10, 20), range(0, 10), range(20, 30)])
        .await
        .unwrap();
    let expected = [
        window(0, 10, None, false),
        window(10, 20, Some("page 2"), false),
        window(20, 30, None, false),
    ];
    assert_eq!(windows().await, expected);

    // A plan that is done makes place for the next.
    let done = expected
        .map(|window| Window {
            done: true,
            ..window
        })
        .to_vec();
    ledger
        .advance(
            &lease,
            Advance {
                windows: done,
                ..Advance::default()
            },
            at(2),
        )
        .await
        .unwrap();
    ledger
        .plan_backfill(&lease, &[range(40, 50)])
        .await
        .unwrap();
    assert_eq!(windows().await, [window(40, 50, None, false)]);
}

pub(crate) async fn a_failing_step_leaves_nothing(place: Place) {
    let (ledger, source, lease) = open_leased(&place).await;
    let before = ledger.progress(&source).await.unwrap();
    let empty = Window {
        range: TimeRange {
            start: at(1),
            end: at(1),
        },
        ..window(0, 1, None, false)
    };
    let advance = Advance {
        lake_sequence: Some(1),
        cursor: Some(position(1, None)),
        windows: vec![window(0, 1, None, true), empty],
        covered: vec![range(0, 1)],
        quarantined: vec![bad("{")],
        stored: 5,
        ..Advance::default()
    };
    let refused = ledger.advance(&lease, advance, at(1)).await.unwrap_err();
    assert!(
        matches!(refused, LedgerError::Unreadable { .. }),
        "{refused}"
    );
    assert_eq!(ledger.progress(&source).await.unwrap(), before);
    assert_eq!(ledger.quarantine_counts().await.unwrap().len(), 0);
}

pub(crate) async fn a_dropped_step_is_whole_or_nothing(place: Place) {
    const FINISHED: u64 = 8;
    let (ledger, source, lease) = open_leased(&place).await;
    let (mut finished, mut dropped, mut polls) = (0, 0, 1);
    for number in 0.. {
        let advance = Advance {
            stored: 1,
            quarantined: vec![bad(&number.to_string())],
            covered: vec![range(10 * number, 10 * number + 1)],
            ..Advance::default()
        };
        let outcome = dropped_after(polls, ledger.advance(&lease, advance, at(1))).await;
        // A commit may be under way though nobody waits for it; the next change to the source does.
        ledger.request_restart(&source, at(1)).await.unwrap();
        let progress = ledger.progress(&source).await.unwrap();
        let quarantined = ledger
            .quarantine_counts()
            .await
            .unwrap()
            .get(&source)
            .copied()
            .unwrap_or(0);
        let covered = progress.coverage.ranges().len() as u64;
        let stored = progress.events_stored.unsigned_abs();
        assert_eq!(
            (quarantined, covered),
            (stored, stored),
            "dropped at poll {polls}"
        );
        assert!(stored >= finished);
        if let Some(outcome) = outcome {
            outcome.unwrap();
            (finished, polls) = (finished + 1, 1);
        } else {
            (dropped, polls) = (dropped + 1, polls + 1);
        }
        if finished == FINISHED {
            break;
        }
    }
    assert!(dropped >= FINISHED);
}

/// What `future` gives within so many polls.
pub(crate) async fn dropped_after<T>(polls: u32, future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    let mut polls_left = polls;
    std::future::poll_fn(|context| {
        polls_left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending if polls_left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

pub(crate) async fn is_reset(place: Place) {
    let (ledger, source, lease) = open_leased(&place).await;
    ledger.plan_backfill(&lease, &[range(0, 10)]).await.unwrap();
    let advance = Advance {
        lake_sequence: Some(3),
        cursor: Some(position(1, Some("page"))),
        covered: vec![range(0, 1)],
        quarantined: vec![bad("{")],
        stored: 5,
        newest_event_at: Some(at(1)),
        loss_told_until: Some(at(1)),
        ..Advance::default()
    };
    ledger.advance(&lease, advance, at(1)).await.unwrap();
    ledger.reset_progress(&lease).await.unwrap();
    let progress = ledger.progress(&source).await.unwrap();
    assert_eq!((progress.cursor, progress.lake_sequence), (None, 0));
    assert_eq!(
        (progress.windows, progress.coverage),
        (Vec::new(), Coverage::default())
    );
    assert_eq!(
        (progress.events_stored, progress.newest_event_at),
        (5, Some(at(1)))
    );
    assert_eq!(
        (progress.collected_since, progress.loss_told_until),
        (Some(at(0)), None),
        "the source still answers for the time from its beginning"
    );
    assert_eq!(
        ledger.quarantine_counts().await.unwrap().get(&source),
        Some(&1)
    );
}

pub(crate) async fn many_windows_move_in_one_step(place: Place) {
    const WINDOWS: i64 = 2_500;
    let (ledger, source, lease) = open_leased(&place).await;
    let ranges: Vec<TimeRange> = (0..WINDOWS)
        .map(|second| range(second, second + 1))
        .collect();
    ledger.plan_backfill(&lease, &ranges).await.unwrap();
    let windows: Vec<Window> = (0..WINDOWS)
        .map(|second| window(second, second + 1, Some("next"), second % 2 == 0))
        .collect();
    let every_other: Vec<TimeRange> = ranges.iter().copied().step_by(2).collect();
    let apart = every_other.len();
    let advance = Advance {
        windows: windows.clone(),
        covered: every_other,
        ..Advance::default()
    };
    ledger.advance(&lease, advance, at(1)).await.unwrap();
    let progress = ledger.progress(&source).await.unwrap();
    assert_eq!(progress.windows, windows);
    assert_eq!(progress.coverage.ranges().len(), apart);
    ledger
        .advance(
            &lease,
            Advance {
                covered: ranges,
                ..Advance::default()
            },
            at(2),
        )
        .await
        .unwrap();
    assert_eq!(
        ledger.progress(&source).await.unwrap().coverage.ranges(),
        [range(0, WINDOWS)]
    );
}

pub(crate) async fn coverage_is_that_of_the_model(place: Place) {
    const SECONDS: i64 = 40;
    const CASES: usize = 30;
    let (ledger, source, lease) = open_leased(&place).await;
    let span = (0..SECONDS, 1..SECONDS).prop_map(|(start, length)| range(start, start + length));
    let spans = prop::collection::vec(span, 0..4);
    let steps = prop::collection::vec((spans.clone(), spans), 1..6);
    let mut runner = TestRunner::deterministic();
    for _ in 0..CASES {
        let mut model = Coverage::default();
        for (covered, uncovered) in steps.new_tree(&mut runner).unwrap().current() {
            for span in &covered {
                model.add(*span);
            }
            for span in &uncovered {
                model.remove(*span);
            }
            let advance = Advance {
                covered: covered.clone(),
                uncovered: uncovered.clone(),
                ..Advance::default()
            };
            ledger.advance(&lease, advance, at(1)).await.unwrap();
            let stored = ledger.progress(&source).await.unwrap().coverage;
            assert_eq!(
                stored, model,
                "after adding {covered:?} and removing {uncovered:?}"
            );
        }
        ledger.reset_progress(&lease).await.unwrap();
    }
}

pub(crate) async fn spans_below_a_microsecond_vanish(place: Place) {
    let (ledger, source, lease) = open_leased(&place).await;
    let span = TimeRange {
        start: at(0),
        end: at(0) + TimeDelta::nanoseconds(1),
    };
    ledger
        .advance(
            &lease,
            Advance {
                covered: vec![span],
                ..Advance::default()
            },
            at(1),
        )
        .await
        .unwrap();
    assert_eq!(
        ledger.progress(&source).await.unwrap().coverage,
        Coverage::default()
    );
}

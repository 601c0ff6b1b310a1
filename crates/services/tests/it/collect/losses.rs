//! What Asana forgets before it is read: said, once, and never taken for complete.

use chrono::{DateTime, TimeDelta, Utc};
use drishti_ledger::{Advance, Position, Window};
use drishti_model::TimeRange;
use serde_json::json;

use super::acme::{DAYS, Stand, frozen_at, open};

fn days(days: i64) -> DateTime<Utc> {
    frozen_at() + TimeDelta::days(days)
}

async fn losses_told(stand: &Stand) -> Vec<String> {
    let events = stand.health().await.into_iter();
    events
        .filter(|stored| stored.event.name == "CoverageLost")
        .map(|stored| stored.event.reason)
        .collect()
}

/// Takes back, as if the backfill had been broken off, that three days are done.
async fn unfinish(stand: &Stand) {
    let ledger = stand.services.ledger();
    let lifetime = TimeDelta::seconds(60);
    let lease = ledger.acquire_lease(&stand.name, "test", lifetime, frozen_at());
    let lease = lease.await.unwrap().unwrap();
    let windows = ledger.progress(&stand.name).await.unwrap().windows;
    let (begin, end) = (days(-i64::from(DAYS)), days(-3));
    let unfinished = windows
        .into_iter()
        .filter(|window| window.range.end <= end)
        .map(|window| Window {
            position: Position {
                start_at: window.range.start,
                offset: None,
            },
            done: false,
            ..window
        });
    let advance = Advance {
        windows: unfinished.collect(),
        uncovered: vec![TimeRange::new(begin, end).unwrap()],
        ..Advance::default()
    };
    ledger.advance(&lease, advance, frozen_at()).await.unwrap();
    ledger.release_lease(&lease).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backfill_that_is_resumed_too_late_has_a_gap() {
    let stand = Stand::new(&[]).await;
    stand.collect().await;
    unfinish(&stand).await;
    // Asana has the time since four days before now; two of the six that were planned are gone.
    stand.advance(TimeDelta::days(86)).await;
    stand.collect().await;
    let lost = TimeRange::new(days(-i64::from(DAYS)), days(-4)).unwrap();
    let overview = stand.services.source(&stand.name).await.unwrap();
    assert_eq!(overview.gaps, [lost]);
    assert_eq!(overview.windows_done, overview.windows_total);
    let told = losses_told(&stand).await;
    let words = "2026-09-25T12:00:00.000Z to 2026-09-27T12:00:00.000Z";
    assert!(told.len() == 1 && told[0].ends_with(words), "{told:?}");

    // Nothing new about it is said by later sessions.
    stand.advance(TimeDelta::hours(1)).await;
    stand.collect().await;
    assert_eq!(losses_told(&stand).await.len(), 1);
    let overview = stand.services.source(&stand.name).await.unwrap();
    assert_eq!(overview.gaps, [lost]);
}

async fn lose_the_lake(stand: Stand) -> Stand {
    std::fs::remove_dir_all(stand.folder.path().join("lake")).unwrap();
    Stand {
        services: open(&stand.folder, &stand.clock, "node-1").await,
        ..stand
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_lake_is_filled_from_the_beginning_as_far_as_asana_has_it() {
    let stand = Stand::new(&[]).await;
    stand.collect().await;
    stand.advance(TimeDelta::days(4)).await;
    stand.collect().await;
    let stand = lose_the_lake(stand).await;
    stand.collect().await;
    // Older than the six days of a first connection.
    stand.assert_complete().await;
    assert_eq!(losses_told(&stand).await, Vec::<String>::new());

    stand.advance(TimeDelta::days(82)).await;
    let stand = lose_the_lake(stand).await;
    stand.collect().await;
    let lost = TimeRange::new(days(-i64::from(DAYS)), days(-4)).unwrap();
    let overview = stand.services.source(&stand.name).await.unwrap();
    assert_eq!(overview.gaps, [lost]);
    assert_eq!(losses_told(&stand).await.len(), 1);
}

/// Asana shows nothing for a while, and then everything. Where nobody collects for long before or after, windows and the old place of
/// the poller bring what a sweep would find too late.
#[tokio::test(flavor = "multi_thread")]
async fn a_standstill_of_the_audit_log_beside_a_long_stop_loses_nothing() {
    for (hours_before, minutes_after) in [(2, 72 * 60), (72, 5)] {
        let stand = Stand::new(&[]).await;
        stand.collect().await;
        let nothing = json!({"late": 1.0, "late_seconds": 10_000_000});
        stand.control("faults", nothing).await;
        stand.advance(TimeDelta::hours(hours_before)).await;
        stand.collect().await;
        stand.control("faults", json!({})).await;
        stand.advance(TimeDelta::minutes(minutes_after)).await;
        stand.collect().await;
        stand.assert_complete().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_long_stop_nothing_is_read_twice() {
    let stand = Stand::new(&[]).await;
    stand.collect().await;
    stand.advance(TimeDelta::days(3)).await;
    let progress = stand.collect().await;
    assert!(
        progress.stored > 100 && progress.duplicates < progress.stored / 4,
        "{progress:?}"
    );
    stand.assert_complete().await;
}

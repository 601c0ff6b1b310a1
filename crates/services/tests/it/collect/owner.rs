//! What the owner wants of a source holds for single runs too.

use std::sync::Arc;

use drishti_model::{Backfill, SourceState};
use drishti_services::collect::CollectProgress;
use drishti_services::{ServiceError, SourceChange};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::acme::Stand;

/// Answers that take so long that a run is under way while something else happens.
const SLOW: [&str; 2] = ["slow=1", "slow_milliseconds=200"];

/// Has one window fetched after the other, so that a run takes its time.
async fn one_at_a_time(stand: &Stand, order: Backfill) {
    let mut profile = stand
        .services
        .source(&stand.name)
        .await
        .unwrap()
        .source
        .profile;
    profile.collect.concurrent_reads = 1;
    profile.collect.backfill_order = order;
    let change = SourceChange {
        profile: Some(profile),
        ..SourceChange::default()
    };
    stand
        .services
        .update_source(&stand.name, change, None)
        .await
        .unwrap();
}

type Run = tokio::task::JoinHandle<Result<CollectProgress, ServiceError>>;

/// A run that has written something and goes on.
async fn under_way(stand: &Stand) -> Run {
    let (services, name) = (stand.services.clone(), stand.name.clone());
    let written = Arc::new(tokio::sync::Notify::new());
    let report = Arc::clone(&written);
    let run = tokio::spawn(async move {
        let progress = move |_| report.notify_one();
        services
            .collect_once(&name, progress, CancellationToken::new())
            .await
    });
    written.notified().await;
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_source_is_not_collected() {
    let stand = Stand::new(&[]).await;
    stand.services.pause_source(&stand.name).await.unwrap();
    let before = stand.audit_log_requests().await;
    let stop = CancellationToken::new();
    let refused = stand
        .services
        .collect_once(&stand.name, |_| (), stop)
        .await
        .unwrap_err();
    assert!(matches!(refused, ServiceError::Paused(_)), "{refused}");
    assert!(refused.advice().contains("sources resume"));
    assert_eq!(stand.audit_log_requests().await, before);
    stand.services.resume_source(&stand.name).await.unwrap();
    stand.collect().await;
    stand.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pausing_ends_a_run_that_is_under_way() {
    let stand = Stand::new(&SLOW).await;
    one_at_a_time(&stand, Backfill::Oldest).await;
    let run = under_way(&stand).await;
    stand.services.pause_source(&stand.name).await.unwrap();
    let progress = run.await.unwrap().unwrap();
    assert!(
        progress.windows_done < progress.windows_total,
        "{progress:?}"
    );
    assert_eq!(stand.state().await, SourceState::Paused);
    stand.control("faults", json!({})).await;
    stand.services.resume_source(&stand.name).await.unwrap();
    stand.collect().await;
    stand.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_ends_a_run_that_is_under_way_and_it_forgets_the_source() {
    let stand = Stand::new(&SLOW).await;
    one_at_a_time(&stand, Backfill::Oldest).await;
    let run = under_way(&stand).await;
    stand
        .services
        .remove_source(&stand.name, None)
        .await
        .unwrap();
    let progress = run.await.unwrap().unwrap();
    assert!(
        progress.windows_done < progress.windows_total,
        "{progress:?}"
    );
    let left = stand.services.ledger().source(&stand.name).await.unwrap();
    assert_eq!(left, None);
    assert_eq!(
        stand.stored().await.len() as u64,
        progress.stored,
        "its events stay"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_windows_come_first_where_the_owner_wants_it() {
    for order in [Backfill::Newest, Backfill::Oldest] {
        let stand = Stand::new(&SLOW).await;
        one_at_a_time(&stand, order).await;
        let stop = CancellationToken::new();
        let stopper = stop.clone();
        let progress = move |progress: CollectProgress| {
            if progress.windows_done >= 2 {
                stopper.cancel();
            }
        };
        let collected = stand
            .services
            .collect_once(&stand.name, progress, stop)
            .await;
        let collected = collected.unwrap();
        let done = usize::try_from(collected.windows_done).unwrap();
        assert!((2..20).contains(&done), "{collected:?}");
        let windows = stand
            .services
            .ledger()
            .progress(&stand.name)
            .await
            .unwrap()
            .windows;
        let expected = match order {
            Backfill::Oldest => &windows[..done],
            Backfill::Newest => &windows[windows.len() - done..],
        };
        assert!(
            expected.iter().all(|window| window.done),
            "{order:?}: {windows:#?}"
        );
        stand.control("faults", json!({})).await;
        stand.collect().await;
        stand.assert_complete().await;
    }
}

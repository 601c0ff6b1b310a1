//! Collecting from the simulator over HTTP into a real lake and ledger.

use std::time::Duration;

use chrono::TimeDelta;
use drishti_model::{ErrorKind, SourceState, TimeRange};
use drishti_services::{AccountFilter, ServiceError};
use serde_json::json;
use tokio_util::sync::CancellationToken;

mod acme;
mod alarm;
mod losses;
mod owner;
mod quarantine;
mod windows;
use acme::{DAYS, PEOPLE, Stand, frozen_at, open};

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_collected_once_and_covered() {
    let stand = Stand::new(&[]).await;
    let progress = stand.collect().await;
    assert!(
        progress.caught_up && progress.windows_done == progress.windows_total,
        "{progress:?}"
    );
    stand.assert_complete().await;
    let overview = stand.services.source(&stand.name).await.unwrap();
    assert_eq!(overview.gaps, []);
    let [covered] = overview.coverage.as_slice() else {
        panic!("one whole span expected: {:?}", overview.coverage)
    };
    assert_eq!(
        covered.start,
        frozen_at() - TimeDelta::days(i64::from(DAYS))
    );
    assert_eq!(covered.end, frozen_at() - TimeDelta::seconds(900));
    let accounts = stand
        .services
        .ledger()
        .accounts(AccountFilter {
            limit: 1_000,
            ..AccountFilter::default()
        })
        .await
        .unwrap();
    assert!(
        accounts.len() >= PEOPLE as usize / 2,
        "{} accounts",
        accounts.len()
    );

    let again = stand.collect().await;
    assert_eq!(again.stored, 0);
    stand.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_that_pass_lose_nothing() {
    let faults = [
        "server_error=0.03",
        "cut=0.03",
        "broken_json=0.03",
        "expired_offset=0.05",
        "rate_limited=0.03",
        "repeated=0.05",
    ];
    let stand = Stand::new(&faults).await;
    stand.collect().await;
    stand.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_become_visible_late_are_found() {
    let stand = Stand::new(&["late=0.2", "late_seconds=600"]).await;
    stand.collect().await;
    let before = stand.stored().await.len();
    for _ in 0..6 {
        stand.advance(TimeDelta::minutes(7)).await;
        stand.collect().await;
    }
    stand.assert_complete().await;
    assert!(
        stand.stored().await.len() > before,
        "nothing happened meanwhile"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offset_that_expired_between_two_runs_is_replaced_by_a_time() {
    let stand = Stand::new(&["offset_lifetime_seconds=60"]).await;
    stand.collect().await;
    stand.advance(TimeDelta::hours(3)).await;
    stand.collect().await;
    stand.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_is_fetched_again() {
    let stand = Stand::new(&[]).await;
    stand.collect().await;
    let lost = TimeRange {
        start: frozen_at() - TimeDelta::days(3),
        end: frozen_at() - TimeDelta::days(2),
    };
    let ledger = stand.services.ledger();
    let lifetime = TimeDelta::seconds(60);
    let lease = ledger
        .acquire_lease(&stand.name, "test", lifetime, frozen_at())
        .await
        .unwrap()
        .unwrap();
    let advance = drishti_ledger::Advance {
        uncovered: vec![lost],
        ..drishti_ledger::Advance::default()
    };
    ledger.advance(&lease, advance, frozen_at()).await.unwrap();
    ledger.release_lease(&lease).await.unwrap();
    assert_eq!(
        stand.services.source(&stand.name).await.unwrap().gaps,
        [lost]
    );
    let progress = stand.collect().await;
    assert!(
        progress.windows_total >= 4 && progress.duplicates > 0,
        "{progress:?}"
    );
    assert_eq!(stand.services.source(&stand.name).await.unwrap().gaps, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_that_was_lost_is_filled_again_and_said_so() {
    let stand = Stand::new(&[]).await;
    stand.collect().await;
    let services = stand.services.clone();
    std::fs::remove_dir_all(stand.folder.path().join("lake")).unwrap();
    let gone = services
        .collect_once(&stand.name, |_| (), CancellationToken::new())
        .await;
    assert!(
        matches!(&gone, Err(ServiceError::Lake(error)) if error.is_gone()),
        "{gone:?}"
    );
    let stand = Stand {
        services: open(&stand.folder, &stand.clock, "node-1").await,
        ..stand
    };
    stand.collect().await;
    assert!(stand.has_event("LakeBehind").await);
    stand.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_events_are_set_aside_and_the_others_stored() {
    let stand = Stand::new(&["malformed=0.05"]).await;
    let progress = stand.collect().await;
    assert!(progress.quarantined > 0);
    stand.assert_complete().await;
    let entries = stand
        .services
        .quarantine(drishti_services::QuarantineFilter {
            source: None,
            after_id: None,
            limit: 5,
        })
        .await
        .unwrap();
    assert!(
        entries
            .iter()
            .all(|entry| !entry.reason.is_empty() && entry.origin == "audit log"),
        "{entries:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_never_work_on_one_source_at_once() {
    let stand = Stand::new(&["slow=1", "slow_milliseconds=30"]).await;
    let other = open(&stand.folder, &stand.clock, "node-2").await;
    let first = stand
        .services
        .collect_once(&stand.name, |_| (), CancellationToken::new());
    let second = other.collect_once(&stand.name, |_| (), CancellationToken::new());
    let (first, second) = tokio::join!(first, second);
    let outcomes = [first, second];
    let held = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Err(ServiceError::Held { .. })))
        .count();
    assert_eq!(held, 1, "{outcomes:?}");
    stand.collect().await;
    stand.assert_complete().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_stops_the_source_until_it_is_restarted() {
    let stand = Stand::new(&[]).await;
    let stop = CancellationToken::new();
    let collector = tokio::spawn(stand.services.collector().run(stop.clone()));
    stand.wait_for_state(SourceState::Collecting).await;
    stand
        .control("faults", json!({"token_revoked": true}))
        .await;
    stand.wait_for_state(SourceState::Error).await;
    let status = stand
        .services
        .ledger()
        .status(&stand.name)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(status.kind, Some(ErrorKind::ThirdPartyConfig));
    assert_eq!(status.event_name, "TokenRejected");
    assert!(!status.advice.is_empty());
    stand.control("faults", json!({})).await;
    stand.services.restart_source(&stand.name).await.unwrap();
    stand.wait_for_state(SourceState::Collecting).await;
    stop.cancel();
    collector.await.unwrap();
    stand.collect().await;
    stand.assert_complete().await;
    let seen: Vec<SourceState> = stand
        .health()
        .await
        .iter()
        .map(|stored| stored.event.state)
        .collect();
    for state in [
        SourceState::Started,
        SourceState::Initialized,
        SourceState::Authenticated,
        SourceState::Collecting,
        SourceState::Error,
    ] {
        assert!(seen.contains(&state), "{state} was not reported: {seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_paused_resumed_and_removed_while_it_is_collected() {
    let stand = Stand::new(&[]).await;
    let stop = CancellationToken::new();
    let collector = tokio::spawn(stand.services.collector().run(stop.clone()));
    stand.wait_for_state(SourceState::Collecting).await;
    stand.services.pause_source(&stand.name).await.unwrap();
    stand.wait_for_state(SourceState::Paused).await;
    stand.services.resume_source(&stand.name).await.unwrap();
    stand.wait_for_state(SourceState::Collecting).await;
    stand
        .services
        .remove_source(&stand.name, None)
        .await
        .unwrap();
    let gone = async {
        while stand
            .services
            .ledger()
            .source(&stand.name)
            .await
            .unwrap()
            .is_some()
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), gone)
        .await
        .unwrap();
    assert!(!stand.stored().await.is_empty(), "its events stay");
    stop.cancel();
    collector.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_is_named_and_loses_nothing() {
    let stand = Stand::new(&[]).await;
    stand.clock.advance(TimeDelta::days(3));
    stand.collect().await;
    assert!(stand.has_event("ClockSkew").await);
    stand.assert_complete().await;
    stand.clock.advance(TimeDelta::days(-6));
    stand
        .control("clock", json!({"advance_seconds": 3_600}))
        .await;
    stand.collect().await;
    stand.assert_complete().await;
}

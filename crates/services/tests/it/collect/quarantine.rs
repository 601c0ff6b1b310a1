//! Events that are set aside while a source is collected, and tried again.

use std::io::Cursor;

use chrono::TimeDelta;
use drishti_model::HealthStatus;
use drishti_services::quarantine::ReplaySummary;
use drishti_services::{QuarantineEntry, QuarantineFilter, ServiceError};
use tokio_util::sync::CancellationToken;

use super::acme::{Stand, frozen_at};
use crate::place::event_at;

async fn quarantined(stand: &Stand) -> Vec<QuarantineEntry> {
    let filter = QuarantineFilter {
        source: None,
        after_id: None,
        limit: 1_000,
    };
    stand.services.quarantine(filter).await.unwrap()
}

async fn times_told(stand: &Stand) -> usize {
    let events = stand.health().await;
    let told = events
        .iter()
        .filter(|stored| stored.event.name == "EventsQuarantined");
    told.count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_whose_events_are_refused_is_not_healthy() {
    let stand = Stand::new(&["malformed=0.05"]).await;
    let progress = stand.collect().await;
    let entries = quarantined(&stand).await;
    assert_eq!(progress.quarantined, entries.len() as u64);
    let ledger = stand.services.ledger();
    let status = ledger.status(&stand.name).await.unwrap().unwrap();
    assert_eq!(status.status, HealthStatus::Unhealthy);
    assert_eq!(status.event_name, "EventsQuarantined");
    assert!(status.advice.contains("quarantine list"));
    let told = times_told(&stand).await;
    assert_eq!(told, 2, "at the first of them, and at the end of the run");

    // The same ones are no news, though sweeps read some of them again.
    assert_eq!(stand.collect().await.quarantined, 0);
    assert_eq!(times_told(&stand).await, told);
    let status = ledger.status(&stand.name).await.unwrap().unwrap();
    assert_eq!(status.status, HealthStatus::Healthy);
}

/// Sets aside an event of tomorrow's tomorrow, and one that can't be understood.
async fn set_aside(stand: &Stand) {
    let early = event_at(4_711, frozen_at() + TimeDelta::hours(30));
    let text = format!("{early}\nnonsense\n");
    let input = Box::new(Cursor::new(text.into_bytes()));
    let ingested = stand.services.ingest(&stand.name, "file", input, |_| ());
    assert_eq!(ingested.await.unwrap().quarantined, 2);
    stand.advance(TimeDelta::days(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_tried_again_by_whoever_collects() {
    let stand = Stand::new(&[]).await;
    set_aside(&stand).await;
    let stop = CancellationToken::new();
    let collector = tokio::spawn(stand.services.collector().run(stop.clone()));
    stand.wait_for_event("Collecting").await;
    let replay = async || {
        stand
            .services
            .replay_quarantine(Some(&stand.name), &[])
            .await
    };
    let queued = ReplaySummary {
        queued: 2,
        ..ReplaySummary::default()
    };
    assert_eq!(replay().await.unwrap(), queued);
    stand
        .wait_until("the replay", async || {
            let entries = quarantined(&stand).await;
            entries.len() == 1 && entries[0].replay_requested_at.is_none()
        })
        .await;
    let left = quarantined(&stand).await;
    assert!(left[0].reason.contains("no JSON"), "{}", left[0].reason);
    assert!(stand.stored().await.contains(&"4711".to_owned()));
    stop.cancel();
    collector.await.unwrap();
    // Nobody collects: it is done at once.
    let summary = replay().await.unwrap();
    assert_eq!((summary.queued, summary.still_refused.len()), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_to_end_tries_them_again_too() {
    let stand = Stand::new(&[]).await;
    set_aside(&stand).await;
    let ledger = stand.services.ledger();
    let lifetime = TimeDelta::seconds(60);
    let now = stand.services.clock().now();
    let lease = ledger.acquire_lease(&stand.name, "node-2", lifetime, now);
    let lease = lease.await.unwrap().unwrap();
    let replay = async || stand.services.replay_quarantine(None, &[]).await;
    assert_eq!(replay().await.unwrap().queued, 2);
    // A paused source is not going to be collected.
    stand.services.pause_source(&stand.name).await.unwrap();
    let held = replay().await.unwrap_err();
    assert!(matches!(held, ServiceError::Held { .. }), "{held}");
    stand.services.resume_source(&stand.name).await.unwrap();
    ledger.release_lease(&lease).await.unwrap();
    stand.collect().await;
    assert!(stand.stored().await.contains(&"4711".to_owned()));
    let left = quarantined(&stand).await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].replay_requested_at, None);
}

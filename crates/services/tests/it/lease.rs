//! The lease that an ingest works under.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use drishti_model::Clock;
use drishti_services::ServiceError;
use drishti_services::ingest::IngestSummary;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::place::{Place, event, fed, input, name, now, stored_gids};

async fn wait_for_stored(reports: &mut UnboundedReceiver<IngestSummary>, stored: u64) {
    while reports.recv().await.unwrap().stored < stored {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lease_is_held_while_the_input_is_quiet_and_work_that_is_done_stays_done() {
    let place = Place::new();
    let (services, others) = (place.open().await, place.open_as("other").await);
    let (texts, fed) = fed();
    let (report, mut reports) = unbounded_channel();
    let worker = services.clone();
    let running = tokio::spawn(async move {
        let progress = |summary: &IngestSummary| report.send(summary.clone()).unwrap();
        worker.ingest(&name("files"), "-", fed, progress).await
    });
    texts.send(format!("{}\n{}\n", event(1), event(2))).unwrap();
    // A batch does not wait for more than seconds to fill.
    wait_for_stored(&mut reports, 2).await;
    assert_eq!(stored_gids(&others).await, [1, 2]);

    for _ in 0..4 {
        place.clock.advance(TimeDelta::seconds(45));
        let renewed = async {
            loop {
                let (_, until) = others
                    .ledger()
                    .lease_holder(&name("files"))
                    .await
                    .unwrap()
                    .unwrap();
                if until > now_of(&place) + TimeDelta::seconds(45) {
                    break;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), renewed)
            .await
            .unwrap();
        let held = others
            .ingest(&name("files"), "x", input(event(3)), |_| ())
            .await
            .unwrap_err();
        assert!(
            matches!(&held, ServiceError::Held { holder, .. } if holder == "test (ingest of -)"),
            "{held}"
        );
    }

    // The process dies in the middle; what it had not committed comes again.
    texts.send(event(3) + "\n").unwrap();
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    place.clock.advance(TimeDelta::seconds(61));
    let all: String = (1..=4).map(|gid| event(gid) + "\n").collect();
    let summary = others
        .ingest(&name("files"), "all", input(all), |_| ())
        .await
        .unwrap();
    assert_eq!((summary.stored, summary.duplicates), (2, 2));
    assert_eq!(stored_gids(&others).await, [1, 2, 3, 4]);
}

fn now_of(place: &Place) -> DateTime<Utc> {
    place.clock.now()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_is_lost_ends_the_work() {
    let place = Place::new();
    let (services, others) = (place.open().await, place.open_as("other").await);
    let (texts, fed) = fed();
    let (report, mut reports) = unbounded_channel();
    let worker = services.clone();
    let running = tokio::spawn(async move {
        let progress = |summary: &IngestSummary| report.send(summary.clone()).unwrap();
        worker.ingest(&name("files"), "-", fed, progress).await
    });
    texts.send(event(1) + "\n").unwrap();
    wait_for_stored(&mut reports, 1).await;
    // As if this process had been stopped for longer than its lease lives.
    let taken = others
        .ledger()
        .acquire_lease(
            &name("files"),
            "other",
            TimeDelta::seconds(60),
            now() + TimeDelta::seconds(300),
        )
        .await
        .unwrap();
    assert!(taken.is_some());
    place.clock.advance(TimeDelta::seconds(50));
    let ended = tokio::time::timeout(Duration::from_secs(20), running)
        .await
        .unwrap();
    assert!(matches!(ended.unwrap(), Err(ServiceError::LeaseLost(_))));
}

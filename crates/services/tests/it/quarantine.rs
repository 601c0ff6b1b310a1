use chrono::TimeDelta;
use drishti_services::{QuarantineFilter, ServiceError};

use crate::place::{Place, event, event_at, ingest, input, name, now, quarantined, stored_gids};

/// An event of tomorrow's tomorrow, which is refused until then.
fn early(gid: u64) -> String {
    event_at(gid, now() + TimeDelta::hours(30))
}

#[tokio::test]
async fn what_is_accepted_now_leaves_the_quarantine() {
    let place = Place::new();
    let services = place.open().await;
    let text = format!("{}\n{}\nnonsense\n{}\n", event(1), early(2), early(3));
    ingest(&services, text).await;
    assert_eq!(stored_gids(&services).await, [1]);
    let entries = quarantined(&services).await;
    assert_eq!(entries.len(), 3);

    let summary = services.replay_quarantine(None, &[]).await.unwrap();
    assert_eq!((summary.replayed, summary.still_refused.len()), (0, 3));

    place.clock.advance(TimeDelta::days(1));
    let one = entries[0].id;
    let summary = services
        .replay_quarantine(Some(&name("files")), &[one, 4_711])
        .await
        .unwrap();
    assert_eq!(
        (
            summary.replayed,
            summary.stored,
            summary.still_refused.len()
        ),
        (1, 1, 0)
    );
    assert_eq!(stored_gids(&services).await, [1, 2]);

    let summary = services.replay_quarantine(None, &[]).await.unwrap();
    assert_eq!((summary.replayed, summary.stored), (1, 1));
    let (id, reason) = &summary.still_refused[0];
    assert_eq!(*id, entries[1].id);
    assert!(reason.contains("no JSON"), "{reason}");
    assert_eq!(stored_gids(&services).await, [1, 2, 3]);
    let left = quarantined(&services).await;
    assert_eq!(
        left.iter().map(|entry| entry.id).collect::<Vec<_>>(),
        [entries[1].id]
    );
    assert_eq!(services.quarantine_raw(one).await.unwrap(), None);
}

#[tokio::test]
async fn an_event_that_came_another_way_is_a_duplicate() {
    let place = Place::new();
    let services = place.open().await;
    ingest(&services, early(1)).await;
    place.clock.advance(TimeDelta::days(1));
    ingest(&services, early(1)).await;
    let summary = services.replay_quarantine(None, &[]).await.unwrap();
    assert_eq!((summary.replayed, summary.stored), (1, 0));
    assert!(quarantined(&services).await.is_empty());
    assert_eq!(stored_gids(&services).await, [1]);
}

#[tokio::test]
async fn sources_are_kept_apart() {
    let place = Place::new();
    let services = place.open().await;
    for source in ["a", "b"] {
        services
            .ingest(&name(source), "x", input(early(1)), |_| ())
            .await
            .unwrap();
    }
    place.clock.advance(TimeDelta::days(1));
    let of_b = QuarantineFilter {
        source: Some(name("b")),
        limit: 10,
        ..QuarantineFilter::default()
    };
    assert_eq!(services.quarantine(of_b.clone()).await.unwrap().len(), 1);
    let summary = services
        .replay_quarantine(Some(&name("a")), &[])
        .await
        .unwrap();
    assert_eq!(summary.stored, 1);
    assert_eq!(services.quarantine(of_b.clone()).await.unwrap().len(), 1);
    let summary = services.replay_quarantine(None, &[]).await.unwrap();
    assert_eq!(
        summary.stored, 1,
        "the same gid of another source is another event"
    );
    assert!(services.quarantine(of_b).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_source_that_is_worked_on_must_be_paused_first() {
    let place = Place::new();
    let services = place.open().await;
    ingest(&services, early(1)).await;
    place.clock.advance(TimeDelta::days(1));
    let lifetime = TimeDelta::seconds(60);
    let ledger = services.ledger();
    let lease = ledger
        .acquire_lease(
            &name("files"),
            "collector",
            lifetime,
            now() + TimeDelta::days(1),
        )
        .await
        .unwrap()
        .unwrap();
    let error = services.replay_quarantine(None, &[]).await.unwrap_err();
    assert!(matches!(&error, ServiceError::Held { holder, .. } if holder == "collector"));
    assert!(error.advice().contains("pause"), "{}", error.advice());
    ledger.release_lease(&lease).await.unwrap();
    assert_eq!(
        services.replay_quarantine(None, &[]).await.unwrap().stored,
        1
    );
}

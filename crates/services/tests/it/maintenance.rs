use chrono::TimeDelta;
use drishti_services::ServiceError;
use drishti_services::alerts::AlertView;
use drishti_services::maintenance::{
    COMPACT_FILES_MAX, Maintained, MaintenanceSettings, RETENTION_DAYS_MAX,
};
use drishti_services::{AlertChange, AlertFilter, Classification, Services, Triage};
use tokio_util::sync::CancellationToken;

use crate::place::{Place, event, event_at, ingest, name, now, stored_gids};

const FOR_EVER: MaintenanceSettings = MaintenanceSettings {
    retention_days: None,
};

const SIGN_IN: &str = r"
title: Sign-in
id: 7f0fbd1a-50b5-4c4b-8c57-9a2b2b1e5a05
status: stable
logsource: {product: asana, service: audit}
detection:
  selection: {event_type: user_login_succeeded}
  condition: selection
level: low
drishti: {name: test.sign_in}
";

async fn files(services: &Services) -> u64 {
    services.lake_statistics().await.unwrap().files
}

#[tokio::test]
async fn small_files_are_merged_hourly() {
    let place = Place::new();
    let services = place.open().await;
    for gid in 1..=3 {
        ingest(&services, event(gid)).await;
    }
    assert_eq!(files(&services).await, 3);
    let first = services.maintain_once(FOR_EVER).await.unwrap();
    assert_eq!(
        first,
        Maintained {
            files_merged: Some(3),
            files_retired: None,
            files_deleted: Some(0),
            findings_trimmed: Some(0)
        }
    );
    assert_eq!(files(&services).await, 1);

    ingest(&services, event(4)).await;
    place.clock.advance(TimeDelta::minutes(59));
    assert_eq!(
        services.maintain_once(FOR_EVER).await.unwrap(),
        Maintained::default()
    );
    place.clock.advance(TimeDelta::minutes(1));
    assert_eq!(
        services.maintain_once(FOR_EVER).await.unwrap().files_merged,
        Some(2)
    );
    // Another process knows when that was.
    let others = place.open_as("other").await;
    ingest(&others, event(5)).await;
    assert_eq!(
        others.maintain_once(FOR_EVER).await.unwrap(),
        Maintained::default()
    );
    services.compact_now().await.unwrap();
    assert_eq!(files(&services).await, 1);
    assert_eq!(stored_gids(&services).await, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn many_small_files_are_merged_at_once() {
    let place = Place::new();
    let services = place.open().await;
    let days = i64::try_from(COMPACT_FILES_MAX / 2 + 10).unwrap();
    let batch = |number: u64| -> String {
        let day = |day: i64| {
            event_at(
                number * 1_000 + day.unsigned_abs(),
                now() - TimeDelta::days(day),
            )
        };
        (1..=days).map(|number| day(number) + "\n").collect()
    };
    services.compact_now().await.unwrap();
    ingest(&services, batch(1)).await;
    ingest(&services, batch(2)).await;
    assert_eq!(files(&services).await, 2 * days.unsigned_abs());
    let looked = services.maintain_once(FOR_EVER).await.unwrap();
    assert_eq!(
        looked.files_merged, None,
        "one file a day too many is not worth it within the hour"
    );
    // The third is over the bound, and bulk work looks after itself.
    ingest(&services, batch(3)).await;
    assert_eq!(files(&services).await, days.unsigned_abs());
}

#[tokio::test]
async fn old_days_go_daily() {
    let place = Place::new();
    let services = place.open().await;
    let old: String = (1..=9)
        .map(|gid| {
            event_at(
                gid,
                now() - TimeDelta::days(10 * i64::try_from(gid).unwrap()),
            ) + "\n"
        })
        .collect();
    ingest(&services, old + &event(10)).await;
    let settings = MaintenanceSettings {
        retention_days: Some(30),
    };
    let first = services.maintain_once(settings).await.unwrap();
    assert_eq!(first.files_retired, Some(6));
    assert_eq!(stored_gids(&services).await, [1, 2, 3, 10]);
    place.clock.advance(TimeDelta::hours(23));
    assert_eq!(
        services
            .maintain_once(settings)
            .await
            .unwrap()
            .files_retired,
        None
    );
    place.clock.advance(TimeDelta::hours(1));
    assert_eq!(
        services
            .maintain_once(settings)
            .await
            .unwrap()
            .files_retired,
        Some(1)
    );
    assert_eq!(stored_gids(&services).await, [1, 2, 10]);
}

#[tokio::test]
async fn days_are_kept_as_is_set_unless_a_file_says_so() {
    let place = Place::new();
    let services = place.open().await;
    let days = [1, 40, 400]
        .map(|days| event_at(days, now() - TimeDelta::days(i64::try_from(days).unwrap())));
    ingest(&services, days.join("\n")).await;
    let kept = services.maintain_once(FOR_EVER).await.unwrap();
    assert_eq!(kept.files_retired, None);
    for refused in [0, RETENTION_DAYS_MAX + 1] {
        let refused = services.set_retention(Some(refused), "mara").await;
        assert!(matches!(refused, Err(ServiceError::Refused { .. })));
    }
    let set = services.set_retention(Some(365), "mara").await.unwrap();
    assert_eq!(
        (set.days, set.is_declared, set.complete_since),
        (Some(365), false, None)
    );
    let kept = services.maintain_once(FOR_EVER).await.unwrap();
    assert_eq!(kept.files_retired, Some(1));
    assert_eq!(stored_gids(&services).await, [1, 40]);
    assert!(services.retention().await.unwrap().complete_since.is_some());

    // What a file says counts, and nobody else can say otherwise.
    let declared = services.with_declared_retention(Some(30));
    let retention = declared.retention().await.unwrap();
    assert_eq!((retention.days, retention.is_declared), (Some(30), true));
    let refused = declared.set_retention(None, "mara").await.unwrap_err();
    assert!(matches!(refused, ServiceError::RetentionDeclared { .. }));
    assert!(
        refused.to_string().contains("/etc/drishti.toml"),
        "{refused}"
    );
}

/// Whatever the clock says, a day that is to be kept counted from the newest event is kept.
#[tokio::test]
async fn a_clock_that_jumps_ahead_takes_nothing() {
    let settings = MaintenanceSettings {
        retention_days: Some(30),
    };
    for days_ahead in [2, 29, 31, 3_000] {
        let place = Place::new();
        let services = place.open().await;
        let days = [0, 27, 28, 29].map(|days| {
            event_at(
                days + 1,
                now() - TimeDelta::days(i64::try_from(days).unwrap()),
            ) + "\n"
        });
        ingest(&services, days.concat()).await;
        place.clock.advance(TimeDelta::days(days_ahead));
        let looked = services.maintain_once(settings).await.unwrap();
        assert_eq!(looked.files_retired, Some(0), "{days_ahead} days ahead");
        assert_eq!(stored_gids(&services).await, [1, 28, 29, 30]);
        // Set back, nothing waits for the time of the jump to come again.
        place.clock.set(now() + TimeDelta::days(1));
        let looked = services.maintain_once(settings).await.unwrap();
        assert_eq!(looked.files_retired, Some(0));
        place.clock.advance(TimeDelta::days(1));
        ingest(&services, event_at(99, now() + TimeDelta::days(2))).await;
        let looked = services.maintain_once(settings).await.unwrap();
        assert_eq!(looked.files_retired, Some(1));
        assert_eq!(stored_gids(&services).await, [1, 28, 29, 99]);
    }
}

/// The lake knows its newest event, also where its source is gone or quiet: old days go all the same.
#[tokio::test]
async fn old_days_go_without_any_source() {
    let place = Place::new();
    let services = place.open().await;
    let old = event_at(1, now() - TimeDelta::days(40)) + "\n";
    ingest(&services, old + &event(2)).await;
    services.remove_source(&name("files"), None).await.unwrap();
    place.clock.advance(TimeDelta::days(100));
    let settings = MaintenanceSettings {
        retention_days: Some(30),
    };
    let looked = services.maintain_once(settings).await.unwrap();
    assert_eq!(looked.files_retired, Some(1));
    assert_eq!(stored_gids(&services).await, [2]);
}

#[tokio::test]
async fn it_ends_when_it_is_told_to() {
    let place = Place::new();
    let services = place.open().await;
    let shutdown = CancellationToken::new();
    let maintaining = tokio::spawn({
        let (services, shutdown) = (services.clone(), shutdown.clone());
        async move { services.maintain(FOR_EVER, shutdown).await }
    });
    shutdown.cancel();
    maintaining.await.unwrap();
}

#[tokio::test]
async fn old_findings_go_daily_but_never_before_their_events() {
    let mut place = Place::new();
    place.policies = vec![("sign_in.yml".into(), SIGN_IN.to_owned())];
    let services = place.open().await;
    let days = [1_000, 800, 30, 1].map(|days| now() - TimeDelta::days(days));
    let events: String = days
        .into_iter()
        .zip(1..)
        .map(|(time, gid)| event_at(gid, time) + "\n")
        .collect();
    ingest(&services, events).await;
    for alert in alerts(&services).await {
        let change = AlertChange {
            triage: Some(Triage::Resolved {
                classification: Classification::Benign,
                reason: String::new(),
            }),
            ..AlertChange::default()
        };
        services
            .triage(&alert.id, &change, None, "mara")
            .await
            .unwrap();
    }
    let looked = services.maintain_once(FOR_EVER).await.unwrap();
    assert_eq!(alerts(&services).await.len(), 4, "the lake has the events");
    assert!(looked.findings_trimmed.is_some());
    let after = async |retention_days| {
        place.clock.advance(TimeDelta::days(1));
        let settings = MaintenanceSettings {
            retention_days: Some(retention_days),
        };
        let looked = services.maintain_once(settings).await.unwrap();
        assert!(looked.findings_trimmed.is_some());
        services.rebuild(&name("files")).await.unwrap();
        alerts(&services).await.len()
    };
    assert_eq!(after(900).await, 3);
    assert_eq!(
        after(20).await,
        2,
        "resolved alerts stay two years, without their events too"
    );
}

async fn alerts(services: &Services) -> Vec<AlertView> {
    let all = AlertFilter {
        limit: 100,
        ..AlertFilter::default()
    };
    services.alerts(&all).await.unwrap()
}

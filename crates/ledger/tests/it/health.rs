use chrono::{DateTime, Utc};
use drishti_ledger::{HEALTH_EVENTS_MAX, HealthFilter, LedgerError};
use drishti_model::{ErrorKind, HealthEvent, HealthSeverity, HealthStatus, SourceState};

use crate::place::{Place, at, name, new_source};

pub(crate) fn event(source: &str, at: DateTime<Utc>) -> HealthEvent {
    HealthEvent {
        source: name(source),
        at,
        state: SourceState::Error,
        status: HealthStatus::Unhealthy,
        severity: HealthSeverity::Error,
        kind: Some(ErrorKind::ThirdPartyConfig),
        name: "TokenRejected".to_owned(),
        reason: "Asana said: not \0authorized".to_owned(),
        advice: "enter a new token".to_owned(),
    }
}

fn healthy(source: &str, at: DateTime<Utc>) -> HealthEvent {
    HealthEvent {
        state: SourceState::Collecting,
        status: HealthStatus::Healthy,
        severity: HealthSeverity::Information,
        kind: None,
        name: "Collecting".to_owned(),
        ..event(source, at)
    }
}

pub(crate) async fn sets_the_status(place: Place) {
    let (ledger, source) = place.open_with_source().await;
    ledger.record_health(&event("asana", at(1))).await.unwrap();
    ledger.record_health(&event("asana", at(2))).await.unwrap();
    let warning = HealthEvent {
        severity: HealthSeverity::Warning,
        name: "Slow".to_owned(),
        ..event("asana", at(3))
    };
    ledger.record_health(&warning).await.unwrap();
    let status = ledger.status(&source).await.unwrap().unwrap();
    assert_eq!((status.state, status.since), (SourceState::Error, at(1)));
    assert_eq!(
        (status.status, status.kind),
        (HealthStatus::Unhealthy, Some(ErrorKind::ThirdPartyConfig))
    );
    assert_eq!(
        (status.event_name.as_str(), status.advice.as_str()),
        ("Slow", "enter a new token")
    );
    assert_eq!(status.reason, "Asana said: not \u{fffd}authorized");
    assert_eq!((status.error_count, status.warning_count), (2, 1));

    ledger
        .record_health(&healthy("asana", at(4)))
        .await
        .unwrap();
    ledger.record_health(&event("asana", at(5))).await.unwrap();
    let status = ledger.status(&source).await.unwrap().unwrap();
    assert_eq!((status.state, status.since), (SourceState::Error, at(5)));
    assert_eq!((status.error_count, status.warning_count), (1, 0));
    assert_eq!((status.error_total, status.warning_total), (3, 1));

    let unknown = ledger.record_health(&event("nobody", at(6))).await;
    assert!(matches!(unknown, Err(LedgerError::NoSuchSource(_))));
}

pub(crate) async fn is_listed_newest_first(place: Place) {
    let (ledger, source) = place.open_with_source().await;
    ledger.add_source(new_source("other"), at(0)).await.unwrap();
    for second in 1..=3 {
        ledger
            .record_health(&healthy("asana", at(second)))
            .await
            .unwrap();
        ledger
            .record_health(&event("other", at(second)))
            .await
            .unwrap();
    }
    let all = ledger
        .health_events(HealthFilter {
            limit: 100,
            ..HealthFilter::default()
        })
        .await
        .unwrap();
    assert_eq!(all.len(), 6);
    assert!(all.is_sorted_by(|newer, older| newer.id > older.id));
    assert_eq!(all[0].event.reason, "Asana said: not \u{fffd}authorized");
    let as_stored = HealthEvent {
        reason: all[0].event.reason.clone(),
        ..event("other", at(3))
    };
    assert_eq!(all[0].event, as_stored);

    let of_source = HealthFilter {
        source: Some(source),
        limit: 2,
        before_id: None,
        ..HealthFilter::default()
    };
    let page = ledger.health_events(of_source.clone()).await.unwrap();
    assert_eq!(
        page.iter()
            .map(|stored| stored.event.at)
            .collect::<Vec<_>>(),
        [at(3), at(2)]
    );
    let rest = HealthFilter {
        before_id: Some(page[1].id),
        ..of_source
    };
    let rest = ledger.health_events(rest).await.unwrap();
    assert_eq!(
        rest.iter()
            .map(|stored| stored.event.at)
            .collect::<Vec<_>>(),
        [at(1)]
    );
}

pub(crate) async fn is_bounded(place: Place) {
    let (ledger, source) = place.open_with_source().await;
    ledger.add_source(new_source("other"), at(0)).await.unwrap();
    ledger.record_health(&event("other", at(0))).await.unwrap();
    let excess = 3;
    let count = i64::try_from(HEALTH_EVENTS_MAX).unwrap() + excess;
    for second in 1..=count {
        ledger
            .record_health(&event("asana", at(second)))
            .await
            .unwrap();
    }
    let kept = HealthFilter {
        source: Some(source.clone()),
        limit: u64::MAX,
        before_id: None,
        ..HealthFilter::default()
    };
    let kept = ledger.health_events(kept).await.unwrap();
    assert_eq!(kept.len() as u64, HEALTH_EVENTS_MAX);
    assert_eq!(kept.last().unwrap().event.at, at(1 + excess));
    assert_eq!(
        ledger.status(&source).await.unwrap().unwrap().error_total,
        count
    );
    let of_other = HealthFilter {
        source: Some(name("other")),
        limit: 1,
        before_id: None,
        ..HealthFilter::default()
    };
    assert_eq!(ledger.health_events(of_other).await.unwrap().len(), 1);
}

use chrono::TimeDelta;
use drishti_ledger::Advance;
use drishti_model::{DesiredState, ErrorKind, Secret, SourceProfile, SourceState, TimeRange};
use drishti_services::sources::{AddSource, Removal, sumo_source};
use drishti_services::{LedgerError, ServiceError, Services, SourceChange};

use crate::place::{Place, event, fed, input, name, now, stored_gids};
use crate::stand::{TOKEN, add, asana, profile};

fn change(profile: SourceProfile) -> SourceChange {
    SourceChange {
        profile: Some(profile),
        ..SourceChange::default()
    }
}

async fn names(services: &Services) -> Vec<String> {
    let sources = services.sources().await.unwrap();
    sources
        .iter()
        .map(|overview| overview.source.name.to_string())
        .collect()
}

#[tokio::test]
async fn a_source_is_added_as_it_is_given() {
    let place = Place::new();
    let services = place.open().await;
    let added = services
        .add_source(add(SourceProfile::API_URL, Some("1201")))
        .await
        .unwrap();
    assert_eq!(added[0].profile.workspace_gid.as_deref(), Some("1201"));
    assert!(added[0].has_token && !added[0].declared);
    let overview = services.source(&name("asana")).await.unwrap();
    assert_eq!(overview.source, added[0]);
    assert_eq!(
        overview.status.as_ref().unwrap().state,
        SourceState::Pending
    );
    assert_eq!((overview.lag_seconds, overview.quarantined), (None, 0));
    assert!(!format!("{overview:?} {:?}", add("", None)).contains(TOKEN));

    let again = services
        .add_source(add(SourceProfile::API_URL, Some("1201")))
        .await
        .unwrap_err();
    assert!(matches!(
        again,
        ServiceError::Ledger(LedgerError::SourceExists(_))
    ));
    assert!(
        again.advice().contains("Take another name"),
        "{}",
        again.advice()
    );
    let missing = services.source(&name("other")).await.unwrap_err();
    assert!(matches!(missing, ServiceError::NoSuchSource(_)));
}

#[tokio::test]
async fn a_source_without_a_token_asks_nobody() {
    let place = Place::new();
    let services = place.open().await;
    let files = AddSource {
        token: None,
        ..add(SourceProfile::API_URL, None)
    };
    let added = services.add_source(files).await.unwrap();
    assert_eq!(
        (added[0].has_token, &added[0].profile.workspace_gid),
        (false, &None)
    );
    let error = services.test_source(&name("asana")).await.unwrap_err();
    assert!(matches!(error, ServiceError::Incomplete { .. }), "{error}");
}

#[tokio::test]
async fn wrong_settings_are_refused_and_nothing_is_stored() {
    let place = Place::new();
    let services = place.open().await;
    let mut wrong = add(SourceProfile::API_URL, Some("1201"));
    wrong.profile.collect.concurrent_reads = 51;
    let error = services.add_source(wrong).await.unwrap_err();
    assert!(
        matches!(
            &error,
            ServiceError::Setting {
                field: "concurrent_reads",
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(error.kind(), ErrorKind::ThirdPartyConfig);
    let plain_http = services
        .add_source(add("http://asana.example/api", Some("1201")))
        .await
        .unwrap_err();
    assert!(
        plain_http.to_string().contains("in the clear"),
        "{plain_http}"
    );
    let mut no_token = add(SourceProfile::API_URL, Some("1201"));
    no_token.token = Some(Secret::new("two words"));
    let error = services.add_source(no_token).await.unwrap_err().to_string();
    assert!(
        error.contains("the token") && !error.contains("words"),
        "{error}"
    );
    assert!(names(&services).await.is_empty());
}

#[tokio::test]
async fn every_workspace_that_the_token_sees_becomes_a_source() {
    let place = Place::new();
    let services = place.open().await;
    let one = asana(|_| ()).await;
    let added = services.add_source(add(&one.api_url, None)).await.unwrap();
    assert_eq!(added.len(), 1);
    assert_eq!(added[0].name, name("asana"));
    assert_eq!(
        added[0].profile.workspace_gid.as_deref(),
        Some(one.workspaces[0].0.as_str())
    );

    let three = asana(|args| args.workspaces = 3).await;
    let several = AddSource {
        name: name("all"),
        ..add(&three.api_url, None)
    };
    let added = services.add_source(several.clone()).await.unwrap();
    let mut expected: Vec<String> = three
        .workspaces
        .iter()
        .map(|(gid, _)| format!("all-{gid}"))
        .collect();
    let mut found: Vec<String> = added.iter().map(|source| source.name.to_string()).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    assert!(services.add_source(several).await.is_err());
    assert_eq!(names(&services).await.len(), 4);
}

#[tokio::test]
async fn asana_refuses_a_wrong_token_when_a_source_is_added() {
    let place = Place::new();
    let services = place.open().await;
    let asana = asana(|_| ()).await;
    let wrong = AddSource {
        token: Some(Secret::new("another-token")),
        ..add(&asana.api_url, None)
    };
    let error = services.add_source(wrong).await.unwrap_err();
    assert_eq!(
        (error.name(), error.kind()),
        ("TokenRejected", ErrorKind::ThirdPartyConfig)
    );
    assert!(!format!("{error} {error:?}").contains("another-token"));
}

#[tokio::test]
async fn a_source_is_changed_within_its_bounds() {
    let place = Place::new();
    let services = place.open().await;
    services
        .add_source(add(SourceProfile::API_URL, Some("1201")))
        .await
        .unwrap();
    let other = SourceProfile {
        category: "other".to_owned(),
        ..profile(SourceProfile::API_URL)
    };
    let changed = services
        .update_source(&name("asana"), change(other.clone()), Some(1))
        .await
        .unwrap();
    assert_eq!(
        (changed.revision, changed.profile.category.as_str()),
        (2, "other")
    );
    assert_eq!(
        changed.profile.workspace_gid.as_deref(),
        Some("1201"),
        "what is not said stays"
    );
    let stale = services
        .update_source(&name("asana"), change(other.clone()), Some(1))
        .await
        .unwrap_err();
    assert!(matches!(
        stale,
        ServiceError::Ledger(LedgerError::RevisionConflict { .. })
    ));
    let mut wrong = other.clone();
    wrong.collect.backfill_days = 91;
    assert!(
        services
            .update_source(&name("asana"), change(wrong), None)
            .await
            .is_err()
    );
    let no_token = SourceChange {
        token: Some(Secret::new("")),
        ..SourceChange::default()
    };
    assert!(
        services
            .update_source(&name("asana"), no_token, None)
            .await
            .is_err()
    );
    let missing = services
        .update_source(&name("x"), SourceChange::default(), None)
        .await;
    assert!(matches!(missing, Err(ServiceError::NoSuchSource(_))));
}

#[tokio::test]
async fn a_mistyped_workspace_can_be_put_right_until_something_is_stored() {
    let place = Place::new();
    let services = place.open().await;
    services
        .add_source(add(SourceProfile::API_URL, Some("1201")))
        .await
        .unwrap();
    let moved = SourceProfile {
        workspace_gid: Some("1202".to_owned()),
        ..profile(SourceProfile::API_URL)
    };
    services
        .update_source(&name("asana"), change(moved.clone()), None)
        .await
        .unwrap();
    services
        .ingest(&name("asana"), "x", input(event(1)), |_| ())
        .await
        .unwrap();
    let elsewhere = SourceProfile {
        workspace_gid: Some("1203".to_owned()),
        ..moved
    };
    let error = services
        .update_source(&name("asana"), change(elsewhere), None)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            ServiceError::Setting {
                field: "workspace_gid",
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_source_is_restarted_paused_and_resumed() {
    let place = Place::new();
    let services = place.open().await;
    services
        .add_source(add(SourceProfile::API_URL, Some("1201")))
        .await
        .unwrap();
    assert_eq!(
        services
            .restart_source(&name("asana"))
            .await
            .unwrap()
            .restart_generation,
        1
    );
    assert_eq!(
        services.pause_source(&name("asana")).await.unwrap().desired,
        DesiredState::Paused
    );
    assert_eq!(
        services
            .resume_source(&name("asana"))
            .await
            .unwrap()
            .desired,
        DesiredState::Running
    );
    for outcome in [
        services.restart_source(&name("x")).await,
        services.pause_source(&name("x")).await,
        services.resume_source(&name("x")).await,
    ] {
        assert!(matches!(outcome, Err(ServiceError::NoSuchSource(_))));
    }
}

#[tokio::test]
async fn a_source_is_removed_at_once_unless_it_is_worked_on() {
    let place = Place::new();
    let services = place.open().await;
    services
        .add_source(add(SourceProfile::API_URL, Some("1201")))
        .await
        .unwrap();
    services
        .ingest(&name("asana"), "x", input(event(1)), |_| ())
        .await
        .unwrap();
    services.remove_source(&name("asana"), None).await.unwrap();
    assert!(names(&services).await.is_empty());
    assert_eq!(stored_gids(&services).await, [1], "events stay");
    assert!(matches!(
        services.remove_source(&name("asana"), None).await,
        Err(ServiceError::NoSuchSource(_))
    ));

    // The collector of the same process holds the lease of the next one.
    services
        .add_source(add(SourceProfile::API_URL, Some("1201")))
        .await
        .unwrap();
    let lifetime = TimeDelta::seconds(60);
    let lease = services
        .ledger()
        .acquire_lease(&name("asana"), "test", lifetime, now())
        .await
        .unwrap();
    let removed = services.remove_source(&name("asana"), None).await.unwrap();
    assert_eq!(removed, Removal::LeftTo("test".to_owned()));
    let overview = services.source(&name("asana")).await.unwrap();
    assert_eq!(overview.source.desired, DesiredState::Removed);
    assert_eq!(overview.state(), Some(SourceState::Stopping));
    assert!(
        services
            .ledger()
            .renew_lease(&lease.unwrap(), lifetime, now())
            .await
            .unwrap()
            .is_some()
    );
    assert!(matches!(
        services.resume_source(&name("asana")).await,
        Err(ServiceError::NoSuchSource(_))
    ));
    // Its holder has gone without a word; whoever needs the name next forgets the source.
    place.clock.advance(TimeDelta::seconds(61));
    services
        .add_source(add(SourceProfile::API_URL, Some("1202")))
        .await
        .unwrap();
    let source = services.source(&name("asana")).await.unwrap().source;
    assert_eq!(source.desired, DesiredState::Running);
    assert_eq!(source.profile.workspace_gid.as_deref(), Some("1202"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_is_removed_during_an_ingest_is_forgotten_at_its_end() {
    let place = Place::new();
    let services = place.open().await;
    let (texts, fed) = fed();
    let (report, mut reports) = tokio::sync::mpsc::unbounded_channel();
    let worker = services.clone();
    let running = tokio::spawn(async move {
        let progress = |summary: &drishti_services::ingest::IngestSummary| {
            report.send(summary.stored).unwrap_or_default();
        };
        worker.ingest(&name("files"), "-", fed, progress).await
    });
    texts.send(event(1) + "\n").unwrap();
    while reports.recv().await.unwrap() < 1 {}
    let removed = services.remove_source(&name("files"), None).await.unwrap();
    assert_eq!(removed, Removal::LeftTo("test (ingest of -)".to_owned()));
    texts.send(event(2) + "\n").unwrap();
    drop(texts);
    let summary = running.await.unwrap().unwrap();
    assert_eq!(summary.stored, 2, "it is not broken off");
    assert!(names(&services).await.is_empty());
    assert_eq!(stored_gids(&services).await, [1, 2]);
}

#[tokio::test]
async fn an_overview_shows_gaps_and_lag() {
    let place = Place::new();
    let services = place.open().await;
    services
        .add_source(add(SourceProfile::API_URL, Some("1201")))
        .await
        .unwrap();
    let ledger = services.ledger();
    let lease = ledger
        .acquire_lease(&name("asana"), "test", TimeDelta::seconds(60), now())
        .await
        .unwrap()
        .unwrap();
    let hours = |from: i64, to: i64| {
        TimeRange::new(now() - TimeDelta::hours(from), now() - TimeDelta::hours(to)).unwrap()
    };
    ledger
        .plan_backfill(&lease, &[hours(10, 8), hours(8, 6)])
        .await
        .unwrap();
    let advance = Advance {
        covered: vec![hours(8, 6), hours(4, 1)],
        polled_at: Some(now() - TimeDelta::seconds(90)),
        ..Advance::default()
    };
    ledger.advance(&lease, advance, now()).await.unwrap();
    let overview = services.source(&name("asana")).await.unwrap();
    assert_eq!(overview.coverage, [hours(8, 6), hours(4, 1)]);
    let settled = now() - TimeDelta::seconds(2 * 900 + 60);
    let open_end = TimeRange::new(now() - TimeDelta::hours(1), settled).unwrap();
    assert_eq!(overview.gaps, [hours(10, 8), hours(6, 4)]);
    assert_eq!(overview.unread, Some(open_end), "nobody collects it now");
    assert_eq!((overview.windows_done, overview.windows_total), (0, 2));
    assert_eq!(overview.lag_seconds, Some(90));
    assert_eq!(services.sources().await.unwrap(), [overview]);

    // Where somebody follows the source, that time should have been read.
    let collecting = drishti_model::HealthEvent {
        source: name("asana"),
        at: now(),
        state: SourceState::Collecting,
        status: drishti_model::HealthStatus::Healthy,
        severity: drishti_model::HealthSeverity::Information,
        kind: None,
        name: "Collecting".to_owned(),
        reason: String::new(),
        advice: String::new(),
    };
    services.ledger().record_health(&collecting).await.unwrap();
    let followed = services.source(&name("asana")).await.unwrap();
    assert_eq!(followed.gaps, [hours(10, 8), hours(6, 4), open_end]);
    assert_eq!(followed.unread, None);
    // A collector that was killed is in that state for ever, and polls no more.
    place.clock.advance(TimeDelta::hours(1));
    let left = services.source(&name("asana")).await.unwrap();
    assert_eq!(left.gaps, [hours(10, 8), hours(6, 4)]);
    assert!(left.unread.is_some());
}

#[tokio::test]
async fn a_source_of_files_is_in_no_state() {
    let place = Place::new();
    let services = place.open().await;
    services
        .ingest(&name("files"), "x", input(event(1)), |_| ())
        .await
        .unwrap();
    let overview = services.source(&name("files")).await.unwrap();
    assert_eq!((overview.state(), overview.unread), (None, None));
    assert_eq!(
        overview.status.unwrap().reason,
        "it only takes events from files"
    );
    let stop = tokio_util::sync::CancellationToken::new();
    let refused = services.collect_once(&name("files"), |_| (), stop).await;
    assert!(matches!(refused, Err(ServiceError::Incomplete { .. })));
    let overview = services.source(&name("files")).await.unwrap();
    assert_eq!(overview.state(), None, "a refusal is no state");
}

#[tokio::test]
async fn a_source_of_sumo_logic_is_added() {
    let place = Place::new();
    let services = place.open().await;
    let json = r#"{"api.version":"v1","source":{"config":{"name":"Asana","category":"saas/asana","fields":{"team":"security"},
        "personalAccessToken":"2/1201/88:hidden","workspaceID":"1201"},"schemaRef":{"type":"Asana"},"sourceType":"Universal"}}"#;
    let added = services
        .add_source(sumo_source(json).unwrap())
        .await
        .unwrap();
    assert_eq!(added[0].profile.category, "saas/asana");
    assert_eq!(
        services.ledger().token(&name("Asana")).await.unwrap(),
        Some(Secret::new("2/1201/88:hidden"))
    );
}

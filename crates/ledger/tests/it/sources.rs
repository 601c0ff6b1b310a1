use chrono::TimeDelta;
use drishti_ledger::{AccountSync, Advance, Lease, Ledger, LedgerError, NewSource, SourceChange};
use drishti_model::{
    Account, AccountRole, AccountStatus, DesiredState, HealthStatus, Secret, SourceName,
    SourceState,
};
use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, Database};

use crate::health::event;
use crate::place::{Place, at, name, new_source, profile};
use crate::progress::range;
use crate::quarantine::bad;

pub(crate) async fn are_added_and_read(place: Place) {
    let ledger = place.open().await;
    let added = ledger.add_source(new_source("b"), at(0)).await.unwrap();
    assert_eq!(added.profile, profile("1201"));
    assert_eq!(
        (added.desired, added.declared, added.has_token),
        (DesiredState::Running, false, true)
    );
    assert_eq!((added.revision, added.restart_generation), (1, 0));
    assert_eq!((added.created_at, added.updated_at), (at(0), at(0)));
    ledger.add_source(new_source("Ä"), at(1)).await.unwrap();
    ledger.add_source(new_source("a"), at(1)).await.unwrap();

    let taken = ledger.add_source(new_source("b"), at(2)).await;
    assert!(matches!(taken, Err(LedgerError::SourceExists(taken)) if taken == name("b")));

    ledger.close().await;
    let ledger = place.open().await;
    assert_eq!(ledger.source(&name("b")).await.unwrap(), Some(added));
    assert_eq!(ledger.source(&name("c")).await.unwrap(), None);
    let names: Vec<_> = ledger
        .sources()
        .await
        .unwrap()
        .into_iter()
        .map(|source| source.name.to_string())
        .collect();
    assert_eq!(names, ["a", "b", "Ä"]);

    let status = ledger.status(&name("b")).await.unwrap().unwrap();
    assert_eq!(
        (status.state, status.since, status.status),
        (SourceState::Pending, at(0), HealthStatus::Healthy)
    );
    assert_eq!(ledger.status(&name("c")).await.unwrap(), None);
    assert_eq!(ledger.statuses().await.unwrap().len(), 3);
    assert_eq!(
        ledger.statuses().await.unwrap().get(&name("b")),
        Some(&status)
    );
}

pub(crate) async fn are_changed(place: Place) {
    let (ledger, source) = place.open_with_source().await;
    let change = SourceChange {
        profile: Some(profile("1202")),
        ..SourceChange::default()
    };
    let changed = ledger
        .update_source(&source, change.clone(), Some(1), at(1))
        .await
        .unwrap();
    assert_eq!(
        (
            changed.profile.clone(),
            changed.revision,
            changed.updated_at
        ),
        (profile("1202"), 2, at(1))
    );

    // What is so already, and where a source is declared, is no new revision.
    assert_eq!(
        ledger
            .update_source(&source, change, None, at(2))
            .await
            .unwrap(),
        changed
    );
    let same_token = SourceChange {
        token: new_source("asana").token,
        ..SourceChange::default()
    };
    assert_eq!(
        ledger
            .update_source(&source, same_token, None, at(2))
            .await
            .unwrap(),
        changed
    );
    let declared = SourceChange {
        declared: Some(true),
        ..SourceChange::default()
    };
    let declared = ledger
        .update_source(&source, declared, None, at(3))
        .await
        .unwrap();
    assert_eq!(
        (declared.declared, declared.revision, declared.updated_at),
        (true, 2, at(3))
    );
}

pub(crate) async fn are_changed_by_one_at_a_time(place: Place) {
    let (ledger, source) = place.open_with_source().await;
    let paused = SourceChange {
        desired: Some(DesiredState::Paused),
        ..SourceChange::default()
    };
    let paused = ledger
        .update_source(&source, paused, Some(1), at(1))
        .await
        .unwrap();
    assert_eq!((paused.desired, paused.revision), (DesiredState::Paused, 2));

    let running = SourceChange {
        desired: Some(DesiredState::Running),
        ..SourceChange::default()
    };
    let conflict = ledger
        .update_source(&source, running.clone(), Some(1), at(2))
        .await
        .unwrap_err();
    assert!(
        matches!(
            conflict,
            LedgerError::RevisionConflict {
                expected: 1,
                actual: 2,
                ..
            }
        ),
        "{conflict}"
    );
    assert_eq!(ledger.source(&source).await.unwrap().unwrap(), paused);
    let running = ledger
        .update_source(&source, running, Some(2), at(3))
        .await
        .unwrap();
    assert_eq!(running.revision, 3);

    let unknown = ledger
        .update_source(&name("nobody"), SourceChange::default(), None, at(4))
        .await;
    assert!(matches!(unknown, Err(LedgerError::NoSuchSource(_))));
}

pub(crate) async fn keep_their_token_sealed(place: Place) {
    let (ledger, source) = place.open_with_source().await;
    assert_eq!(
        ledger.token(&source).await.unwrap(),
        new_source("asana").token
    );
    let change = SourceChange {
        token: Some(Secret::new("another")),
        ..SourceChange::default()
    };
    assert_eq!(
        ledger
            .update_source(&source, change, None, at(1))
            .await
            .unwrap()
            .revision,
        2
    );
    assert_eq!(
        ledger.token(&source).await.unwrap(),
        Some(Secret::new("another"))
    );

    let without = NewSource {
        token: None,
        ..new_source("files")
    };
    assert!(!ledger.add_source(without, at(2)).await.unwrap().has_token);
    assert_eq!(ledger.token(&name("files")).await.unwrap(), None);
    assert_eq!(ledger.token(&name("nobody")).await.unwrap(), None);
}

pub(crate) async fn come_all_or_none(place: Place) {
    let (ledger, _) = place.open_with_source().await;
    let taken = ledger
        .add_sources(vec![new_source("one"), new_source("asana")], at(1))
        .await
        .unwrap_err();
    assert!(matches!(taken, LedgerError::SourceExists(_)));
    assert_eq!(ledger.source(&name("one")).await.unwrap(), None);
    let added = ledger.add_sources(vec![new_source("one"), new_source("two")], at(1));
    assert_eq!(added.await.unwrap().len(), 2);
}

pub(crate) async fn restart(place: Place) {
    let (ledger, source) = place.open_with_source().await;
    let restarted = ledger.request_restart(&source, at(1)).await.unwrap();
    assert_eq!(
        (
            restarted.restart_generation,
            restarted.revision,
            restarted.updated_at
        ),
        (1, 1, at(1))
    );
    assert_eq!(
        ledger
            .request_restart(&source, at(2))
            .await
            .unwrap()
            .restart_generation,
        2
    );
    assert!(matches!(
        ledger.request_restart(&name("nobody"), at(2)).await,
        Err(LedgerError::NoSuchSource(_))
    ));
}

/// Something of every kind that a source can have.
async fn fill(ledger: &Ledger, source: &SourceName) -> (Lease, AccountSync) {
    let lifetime = TimeDelta::seconds(60);
    let lease = ledger
        .acquire_lease(source, "node", lifetime, at(0))
        .await
        .unwrap()
        .unwrap();
    ledger
        .record_health(&event(source.as_str(), at(1)))
        .await
        .unwrap();
    ledger.plan_backfill(&lease, &[range(0, 10)]).await.unwrap();
    let advance = Advance {
        covered: vec![range(0, 5)],
        quarantined: vec![bad("{")],
        ..Advance::default()
    };
    ledger.advance(&lease, advance, at(2)).await.unwrap();
    let account = Account {
        user_gid: "1".to_owned(),
        name: None,
        email: None,
        role: AccountRole::Guest,
        status: AccountStatus::Unknown,
        joined_at: None,
    };
    let sync = ledger.begin_account_sync(source, at(3)).await.unwrap();
    ledger
        .store_accounts(&sync, std::slice::from_ref(&account))
        .await
        .unwrap();
    ledger.finish_account_sync(sync, at(3)).await.unwrap();
    let sync = ledger.begin_account_sync(source, at(4)).await.unwrap();
    ledger.store_accounts(&sync, &[account]).await.unwrap();
    (lease, sync)
}

pub(crate) async fn are_deleted_with_everything(place: Place) {
    let (ledger, source) = place.open_with_source().await;
    let (lease, sync) = fill(&ledger, &source).await;
    ledger.delete_source(&source).await.unwrap();

    let gone =
        |error: LedgerError| assert!(matches!(error, LedgerError::NoSuchSource(_)), "{error}");
    gone(ledger.delete_source(&source).await.unwrap_err());
    gone(ledger.progress(&source).await.unwrap_err());
    gone(ledger.finish_account_sync(sync, at(5)).await.unwrap_err());
    gone(
        ledger
            .advance(&lease, Advance::default(), at(5))
            .await
            .unwrap_err(),
    );
    ledger.close().await;

    let database = Database::connect(&place.url).await.unwrap();
    for table in [
        "sources",
        "source_status",
        "health_events",
        "leases",
        "progress",
        "windows",
        "coverage",
        "quarantine",
        "quarantine_raw",
        "accounts",
        "account_syncs",
    ] {
        let rows = Query::select()
            .expr(Expr::col(Asterisk).count())
            .from(table)
            .take();
        let rows: i64 = database
            .query_one(&rows)
            .await
            .unwrap()
            .unwrap()
            .try_get_by_index(0)
            .unwrap();
        assert_eq!(rows, 0, "{table}");
    }
    database.close().await.unwrap();
}

pub(crate) async fn begin_anew_after_deletion(place: Place) {
    let (ledger, source) = place.open_with_source().await;
    fill(&ledger, &source).await;
    let fresh = ledger
        .add_source(new_source("fresh"), at(5))
        .await
        .unwrap()
        .name;
    ledger.delete_source(&source).await.unwrap();
    ledger
        .add_source(
            NewSource {
                token: None,
                ..new_source("asana")
            },
            at(5),
        )
        .await
        .unwrap();
    assert_eq!(ledger.token(&source).await.unwrap(), None);
    assert_eq!(ledger.lease_holder(&source).await.unwrap(), None);
    assert_eq!(ledger.last_account_sync(&source).await.unwrap(), None);
    assert_eq!(
        ledger.progress(&source).await.unwrap(),
        ledger.progress(&fresh).await.unwrap()
    );
    assert_eq!(
        ledger.status(&source).await.unwrap(),
        ledger.status(&fresh).await.unwrap()
    );
    assert!(ledger.token(&fresh).await.unwrap().is_some());
}

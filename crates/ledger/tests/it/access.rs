use chrono::TimeDelta;
use drishti_ledger::{
    AccountFilter, AlertFilter, HealthFilter, Ledger, LedgerError, NewOperator, OperatorChange,
    SESSIONS_MAX, SessionSpan,
};
use drishti_model::{AccountRole, Role, Secret, SourceScope};
use serde_json::json;

use crate::accounts::account;
use crate::health;
use crate::place::{Place, at, name, new_source};
use crate::policies::trail;
use crate::stand::{Stand, detected};

pub(crate) const SPAN: SessionSpan = SessionSpan {
    idle: TimeDelta::hours(12),
    longest: TimeDelta::days(7),
};

pub(crate) fn operator(name: &str, role: Role) -> NewOperator {
    NewOperator {
        name: name.to_owned(),
        display_name: format!("{name}\0 of security"),
        role,
        scope: SourceScope::All,
        password_hash: hash_of(name),
    }
}

pub(crate) fn hash_of(name: &str) -> Secret {
    Secret::new(format!("hash of {name}"))
}

pub(crate) fn only(names: &[&str]) -> SourceScope {
    SourceScope::of(Some(names.iter().map(|text| name(text))))
}

pub(crate) async fn with_operators(place: &Place, operators: &[(&str, Role)]) -> Ledger {
    let ledger = place.open().await;
    for (name, role) in operators {
        let new = operator(name, *role);
        ledger.add_operator(&new, "setup", at(0)).await.unwrap();
    }
    ledger
}

async fn change(ledger: &Ledger, name: &str, change: OperatorChange) -> Result<i64, LedgerError> {
    let changed = ledger.change_operator(name, change, None, "root", at(5));
    changed.await.map(|operator| operator.revision)
}

fn role(role: Role) -> OperatorChange {
    OperatorChange {
        role: Some(role),
        ..OperatorChange::default()
    }
}

fn enabled(enabled: bool) -> OperatorChange {
    OperatorChange {
        enabled: Some(enabled),
        ..OperatorChange::default()
    }
}

pub(crate) async fn operators_are_added_changed_and_removed(place: Place) {
    let ledger = with_operators(&place, &[("root", Role::Admin), ("mara", Role::Viewer)]).await;
    let same = operator("mara", Role::Admin);
    let again = ledger.add_operator(&same, "root", at(1));
    assert_eq!(
        again.await.unwrap_err().to_string(),
        "adding operator `mara`: there is one of this name"
    );
    let mara = ledger.operator("mara").await.unwrap().unwrap();
    assert_eq!(mara.display_name, "mara\u{fffd} of security");
    assert_eq!(
        (mara.role, mara.enabled, mara.revision),
        (Role::Viewer, true, 1)
    );
    let narrowed = OperatorChange {
        scope: Some(only(&["acme", "other"])),
        role: Some(Role::Analyst),
        ..OperatorChange::default()
    };
    let changed = ledger.change_operator("mara", narrowed.clone(), Some(1), "root", at(2));
    let changed = changed.await.unwrap();
    assert_eq!(
        (changed.scope, changed.revision),
        (only(&["acme", "other"]), 2)
    );
    // What is already so is no change.
    let same = ledger.change_operator("mara", narrowed, Some(2), "root", at(3));
    assert_eq!(same.await.unwrap().updated_at, at(2));
    let stale = ledger.change_operator("mara", enabled(false), Some(1), "root", at(4));
    assert!(matches!(
        stale.await.unwrap_err(),
        LedgerError::RevisionConflict {
            expected: 1,
            actual: 2,
            ..
        }
    ));
    let stale = ledger.remove_operator("mara", Some(1), "root", at(4)).await;
    assert!(matches!(
        stale.unwrap_err(),
        LedgerError::RevisionConflict { .. }
    ));
    let names: Vec<String> = ledger
        .operators()
        .await
        .unwrap()
        .into_iter()
        .map(|one| one.name)
        .collect();
    assert_eq!(names, ["mara", "root"]);
    ledger
        .remove_operator("mara", Some(2), "root", at(6))
        .await
        .unwrap();
    assert_eq!(ledger.operator("mara").await.unwrap(), None);
    let gone = ledger.remove_operator("mara", None, "root", at(7)).await;
    assert!(matches!(gone.unwrap_err(), LedgerError::NoSuchOperator(name) if name == "mara"));
}

pub(crate) async fn operators_are_told_in_the_trail(place: Place) {
    let ledger = with_operators(&place, &[("root", Role::Admin), ("mara", Role::Viewer)]).await;
    let narrowed = OperatorChange {
        scope: Some(only(&["acme", "other"])),
        role: Some(Role::Analyst),
        ..OperatorChange::default()
    };
    for _ in 0..2 {
        change(&ledger, "mara", narrowed.clone()).await.unwrap();
    }
    let removed = ledger.remove_operator("mara", None, "root", at(6)).await;
    removed.unwrap();
    let told = trail(&ledger).await;
    let actions: Vec<_> = told
        .iter()
        .map(|(action, subject, ..)| (action.as_str(), subject.as_str()))
        .collect();
    let expected = [
        ("added", "operator root"),
        ("added", "operator mara"),
        ("changed", "operator mara"),
        ("removed", "operator mara"),
    ];
    assert_eq!(actions, expected);
    let after = told[2].3.as_ref().unwrap();
    assert_eq!(
        (&after["role"], &after["sources"]),
        (&json!("analyst"), &json!(["acme", "other"]))
    );
}

pub(crate) async fn the_last_admin_stays(place: Place) {
    let ledger = with_operators(
        &place,
        &[
            ("root", Role::Admin),
            ("second", Role::Admin),
            ("mara", Role::Viewer),
        ],
    )
    .await;
    change(&ledger, "second", enabled(false)).await.unwrap();
    let of_some = OperatorChange {
        scope: Some(only(&["acme"])),
        ..OperatorChange::default()
    };
    for refused in [
        change(&ledger, "root", role(Role::Viewer)).await.err(),
        change(&ledger, "root", enabled(false)).await.err(),
        change(&ledger, "root", of_some.clone()).await.err(),
        ledger
            .remove_operator("root", None, "root", at(6))
            .await
            .err(),
    ] {
        let refused = refused.unwrap();
        assert!(
            matches!(&refused, LedgerError::LastAdmin(name) if name == "root"),
            "{refused}"
        );
    }
    change(&ledger, "second", enabled(true)).await.unwrap();
    change(&ledger, "root", of_some).await.unwrap();
    assert!(
        change(&ledger, "second", role(Role::Auditor))
            .await
            .is_err()
    );
    // Of two that go at the same moment one stays.
    change(
        &ledger,
        "root",
        OperatorChange {
            scope: Some(SourceScope::All),
            ..OperatorChange::default()
        },
    )
    .await
    .unwrap();
    let (one, other) = tokio::join!(
        ledger.remove_operator("root", None, "x", at(7)),
        ledger.remove_operator("second", None, "x", at(7)),
    );
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
}

pub(crate) async fn secrets_of_operators_are_kept(place: Place) {
    let ledger = with_operators(&place, &[("mara", Role::Admin), ("ben", Role::Viewer)]).await;
    let secret = Secret::new("JBSWY3DPEHPK3PXP");
    let another = Secret::new("KRSXG5CTMVRXEZLU");
    for offered in [&another, &secret] {
        assert!(ledger.offer_totp("mara", offered, at(1)).await.unwrap());
    }
    let secrets = ledger.operator_secrets("mara").await.unwrap().unwrap();
    assert_eq!(
        (secrets.totp, secrets.totp_offered),
        (None, Some(secret.clone()))
    );
    let confirm = async |secret: &Secret, step| {
        let confirmed = ledger.confirm_totp("mara", (secret, step), "mara", at(2));
        confirmed.await.unwrap()
    };
    // A code of what was offered before proves nothing.
    assert!(!confirm(&another, 7).await);
    assert!(confirm(&secret, 7).await);
    assert!(ledger.operator("mara").await.unwrap().unwrap().has_totp);
    let secrets = ledger.operator_secrets("mara").await.unwrap().unwrap();
    assert_eq!(
        (&secrets.totp, &secrets.totp_offered),
        (&Some(secret), &None)
    );
    assert_eq!(secrets.password_hash.expose(), "hash of mara");
    assert!(!confirm(secrets.totp.as_ref().unwrap(), 8).await);
    assert!(!ledger.offer_totp("mara", &another, at(2)).await.unwrap());
    for (step, is_new) in [
        (6, false),
        (7, false),
        (8, true),
        (8, false),
        (7, false),
        (10, true),
    ] {
        assert_eq!(
            ledger.take_totp_step("mara", step).await.unwrap(),
            is_new,
            "{step}"
        );
    }
    // What is sealed for one opens for no other.
    place
        .execute("update operators set sealed_totp = (select sealed_totp from operators where name = 'mara') where name = 'ben'")
        .await;
    let moved = ledger.operator_secrets("ben").await.unwrap_err();
    assert!(matches!(moved, LedgerError::Unsealable { .. }));
    let another = Secret::new("another hash");
    ledger
        .set_operator_password("mara", &another, false, "mara", at(3))
        .await
        .unwrap();
    assert!(ledger.operator("mara").await.unwrap().unwrap().has_totp);
    ledger.remove_totp("mara", "mara", at(4)).await.unwrap();
    ledger.remove_totp("mara", "mara", at(5)).await.unwrap();
    ledger
        .set_operator_password("ben", &another, true, "mara", at(6))
        .await
        .unwrap();
    assert!(!ledger.operator("ben").await.unwrap().unwrap().has_totp);
    let told = trail(&ledger).await.into_iter().skip(2);
    let actions: Vec<_> = told.map(|(action, ..)| action).collect();
    let expected = [
        "second factor added",
        "password changed",
        "second factor removed",
        "password changed",
        "second factor removed",
    ];
    assert_eq!(actions, expected);
}

pub(crate) async fn sessions_last_their_time(place: Place) {
    let ledger = with_operators(&place, &[("mara", Role::Viewer)]).await;
    let begun = ledger
        .begin_session("one", ("mara", &hash_of("mara")), SPAN, at(0))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (begun.operator.name.as_str(), begun.seen_at),
        ("mara", at(0))
    );
    assert_eq!(begun.operator.signed_in_at, Some(at(0)));
    let lives = async |seconds: i64| {
        let session = ledger.session("one", SPAN, at(seconds)).await.unwrap();
        session.is_some()
    };
    let idle = SPAN.idle.num_seconds();
    assert!(lives(idle - 1).await);
    assert!(!lives(idle).await);
    let mut seen = 0;
    while seen + idle < SPAN.longest.num_seconds() {
        seen += idle - 1;
        ledger.touch_session("one", at(seen)).await.unwrap();
    }
    assert!(lives(SPAN.longest.num_seconds() - 1).await);
    assert!(!lives(SPAN.longest.num_seconds()).await);
    assert_eq!(ledger.session("none", SPAN, at(0)).await.unwrap(), None);
    ledger.end_session("one", "mara", at(9)).await.unwrap();
    ledger.end_session("one", "mara", at(9)).await.unwrap();
    assert!(!lives(10).await);
    let told = trail(&ledger).await.into_iter().skip(1);
    let actions: Vec<_> = told.map(|(action, ..)| action).collect();
    assert_eq!(actions, ["signed in", "signed out"]);
}

pub(crate) async fn sessions_end_with_what_they_rest_on(place: Place) {
    let ledger = with_operators(&place, &[("root", Role::Admin), ("mara", Role::Viewer)]).await;
    let renamed = OperatorChange {
        display_name: Some("Mara".to_owned()),
        ..OperatorChange::default()
    };
    let narrowed = OperatorChange {
        scope: Some(only(&["acme"])),
        ..OperatorChange::default()
    };
    for (number, (change, stays)) in [
        (Some(renamed), true),
        (Some(role(Role::Analyst)), false),
        (Some(narrowed), false),
        (Some(enabled(false)), false),
        (Some(enabled(true)), false),
        (None, false),
    ]
    .into_iter()
    .enumerate()
    {
        for (digest, who) in [("hers", "mara"), ("his", "root")] {
            ledger.end_session(digest, who, at(1)).await.unwrap();
            ledger
                .begin_session(digest, (who, &hash_of(who)), SPAN, at(1))
                .await
                .unwrap();
        }
        if let Some(change) = change {
            let changed = ledger.change_operator("mara", change, None, "root", at(2));
            changed.await.unwrap();
        } else {
            let hash = Secret::new("another");
            let changed = ledger.set_operator_password("mara", &hash, false, "root", at(2));
            changed.await.unwrap();
        }
        // Who may not sign in has no session, whenever it began.
        let hers = ledger.session("hers", SPAN, at(3)).await.unwrap();
        assert_eq!(hers.is_some(), stays, "{number}");
        assert!(ledger.session("his", SPAN, at(3)).await.unwrap().is_some());
    }
    ledger
        .begin_session("last", ("mara", &Secret::new("another")), SPAN, at(4))
        .await
        .unwrap()
        .unwrap();
    ledger
        .remove_operator("mara", None, "root", at(5))
        .await
        .unwrap();
    assert_eq!(ledger.session("last", SPAN, at(6)).await.unwrap(), None);
    let nobody = ledger
        .begin_session("no", ("mara", &hash_of("mara")), SPAN, at(6))
        .await
        .unwrap_err();
    assert!(matches!(nobody, LedgerError::NoSuchOperator(_)));
}

pub(crate) async fn sessions_rest_on_what_was_shown(place: Place) {
    let ledger = with_operators(&place, &[("mara", Role::Viewer)]).await;
    let old = hash_of("mara");
    let new = Secret::new("another");
    let changed = ledger.set_operator_password("mara", &new, false, "mara", at(1));
    changed.await.unwrap();
    // The old password was checked before it was changed, and comes too late.
    let begins = async |hash: &Secret| {
        let begun = ledger
            .begin_session("one", ("mara", hash), SPAN, at(2))
            .await;
        begun.unwrap().is_some()
    };
    assert!(!begins(&old).await);
    assert_eq!(ledger.session("one", SPAN, at(2)).await.unwrap(), None);
    assert!(begins(&new).await);
    let newest = Secret::new("newest");
    let exchange = async |shown: &Secret, hash: &Secret| {
        let exchanged = ledger.exchange_operator_password("mara", shown, hash, at(2));
        exchanged.await.unwrap()
    };
    assert!(!exchange(&old, &newest).await);
    assert!(exchange(&new, &newest).await);
    assert!(exchange(&newest, &new).await);
    assert!(begins(&new).await);
    ledger.end_session("one", "mara", at(2)).await.unwrap();
    change(&ledger, "mara", enabled(false)).await.unwrap();
    assert!(!begins(&new).await);
}

pub(crate) async fn sessions_are_bounded(place: Place) {
    let ledger = with_operators(&place, &[("mara", Role::Viewer)]).await;
    let count = i64::try_from(SESSIONS_MAX).unwrap();
    for number in 0..=count {
        let digest = number.to_string();
        let hash = hash_of("mara");
        let begun = ledger.begin_session(&digest, ("mara", &hash), SPAN, at(number));
        begun.await.unwrap().unwrap();
    }
    for (number, lives) in [(0, false), (1, true), (count, true)] {
        let session = ledger.session(&number.to_string(), SPAN, at(count)).await;
        assert_eq!(session.unwrap().is_some(), lives, "{number}");
    }
}

pub(crate) async fn lists_are_narrowed_to_a_scope(place: Place) {
    let mut stand = Stand::open(&place).await;
    stand.settle(vec![detected("a", &[1])]).await;
    let ledger = &stand.ledger;
    ledger.add_source(new_source("other"), at(0)).await.unwrap();
    let told = health::event(stand.source.as_str(), at(1));
    ledger.record_health(&told).await.unwrap();
    let sync = ledger
        .begin_account_sync(&stand.source, at(1))
        .await
        .unwrap();
    let seen = [account("1", AccountRole::Member)];
    ledger.store_accounts(&sync, &seen).await.unwrap();
    let own = stand.source.as_str();
    for (scope, sees) in [
        (SourceScope::All, true),
        (only(&[own]), true),
        (only(&[own, "other"]), true),
        (only(&["other"]), false),
        (only(&[]), false),
    ] {
        let alerts = AlertFilter {
            scope: scope.clone(),
            limit: 9,
            ..AlertFilter::default()
        };
        assert_eq!(
            ledger.alerts(&alerts).await.unwrap().len(),
            usize::from(sees),
            "{scope:?}"
        );
        let counted = ledger.alert_counts(&alerts).await.unwrap();
        assert_eq!(counted.policies.len(), usize::from(sees), "{scope:?}");
        let health = HealthFilter {
            scope: scope.clone(),
            limit: 9,
            ..HealthFilter::default()
        };
        let health = ledger.health_events(health).await.unwrap();
        assert_eq!(health.len(), usize::from(sees), "{scope:?}");
        let accounts = AccountFilter {
            scope: scope.clone(),
            limit: 9,
            ..AccountFilter::default()
        };
        let accounts = ledger.accounts(accounts).await.unwrap();
        assert_eq!(accounts.len(), usize::from(sees), "{scope:?}");
    }
}

use drishti_ledger::{
    AUDIT_JSON_BYTES_MAX, AuditEntry, AuditFilter, JSON_BYTES_MAX, LedgerError,
    POLICY_SETTINGS_MAX, PolicyOverrides, PolicyPause, REASON_CHARS_MAX, ROWS_MAX,
};
use drishti_model::Severity;
use serde_json::{Value, json};

use crate::place::{Place, at};

const POLICY: &str = "asana.saml_made_optional";

fn overrides() -> PolicyOverrides {
    PolicyOverrides {
        mode: Some("record".to_owned()),
        scope: Some(r#"{"exclude":{"groups":["on call"]}}"#.to_owned()),
        parameters: Some(r#"{"sensitivity":"high"}"#.to_owned()),
        severity: Some(Severity::Critical),
        daily_cap: Some(20),
    }
}

/// The trail: action, subject, before, after; the oldest first.
pub(crate) async fn trail(
    ledger: &drishti_ledger::Ledger,
) -> Vec<(String, String, Option<Value>, Option<Value>)> {
    let all = AuditFilter {
        limit: u64::MAX,
        ..AuditFilter::default()
    };
    let parsed = |text: Option<String>| text.map(|text| serde_json::from_str(&text).unwrap());
    let entries = ledger.audit(&all).await.unwrap();
    let told = |stored: drishti_ledger::StoredAuditEntry| {
        let entry = stored.entry;
        (
            entry.action,
            format!("{} {}", entry.subject_kind, entry.subject),
            parsed(entry.before),
            parsed(entry.after),
        )
    };
    entries.into_iter().rev().map(told).collect()
}

pub(crate) async fn are_set_and_told_in_the_trail(place: Place) {
    let ledger = place.open().await;
    assert_eq!(ledger.policy_settings(POLICY).await.unwrap(), None);
    let set = ledger
        .set_policy_overrides(POLICY, &overrides(), Some(0), "ada", at(1))
        .await
        .unwrap();
    assert_eq!((set.revision, set.updated_by.as_str()), (1, "ada"));
    assert_eq!(
        (set.overrides.clone(), set.updated_at),
        (overrides(), at(1))
    );
    assert_eq!(
        ledger.policy_settings(POLICY).await.unwrap(),
        Some(set.clone())
    );
    // What is so already is no change.
    let same = ledger
        .set_policy_overrides(POLICY, &overrides(), None, "ben", at(2))
        .await;
    assert_eq!(same.unwrap(), set);
    let louder = PolicyOverrides {
        daily_cap: None,
        ..overrides()
    };
    let conflict = ledger.set_policy_overrides(POLICY, &louder, Some(0), "ben", at(2));
    assert_eq!(
        conflict.await.unwrap_err().to_string(),
        "changing policy `asana.saml_made_optional`: it has revision 1, not 0"
    );
    let changed = ledger.set_policy_overrides(POLICY, &louder, Some(1), "ben", at(3));
    assert_eq!(changed.await.unwrap().revision, 2);
    let told = |cap: Option<u64>, paused: Option<&str>| {
        json!({
            "mode": "record",
            "scope": {"exclude": {"groups": ["on call"]}},
            "parameters": {"sensitivity": "high"},
            "severity": "critical",
            "daily_cap": cap,
            "paused": paused,
        })
    };
    let subject = || format!("policy {POLICY}");
    let expected = [
        (
            "changed".to_owned(),
            subject(),
            None,
            Some(told(Some(20), None)),
        ),
        (
            "changed".to_owned(),
            subject(),
            Some(told(Some(20), None)),
            Some(told(None, None)),
        ),
    ];
    assert_eq!(trail(&ledger).await, expected);
}

pub(crate) async fn are_paused_and_resumed(place: Place) {
    let ledger = place.open().await;
    let paused = ledger
        .pause_policy(POLICY, "1,000 alerts an hour", at(1))
        .await;
    let pause = PolicyPause {
        since: at(1),
        why: "1,000 alerts an hour".to_owned(),
    };
    let paused = paused.unwrap();
    assert_eq!((paused.paused, paused.revision), (Some(pause.clone()), 1));
    let again = ledger.pause_policy(POLICY, "again", at(2)).await.unwrap();
    assert_eq!(again.paused, Some(pause.clone()));
    // Its settings can be changed meanwhile.
    let set = ledger
        .set_policy_overrides(POLICY, &overrides(), None, "ada", at(3))
        .await;
    assert_eq!(set.unwrap().paused, Some(pause));
    for _ in 0..2 {
        let resumed = ledger.resume_policy(POLICY, "ada", at(4)).await.unwrap();
        assert_eq!(
            (resumed.paused, resumed.resumed_at, resumed.revision),
            (None, Some(at(4)), 3)
        );
    }
    let actions: Vec<String> = trail(&ledger)
        .await
        .into_iter()
        .map(|told| told.0)
        .collect();
    assert_eq!(actions, ["paused", "changed", "resumed"]);
    let all = ledger.all_policy_settings().await.unwrap();
    assert_eq!(all.len(), 1);
    ledger.pause_policy("another", "", at(5)).await.unwrap();
    let all = ledger.all_policy_settings().await.unwrap();
    let names: Vec<&str> = all
        .iter()
        .map(|settings| settings.policy.as_str())
        .collect();
    assert_eq!(names, ["another", POLICY]);
}

pub(crate) async fn have_bounds(place: Place) {
    let ledger = place.open().await;
    let text = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
    let longest = PolicyOverrides {
        scope: Some(text(JSON_BYTES_MAX)),
        parameters: Some(text(JSON_BYTES_MAX)),
        ..PolicyOverrides::default()
    };
    let set = ledger.set_policy_overrides(POLICY, &longest, None, "ada", at(1));
    set.await.unwrap();
    let with = |change: fn(&mut PolicyOverrides, String), given: String| {
        let mut overrides = overrides();
        change(&mut overrides, given);
        overrides
    };
    let beyond = text(JSON_BYTES_MAX + 1);
    for (overrides, problem) in [
        (
            with(
                |overrides, given| overrides.scope = Some(given),
                beyond.clone(),
            ),
            "the scope has 65537 bytes, more than 65536",
        ),
        (
            with(
                |overrides, given| overrides.parameters = Some(given),
                beyond,
            ),
            "the parameters has 65537 bytes, more than 65536",
        ),
        (
            with(
                |overrides, given| overrides.scope = Some(given),
                "{".to_owned(),
            ),
            "the scope is no JSON: EOF while parsing an object at line 1 column 1",
        ),
        (
            with(
                |overrides, given| overrides.mode = Some(given),
                String::new(),
            ),
            "the mode is empty",
        ),
    ] {
        let refused = ledger.set_policy_overrides("other", &overrides, None, "ada", at(1));
        let problem = format!("changing policy `other`: {problem}");
        assert_eq!(refused.await.unwrap_err().to_string(), problem);
    }
    let why = "x".repeat(REASON_CHARS_MAX + 1);
    let refused = ledger.pause_policy("other", &why, at(1)).await;
    assert!(matches!(refused, Err(LedgerError::Refused { .. })));
    assert_eq!(ledger.policy_settings("other").await.unwrap(), None);
    assert_eq!(trail(&ledger).await.len(), 1);
    let nameless = ledger.pause_policy("", "why", at(1)).await;
    assert!(matches!(nameless, Err(LedgerError::Refused { .. })));
}

pub(crate) async fn have_a_bound_in_number(place: Place) {
    let ledger = place.open().await;
    ledger.pause_policy("first", "why", at(1)).await.unwrap();
    place
        .execute(&format!(
            "insert into policy_settings (policy, revision, updated_at, updated_by) \
             with recursive numbers(number) as (select 2 union all select number + 1 from numbers where number < {POLICY_SETTINGS_MAX}) \
             select 'policy ' || number, 1, 0, 'ada' from numbers"
        ))
        .await;
    let refused = ledger.pause_policy("one more", "why", at(1)).await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        "changing policy `one more`: 10000 policies have settings, and no more can"
    );
    ledger.resume_policy("first", "ada", at(2)).await.unwrap();
}

/// Two nodes set the first settings of one policy at the same moment.
pub(crate) async fn are_changed_by_one_at_a_time(place: Place) {
    let ledger = place.open().await;
    let mut nodes = Vec::new();
    for number in 0..6_u64 {
        let ledger = place.open().await;
        nodes.push(tokio::spawn(async move {
            let overrides = PolicyOverrides {
                daily_cap: Some(number),
                ..PolicyOverrides::default()
            };
            let set = ledger.set_policy_overrides(POLICY, &overrides, Some(0), "ada", at(1));
            let outcome = set.await;
            ledger.close().await;
            outcome
        }));
    }
    let mut winners = 0;
    for node in nodes {
        match node.await.unwrap() {
            Ok(settings) => {
                assert_eq!(settings.revision, 1);
                winners += 1;
            }
            Err(error) => assert!(
                matches!(error, LedgerError::RevisionConflict { actual: 1, .. }),
                "{error}"
            ),
        }
    }
    assert_eq!(winners, 1);
    assert_eq!(trail(&ledger).await.len(), 1);
}

fn entry(number: i64) -> AuditEntry {
    AuditEntry {
        at: at(number),
        author: if number % 2 == 0 { "ada" } else { "ben" }.to_owned(),
        action: "signed in".to_owned(),
        subject_kind: "account".to_owned(),
        subject: (number % 3).to_string(),
        before: None,
        after: Some(number.to_string()),
    }
}

pub(crate) async fn leave_a_trail_that_can_be_read(place: Place) {
    let ledger = place.open().await;
    for number in 0..7 {
        ledger.record_audit(&entry(number)).await.unwrap();
    }
    let all = || AuditFilter {
        limit: u64::MAX,
        ..AuditFilter::default()
    };
    let read = async |filter: AuditFilter| {
        let entries = ledger.audit(&filter).await.unwrap();
        entries
            .into_iter()
            .map(|stored| stored.entry)
            .collect::<Vec<_>>()
    };
    assert!(read(all()).await.into_iter().eq((0..7).rev().map(entry)));
    let some = |text: &str| Some(text.to_owned());
    for (filter, expected) in [
        (
            AuditFilter {
                subject: some("1"),
                ..all()
            },
            vec![4, 1],
        ),
        (
            AuditFilter {
                author: some("ben"),
                ..all()
            },
            vec![5, 3, 1],
        ),
        (
            AuditFilter {
                subject_kind: some("policy"),
                ..all()
            },
            vec![],
        ),
        (
            AuditFilter {
                subject_kind: some("account"),
                limit: 2,
                ..all()
            },
            vec![6, 5],
        ),
    ] {
        let entries: Vec<AuditEntry> = expected.into_iter().map(entry).collect();
        assert_eq!(read(filter.clone()).await, entries, "{filter:?}");
    }
    let third = ledger
        .audit(&AuditFilter { limit: 3, ..all() })
        .await
        .unwrap();
    let before_id = third.last().map(|stored| stored.id);
    let rest = read(AuditFilter { before_id, ..all() }).await;
    assert!(rest.into_iter().eq((0..4).rev().map(entry)));
}

pub(crate) async fn leave_a_trail_with_bounds(place: Place) {
    let ledger = place.open().await;
    let text = |length: usize| Some(format!("\"{}\"", "x".repeat(length - 2)));
    let longest = AuditEntry {
        before: text(AUDIT_JSON_BYTES_MAX),
        ..entry(7)
    };
    ledger.record_audit(&longest).await.unwrap();
    let beyond = AuditEntry {
        before: text(AUDIT_JSON_BYTES_MAX + 1),
        ..entry(8)
    };
    let refused = ledger.record_audit(&beyond).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "appending to the audit trail: what was before has 1048577 bytes, more than 1048576"
    );
    assert_eq!(trail(&ledger).await.len(), 1);
}

pub(crate) async fn leave_a_trail_that_is_read_by_its_bytes(place: Place) {
    let ledger = place.open().await;
    for number in 0..50 {
        let long = AuditEntry {
            before: Some(format!("\"{}\"", "x".repeat(998))),
            ..entry(number)
        };
        ledger.record_audit(&long).await.unwrap();
    }
    let read = async |limit: u64, bytes: usize| {
        let filter = AuditFilter {
            limit,
            ..AuditFilter::default()
        };
        let (entries, has_more) = ledger.audit_within(&filter, bytes).await.unwrap();
        (entries.len(), has_more)
    };
    assert_eq!(read(100, 1 << 20).await, (50, false));
    assert_eq!(read(50, 1 << 20).await, (50, false));
    assert_eq!(read(49, 1 << 20).await, (49, true));
    assert_eq!(read(100, 1).await, (1, true));
    let (some, has_more) = read(100, 30_000).await;
    assert!((20..=30).contains(&some) && has_more, "{some}");
}

pub(crate) async fn leave_a_trail_that_is_listed_up_to_a_bound(place: Place) {
    let ledger = place.open().await;
    place
        .execute(&format!(
            "insert into audit (at, author, action, subject_kind, subject) \
             with recursive numbers(number) as (select 0 union all select number + 1 from numbers where number < {ROWS_MAX}) \
             select number, 'ada', 'changed', 'policy', 'x' from numbers"
        ))
        .await;
    let all = AuditFilter {
        limit: u64::MAX,
        ..AuditFilter::default()
    };
    assert_eq!(ledger.audit(&all).await.unwrap().len() as u64, ROWS_MAX);
}

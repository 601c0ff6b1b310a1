use std::collections::BTreeMap;

use drishti_ledger::{
    AuditFilter, LedgerError, OWN_POLICIES_MAX, OWN_POLICY_BYTES_MAX, OwnPolicy,
    POLICY_FILES_AUTHOR, PolicyOverrides,
};
use serde_json::json;

use crate::place::{Place, at};
use crate::policies::trail;

const POLICY: &str = "own.exports";

pub(crate) async fn are_written_and_told_in_the_trail(place: Place) {
    let ledger = place.open().await;
    let added = ledger.add_own_policy(POLICY, "title: é\n", "ada", at(1));
    assert_eq!(added.await.unwrap().revision, 1);
    let taken = ledger
        .add_own_policy(POLICY, "title: b", "ben", at(2))
        .await;
    assert!(matches!(taken, Err(LedgerError::PolicyExists(name)) if name == POLICY));
    let replaced = ledger.replace_own_policy(POLICY, "title: c", Some(1), "ben", at(3));
    assert_eq!(replaced.await.unwrap().revision, 2);
    // The same text is no change.
    let same = ledger.replace_own_policy(POLICY, "title: c", Some(2), "cid", at(4));
    assert_eq!(same.await.unwrap().revision, 2);
    let known = OwnPolicy {
        policy: POLICY.to_owned(),
        text: "title: c".to_owned(),
        created_at: at(1),
        created_by: "ada".to_owned(),
        updated_at: at(3),
        updated_by: "ben".to_owned(),
    };
    assert_eq!(ledger.own_policies().await.unwrap(), [known]);
    let removed = ledger.remove_own_policy(POLICY, None, "cid", at(5));
    removed.await.unwrap();
    assert_eq!(ledger.own_policies().await.unwrap(), []);
    let gone = ledger.remove_own_policy(POLICY, None, "cid", at(6)).await;
    assert!(matches!(gone, Err(LedgerError::NoSuchOwnPolicy(name)) if name == POLICY));
    let told = trail(&ledger).await;
    let subject = format!("policy {POLICY}");
    let text = |text: &str| Some(json!({ "text": text }));
    let expected = [
        ("created", None, text("title: é\n")),
        ("replaced", text("title: é\n"), text("title: c")),
        ("removed", text("title: c"), None),
    ];
    let expected =
        expected.map(|(action, before, after)| (action.to_owned(), subject.clone(), before, after));
    assert_eq!(told, expected);
}

/// What is set and what is written have one revision, which never comes back.
pub(crate) async fn have_one_revision_with_what_is_set(place: Place) {
    let ledger = place.open().await;
    let added = ledger.add_own_policy(POLICY, "title: a", "ada", at(1));
    added.await.unwrap();
    let off = PolicyOverrides {
        mode: Some("off".to_owned()),
        ..PolicyOverrides::default()
    };
    let set = ledger.set_policy_overrides(POLICY, &off, Some(1), "ada", at(2));
    assert_eq!(set.await.unwrap().revision, 2);
    for late in [
        ledger
            .replace_own_policy(POLICY, "title: b", Some(1), "ben", at(3))
            .await
            .map(drop),
        ledger
            .remove_own_policy(POLICY, Some(1), "ben", at(3))
            .await,
    ] {
        assert!(
            matches!(
                late,
                Err(LedgerError::RevisionConflict {
                    expected: 1,
                    actual: 2,
                    ..
                })
            ),
            "{late:?}"
        );
    }
    let removed = ledger.remove_own_policy(POLICY, Some(2), "ada", at(4));
    removed.await.unwrap();
    // Another one of the name does not begin with what was set about the old one.
    let anew = ledger.add_own_policy(POLICY, "title: d", "ada", at(5));
    let anew = anew.await.unwrap();
    assert_eq!(
        (anew.revision, anew.overrides),
        (4, PolicyOverrides::default())
    );
}

pub(crate) async fn have_bounds(place: Place) {
    let ledger = place.open().await;
    let longest = "x".repeat(OWN_POLICY_BYTES_MAX);
    let added = ledger.add_own_policy(POLICY, &longest, "ada", at(1));
    added.await.unwrap();
    let longer = format!("{longest}x");
    for refused in [
        ledger
            .add_own_policy("own.more", &longer, "ada", at(1))
            .await,
        ledger
            .replace_own_policy(POLICY, &longer, None, "ada", at(1))
            .await,
        ledger.add_own_policy("", "title: a", "ada", at(1)).await,
        ledger
            .add_own_policy("own.more", "title: a", "", at(1))
            .await,
    ] {
        assert!(
            matches!(refused, Err(LedgerError::Refused { .. })),
            "{refused:?}"
        );
    }
    let many = format!(
        "with recursive numbers(n) as (select 2 union all select n + 1 from numbers where n < {OWN_POLICIES_MAX}) \
         insert into own_policies select 'own.' || n, 'title: a', 1, 'ada', 1, 'ada' from numbers"
    );
    place.execute(&many).await;
    let too_many = ledger.add_own_policy("own.more", "title: a", "ada", at(1));
    assert!(matches!(too_many.await, Err(LedgerError::Refused { .. })));
}

pub(crate) async fn of_files_are_noted_once(place: Place) {
    let ledger = place.open().await;
    let texts = |texts: &[(&str, &str)]| -> BTreeMap<String, String> {
        let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        texts.iter().map(owned).collect()
    };
    let first = texts(&[("a", "title: a"), ("narrow/b.yml", "title: b")]);
    // As watchers of several sources do when they begin.
    let (one, other, third) = tokio::join!(
        ledger.note_policy_files(&first, at(1)),
        ledger.note_policy_files(&first, at(1)),
        ledger.note_policy_files(&first, at(1)),
    );
    assert_eq!(one.unwrap() + other.unwrap() + third.unwrap(), 2);
    let second = texts(&[("a", "title: c")]);
    for (texts, noted) in [(&second, 2), (&second, 0), (&first, 2)] {
        let noting = ledger.note_policy_files(texts, at(2));
        assert_eq!(noting.await.unwrap(), noted);
    }
    let by_files = AuditFilter {
        author: Some(POLICY_FILES_AUTHOR.to_owned()),
        limit: 100,
        ..AuditFilter::default()
    };
    let told = ledger.audit(&by_files).await.unwrap().into_iter();
    let mut told: Vec<_> = told.map(|told| told.entry).collect();
    told.reverse();
    let actions: Vec<(&str, &str)> = told
        .iter()
        .map(|told| (told.subject.as_str(), told.action.as_str()))
        .collect();
    assert_eq!(
        actions,
        [
            ("a", "created"),
            ("narrow/b.yml", "created"),
            ("a", "replaced"),
            ("narrow/b.yml", "removed"),
            ("a", "replaced"),
            ("narrow/b.yml", "created"),
        ]
    );
    let before: serde_json::Value = serde_json::from_str(told[2].before.as_ref().unwrap()).unwrap();
    assert_eq!(before, json!({ "text": "title: a" }));
}

use drishti_ledger::{
    ALERT_COMMENT_CHARS_MAX, ALERT_HISTORY_MAX, ALERTS_AT_ONCE_MAX, AlertAction, AlertChange,
    AlertState, Classification, LedgerError, NAME_CHARS_MAX, Triage,
};

use serde_json::json;

use crate::place::{Place, at};
use crate::policies::trail;
use crate::stand::{Stand, detected, resolved, triage};

fn comment(text: &str) -> AlertChange {
    AlertChange {
        comment: Some(text.to_owned()),
        ..AlertChange::default()
    }
}

pub(crate) async fn is_told_in_the_history(place: Place) {
    let mut stand = Stand::open(&place).await;
    stand.settle(vec![detected("a", &[1])]).await;
    let all_at_once = AlertChange {
        triage: Some(resolved(Classification::FalsePositive, "a test")),
        assignee: Some(Some("ben".to_owned())),
        comment: Some("see ticket 7".to_owned()),
    };
    let alert = stand.change("a", all_at_once.clone()).await;
    assert_eq!(alert.revision, 2);
    assert_eq!(alert.assignee.as_deref(), Some("ben"));
    assert_eq!(alert, stand.alert("a").await);
    // What is so already is no change, but for the comment.
    let again = stand.change("a", all_at_once).await;
    assert_eq!(again.revision, 2);
    stand.change("a", triage(Triage::New)).await;
    let unassigned = AlertChange {
        assignee: Some(None),
        ..AlertChange::default()
    };
    let alert = stand.change("a", unassigned).await;
    assert_eq!(
        (alert.triage.state(), alert.assignee, alert.revision),
        (AlertState::New, None, 4)
    );
    let history = stand.ledger.alert_history("a").await.unwrap();
    assert!(history.is_sorted_by(|newer, older| newer.id > older.id));
    assert!(history.iter().all(|entry| entry.author == "ada"));
    assert!(history.iter().all(|entry| entry.at == at(5_000)));
    let told: Vec<_> = history
        .iter()
        .rev()
        .map(|entry| {
            (
                entry.action,
                entry.before.as_deref(),
                entry.after.as_deref(),
                entry.comment.as_deref(),
            )
        })
        .collect();
    let false_positive = "resolved as false_positive";
    let expected = [
        (
            AlertAction::State,
            Some("new"),
            Some(false_positive),
            Some("a test"),
        ),
        (AlertAction::Assignee, None, Some("ben"), None),
        (AlertAction::Comment, None, None, Some("see ticket 7")),
        (AlertAction::Comment, None, None, Some("see ticket 7")),
        (AlertAction::State, Some(false_positive), Some("new"), None),
        (AlertAction::Assignee, Some("ben"), None, None),
    ];
    assert_eq!(told, expected);
    assert!(stand.ledger.alert_history("b").await.unwrap().is_empty());
    let told = trail(&stand.ledger).await;
    let actions: Vec<_> = told
        .iter()
        .map(|(action, subject, ..)| (action.as_str(), subject.as_str()))
        .collect();
    let of_a = ["changed", "commented", "changed", "changed"].map(|action| (action, "alert a"));
    assert_eq!(actions, of_a);
    let resolved = json!({"state": false_positive, "assignee": "ben"});
    assert_eq!(told[0].3, Some(resolved));
}

pub(crate) async fn is_done_by_one_at_a_time(place: Place) {
    let mut stand = Stand::open(&place).await;
    stand.settle(vec![detected("a", &[1])]).await;
    let ledger = &stand.ledger;
    let in_review = triage(Triage::InReview);
    let first = ledger.change_alert("a", &in_review, Some(1), "ada", at(1));
    assert_eq!(first.await.unwrap().revision, 2);
    let resolve = triage(resolved(Classification::Benign, "mine"));
    let late = ledger.change_alert("a", &resolve, Some(1), "ben", at(2));
    let late = late.await.unwrap_err();
    assert!(
        matches!(
            late,
            LedgerError::RevisionConflict {
                expected: 1,
                actual: 2,
                ..
            }
        ),
        "{late}"
    );
    assert_eq!(
        late.to_string(),
        "changing alert `a`: it has revision 2, not 1"
    );
    assert_eq!(stand.alert("a").await.triage, Triage::InReview);
    let missing = ledger.change_alert("b", &resolve, None, "ben", at(2)).await;
    assert!(matches!(missing, Err(LedgerError::NoSuchAlert(id)) if id == "b"));

    // That it grows meanwhile is no conflict.
    stand.settle(vec![detected("a", &[1, 2])]).await;
    let ledger = &stand.ledger;
    let changed = ledger.change_alert("a", &resolve, Some(2), "ben", at(3));
    assert_eq!(changed.await.unwrap().resolved_match_count, Some(2));
}

pub(crate) async fn is_done_to_many(place: Place) {
    let mut stand = Stand::open(&place).await;
    let ids = ["a", "b", "c"];
    stand
        .settle(ids.map(|id| detected(id, &[1])).to_vec())
        .await;
    stand.change("b", triage(Triage::InReview)).await;
    let alerts = [
        ("c", Some(1)),
        ("b", Some(1)),
        ("missing", None),
        ("a", None),
    ]
    .map(|(id, revision)| (id.to_owned(), revision));
    let change = AlertChange {
        comment: Some("all the same".to_owned()),
        ..triage(resolved(Classification::TruePositive, "the intruder"))
    };
    let outcomes = stand
        .ledger
        .change_alerts(&alerts, &change, "ada", at(7))
        .await
        .unwrap();
    let [c, b, missing, a] = &outcomes[..] else {
        panic!("{outcomes:?}")
    };
    for (outcome, id) in [(c, "c"), (a, "a")] {
        let alert = outcome.as_ref().unwrap();
        assert_eq!((alert.id.as_str(), alert.revision), (id, 2));
        assert_eq!(*alert, stand.alert(id).await);
        assert_eq!(stand.ledger.alert_history(id).await.unwrap().len(), 2);
    }
    assert!(matches!(b, Err(LedgerError::RevisionConflict { .. })));
    assert!(matches!(missing, Err(LedgerError::NoSuchAlert(_))));
    assert_eq!(stand.alert("b").await.triage, Triage::InReview);
    let nothing = stand.ledger.change_alerts(&[], &change, "ada", at(8)).await;
    assert!(nothing.unwrap().is_empty());

    let too_many = vec![("a".to_owned(), None); ALERTS_AT_ONCE_MAX + 1];
    let refused = stand
        .ledger
        .change_alerts(&too_many, &change, "ada", at(8))
        .await
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!("changing 1001 alerts: they are more than {ALERTS_AT_ONCE_MAX}")
    );
}

pub(crate) async fn has_bounds(place: Place) {
    let mut stand = Stand::open(&place).await;
    stand.settle(vec![detected("a", &[1])]).await;
    let longest = "ü".repeat(ALERT_COMMENT_CHARS_MAX);
    let longest_name = "ü".repeat(NAME_CHARS_MAX);
    let assign = |name: &str| AlertChange {
        assignee: Some(Some(name.to_owned())),
        ..AlertChange::default()
    };
    let reason = |reason: &str| triage(resolved(Classification::Benign, reason));
    let within = [comment(&longest), reason(&longest), assign(&longest_name)];
    for change in &within {
        let kept = stand
            .ledger
            .change_alert("a", change, None, &longest_name, at(1));
        kept.await.unwrap();
    }
    let beyond = format!("{longest}x");
    let beyond_name = format!("{longest_name}x");
    for (change, author, problem) in [
        (
            comment(&beyond),
            "ada",
            "the comment has 10001 characters, more than 10000",
        ),
        (
            reason(&beyond),
            "ada",
            "the reason has 10001 characters, more than 10000",
        ),
        (
            assign(&beyond_name),
            "ada",
            "the assignee has 201 characters, more than 200",
        ),
        (assign(""), "ada", "the assignee is empty"),
        (
            comment("x"),
            beyond_name.as_str(),
            "the author has 201 characters, more than 200",
        ),
        (comment("x"), "", "the author is empty"),
    ] {
        let refused = stand.ledger.change_alert("a", &change, None, author, at(1));
        let refused = refused.await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!("changing alert `a`: {problem}")
        );
    }
}

pub(crate) async fn has_an_end(place: Place) {
    let mut stand = Stand::open(&place).await;
    stand.settle(vec![detected("a", &[1])]).await;
    stand.resolve("a").await;
    let known = stand.ledger.alert_history("a").await.unwrap().len() as u64;
    let mut left = ALERT_HISTORY_MAX - known;
    while left > 0 {
        let some = usize::try_from(left).unwrap().min(ALERTS_AT_ONCE_MAX);
        let alerts = vec![("a".to_owned(), None); some];
        let change = comment("x");
        let outcomes = stand.ledger.change_alerts(&alerts, &change, "ada", at(2));
        assert!(outcomes.await.unwrap().iter().all(Result::is_ok));
        left -= some as u64;
    }
    let reopened = triage(Triage::New);
    let full = stand
        .ledger
        .change_alert("a", &reopened, None, "ada", at(3));
    assert_eq!(
        full.await.unwrap_err().to_string(),
        "changing alert `a`: its history has 1000 entries, and no room for more"
    );
    // Detection still tells what it does.
    let saved = stand.settle(vec![detected("a", &[1, 2])]).await;
    assert_eq!(saved.alerts.reopened, ["a"]);
    let history = stand.ledger.alert_history("a").await.unwrap();
    assert_eq!(history.len() as u64, ALERT_HISTORY_MAX + 1);
}

/// People and detection work on the same alerts at the same time, each with connections of their own.
pub(crate) async fn goes_with_detection(place: Place) {
    const STEPS: i64 = 20;
    let ids = ["a", "b", "c", "d"];
    let mut stand = Stand::open(&place).await;
    stand
        .settle(ids.map(|id| detected(id, &[1])).to_vec())
        .await;
    let mut people = Vec::new();
    for person in ["ada", "ben"] {
        let ledger = place.open().await;
        people.push(tokio::spawn(async move {
            let mut order = ids;
            if person == "ben" {
                order.reverse();
            }
            let alerts = order.map(|id| (id.to_owned(), None));
            for number in 0..STEPS {
                let change = comment(&format!("{person} {number}"));
                let outcomes = ledger.change_alerts(&alerts, &change, person, at(number));
                assert!(outcomes.await.unwrap().iter().all(Result::is_ok));
            }
            ledger.close().await;
        }));
    }
    for step in 1..=STEPS {
        let seconds: Vec<i64> = (0..=step).collect();
        stand
            .settle(ids.map(|id| detected(id, &seconds)).to_vec())
            .await;
    }
    for person in people {
        person.await.unwrap();
    }
    for id in ids {
        assert_eq!(stand.alert(id).await.match_count, STEPS.unsigned_abs() + 1);
        let history = stand.ledger.alert_history(id).await.unwrap();
        assert_eq!(i64::try_from(history.len()), Ok(2 * STEPS));
    }
}

pub(crate) async fn is_summed_up_by_policy(place: Place) {
    let mut stand = Stand::open(&place).await;
    let quiet = drishti_ledger::DetectedAlert {
        capped: true,
        ..detected("d", &[4])
    };
    stand
        .settle(vec![
            detected("a", &[1]),
            detected("b", &[2]),
            detected("c", &[3]),
            quiet,
        ])
        .await;
    stand
        .change("a", triage(resolved(Classification::Benign, "known")))
        .await;
    stand
        .change("b", triage(resolved(Classification::Benign, "known")))
        .await;
    let policy = stand.alert("a").await.policy;
    let since = at(1);
    let verdicts = stand.ledger.verdicts(since).await.unwrap();
    assert_eq!(verdicts.len(), 1);
    assert_eq!(verdicts[&policy].open, 1);
    let resolved = [(Classification::Benign, 2)].into();
    assert_eq!(verdicts[&policy].resolved, resolved);
    let later = since + chrono::TimeDelta::days(400);
    assert!(stand.ledger.verdicts(later).await.unwrap().is_empty());
}

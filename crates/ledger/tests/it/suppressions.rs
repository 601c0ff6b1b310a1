use chrono::{DateTime, TimeDelta, Utc};
use drishti_ledger::{
    DetectionStep, LedgerError, NewSuppression, SUPPRESSION_DAYS_MAX, SUPPRESSIONS_MAX,
    SuppressionHits,
};
use serde_json::json;

use crate::place::{Place, at};
use crate::policies::trail;
use crate::stand::Stand;

fn until(ends_at: DateTime<Utc>) -> NewSuppression {
    NewSuppression {
        policy: Some("anomaly.impossible_travel".to_owned()),
        conditions: r#"{"ip.asn":64500}"#.to_owned(),
        reason: "the new office".to_owned(),
        ends_at,
    }
}

pub(crate) async fn hold_until_their_end(place: Place) {
    let ledger = place.open().await;
    let first = ledger.add_suppression(&until(at(100)), "ada", at(1)).await;
    let first = first.unwrap();
    assert_eq!(
        (first.created_by.as_str(), first.created_at),
        ("ada", at(1))
    );
    assert_eq!(
        (first.ends_at, first.matches, first.last_at),
        (at(100), 0, None)
    );
    let of_all = NewSuppression {
        policy: None,
        ..until(at(50))
    };
    let second = ledger.add_suppression(&of_all, "ben", at(2)).await.unwrap();
    assert!(second.id > first.id);
    let held = async |second: i64| {
        let held = ledger.suppressions(Some(at(second))).await.unwrap();
        held.into_iter().map(|held| held.id).collect::<Vec<_>>()
    };
    assert!(held(0).await.is_empty());
    assert_eq!(held(1).await, [first.id]);
    assert_eq!(held(49).await, [second.id, first.id]);
    assert_eq!(held(50).await, [first.id]);
    assert!(held(100).await.is_empty());
    assert_eq!(
        ledger.suppressions(None).await.unwrap(),
        [second.clone(), first.clone()]
    );

    let longer = ledger
        .end_suppression(second.id, at(200), "ada", at(60))
        .await;
    assert_eq!(longer.unwrap().ends_at, at(200));
    let ended = ledger.end_suppression(first.id, at(0), "ada", at(70)).await;
    assert_eq!(ended.unwrap().ends_at, at(70));
    // What is over is not ended again.
    let again = ledger
        .end_suppression(first.id, at(90), "ada", at(90))
        .await;
    assert_eq!(again.unwrap().ends_at, at(70));
    assert_eq!(held(80).await, [second.id]);
    let missing = ledger
        .end_suppression(99, at(0), "ada", at(90))
        .await
        .unwrap_err();
    assert!(matches!(missing, LedgerError::NoSuchSuppression(99)));
    assert_eq!(
        missing.to_string(),
        "finding suppression 99: there is none with this id"
    );
}

pub(crate) async fn are_told_in_the_trail(place: Place) {
    let ledger = place.open().await;
    let first = ledger.add_suppression(&until(at(100)), "ada", at(1)).await;
    let first = first.unwrap();
    let second = ledger.add_suppression(&until(at(50)), "ben", at(2)).await;
    let second = second.unwrap();
    for (id, ends_at) in [(second.id, at(200)), (first.id, at(0)), (first.id, at(0))] {
        let ended = ledger.end_suppression(id, ends_at, "ada", at(70)).await;
        ended.unwrap();
    }
    let told = trail(&ledger).await;
    let actions: Vec<_> = told
        .iter()
        .map(|(action, subject, ..)| (action.as_str(), subject.clone()))
        .collect();
    let (one, two) = (
        format!("suppression {}", first.id),
        format!("suppression {}", second.id),
    );
    let expected = [
        ("added", one.clone()),
        ("added", two.clone()),
        ("changed", two),
        ("changed", one),
    ];
    assert_eq!(actions, expected);
    let (_, _, before, after) = &told[3];
    let as_told = |ends_at: DateTime<Utc>| {
        json!({
            "policy": "anomaly.impossible_travel",
            "conditions": {"ip.asn": 64500},
            "reason": "the new office",
            "ends_at": ends_at,
        })
    };
    assert_eq!(*before, Some(as_told(at(100))));
    assert_eq!(*after, Some(as_told(at(70))));
}

pub(crate) async fn count_what_they_keep_quiet(place: Place) {
    let mut stand = Stand::open(&place).await;
    let kept = stand
        .ledger
        .add_suppression(&until(at(100)), "ada", at(1))
        .await;
    let id = kept.unwrap().id;
    let hits = |suppression, matches, second| SuppressionHits {
        suppression,
        matches,
        last_at: at(second),
    };
    for suppressed in [
        vec![hits(id, 2, 5), hits(id, 1, 4), hits(id + 1, 7, 9)],
        vec![hits(id, 3, 8)],
    ] {
        let step = DetectionStep {
            suppressed,
            ..DetectionStep::default()
        };
        stand.save(step).await;
    }
    let known = stand.ledger.suppressions(None).await.unwrap();
    assert_eq!((known[0].matches, known[0].last_at), (6, Some(at(8))));
    let ended = stand.ledger.end_suppression(id, at(0), "ada", at(10)).await;
    assert_eq!(ended.unwrap().matches, 6);
}

pub(crate) async fn have_bounds(place: Place) {
    let ledger = place.open().await;
    let latest = at(0) + TimeDelta::days(SUPPRESSION_DAYS_MAX);
    let longest = ledger.add_suppression(&until(latest), "ada", at(0)).await;
    let longest = longest.unwrap();
    for ends_at in [at(-1), at(0), latest + TimeDelta::microseconds(1)] {
        let refused = ledger.add_suppression(&until(ends_at), "ada", at(0)).await;
        assert_eq!(
            refused.unwrap_err().to_string(),
            "adding a suppression: it must end within the next 366 days"
        );
    }
    let too_late = latest + TimeDelta::seconds(2);
    let refused = ledger
        .end_suppression(longest.id, too_late, "ada", at(1))
        .await;
    assert!(matches!(refused, Err(LedgerError::Refused { .. })));
    let no_json = NewSuppression {
        conditions: "x".to_owned(),
        ..until(at(9))
    };
    let refused = ledger.add_suppression(&no_json, "ada", at(0)).await;
    assert!(matches!(refused, Err(LedgerError::Refused { .. })));

    place
        .execute(&format!(
            "insert into suppressions (conditions, reason, created_by, created_at, ends_at) \
             with recursive numbers(number) as (select 2 union all select number + 1 from numbers where number < {SUPPRESSIONS_MAX}) \
             select '{{}}', '', 'ada', 0, {} from numbers",
            at(10).timestamp_micros()
        ))
        .await;
    let refused = ledger.add_suppression(&until(at(100)), "ada", at(9)).await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        "adding a suppression: 10000 suppressions hold, and no more can"
    );
    ledger
        .add_suppression(&until(at(100)), "ada", at(10))
        .await
        .unwrap();
}

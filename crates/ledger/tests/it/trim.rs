use chrono::TimeDelta;
use drishti_ledger::{
    DetectionStep, KeptDays, NewSuppression, PolicyCount, RiskCause, RiskEvent, Signal,
    SignalFilter, Trimmed,
};

use crate::place::{Place, at};
use crate::stand::{Stand, detected};

const DAY: i64 = 86_400;

/// A time on the day before an age, and one on the day after it, counted back from day 0.
fn around(days: i64) -> [i64; 2] {
    [-(days + 1) * DAY, -(days - 1) * DAY]
}

/// By each age, something older and something younger.
fn old_and_young(kept: KeptDays) -> DetectionStep {
    let alert = detected("template", &[1]);
    let signals = around(kept.signals).map(|second| Signal {
        id: second.to_string(),
        policy: alert.policy.clone(),
        severity: alert.severity,
        title: String::new(),
        entity: alert.entity.clone(),
        at: at(second),
        gids: Vec::new(),
        seen: "an export".to_owned(),
    });
    let risk = around(kept.risk).map(|second| RiskEvent {
        person: "ada".to_owned(),
        person_name: None,
        at: at(second),
        points: 1,
        cause: RiskCause::Signal(second.to_string()),
        why: String::new(),
    });
    let counts = around(kept.policy_counts).map(|second| PolicyCount {
        policy: alert.policy.clone(),
        day: at(second).date_naive(),
        matches: 1,
        alerts: 0,
        suppressed: 0,
        capped: 0,
        not_evaluable: 0,
    });
    let [old, young] = around(kept.alerts.unwrap());
    DetectionStep {
        alerts: vec![
            detected("old", &[old]),
            detected("old and open", &[old]),
            detected("young", &[young]),
        ],
        signals: signals.to_vec(),
        risk: risk.to_vec(),
        counts: counts.to_vec(),
        ..DetectionStep::default()
    }
}

pub(crate) async fn takes_what_is_old(place: Place) {
    let kept = KeptDays::default();
    let mut stand = Stand::open(&place).await;
    stand.save(old_and_young(kept)).await;
    stand.resolve("old").await;
    stand.resolve("young").await;
    for second in around(kept.suppressions) {
        let new = NewSuppression {
            policy: None,
            conditions: "{}".to_owned(),
            reason: String::new(),
            ends_at: at(second),
        };
        let added = stand.ledger.add_suppression(&new, "ada", at(second - 1));
        added.await.unwrap();
    }
    let one_of_each = Trimmed {
        alerts: 1,
        signals: 1,
        risk: 1,
        policy_counts: 1,
        suppressions: 1,
    };
    let trimmed = stand.ledger.trim_detection(kept, at(0)).await.unwrap();
    assert_eq!(trimmed, one_of_each);
    let trimmed = stand.ledger.trim_detection(kept, at(0)).await.unwrap();
    assert_eq!(trimmed, Trimmed::default());
    assert_eq!(stand.ids().await, ["old and open", "young"]);
    assert!(stand.ledger.alert_history("old").await.unwrap().is_empty());
    let signals = SignalFilter {
        limit: 9,
        ..SignalFilter::default()
    };
    assert_eq!(stand.ledger.signals(&signals).await.unwrap().len(), 1);
    let since = (at(0) - TimeDelta::days(1_000)).date_naive();
    let counts = stand.ledger.policy_counts(None, None, since).await.unwrap();
    assert_eq!(counts.len(), 1);
    assert_eq!(stand.ledger.suppressions(None).await.unwrap().len(), 1);
}

pub(crate) async fn takes_thousands_of_alerts(place: Place) {
    const ALERTS: usize = 1_200;
    let mut stand = Stand::open(&place).await;
    let ids: Vec<String> = (0..ALERTS).map(|number| number.to_string()).collect();
    stand
        .settle(ids.iter().map(|id| detected(id, &[1])).collect())
        .await;
    for id in ids.chunks(600) {
        let alerts: Vec<_> = id.iter().map(|id| (id.clone(), None)).collect();
        let change = crate::stand::triage(crate::stand::resolved(
            drishti_ledger::Classification::Benign,
            "",
        ));
        let outcomes = stand.ledger.change_alerts(&alerts, &change, "ada", at(2));
        assert!(outcomes.await.unwrap().iter().all(Result::is_ok));
    }
    let kept = KeptDays {
        alerts: Some(1),
        ..KeptDays::default()
    };
    let trimmed = stand
        .ledger
        .trim_detection(kept, at(3 * DAY))
        .await
        .unwrap();
    assert_eq!(trimmed.alerts, ALERTS as u64);
    assert!(stand.ids().await.is_empty());
}

use chrono::TimeDelta;
use drishti_ledger::{AlertState, Look};
use drishti_model::{HealthEvent, HealthSeverity, HealthStatus, SourceState};

use crate::place::{Place, at};
use crate::stand::{Stand, detected};

const MANY: u64 = 100;

async fn look(stand: &Stand, since: i64) -> Look {
    stand.ledger.look(at(since), MANY, MANY).await.unwrap()
}

pub(crate) async fn are_seen_by_a_look(place: Place) {
    let mut stand = Stand::open(&place).await;
    let before = look(&stand, 0).await;
    assert_eq!(before.sources[&stand.source].events_stored, 0);
    assert_eq!((before.alerts.len(), before.health.len()), (0, 0));

    stand.settle(vec![detected("a", &[1, 2])]).await;
    let raised = look(&stand, 0).await;
    assert_ne!(raised.evaluations, before.evaluations);
    let [alert] = &raised.alerts[..] else {
        panic!("{raised:?}")
    };
    assert_eq!((alert.id.as_str(), alert.revision), ("a", 1));
    assert_eq!(alert.created_at, alert.updated_at);
    // A look after its change does not see it; one at the very time does.
    let changed_at = alert.updated_at;
    let after = changed_at + TimeDelta::microseconds(1);
    assert_eq!(look_from(&stand, after).await, 0);
    assert_eq!(look_from(&stand, changed_at).await, 1);

    stand.resolve("a").await;
    let resolved = look(&stand, 0).await;
    assert_eq!(resolved.alerts[0].state, AlertState::Resolved);
    assert!(resolved.alerts[0].updated_at > changed_at);
    assert_eq!(resolved.evaluations, raised.evaluations);

    let event = HealthEvent {
        source: stand.source.clone(),
        at: at(9),
        state: SourceState::Error,
        status: HealthStatus::Unhealthy,
        severity: HealthSeverity::Error,
        kind: None,
        name: "AsanaUnavailable".to_owned(),
        reason: "it does not answer".to_owned(),
        advice: String::new(),
    };
    stand.ledger.record_health(&event).await.unwrap();
    let broken = look(&stand, 0).await;
    assert_eq!(broken.sources[&stand.source].state, SourceState::Error);
    assert_eq!(broken.health[0].name, "AsanaUnavailable");
    assert_eq!(look(&stand, 0).await, broken);
}

async fn look_from(stand: &Stand, since: chrono::DateTime<chrono::Utc>) -> usize {
    let look = stand.ledger.look(since, MANY, MANY).await;
    look.unwrap().alerts.len()
}

pub(crate) async fn are_seen_up_to_a_bound(place: Place) {
    let mut stand = Stand::open(&place).await;
    stand
        .settle((0..5).map(|id| detected(&id.to_string(), &[1])).collect())
        .await;
    let look = stand.ledger.look(at(0), 3, MANY).await.unwrap();
    assert_eq!(look.alerts.len(), 3);
    let totals = stand.ledger.alert_totals().await.unwrap();
    assert_eq!(totals, [(stand.source.clone(), 5)].into());
    stand.preview(vec![detected("x", &[2])]).await;
    let totals = stand.ledger.alert_totals().await.unwrap();
    assert_eq!(totals[&stand.source], 6);
    stand.preview(Vec::new()).await;
    let totals = stand.ledger.alert_totals().await.unwrap();
    assert_eq!(totals[&stand.source], 5);
}

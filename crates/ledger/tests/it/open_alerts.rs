use drishti_ledger::{AlertEntity, Classification, DetectedAlert, OpenAlerts};
use drishti_model::{Severity, SourceScope};

use crate::place::{Place, name};
use crate::stand::{Stand, detected, resolved, triage};

fn about(id: &str, who: &str, severity: Severity) -> DetectedAlert {
    DetectedAlert {
        severity,
        entity: AlertEntity {
            kind: "person".to_owned(),
            id: who.to_owned(),
            name: None,
        },
        ..detected(id, &[1])
    }
}

pub(crate) async fn are_counted_by_whom_they_are_about(place: Place) {
    let mut stand = Stand::open(&place).await;
    let suppressed = DetectedAlert {
        suppressed_by: Some(1),
        ..about("quiet", "7", Severity::Critical)
    };
    stand
        .settle(vec![
            about("a", "7", Severity::Low),
            about("b", "7", Severity::High),
            about("c", "8", Severity::Medium),
            about("d", "9", Severity::Critical),
            suppressed,
        ])
        .await;
    stand
        .change("d", triage(resolved(Classification::Benign, "known")))
        .await;
    let ledger = &stand.ledger;
    let of = |alerts, worst| OpenAlerts { alerts, worst };
    let all = ledger.open_alerts(None, &SourceScope::All, None).await;
    let expected = [
        ("7".to_owned(), of(2, Severity::High)),
        ("8".to_owned(), of(1, Severity::Medium)),
    ];
    assert_eq!(all.unwrap(), expected.clone().into());
    let two: Vec<String> = ["7", "9"].map(str::to_owned).into();
    let source = Some(&stand.source);
    let some = ledger.open_alerts(source, &SourceScope::All, Some(&two));
    assert_eq!(some.await.unwrap(), [expected[0].clone()].into());
    let other = name("other");
    let none = ledger.open_alerts(Some(&other), &SourceScope::All, None);
    assert!(none.await.unwrap().is_empty());
    let scope = SourceScope::of(Some([other]));
    assert!(
        ledger
            .open_alerts(None, &scope, None)
            .await
            .unwrap()
            .is_empty()
    );
}

use chrono::TimeDelta;
use drishti_ledger::{
    Classification, DetectionStep, PersonRisk, Preview, RISK_ADDENDS_MAX, RISK_DAYS, RiskCause,
    RiskEvent,
};
use drishti_model::SourceScope;

use crate::place::{Place, at, name};
use crate::stand::{Stand, detected, resolved, triage};

fn risk(person: &str, second: i64, points: i64, cause: RiskCause) -> RiskEvent {
    RiskEvent {
        person: person.to_owned(),
        person_name: Some(format!("{person}@example.com")),
        at: at(second),
        points,
        cause,
        why: format!("{points} points"),
    }
}

fn alert(id: &str) -> RiskCause {
    RiskCause::Alert(id.to_owned())
}

fn signal(id: &str) -> RiskCause {
    RiskCause::Signal(id.to_owned())
}

fn of(risk: Vec<RiskEvent>) -> DetectionStep {
    DetectionStep {
        risk,
        ..DetectionStep::default()
    }
}

async fn sums(stand: &Stand, second: i64) -> Vec<(String, i64, u64)> {
    let risks = stand
        .ledger
        .risks(None, &SourceScope::All, 10, at(second))
        .await
        .unwrap();
    risks
        .into_iter()
        .map(|risk| (risk.person, risk.points, risk.causes))
        .collect()
}

fn sum(person: &str, points: i64, causes: u64) -> (String, i64, u64) {
    (person.to_owned(), points, causes)
}

pub(crate) async fn adds_up_over_seven_days(place: Place) {
    let mut stand = Stand::open(&place).await;
    let day = 86_400;
    stand
        .save(of(vec![
            risk("ada", 0, 30, alert("1")),
            risk("ada", day, 20, alert("2")),
            risk("ada", day, 5, signal("2")),
            risk("ben", 2 * day, 50, alert("2")),
            risk("cleo", 3 * day, 1, signal("3")),
        ]))
        .await;
    let week = RISK_DAYS * day;
    assert_eq!(sums(&stand, -1).await, []);
    assert_eq!(sums(&stand, 0).await, [sum("ada", 30, 1)]);
    let all = [sum("ada", 55, 3), sum("ben", 50, 1), sum("cleo", 1, 1)];
    assert_eq!(sums(&stand, week - 1).await, all);
    let without_first = [sum("ben", 50, 1), sum("ada", 25, 2), sum("cleo", 1, 1)];
    assert_eq!(sums(&stand, week).await, without_first);
    let worst = stand
        .ledger
        .risks(None, &SourceScope::All, 1, at(week))
        .await
        .unwrap();
    assert_eq!((worst.len(), worst[0].person.as_str()), (1, "ben"));
    let elsewhere = Some(name("other"));
    let nothing = stand
        .ledger
        .risks(elsewhere.as_ref(), &SourceScope::All, 9, at(week))
        .await;
    assert_eq!(nothing.unwrap(), []);

    let (risk_of_ada, addends) = stand
        .ledger
        .risk_of("ada", Some(&stand.source), &SourceScope::All, at(week - 1))
        .await
        .unwrap();
    let expected = PersonRisk {
        person: "ada".to_owned(),
        person_name: Some("ada@example.com".to_owned()),
        points: 55,
        causes: 3,
    };
    assert_eq!(risk_of_ada, expected);
    let told: Vec<_> = addends
        .iter()
        .map(|addend| (addend.event.points, addend.counts, addend.provisional))
        .collect();
    assert_eq!(told.len(), 3);
    assert!(told.contains(&(30, true, false)) && told[2].0 == 30);
    let (nobody, addends) = stand
        .ledger
        .risk_of("dan", None, &SourceScope::All, at(0))
        .await
        .unwrap();
    assert_eq!((nobody.points, addends.len()), (0, 0));
}

pub(crate) async fn of_one_cause_counts_once(place: Place) {
    let mut stand = Stand::open(&place).await;
    stand
        .save(of(vec![
            risk("ada", 0, 30, alert("1")),
            risk("ada", 0, 31, alert("1")),
        ]))
        .await;
    stand.save(of(vec![risk("ada", 1, 40, alert("1"))])).await;
    assert_eq!(sums(&stand, 2).await, [sum("ada", 40, 1)]);
}

pub(crate) async fn of_what_was_nothing_does_not_count(place: Place) {
    let mut stand = Stand::open(&place).await;
    let ids = ["benign", "false", "true", "open"];
    let step = DetectionStep {
        alerts: ids.map(|id| detected(id, &[1])).to_vec(),
        ..of(vec![
            risk("ada", 1, 1, alert("benign")),
            risk("ada", 2, 2, alert("false")),
            risk("ada", 3, 4, alert("true")),
            risk("ada", 4, 8, alert("open")),
            // A signal that has the id of such an alert is another thing.
            risk("ada", 5, 16, signal("benign")),
        ])
    };
    stand.save(step).await;
    for (id, classification) in [
        ("benign", Classification::Benign),
        ("false", Classification::FalsePositive),
        ("true", Classification::TruePositive),
    ] {
        stand.change(id, triage(resolved(classification, ""))).await;
    }
    assert_eq!(sums(&stand, 9).await, [sum("ada", 28, 3)]);
    let (ada, addends) = stand
        .ledger
        .risk_of("ada", None, &SourceScope::All, at(9))
        .await
        .unwrap();
    assert_eq!(ada.points, 28);
    let counted: Vec<_> = addends
        .iter()
        .map(|addend| (addend.event.points, addend.counts))
        .collect();
    let expected = [(16, true), (8, true), (4, true), (2, false), (1, false)];
    assert_eq!(counted, expected);
}

pub(crate) async fn of_a_preview_is_replaced(place: Place) {
    let mut stand = Stand::open(&place).await;
    let previewed = |risk| DetectionStep {
        preview: Preview {
            risk,
            ..Preview::default()
        },
        ..of(vec![risk_of_settled()])
    };
    stand
        .save(previewed(vec![
            risk("ada", 1, 20, alert("1")),
            risk("ada", 2, 40, alert("2")),
        ]))
        .await;
    // What is there for good is not changed by a preview.
    assert_eq!(sums(&stand, 9).await, [sum("ada", 50, 2)]);
    let (_, addends) = stand
        .ledger
        .risk_of("ada", None, &SourceScope::All, at(9))
        .await
        .unwrap();
    let provisional: Vec<bool> = addends.iter().map(|addend| addend.provisional).collect();
    assert_eq!(provisional, [true, false]);
    stand
        .save(previewed(vec![risk("ben", 3, 1, alert("3"))]))
        .await;
    assert_eq!(sums(&stand, 9).await, [sum("ada", 10, 1), sum("ben", 1, 1)]);
    stand.save(of(vec![risk("ben", 3, 2, alert("3"))])).await;
    assert_eq!(sums(&stand, 9).await, [sum("ada", 10, 1), sum("ben", 2, 1)]);
}

fn risk_of_settled() -> RiskEvent {
    risk("ada", 1, 10, alert("1"))
}

pub(crate) async fn lists_addends_up_to_a_bound_and_sums_all(place: Place) {
    let mut stand = Stand::open(&place).await;
    let many = (0..=RISK_ADDENDS_MAX).map(|number| {
        let second = i64::try_from(number).unwrap();
        risk("ada", second, 1, signal(&number.to_string()))
    });
    stand.save(of(many.collect())).await;
    let now = at(0) + TimeDelta::days(1);
    let (ada, addends) = stand
        .ledger
        .risk_of("ada", None, &SourceScope::All, now)
        .await
        .unwrap();
    assert_eq!(ada.points.unsigned_abs(), RISK_ADDENDS_MAX + 1);
    assert_eq!(addends.len() as u64, RISK_ADDENDS_MAX);
    let newest = &addends[0].event;
    assert_eq!(newest.cause, signal(&RISK_ADDENDS_MAX.to_string()));
}

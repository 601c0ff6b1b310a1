use std::collections::BTreeMap;

use drishti_ledger::{
    Alert, AlertChange, AlertCursor, AlertEntity, AlertFilter, AlertOrder, AlertState, Assignee,
    Classification, DetectedAlert, ROWS_MAX, Triage,
};
use drishti_model::Severity;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::place::{Place, at, name};
use crate::stand::{Stand, detected, resolved, triage};

async fn listed(stand: &Stand, filter: AlertFilter) -> Vec<String> {
    let limit = if filter.limit == 0 { 100 } else { filter.limit };
    let filter = AlertFilter { limit, ..filter };
    let alerts = stand.ledger.alerts(&filter).await.unwrap();
    alerts.into_iter().map(|alert| alert.id).collect()
}

/// Alerts that differ in one way each, on two sources; the newest has the greatest letter.
async fn variety(place: &Place) -> Stand {
    let mut stand = Stand::open(place).await;
    let entity = AlertEntity {
        kind: "address".to_owned(),
        id: "203.0.113.7".to_owned(),
        name: None,
    };
    stand
        .settle(vec![
            detected("a", &[1, 2]),
            DetectedAlert {
                severity: Severity::High,
                policy: "anomaly.impossible_travel".to_owned(),
                ..detected("b", &[3])
            },
            DetectedAlert {
                entity,
                title: "100%_sure \\ GRÖSSE".to_owned(),
                ..detected("c", &[4])
            },
            DetectedAlert {
                suppressed_by: Some(1),
                ..detected("d", &[5])
            },
            DetectedAlert {
                capped: true,
                severity: Severity::Informational,
                ..detected("e", &[6])
            },
        ])
        .await;
    stand.resolve("a").await;
    let assigned = AlertChange {
        triage: Some(Triage::InReview),
        assignee: Some(Some("ben".to_owned())),
        comment: None,
    };
    stand.change("b", assigned).await;
    let mut elsewhere = Stand::on(&stand.ledger, "other").await;
    elsewhere.preview(vec![detected("f", &[7])]).await;
    stand
}

type Narrow = fn(&mut AlertFilter);

pub(crate) async fn are_narrowed(place: Place) {
    let stand = variety(&place).await;
    let cases: [(&str, Narrow); 22] = [
        ("fedcba", |_| {}),
        ("ba", |of| {
            of.states = vec![AlertState::Resolved, AlertState::InReview];
        }),
        ("fdcba", |of| of.severity_min = Some(Severity::Medium)),
        ("", |of| of.severity_min = Some(Severity::Critical)),
        ("b", |of| {
            of.policies = vec!["anomaly.impossible_travel".to_owned()];
        }),
        ("f", |of| of.source = Some(name("other"))),
        ("c", |of| of.entity_id = Some("203.0.113.7".to_owned())),
        ("fedcba", |of| {
            of.policies = ["anomaly.impossible_travel", "asana.saml_made_optional"]
                .map(str::to_owned)
                .into();
        }),
        ("", |of| of.policies = vec!["' or 1=1".to_owned()]),
        ("eb", |of| {
            of.severities = vec![Severity::Informational, Severity::High];
        }),
        ("b", |of| {
            of.assignees = vec![Assignee::Somebody("ben".to_owned())];
        }),
        ("fedca", |of| of.assignees = vec![Assignee::Nobody]),
        ("fedcba", |of| {
            let ben = Assignee::Somebody("ben".to_owned());
            of.assignees = vec![Assignee::Nobody, ben];
        }),
        ("a", |of| of.event_gid = Some("2".to_owned())),
        ("f", |of| of.event_gid = Some("7".to_owned())),
        ("", |of| of.event_gid = Some("%".to_owned())),
        ("ba", |of| {
            (of.since, of.until) = (Some(at(2)), Some(at(4)));
        }),
        ("d", |of| of.suppressed = Some(true)),
        ("fcba", |of| {
            (of.suppressed, of.capped) = (Some(false), Some(false));
        }),
        ("f", |of| of.provisional = Some(true)),
        ("", |of| of.withdrawn = Some(true)),
        ("bfdcae", |of| of.order = AlertOrder::Worst),
    ];
    for (expected, narrow) in cases {
        let mut filter = AlertFilter::default();
        narrow(&mut filter);
        let ids = listed(&stand, filter.clone()).await.concat();
        assert_eq!(ids, expected, "{filter:?}");
    }
}

pub(crate) async fn are_searched(place: Place) {
    let stand = variety(&place).await;
    for (needle, expected) in [
        ("ada MADE", "fedba"),
        ("0%_s", "c"),
        ("%", "c"),
        ("_sure", "c"),
        ("\\ g", "c"),
        ("größe", ""),
        ("GRÖSSE", "c"),
        ("impossible_travel", "b"),
        ("113.7", "c"),
        ("ada", "fedba"),
        ("'; drop table alerts; --", ""),
        ("", "fedcba"),
    ] {
        let filter = AlertFilter {
            text: Some(needle.to_owned()),
            ..AlertFilter::default()
        };
        assert_eq!(listed(&stand, filter).await.concat(), expected, "{needle}");
    }
}

pub(crate) async fn are_counted(place: Place) {
    let stand = variety(&place).await;
    let counts = stand.ledger.alert_counts(&AlertFilter::default()).await;
    let counts = counts.unwrap();
    let states = [
        (AlertState::New, 4),
        (AlertState::InReview, 1),
        (AlertState::Resolved, 1),
    ];
    assert_eq!(counts.states, states.into());
    let severities = [
        (Severity::Informational, 1),
        (Severity::Medium, 4),
        (Severity::High, 1),
    ];
    assert_eq!(counts.severities, severities.into());
    let policies: BTreeMap<String, u64> = [
        ("anomaly.impossible_travel".to_owned(), 1),
        ("asana.saml_made_optional".to_owned(), 5),
    ]
    .into();
    assert_eq!(counts.policies, policies);
    assert_eq!(
        counts.policy_titles["asana.saml_made_optional"],
        "SAML sign-in made optional"
    );
    let assignees = [
        (Assignee::Nobody, 5),
        (Assignee::Somebody("ben".to_owned()), 1),
    ];
    assert_eq!(counts.assignees, assignees.into());
    assert_eq!(
        counts.days,
        [(at(0).date_naive(), severities.into())].into()
    );
    let filter = AlertFilter {
        states: vec![AlertState::New],
        source: Some(name("asana")),
        limit: 1,
        ..AlertFilter::default()
    };
    let counts = stand.ledger.alert_counts(&filter).await.unwrap();
    assert_eq!(counts.states, [(AlertState::New, 3)].into());

    let mut stand = stand;
    stand.sequence = 1;
    let day = 86_400;
    let later = [detected("g", &[day]), detected("h", &[3 * day, 4 * day])];
    stand.settle(later.to_vec()).await;
    let counts = stand.ledger.alert_counts(&AlertFilter::default()).await;
    let days: Vec<_> = [(0, 6), (1, 1), (3, 1)]
        .map(|(days, alerts)| (at(days * day).date_naive(), alerts))
        .into();
    let sums = counts.unwrap().days.into_iter();
    let sums = sums.map(|(day, counts)| (day, counts.values().sum()));
    assert_eq!(sums.collect::<Vec<(_, u64)>>(), days);
}

pub(crate) async fn page_through_all_while_others_come(place: Place) {
    const CASES: usize = 6;
    let mut runner = TestRunner::deterministic();
    let mut stand = Stand::open(&place).await;
    let severity = || prop::sample::select(Severity::ALL.to_vec());
    let some = |count| prop::collection::vec((severity(), 0_i64..20), count);
    let cases = (some(1..40), some(20..21), 1_u64..7);
    let mut number = 0;
    let mut alert = |severity, second| {
        number += 1;
        DetectedAlert {
            severity,
            ..detected(&format!("{number:05}"), &[second])
        }
    };
    for case in 0..CASES {
        let (first, others, limit) = cases.new_tree(&mut runner).unwrap().current();
        for order in [AlertOrder::Newest, AlertOrder::Worst] {
            let there: Vec<_> = first
                .iter()
                .map(|&(severity, second)| alert(severity, second))
                .collect();
            stand.settle(there).await;
            let all = AlertFilter {
                order,
                limit: u64::MAX,
                ..AlertFilter::default()
            };
            let expected = listed(&stand, all.clone()).await;
            let mut others = others.iter();
            let (mut seen, mut after): (Vec<Alert>, Option<AlertCursor>) = (Vec::new(), None);
            loop {
                let page = AlertFilter {
                    limit,
                    after: after.clone(),
                    ..all.clone()
                };
                let page = stand.ledger.alerts(&page).await.unwrap();
                let Some(last) = page.last() else { break };
                after = Some(AlertCursor::at(last));
                seen.extend(page);
                if let Some(&(severity, second)) = others.next() {
                    stand.settle(vec![alert(severity, second)]).await;
                }
            }
            let seen: Vec<String> = seen.into_iter().map(|alert| alert.id).collect();
            // Those that were there come once each and in their order; others may come in between.
            let of_before: Vec<&String> = seen.iter().filter(|id| expected.contains(id)).collect();
            assert!(of_before.into_iter().eq(&expected), "case {case} {order:?}");
            let mut distinct = seen.clone();
            distinct.sort();
            distinct.dedup();
            assert_eq!(distinct.len(), seen.len(), "case {case} {order:?}");
        }
    }
}

pub(crate) async fn are_listed_up_to_a_bound(place: Place) {
    let mut stand = Stand::open(&place).await;
    let many: Vec<DetectedAlert> = (0..=ROWS_MAX)
        .map(|number| detected(&number.to_string(), &[1]))
        .collect();
    let saved = stand.settle(many).await;
    assert_eq!(saved.alerts.opened.len() as u64, ROWS_MAX + 1);
    let filter = AlertFilter {
        limit: u64::MAX,
        ..AlertFilter::default()
    };
    assert_eq!(listed(&stand, filter).await.len() as u64, ROWS_MAX);
    let counts = stand.ledger.alert_counts(&AlertFilter::default()).await;
    assert_eq!(
        counts.unwrap().states,
        [(AlertState::New, ROWS_MAX + 1)].into()
    );
}

pub(crate) async fn tell_apart_what_was_resolved_as_what(place: Place) {
    let mut stand = Stand::open(&place).await;
    let all = Classification::ALL;
    let alerts = all.map(|classification| detected(classification.as_str(), &[1]));
    stand.settle(alerts.to_vec()).await;
    for classification in all {
        let change = triage(resolved(classification, "because \0"));
        let alert = stand.change(classification.as_str(), change).await;
        let expected = resolved(classification, "because \u{fffd}");
        assert_eq!(alert.triage, expected);
        assert_eq!(stand.alert(classification.as_str()).await.triage, expected);
    }
}

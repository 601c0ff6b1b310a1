//! What must hold for any events.

use std::collections::BTreeMap;
use std::sync::Arc;

use drishti_detect::{AnomalyEngine, FINDING_EVENTS_MAX, Finding, People, Policy, PolicyKind};
use drishti_model::EnrichedEvent;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::json;

use super::pack::pack;
use super::traffic::{events, people};

/// The pack with parameters that make detectors speak early, so that findings are compared and not silence.
fn eager() -> Vec<Arc<Policy>> {
    let early = [
        ("learning_days", json!(0)),
        ("minimum", json!(3)),
        ("failures", json!(2)),
        ("spray_people", json!(3)),
        ("signs", json!(0)),
        ("idle_days", json!(7)),
        ("active_days", json!(5)),
        ("steady_days", json!(1)),
        ("new_app_takes", json!(2)),
    ];
    let make = |policy: &Arc<Policy>| {
        let mut policy = Policy::clone(policy);
        if let PolicyKind::Anomaly { parameters, .. } = &mut policy.kind {
            for (name, value) in &early {
                if let Some(given) = parameters.get_mut(*name) {
                    given.clone_from(value);
                }
            }
        }
        Arc::new(policy)
    };
    pack().policies.iter().map(make).collect()
}

fn engine(policies: &[Arc<Policy>]) -> AnomalyEngine {
    let (engine, errors) = AnomalyEngine::new(policies);
    assert!(errors.is_empty(), "{errors:?}");
    engine
}

fn evaluate(engine: &mut AnomalyEngine, events: &[EnrichedEvent], people: &People) -> Vec<Finding> {
    let mut findings = Vec::new();
    for event in events {
        engine.evaluate(event, people, &mut findings);
    }
    findings
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Batches, previews, and a restart from saved rows do not change what is found.
    #[test]
    fn findings_depend_on_the_events_alone(
        events in events(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        looks_ahead in any::<bool>(),
    ) {
        let (policies, people) = (eager(), people());
        let expected = evaluate(&mut engine(&policies), &events, &people);

        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(events.len() + 1)).collect();
        cuts.sort_unstable();
        let (mut findings, mut saved, mut start) = (Vec::new(), BTreeMap::new(), 0);
        let mut current = engine(&policies);
        for cut in cuts.into_iter().chain([events.len()]) {
            if looks_ahead {
                current.begin_preview();
                evaluate(&mut current, &events[start..], &people);
                current.end_preview();
            }
            findings.extend(evaluate(&mut current, &events[start..cut], &people));
            start = cut;
            for row in current.take_changes() {
                match row.value {
                    Some(_) => drop(saved.insert(row.key.clone(), row)),
                    None => drop(saved.remove(&row.key)),
                }
            }
            current = engine(&policies);
            let rows: Vec<_> = saved.values().cloned().collect();
            prop_assert_eq!(current.restore(&rows), Vec::<String>::new());
            prop_assert_eq!(current.take_changes(), Vec::new());
        }
        prop_assert_eq!(findings, expected);
    }

    /// Whatever is missing, a finding says whom it is about and why, and the reasons agree with it.
    #[test]
    fn findings_are_whole_and_reasons_agree(events in events()) {
        let (policies, people) = (eager(), people());
        let mut engine = engine(&policies);
        for event in &events {
            let mut findings = Vec::new();
            let rarity = engine.rarity(event);
            let verdicts: Vec<_> = policies
                .iter()
                .map(|policy| (policy, engine.explain(event, &people, policy)))
                .collect();
            engine.evaluate(event, &people, &mut findings);
            for (policy, verdict) in verdicts {
                let found = findings.iter().find(|finding| finding.policy == policy.id);
                match (found, verdict) {
                    (Some(found), drishti_detect::Verdict::Raised(explained)) => {
                        prop_assert_eq!(found, &*explained);
                    }
                    (None, drishti_detect::Verdict::Quiet(reasons)) => {
                        prop_assert!(!reasons.is_empty(), "{}", policy.id);
                        prop_assert!(reasons.iter().all(|reason| !reason.is_empty()));
                    }
                    (None, drishti_detect::Verdict::NotEvaluable(_)) => {}
                    (found, verdict) => prop_assert!(false, "{}: {found:?} {verdict:?}", policy.id),
                }
            }
            for finding in findings {
                let why = &finding.explanation;
                prop_assert!(!finding.title.is_empty() && !finding.dedup.is_empty());
                prop_assert!(!why.expected.is_empty() && !why.seen.is_empty());
                prop_assert!(!why.comparisons.is_empty() || !why.not_suppressed.is_empty());
                prop_assert_eq!(&why.rarity, &rarity);
                prop_assert!(finding.events.len() <= FINDING_EVENTS_MAX);
                prop_assert_eq!(&finding.events.last().unwrap().gid, &event.event.gid);
                let times: Vec<_> = finding.events.iter().map(|event| event.created_at).collect();
                prop_assert!(times.is_sorted(), "{times:?}");
                for number in why.comparisons.iter().flat_map(|both| [both.seen, both.limit]) {
                    prop_assert!(number.is_finite());
                }
            }
        }
    }
}

#[test]
fn made_up_traffic_makes_most_detectors_speak() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut speaking = std::collections::BTreeSet::new();
    let (policies, people) = (eager(), people());
    for _ in 0..60 {
        let events = events().new_tree(&mut runner).unwrap().current();
        for finding in evaluate(&mut engine(&policies), &events, &people) {
            speaking.insert(finding.policy.as_str().to_owned());
        }
    }
    // Otherwise the properties above say little.
    assert!(speaking.len() >= 20, "{speaking:?}");
}

#[test]
fn without_policies_nothing_is_found_but_all_is_learned() {
    let mut engine = engine(&[]);
    let event = EnrichedEvent::default();
    assert_eq!(evaluate(&mut engine, &[event], &People::default()), []);
    assert_eq!(engine.take_changes().len(), 1);
}

//! The engine round its detectors.

use std::path::PathBuf;
use std::sync::Arc;

use drishti_detect::{
    ADDRESSES_MAX, AnomalyEngine, Finding, Mode, OAUTH_APPS_MAX, PEOPLE_MAX, Pack, People, Policy,
    Scope, StateRow, VALUES_MAX,
};
use drishti_model::EnrichedEvent;

use super::traffic::time;

/// A policy with a detector and parameters, as YAML in braces.
pub(crate) fn policy(detector: &str, parameters: &str) -> Arc<Policy> {
    let text = format!(
        "title: made up\nlevel: medium\ndrishti:\n  name: anomaly.{detector}\n  detector: {detector}\n  parameters: {parameters}\n"
    );
    let pack = Pack::parse(&[(PathBuf::from("made-up.yml"), text)]);
    assert!(pack.errors.is_empty(), "{:?}", pack.errors);
    Arc::clone(&pack.policies[0])
}

pub(crate) fn engine(policies: &[Arc<Policy>]) -> AnomalyEngine {
    let (engine, errors) = AnomalyEngine::new(policies);
    assert!(errors.is_empty(), "{errors:?}");
    engine
}

/// An event of person 1 after so many seconds.
pub(crate) fn event(seconds: i64, event_type: &str) -> EnrichedEvent {
    let mut event = EnrichedEvent::default();
    event.event.gid = seconds.to_string();
    event.event.created_at = time(seconds);
    event_type.clone_into(&mut event.event.event_type);
    event.event.actor.actor_type = Some("user".to_owned());
    event.event.actor.gid = Some("1".to_owned());
    event.event.actor.email = Some("one@example.com".to_owned());
    event
}

pub(crate) fn evaluate(engine: &mut AnomalyEngine, event: &EnrichedEvent) -> Vec<Finding> {
    let mut findings = Vec::new();
    engine.evaluate(event, &People::default(), &mut findings);
    findings
}

#[test]
fn wrong_parameters_disable_their_policy_and_name_the_line() {
    let cases = [
        (
            "impossible_travel",
            "{speed_kmh: fast}",
            "`speed_kmh` is \"fast\"",
            Some(6),
        ),
        (
            "impossible_travel",
            "{speed: 900}",
            "no parameter `speed`",
            Some(6),
        ),
        (
            "password_spray",
            "{spray_people: 1}",
            "`spray_people` is 1",
            Some(6),
        ),
        (
            "mind_reading",
            "{}",
            "no detector is called `mind_reading`",
            Some(5),
        ),
    ];
    for (detector, parameters, problem, line) in cases {
        let good = policy("mass_download", "{minimum: 2, learning_days: 0}");
        let (mut engine, errors) = AnomalyEngine::new(&[policy(detector, parameters), good]);
        assert_eq!(errors.len(), 1, "{detector}");
        assert!(errors[0].problem.contains(problem), "{}", errors[0]);
        assert_eq!(errors[0].line, line, "{}", errors[0]);
        assert!(errors[0].advice.is_some());
        let found: usize = (0..5)
            .map(|second| evaluate(&mut engine, &event(second, "attachment_downloaded")).len())
            .sum();
        assert!(found > 0, "the other policy goes on");
    }
}

#[test]
fn what_is_off_or_out_of_scope_stays_quiet_but_is_learned() {
    let excluding = |people: &[&str]| {
        let mut scope = Scope::default();
        scope.exclude.people = people.iter().map(ToString::to_string).collect();
        scope
    };
    let cases = [
        (Mode::Alert, excluding(&[]), 1),
        (Mode::Record, excluding(&[]), 1),
        (Mode::Off, excluding(&[]), 0),
        (Mode::Alert, excluding(&["ONE@example.com"]), 0),
        (Mode::Alert, excluding(&["2"]), 1),
    ];
    for (mode, scope, expected) in cases {
        let policy = Policy {
            mode,
            scope,
            ..Policy::clone(&policy("mass_export", "{minimum: 2, learning_days: 0}"))
        };
        let mut engine = engine(&[Arc::new(policy)]);
        let found: usize = (0..3)
            .map(|second| evaluate(&mut engine, &event(second, "project_csv_export_started")).len())
            .sum();
        assert_eq!((found, engine.sizes().people), (expected, 1), "{mode:?}");
    }
}

#[test]
fn events_without_an_address_are_counted_as_not_evaluable() {
    let mut engine = engine(&[
        policy("infrequent_country", "{}"),
        policy("unusual_hours", "{}"),
    ]);
    for second in 0..3 {
        evaluate(&mut engine, &event(second, "task_deleted"));
    }
    engine.begin_preview();
    evaluate(&mut engine, &event(4, "task_deleted"));
    engine.end_preview();
    let counts = engine.take_not_evaluable();
    let counts: Vec<_> = counts
        .map(|(policy, events)| (policy.to_string(), events))
        .collect();
    assert_eq!(counts, [("anomaly.infrequent_country".to_owned(), 3)]);
}

#[test]
fn rows_of_another_version_are_ignored_and_told() {
    let mut first = engine(&[]);
    evaluate(&mut first, &event(1, "task_deleted"));
    let mut rows = first.take_changes();
    assert_eq!(first.take_changes(), []);
    rows[0].value.as_mut().unwrap()[0] ^= 0xff;
    let broken = rows[0].key.clone();
    rows.push(StateRow {
        key: "activity/other".to_owned(),
        value: Some(vec![1]),
    });
    rows.push(StateRow {
        key: "anomaly/crystal/ball".to_owned(),
        value: Some(vec![1]),
    });
    let mut second = engine(&[]);
    assert_eq!(
        second.restore(&rows),
        [broken, "anomaly/crystal/ball".to_owned()]
    );
    assert_eq!(second.sizes().people, 1);
}

#[test]
fn the_memory_has_bounds() {
    let mut engine = engine(&[]);
    let most = [PEOPLE_MAX, ADDRESSES_MAX, OAUTH_APPS_MAX, VALUES_MAX];
    let rounds = i64::try_from(most.into_iter().max().unwrap()).unwrap() + 10;
    for round in 0..rounds {
        let mut event = event(round, "task_deleted");
        event.event.actor.gid = Some(round.to_string());
        let context = &mut event.event.context;
        // Interactive events teach addresses; events of apps teach apps, which are values too.
        if round % 3 == 0 {
            context.context_type = Some("api".to_owned());
            context.api_authentication_method = Some("oauth".to_owned());
            context.oauth_app_name = Some(format!("App {round}"));
        } else {
            let (high, low) = (round / 250, round % 250);
            context.client_ip_address = Some(format!("10.{}.{}.{low}", high / 250, high % 250));
        }
        evaluate(&mut engine, &event);
    }
    let sizes = engine.sizes();
    let sizes = [sizes.people, sizes.addresses, sizes.apps, sizes.values];
    for (size, most) in sizes.into_iter().zip(most) {
        assert!((most * 7 / 8..=most).contains(&size), "{size} of {most}");
    }
}

use drishti_model::AccountRole;
use serde_json::json;

use super::*;
use crate::PersonFacts;

const RISKY: &str = "title: administration from a risky address
id: risky
logsource: {product: asana}
detection:
  change: {event_type|startswith: workspace_}
  risky: [{ip.category: risky}, {ip.tags: tor_exit}]
  office: {context.client_ip_address|cidr: 192.0.2.0/24}
  condition: change and risky and not office
drishti:
  name: asana.risky
";

fn verdict(text: &str, event: &Value) -> Verdict {
    let policy = policy(text);
    let engine = engine(&[Arc::clone(&policy)]);
    let event = events(std::slice::from_ref(event)).remove(0);
    engine.explain(&event, &People::default(), &policy)
}

fn quiet(reasons: &[&str]) -> Verdict {
    Verdict::Quiet(reasons.iter().map(ToString::to_string).collect())
}

#[test]
fn near_misses_say_why() {
    let event = |change: fn(&mut Value)| {
        let mut event = json!({
            "event_type": "workspace_saml_url_changed", "ip": {"category": "risky"},
            "context": {"client_ip_address": "198.51.100.7"},
        });
        change(&mut event);
        event
    };
    let raised = verdict(RISKY, &event(|_| ()));
    assert!(
        matches!(&raised, Verdict::Raised(finding) if finding.policy.as_str() == "asana.risky"),
        "{raised:?}"
    );
    assert_eq!(
        verdict(
            RISKY,
            &event(|event| event["ip"]["category"] = json!("vpn"))
        ),
        quiet(&["`risky` asks that `ip.category` is `risky`; it is `vpn`"])
    );
    assert_eq!(
        verdict(
            RISKY,
            &event(|event| event["context"]["client_ip_address"] = json!("192.0.2.9"))
        ),
        quiet(&[
            "`office` must not fit, and does: `context.client_ip_address` is in the network `192.0.2.0/24`"
        ])
    );
    assert_eq!(
        verdict(
            RISKY,
            &event(|event| {
                event["event_type"] = json!("task_deleted");
                event["ip"]["category"] = json!("vpn");
            })
        ),
        quiet(&[
            "`change` asks that `event_type` begins with `workspace_`; it is `task_deleted`",
            "`risky` asks that `ip.category` is `risky`; it is `vpn`",
        ])
    );
    assert_eq!(
        verdict(RISKY, &event(|event| drop(event["ip"].take()))),
        Verdict::NotEvaluable(
            "the event does not say `ip.category`, without which the policy cannot judge"
                .to_owned()
        )
    );
}

#[test]
fn scope_mode_and_severities_say_why() {
    let event = json!({"event_type": "workspace_x", "ip": {"category": "risky"}, "actor": {"email": "ada@example.com"}});
    assert_eq!(
        verdict(&format!("{RISKY}  mode: off\n"), &event),
        quiet(&["the policy is off"])
    );
    assert_eq!(
        verdict(&format!("{RISKY}  severities: [{{level: none}}]\n"), &event),
        quiet(&["the policy's severities say that this is nothing"])
    );
    let scoped = policy(&format!(
        "{RISKY}  scope: {{exclude: {{roles: [admin]}}}}\n"
    ));
    let engine = engine(&[Arc::clone(&scoped)]);
    let mut people = People::default();
    let admin = PersonFacts {
        role: Some(AccountRole::Admin),
        ..PersonFacts::default()
    };
    people.add(None, ["ada@example.com"], admin);
    let events = events(&[event]);
    assert_eq!(
        engine.explain(&events[0], &people, &scoped),
        quiet(&["the policy's scope excludes the role `admin`, and so ada@example.com"])
    );
    let other = policy("title: x\ndrishti: {name: x, detector: y}\n");
    assert!(matches!(
        engine.explain(&events[0], &people, &other),
        Verdict::NotEvaluable(_)
    ));
}

#[test]
fn correlations_say_how_much_is_missing() {
    let text = "title: failure
name: failure
logsource: {product: asana}
detection: {s: {event_type: user_login_failed}, condition: s}
---
title: many failures
drishti: {name: asana.failures}
correlation: {type: event_count, rules: [failure], group-by: [actor.email], timespan: 1h, condition: {gte: 3}}
";
    let policy = policy(text);
    let mut engine = engine(&[Arc::clone(&policy)]);
    let failure = json!({"event_type": "user_login_failed", "actor": {"email": "ada@example.com"}});
    let all = events(&[failure.clone(), failure.clone(), failure]);
    let people = People::default();
    let ask =
        |engine: &ActivityEngine, event: &EnrichedEvent| engine.explain(event, &people, &policy);
    let second = quiet(&[
        "`many failures` counted 2 events within 1 hour for `actor.email` `ada@example.com`, and wants gte 3",
    ]);
    engine.evaluate(&all[0], &people, &mut Vec::new());
    assert_eq!(ask(&engine, &all[1]), second, "before the event");
    engine.evaluate(&all[1], &people, &mut Vec::new());
    assert_eq!(ask(&engine, &all[1]), second, "after the event");
    assert!(matches!(ask(&engine, &all[2]), Verdict::Raised(_)));
    engine.evaluate(&all[2], &people, &mut Vec::new());
    assert!(matches!(ask(&engine, &all[2]), Verdict::Raised(_)));
    assert_eq!(ask(&engine, &all[1]), second, "long after the event");
    let nobody = events(&[json!({"event_type": "user_login_failed"})]);
    assert_eq!(
        ask(&engine, &nobody[0]),
        Verdict::NotEvaluable(
            "the event does not say `actor.email`, without which the policy cannot judge"
                .to_owned()
        )
    );
    let counts = |engine: &mut ActivityEngine| {
        let counts = engine.take_not_evaluable();
        counts.map(|(_, events)| events).collect::<Vec<u64>>()
    };
    assert!(counts(&mut engine).is_empty());
    engine.evaluate(&nobody[0], &people, &mut Vec::new());
    engine.begin_preview();
    engine.evaluate(&nobody[0], &people, &mut Vec::new());
    engine.end_preview();
    assert_eq!(counts(&mut engine), [1]);
    assert!(counts(&mut engine).is_empty(), "told once");
}

#[test]
fn events_that_lack_what_a_rule_asks_for_are_counted_where_that_matters() {
    let text = r"
title: Made public from elsewhere
logsource: {product: asana, service: audit}
detection:
  public: {event_type: workspace_changed, details.new_value: public}
  elsewhere: {ip.country|neq: DE}
  unknown: {context.user_agent: null}
  condition: public and (elsewhere or unknown)
";
    let mut engine = engine(&[policy(text)]);
    for (event, lacking) in [
        // Nothing is known of the place.
        (
            json!({"details": {"new_value": "public"}, "context": {"user_agent": "curl"}}),
            1,
        ),
        // It would not matter where it came from.
        (
            json!({"details": {"new_value": "private"}, "context": {"user_agent": "curl"}}),
            0,
        ),
        (json!({"context": {"user_agent": "curl"}}), 0),
        // What is asked for by its absence is not lacking.
        (json!({"details": {"new_value": "public"}}), 0),
        (
            json!({"details": {"new_value": "public"}, "ip": {"country": "DE"}, "context": {"user_agent": "curl"}}),
            0,
        ),
        (
            json!({"details": {"new_value": "public"}, "ip": {"country": "FR"}, "context": {"user_agent": "curl"}}),
            0,
        ),
    ] {
        let mut whole = event.clone();
        whole["event_type"] = json!("workspace_changed");
        engine.evaluate(&events(&[whole])[0], &People::default(), &mut Vec::new());
        let counted: u64 = engine.take_not_evaluable().map(|(_, events)| events).sum();
        assert_eq!(counted, lacking, "{event}");
    }
}

#[test]
fn what_is_known_to_be_absent_is_not_lacking() {
    let text = r"
title: Deleted from a risky address by an app
logsource: {product: asana, service: audit}
detection:
  risky: {event_type: task_deleted, ip.category: risky}
  app: {event_type: task_deleted, context.oauth_app_name: Cleaner}
  condition: risky or app
";
    let mut engine = engine(&[policy(text)]);
    for (context, lacking) in [
        (json!({"client_ip_address": "198.51.100.7"}), 0),
        (json!({}), 1),
        (json!({"oauth_app_name": "Cleaner"}), 0),
    ] {
        let event = json!({"event_type": "task_deleted", "context": context});
        engine.evaluate(&events(&[event])[0], &People::default(), &mut Vec::new());
        let counted: u64 = engine.take_not_evaluable().map(|(_, events)| events).sum();
        assert_eq!(counted, lacking, "{context}");
    }
}

use drishti_model::{AccountRole, Severity};
use serde_json::json;

use super::*;
use crate::{Entity, EntityKind, PersonFacts};

const SAML: &str = "title: SAML made optional
id: 3f1c5b58-4a4e-4c9f-9f5b-0f6a0c7e0a01
logsource: {product: asana}
detection:
  selection:
    event_type: workspace_saml_settings_changed
    details.old_value: required
    details.new_value: optional
  own: {context.client_ip_address: 192.0.2.1}
  condition: selection and not own
level: high
drishti:
  name: asana.saml_made_optional
  title: '{actor.email} made SAML optional for {resource.name}'
";

fn saml() -> Value {
    json!({
        "gid": "77", "event_type": "workspace_saml_settings_changed",
        "actor": {"actor_type": "user", "gid": "1", "name": "Ada", "email": "ada@example.com"},
        "resource": {"gid": "9", "name": "example.com", "resource_type": "email_domain"},
        "details": {"old_value": "required", "new_value": "optional", "app_name": "App"},
        "context": {"client_ip_address": "198.51.100.7"},
    })
}

#[test]
fn a_finding_says_who_what_and_why() {
    let findings = found(SAML, &[saml()]);
    let [finding] = findings.as_slice() else {
        panic!("{findings:?}")
    };
    assert_eq!(finding.policy.as_str(), "asana.saml_made_optional");
    assert_eq!(
        finding.title,
        "ada@example.com made SAML optional for example.com"
    );
    assert_eq!(finding.severity, Severity::High);
    assert_eq!(finding.at.to_rfc3339(), "2026-01-05T09:00:00+00:00");
    assert_eq!(
        finding.entity,
        Entity {
            kind: EntityKind::Person,
            id: "1".to_owned(),
            name: Some("ada@example.com".to_owned()),
        }
    );
    assert_eq!(finding.dedup, "person:1");
    assert_eq!(finding.events.len(), 1);
    assert_eq!(finding.events[0].gid, "77");
    assert_eq!(
        finding.explanation.expected,
        "No event in which `event_type` is `workspace_saml_settings_changed`, `details.old_value` is `required` and \
         `details.new_value` is `optional` and it is not so that `context.client_ip_address` is `192.0.2.1`."
    );
    assert_eq!(
        finding.explanation.seen,
        "An event with `event_type` `workspace_saml_settings_changed`, `details.old_value` `required` and `details.new_value` \
         `optional`."
    );
    assert!(finding.explanation.comparisons.is_empty());
}

#[test]
fn near_misses_are_silent() {
    for (path, value) in [
        ("/details/new_value", json!("required")),
        ("/details/old_value", json!(null)),
        ("/context/client_ip_address", json!("192.0.2.1")),
        ("/event_type", json!("workspace_saml_url_changed")),
    ] {
        let mut event = saml();
        *event.pointer_mut(path).unwrap() = value;
        assert_eq!(found(SAML, &[event]), [], "{path}");
    }
}

/// Subject, who did it, and the entity: its kind, id and name.
const SUBJECTS: [(&str, &str, EntityKind, &str, Option<&str>); 10] = [
    (
        "actor",
        "service",
        EntityKind::ServiceAccount,
        "1",
        Some("ada@example.com"),
    ),
    (
        "actor",
        "support",
        EntityKind::Person,
        "asana_support",
        None,
    ),
    ("actor", "nobody", EntityKind::Person, "unknown", None),
    ("address", "ada", EntityKind::Address, "198.51.100.7", None),
    ("address", "nobody", EntityKind::Address, "unknown", None),
    ("app", "service", EntityKind::App, "Sync", None),
    ("app", "ada", EntityKind::App, "App", None),
    (
        "resource",
        "ada",
        EntityKind::Resource,
        "9",
        Some("example.com"),
    ),
    ("resource", "nobody", EntityKind::Resource, "unknown", None),
    (
        "organisation",
        "ada",
        EntityKind::Organisation,
        "organisation",
        None,
    ),
];

fn saml_by(who: &str) -> Value {
    let mut event = saml();
    match who {
        "service" => {
            event["context"] =
                json!({"api_authentication_method": "service_account", "oauth_app_name": "Sync"});
        }
        "support" => event["actor"] = json!({"actor_type": "asana_support"}),
        "nobody" => {
            for part in ["actor", "context", "resource"] {
                event[part] = json!({});
            }
        }
        _ => {}
    }
    event
}

#[test]
fn every_subject_has_an_entity() {
    for (subject, who, kind, id, name) in SUBJECTS {
        let text = format!("{SAML}  subject: {subject}\n");
        let finding = found(&text, &[saml_by(who)]).remove(0);
        let expected = Entity {
            kind,
            id: id.to_owned(),
            name: name.map(str::to_owned),
        };
        assert_eq!(finding.entity, expected, "{subject} {who}");
        assert_eq!(finding.dedup, format!("{}:{id}", kind.as_str()));
    }
}

#[test]
fn fields_group_findings() {
    let text =
        format!("{SAML}  group_by: [context.client_ip_address, resource.name, details.nothing]\n");
    let findings = found(&text, &[saml()]);
    assert_eq!(findings[0].dedup, "198.51.100.7 | example.com | unknown");
}

#[test]
fn the_first_case_that_fits_decides_the_severity() {
    let text = format!(
        "{SAML}  severities:
    - when: {{resource.name: [off, trial], actor.email|endswith: '@example.com'}}
      level: none
    - when: {{details.new_value: optional, ip.category: corporate}}
      level: low
    - when: [{{ip.tags: tor_exit}}, {{ip.category|neq: corporate}}]
      level: critical
"
    );
    for (name, ip, severity) in [
        (
            "example.com",
            json!({"category": "corporate"}),
            Some(Severity::Low),
        ),
        (
            "example.com",
            json!({"category": "vpn"}),
            Some(Severity::Critical),
        ),
        (
            "example.com",
            json!({"tags": ["tor_exit"]}),
            Some(Severity::Critical),
        ),
        ("example.com", json!({}), Some(Severity::High)),
        ("trial", json!({"category": "vpn"}), None),
    ] {
        let mut event = saml();
        event["resource"]["name"] = json!(name);
        event["ip"] = ip.clone();
        let severities: Vec<Severity> = found(&text, &[event])
            .iter()
            .map(|finding| finding.severity)
            .collect();
        assert_eq!(
            severities,
            severity.into_iter().collect::<Vec<_>>(),
            "{name} {ip}"
        );
    }
    let wrong = format!("{SAML}  severities: [{{when: {{a|nosuch: b}}, level: low}}]\n");
    let error = fault(&wrong);
    assert!(
        error.problem.contains("unknown modifier 'nosuch'"),
        "{error}"
    );
    assert_eq!(error.line, Some(15));
}

#[test]
fn an_error_stands_in_the_document_that_it_is_about() {
    let second = SAML
        .replace("SAML made optional", "SAML switched off")
        .replace("0a01", "0a02")
        .replace("selection and not own", "selection and nothing");
    let (second, _) = second.split_once("drishti:").unwrap();
    let error = fault(&format!("{SAML}---\n{second}"));
    let condition = SAML.lines().position(|line| line.contains("condition:"));
    let in_first = condition.unwrap() + 1;
    let behind = SAML.lines().count() + 1;
    assert_eq!(error.line, Some(behind + in_first), "{error}");
}

#[test]
fn a_severity_that_was_set_holds_whatever_level_the_rule_has() {
    let mut set = Policy::clone(&policy(SAML));
    set.severity = Severity::Low;
    set.severity_is_set = true;
    let mut findings = Vec::new();
    let event = events(&[saml()]).remove(0);
    engine(&[Arc::new(set)]).evaluate(&event, &People::default(), &mut findings);
    assert_eq!(findings[0].severity, Severity::Low);
}

#[test]
fn a_scope_is_asked_before_anything_is_told() {
    let text =
        format!("{SAML}  scope: {{include: {{roles: [admin]}}, exclude: {{groups: [it]}}}}\n");
    let mut engine = engine(&[policy(&text)]);
    let event = events(&[saml()]).remove(0);
    for (role, group, told) in [
        (Some(AccountRole::Admin), "sales", true),
        (Some(AccountRole::Admin), "it", false),
        (Some(AccountRole::Member), "sales", false),
        (None, "sales", false),
    ] {
        let mut people = People::default();
        let facts = PersonFacts {
            role,
            groups: vec![group.to_owned()],
            ..PersonFacts::default()
        };
        people.add(Some("1"), [], facts);
        let mut findings = Vec::new();
        engine.evaluate(&event, &people, &mut findings);
        assert_eq!(!findings.is_empty(), told, "{role:?} {group}");
        if told {
            let reasons = &findings[0].explanation.not_suppressed;
            assert_eq!(reasons, &["the policy's scope admits ada@example.com"]);
        }
    }
}

#[test]
fn what_is_off_looks_for_nothing() {
    assert_eq!(found(&format!("{SAML}  mode: off\n"), &[saml()]), []);
    assert_eq!(
        found(&format!("{SAML}  mode: record\n"), &[saml()]).len(),
        1
    );
}

#[test]
fn an_event_without_anything_is_no_match_and_no_crash() {
    let text = SAML.replace(
        "condition: selection and not own",
        "condition: selection or own",
    );
    let empty = EnrichedEvent::default();
    let mut engine = engine(&[policy(&text)]);
    let mut findings = Vec::new();
    engine.evaluate(&empty, &People::default(), &mut findings);
    assert_eq!(findings, []);
}

#[test]
fn more_types_than_are_remembered_are_evaluated() {
    let mut engine = engine(&[policy(SAML)]);
    let mut findings = Vec::new();
    let mut event = events(&[saml()]).remove(0);
    for index in 0..=ROUTES_MAX {
        event.event.event_type = format!("type {index}");
        engine.evaluate(&event, &People::default(), &mut findings);
    }
    assert!(engine.routes.len() <= ROUTES_MAX);
    event.event.event_type = "WORKSPACE_saml_settings_changed".to_owned();
    engine.evaluate(&event, &People::default(), &mut findings);
    assert_eq!(findings.len(), 1);
}

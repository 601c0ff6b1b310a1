use std::sync::Arc;

use drishti_model::{Actor, AddressCategory, AuditEvent, Context, DeviceKind, Resource};
use serde_json::json;

use super::*;

fn owned(text: &str) -> String {
    text.to_owned()
}

fn whole() -> EnrichedEvent {
    EnrichedEvent {
        event: AuditEvent {
            gid: "7".to_owned(),
            // A Saturday.
            created_at: "2026-11-28T23:59:30.25Z".parse().unwrap(),
            event_type: "user_login_failed".to_owned(),
            event_category: Some(owned("logins")),
            actor: Actor {
                actor_type: Some(owned("user")),
                gid: Some(owned("1")),
                name: Some(owned("Ada")),
                email: Some(owned("ada@example.com")),
            },
            resource: Resource {
                resource_type: Some(owned("user")),
                resource_subtype: Some(owned("x")),
                gid: Some(owned("2")),
                name: Some(owned("Bob")),
                email: Some(owned("bob@other.example")),
            },
            context: Context {
                context_type: Some(owned("api")),
                api_authentication_method: Some(owned("oauth")),
                client_ip_address: Some(owned("192.0.2.1")),
                user_agent: Some(owned("curl/8")),
                oauth_app_name: Some(owned("App")),
                rule_name: Some(owned("Rule")),
                on_behalf_of_user_id: Some(12),
            },
            details: Some(
                json!({
                    "method": ["SAML", "KEY"],
                    "old_value": null,
                    "group": {"name": "Team", "dotted.key": 5},
                    "members": [{"email": "a@x.example"}, {"email": "b@x.example"}, {}],
                })
                .to_string(),
            ),
            extra: Some(
                json!({"new": {"key": true}, "actor": {"phone": "1", "role": 4}}).to_string(),
            ),
        },
        address: Some(Arc::new(AddressFacts {
            country: Some(owned("DE")),
            region: Some(owned("Berlin")),
            city: Some(owned("Berlin")),
            latitude: Some(52.5),
            longitude: Some(13.4),
            asn: Some(64_500),
            organization: Some(owned("Carrier")),
            category: Some(AddressCategory::Vpn),
            tags: vec!["hosting".to_owned(), "tor_exit".to_owned()],
        })),
        device: Some(Arc::new(Device {
            browser: Some(owned("Chrome")),
            os: Some(owned("macOS")),
            kind: Some(DeviceKind::Pc),
            tags: vec!["robot".to_owned()],
        })),
    }
}

fn directory() -> People {
    let mut people = People::default();
    let facts = PersonFacts {
        role: Some(AccountRole::Admin),
        groups: vec!["on call".to_owned(), "it".to_owned()],
        ..PersonFacts::default()
    };
    people.add(Some("1"), ["ada@example.com"], facts);
    people
}

/// The values of [`FIELDS`] in the whole event.
fn values(event: &EnrichedEvent) -> [Value; 43] {
    [
        json!("7"),
        json!("2026-11-28T23:59:30.250Z"),
        json!("user_login_failed"),
        json!("logins"),
        json!("user"),
        json!("1"),
        json!("Ada"),
        json!("ada@example.com"),
        json!("example.com"),
        json!("admin"),
        json!(true),
        json!(false),
        json!(["on call", "it"]),
        json!("user"),
        json!("x"),
        json!("2"),
        json!("Bob"),
        json!("bob@other.example"),
        json!("other.example"),
        json!("api"),
        json!("oauth"),
        json!("192.0.2.1"),
        json!("curl/8"),
        json!("App"),
        json!("Rule"),
        json!(12),
        serde_json::from_str(event.event.details.as_deref().unwrap()).unwrap(),
        json!("DE"),
        json!("Berlin"),
        json!("Berlin"),
        json!(52.5),
        json!(13.4),
        json!(64_500),
        json!("Carrier"),
        json!("vpn"),
        json!(["hosting", "tor_exit"]),
        json!("Chrome"),
        json!("macOS"),
        json!("pc"),
        json!(["robot"]),
        json!(23),
        json!("saturday"),
        json!(3.0),
    ]
}

#[test]
fn every_field_has_its_value() {
    let (event, people) = (whole(), directory());
    let view = EventView::new(&event, &people).counting(3.0, false);
    for (field, value) in FIELDS.into_iter().zip(values(&event)) {
        let found = view.get_field(field).map(|value| value.to_json());
        assert_eq!(found, Some(value), "{field}");
    }
    let others = [
        ("details.method", Some(json!(["SAML", "KEY"]))),
        ("details.old_value", Some(Value::Null)),
        ("details.group.name", Some(json!("Team"))),
        ("details.group.dotted.key", Some(json!(5))),
        (
            "details.members.email",
            Some(json!(["a@x.example", "b@x.example"])),
        ),
        ("details.nothing", None),
        ("new.key", Some(json!(true))),
        ("actor.phone", Some(json!("1"))),
        ("actor.nothing", None),
        ("ip.nothing", None),
        ("nothing", None),
        ("presence of details.old_value", Some(json!(true))),
        ("presence of details.nothing", Some(json!(false))),
        ("minute of created_at", Some(json!(59))),
        ("hour of created_at", Some(json!(23))),
        ("day of created_at", Some(json!(28))),
        ("week of created_at", Some(json!(48))),
        ("month of created_at", Some(json!(11))),
        ("year of created_at", Some(json!(2026))),
        ("hour of actor.name", None),
        ("hour of nothing", None),
    ];
    for (field, value) in others {
        let found = view.get_field(field).map(|value| value.to_json());
        assert_eq!(found, value, "{field}");
    }
}

#[test]
fn what_is_unknown_is_absent() {
    let (event, people) = (EnrichedEvent::default(), People::default());
    let view = EventView::new(&event, &people);
    let always = ["gid", "created_at", "event_type", "hour", "weekday"];
    for field in FIELDS {
        assert_eq!(
            view.get_field(field).is_some(),
            always.contains(&field),
            "{field}"
        );
    }
    let mut people = People::default();
    people.add(Some("1"), [], PersonFacts::default());
    let event = whole();
    let view = EventView::new(&event, &people);
    assert_eq!(view.get_field("actor.is_admin"), None);
    assert_eq!(
        view.get_field("actor.groups"),
        Some(EventValue::Array(Vec::new()))
    );
}

#[test]
fn keywords_look_at_every_leaf_of_the_event_itself() {
    let (event, people) = (whole(), directory());
    let view = EventView::new(&event, &people);
    let has = |wanted: &str| view.any_string_value(&|text| text == wanted);
    for text in [
        "7",
        "Bob",
        "12",
        "KEY",
        "5",
        "b@x.example",
        "true",
        "2026-11-28T23:59:30.250Z",
    ] {
        assert!(has(text), "{text}");
    }
    for text in ["DE", "tor_exit", "admin", "null"] {
        assert!(!has(text), "{text}");
    }
    assert!(view.all_string_values().len() > 20);
    assert_eq!(view.to_json()["actor"]["phone"], "1");
}

use drishti_model::{AccountRole, AddressCategory, DeviceKind};
use serde_json::json;

use super::*;

#[test]
fn an_event_is_read_without_loss() {
    let item = json!({
        "event_type": "user_login_failed", "event_category": "logins", "new_key": {"a": 1},
        "actor": {"actor_type": "user", "gid": "1", "email": "ada@example.com", "phone": "5", "name": null},
        "context": {"client_ip_address": "192.0.2.1", "on_behalf_of_user_id": 7},
        "details": {"method": ["SAML"]},
        "ip": {"country": "DE", "category": "vpn", "tags": ["b", "a"], "asn": 64500, "latitude": 52.5},
        "device": {"browser": "Chrome", "kind": "pc"},
    });
    let event = events(&[item]).unwrap().remove(0);
    assert_eq!(event.event.gid, "1");
    assert_eq!(
        event.event.created_at.to_rfc3339(),
        "2026-01-05T09:00:00+00:00"
    );
    assert_eq!(event.event.actor.email.as_deref(), Some("ada@example.com"));
    assert_eq!(event.event.context.on_behalf_of_user_id, Some(7));
    assert_eq!(
        event.event.details.as_deref(),
        Some(r#"{"method":["SAML"]}"#)
    );
    let extra: Value = serde_json::from_str(event.event.extra.as_deref().unwrap()).unwrap();
    assert_eq!(
        extra,
        json!({"new_key": {"a": 1}, "actor": {"phone": "5", "name": null}})
    );
    let address = event.address.unwrap();
    assert_eq!(address.tags, ["a", "b"]);
    assert_eq!(
        (address.category, address.asn),
        (Some(AddressCategory::Vpn), Some(64_500))
    );
    assert_eq!(event.device.unwrap().kind, Some(DeviceKind::Pc));
}

#[test]
fn ids_and_times_are_made_up_in_order() {
    let events = events(&[
        json!({"event_type": "a"}),
        json!({"repeat": {"times": 3, "every": "1d"}, "event_type": "b", "actor": {"gid": "{n}", "email": "u{n}@x.example"}}),
        json!({"event_type": "c", "created_at": "2026-01-05T08:00:00Z", "gid": "own"}),
        json!({"event_type": "d"}),
        json!({"repeat": {"times": 2}, "event_type": "e", "created_at": "2026-02-01T00:00:00Z"}),
    ])
    .unwrap();
    let told: Vec<String> = events
        .iter()
        .map(|event| {
            let time = event.event.created_at.format("%m-%d %H:%M");
            format!("{} {} {time}", event.event.gid, event.event.event_type)
        })
        .collect();
    assert_eq!(
        told,
        [
            "own c 01-05 08:00",
            "6 d 01-05 08:01",
            "1 a 01-05 09:00",
            "2 b 01-05 09:01",
            "3 b 01-06 09:01",
            "4 b 01-07 09:01",
            "7 e 02-01 00:00",
            "8 e 02-01 00:01",
        ]
    );
    assert_eq!(events[4].event.actor.email.as_deref(), Some("u2@x.example"));
}

#[test]
fn people_are_found() {
    let people = people(&[json!({
        "gid": "1", "email": "ada@example.com", "role": "admin", "groups": ["it"],
        "terminated_since": "2026-01-01T00:00:00Z", "leaving_since": "2025-12-01T00:00:00Z",
    })])
    .unwrap();
    let ada = people.find(None, Some("ADA@example.com")).unwrap();
    assert_eq!(ada.role, Some(AccountRole::Admin));
    assert_eq!(ada.groups, ["it"]);
    assert!(ada.terminated.is_some() && ada.leaving_since.is_some());
}

#[test]
fn faults_are_told() {
    for (item, words) in [
        (json!(5), "event 1: an event must be"),
        (json!({"actor": {}}), "`event_type` is missing"),
        (
            json!({"event_type": "a", "actor": {"gid": 5}}),
            "`actor`: `gid` must be a text",
        ),
        (
            json!({"event_type": "a", "actor": []}),
            "`actor` must be a list",
        ),
        (
            json!({"event_type": "a", "created_at": "soon"}),
            "is no time",
        ),
        (
            json!({"event_type": "a", "ip": {"land": "DE"}}),
            "unknown key `land` under `ip`",
        ),
        (
            json!({"event_type": "a", "ip": {"category": "bad"}}),
            "no category",
        ),
        (json!({"event_type": "a", "ip": {"asn": "AS1"}}), "`ip.asn`"),
        (
            json!({"event_type": "a", "device": {"kind": "fridge"}}),
            "no kind",
        ),
        (
            json!({"event_type": "a", "repeat": {"times": 0}}),
            "`repeat.times`",
        ),
        (
            json!({"event_type": "a", "repeat": {"times": 2, "every": "x"}}),
            "is no time",
        ),
        (
            json!({"event_type": "a", "repeat": {"time": 2}}),
            "unknown key `time`",
        ),
    ] {
        let error = events(std::slice::from_ref(&item)).unwrap_err();
        assert!(error.contains(words), "{item}: {error}");
    }
    let item = json!({"event_type": "a", "repeat": {"times": EVENTS_MAX}});
    assert_eq!(
        events(std::slice::from_ref(&item)).unwrap().len(),
        EVENTS_MAX
    );
    let error = events(&[item, json!({"event_type": "a"})]).unwrap_err();
    assert!(error.contains("at most"), "{error}");
    for (item, words) in [
        (json!({"role": "admin"}), "`gid` or `email`"),
        (json!({"gid": "1", "role": "boss"}), "no role"),
        (json!({"gid": "1", "group": []}), "unknown key `group`"),
    ] {
        let error = people(&[item]).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
}

//! The simulated organisation: the same for the same seed, and with everything that Asana's log can hold.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use drishti_simulator::SimulateArgs;
use serde_json::Value;

use super::stand::{exported, moment, small};

#[test]
fn the_seed_decides_everything() {
    let with_seed = |seed| exported(&SimulateArgs { seed, ..small() });
    assert_eq!(with_seed(1), with_seed(1));
    let (one, two) = (with_seed(1), with_seed(2));
    let gids = |events: &[Value]| {
        events
            .iter()
            .map(|event| event["gid"].to_string())
            .collect::<HashSet<_>>()
    };
    assert_ne!(one, two);
    assert!(gids(&one).intersection(&gids(&two)).count() < 20);
}

#[test]
fn the_same_span_has_the_same_events_whenever_the_simulator_starts() {
    let within = |freeze_at: &str, days: u32| -> Vec<Value> {
        let args = SimulateArgs {
            freeze_at: Some(moment(freeze_at)),
            days,
            ..small()
        };
        let mut events = exported(&args);
        events.retain(|event| {
            let at = event["created_at"].as_str().unwrap();
            ("2026-09-28T07:30".."2026-09-29T18:45").contains(&at)
        });
        events
    };
    let early = within("2026-09-29T18:45:00Z", 3);
    assert!(early.len() > 300);
    assert_eq!(early, within("2026-10-14T03:07:11.123Z", 30));
}

#[test]
fn workspaces_have_gids_by_seed_and_names() {
    let args = |seed, workspaces| SimulateArgs {
        seed,
        workspaces,
        ..small()
    };
    let three = drishti_simulator::workspaces(&args(1, 3));
    let names: Vec<&str> = three.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["Acme", "Borealis", "Cobalt Works"]);
    assert_eq!(three[0], drishti_simulator::workspaces(&args(1, 1))[0]);
    assert_ne!(three[0].0, drishti_simulator::workspaces(&args(2, 1))[0].0);
}

#[test]
fn two_workspaces_share_no_gid() {
    let one = exported(&small());
    let both = exported(&SimulateArgs {
        workspaces: 2,
        ..small()
    });
    let unique: HashSet<&str> = both
        .iter()
        .map(|event| event["gid"].as_str().unwrap())
        .collect();
    assert_eq!(unique.len(), both.len());
    assert!(both.len() > one.len() * 3 / 2);
    assert_eq!(both[..one.len()], one);
}

/// Two months of 400 people.
fn two_months() -> Vec<Value> {
    exported(&SimulateArgs {
        people: 400,
        days: 60,
        ..small()
    })
}

#[test]
fn two_months_have_everything_that_the_log_can_hold() {
    let events = two_months();
    check_kinds(&events);
    check_oddities(&events);
    check_actors(&events);
    check_comings_and_goings(&events);
}

/// How often each value stands at this place; `-` where there is none.
fn values(events: &[Value], pointer: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for event in events {
        let value = event.pointer(pointer).and_then(Value::as_str);
        *counts.entry(value.unwrap_or("-").to_owned()).or_default() += 1;
    }
    counts
}

fn check_kinds(events: &[Value]) {
    let expected = [
        // Nine categories, and one that no source knows.
        (
            "/event_category",
            "logins user_updates admin_settings roles content_export access_control apps creation \
             deletion experiments",
        ),
        (
            "/actor/actor_type",
            "user asana asana_support anonymous external_administrator",
        ),
        (
            "/context/context_type",
            "web desktop mobile asana_support asana email api",
        ),
        (
            "/context/api_authentication_method",
            "- cookie oauth personal_access_token service_account",
        ),
    ];
    for (pointer, names) in expected {
        let seen = values(events, pointer);
        let seen: BTreeSet<&str> = seen.keys().map(String::as_str).collect();
        assert_eq!(seen, names.split_whitespace().collect(), "{pointer}");
    }
    assert!(values(events, "/event_type").len() > 150);
    // Work, not administration, makes up most of it.
    let categories = values(events, "/event_category");
    let work = "deletion content_export creation access_control logins".split(' ');
    let share = work.map(|name| categories[name]).sum::<usize>() * 100 / events.len();
    assert!((90..=99).contains(&share), "{share}");
}

/// Something that the log can hold, and how to see it in an event.
type Oddity = (&'static str, fn(&Value) -> bool);

fn check_oddities(events: &[Value]) {
    let oddities: [Oddity; 15] = [
        ("no address", |event| {
            event.pointer("/context/client_ip_address").is_none()
        }),
        ("no user agent on the web", |event| {
            event["context"]["context_type"] == "web"
                && event.pointer("/context/user_agent").is_none()
        }),
        ("IPv6", |event| {
            event["context"]["client_ip_address"]
                .as_str()
                .is_some_and(|ip| ip.contains(':'))
        }),
        ("null old value", |event| {
            event.pointer("/details/old_value") == Some(&Value::Null)
        }),
        ("no old value", |event| {
            event.pointer("/details/new_value").is_some()
                && event.pointer("/details/old_value").is_none()
        }),
        ("email_domain", |event| {
            event["event_type"] == "workspace_saml_settings_changed"
                && event["resource"]["resource_type"] == "email_domain"
        }),
        ("method is an array", |event| {
            event["details"]["method"].is_array()
        }),
        ("group is an object", |event| {
            event["details"]["group"].is_object()
        }),
        ("added resource", |event| {
            event["details"]["added_resource"]["email"].is_string()
        }),
        ("on behalf of a number", |event| {
            event["context"]["on_behalf_of_user_id"].is_u64()
        }),
        ("no name", |event| event.pointer("/resource/name").is_none()),
        ("null name", |event| {
            event.pointer("/resource/name") == Some(&Value::Null)
        }),
        ("rule", |event| event["context"]["rule_name"].is_string()),
        ("app without address", |event| {
            event["details"]["app_url"] == ""
        }),
        ("desktop app on the web", |event| {
            event["context"]["context_type"] == "web"
                && event["context"]["user_agent"]
                    .as_str()
                    .is_some_and(|agent| agent.starts_with("AsanaDesktopOfficial darwin_arm64/"))
        }),
    ];
    for (oddity, holds) in oddities {
        assert!(events.iter().any(holds), "{oddity}");
    }
}

/// Only users have gids and names, and only the API has ways to authenticate.
fn check_actors(events: &[Value]) {
    for event in events {
        let actor = event["actor"].as_object().unwrap();
        let is_user = actor["actor_type"] == "user";
        assert_eq!(actor.contains_key("gid"), is_user, "{event}");
        assert_eq!(actor.contains_key("name"), is_user, "{event}");
        let api = event["context"]["context_type"] == "api";
        assert!(
            api || event["context"].get("api_authentication_method").is_none(),
            "{event}"
        );
    }
}

#[test]
fn keys_are_in_the_order_of_asana() {
    let mut lines = Vec::new();
    drishti_simulator::export(&small(), super::stand::any_clock(), &mut lines).unwrap();
    let keys = [
        r#"{"gid":"1"#,
        r#","created_at":""#,
        r#","event_type":""#,
        r#","event_category":""#,
        r#","actor":{"actor_type":""#,
        r#","resource":{"resource_type":""#,
        r#","details":{"#,
        r#","context":{"context_type":""#,
    ];
    for line in String::from_utf8(lines).unwrap().lines() {
        let places: Vec<usize> = keys.iter().map(|key| line.find(key).expect(line)).collect();
        assert!(places.is_sorted(), "{line}");
        assert_eq!(places[0], 0);
    }
}

/// People do nothing before they are invited and after they have left.
fn check_comings_and_goings(events: &[Value]) {
    let when = |event_type: &str| -> BTreeMap<String, String> {
        let chosen = events
            .iter()
            .filter(|event| event["event_type"] == event_type);
        chosen
            .map(|event| {
                (
                    event["resource"]["gid"].to_string(),
                    event["created_at"].to_string(),
                )
            })
            .collect()
    };
    let (invited, left) = (when("user_invited"), when("user_deprovisioned"));
    assert!(invited.len() > 5, "{invited:?}");
    assert!(left.len() > 5, "{left:?}");
    let mut joined = 0;
    for event in events
        .iter()
        .filter(|event| event["actor"]["gid"].is_string())
    {
        let (actor, at) = (
            event["actor"]["gid"].to_string(),
            event["created_at"].to_string(),
        );
        assert!(left.get(&actor).is_none_or(|left| at < *left), "{event}");
        assert!(
            invited.get(&actor).is_none_or(|invited| at > *invited),
            "{event}"
        );
        joined += usize::from(invited.contains_key(&actor));
    }
    assert!(joined > 0);
}

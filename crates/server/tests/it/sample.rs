//! Events for the tests: five days of an office, with times that fall together.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

pub(crate) const TYPES: [(&str, &str); 4] = [
    ("user_login_succeeded", "logins"),
    ("user_login_failed", "logins"),
    ("task_deleted", "deletion"),
    ("workspace_export_started", "admin_settings"),
];

const PEOPLE: [(&str, &str); 3] = [
    ("Anna", "7001"),
    ("Bela", "7002"),
    ("O'Neil \"Bob\"", "7003"),
];

/// The first event is at this time, the others in steps of 29 minutes, always two at once.
pub(crate) fn first() -> DateTime<Utc> {
    "2026-03-05T06:00:00Z".parse().unwrap()
}

/// `count` events, oldest first.
pub(crate) fn events(count: usize) -> Vec<Value> {
    (0..count).map(event).collect()
}

fn event(index: usize) -> Value {
    let (kind, category) = TYPES[index % TYPES.len()];
    let (person, gid) = PEOPLE[index % PEOPLE.len()];
    let step = i32::try_from(index / 2).unwrap();
    let created_at = first() + TimeDelta::minutes(29) * step;
    json!({
        "gid": format!("12000000000{index:05}"),
        "created_at": drishti_model::canonical_time(created_at),
        "event_type": kind,
        "event_category": category,
        "actor": {"actor_type": "user", "gid": gid, "name": person, "email": format!("{gid}@example.org")},
        "resource": {"resource_type": "task", "gid": format!("88{}", index % 7), "name": "50% of \\ the _plan_"},
        "details": {"number": index, "nested": {"unknown": [1, 2, 3]}},
        "context": {"context_type": "web", "client_ip_address": format!("203.0.113.{}", index % 5), "user_agent": "Mozilla/5.0"},
        "new_key": {"kept": true}
    })
}

pub(crate) fn lines(events: &[Value]) -> Vec<String> {
    events.iter().map(Value::to_string).collect()
}

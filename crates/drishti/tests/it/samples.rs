//! Made-up events with everything that is known of real ones: all nine categories, and each oddity.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::harness::{Installation, Server};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/events.jsonl");

const CATEGORIES: [&str; 9] = [
    "access_control",
    "admin_settings",
    "apps",
    "content_export",
    "creation",
    "deletion",
    "logins",
    "roles",
    "user_updates",
];

#[tokio::test]
async fn events_come_back_key_for_key() {
    let text = std::fs::read_to_string(FILE).unwrap();
    let events: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let categories: BTreeSet<&str> = events
        .iter()
        .filter_map(|event| event["event_category"].as_str())
        .collect();
    assert!(
        CATEGORIES.iter().all(|known| categories.contains(known)),
        "{categories:?}"
    );

    let installation = Installation::new();
    let ingest = ["ingest", FILE, "--source", "files", "--format", "json"];
    let summary = installation.run(&ingest).await;
    assert_eq!(summary.code(), 0, "{summary:#?}");
    assert_eq!(
        (&summary.json()["stored"], &summary.json()["quarantined"]),
        (&json!(events.len()), &json!(0))
    );
    let server = Server::start(&installation).await;
    let page = server.get("/api/v1/events?limit=500").await;
    let found: BTreeMap<&str, &Value> = page["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["event"]["gid"].as_str().unwrap(), &entry["event"]))
        .collect();
    assert_eq!(found.len(), events.len());
    for event in &events {
        assert_eq!(found[event["gid"].as_str().unwrap()], event);
    }
    assert!(server.stop().await.success());
    let again = installation.run(&ingest).await;
    assert_eq!(again.json()["duplicates"], json!(events.len()));
}

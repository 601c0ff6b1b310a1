//! Files of events: good ones are stored, bad ones are set aside, and the summary and the status say so.

mod hostile;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Finished, Installation, PROGRAM, Server, eventually, met, now};

/// Published samples of real events, which are no part of the repository.
fn samples() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(3)
        .unwrap();
    root.join("shared/data/asana-samples.jsonl")
}

fn event(gid: &str) -> Value {
    json!({
        "gid": gid,
        "created_at": "2026-03-02T09:15:00.250Z",
        "event_type": "user_login_succeeded",
        "event_category": "logins",
        "actor": {"actor_type": "user", "gid": "12", "name": "Noor Quist", "email": "noor@example.com"},
        "resource": {"resource_type": "user", "gid": "12", "name": "Noor Quist", "email": "noor@example.com"},
        "context": {"context_type": "web", "client_ip_address": "198.51.100.7", "user_agent": "Mozilla/5.0"}
    })
}

/// An event with something else under a key.
fn with(gid: &str, key: &str, value: Value) -> Value {
    let mut event = event(gid);
    event[key] = value;
    event
}

/// An event with something else in its text.
fn text(gid: &str, from: &str, to: &str) -> String {
    let text = event(gid).to_string();
    assert!(text.contains(from), "{text}");
    text.replace(from, to)
}

async fn ingest(installation: &Installation, file: &str) -> (Finished, Value) {
    let arguments = ["ingest", file, "--source", "files", "--format", "json"];
    let finished = installation.run(&arguments).await;
    let summary = finished.json();
    (finished, summary)
}

/// All stored events by gid, as the API gives them.
async fn stored(server: &Server) -> BTreeMap<String, Value> {
    let mut events = BTreeMap::new();
    let mut path = "/api/v1/events?limit=10".to_owned();
    loop {
        let page = server.get(&path).await;
        for entry in page["events"].as_array().unwrap() {
            let gid = entry["event"]["gid"]
                .as_str()
                .unwrap_or_else(|| panic!("{entry:#}"))
                .to_owned();
            assert_eq!(
                events.insert(gid, entry["event"].clone()),
                None,
                "an event came twice"
            );
        }
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/api/v1/events?limit=10&cursor={cursor}"),
            None => return events,
        }
    }
}

#[tokio::test]
async fn published_samples_come_back_key_for_key() {
    let file = samples();
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("there is no {}", file.display());
        return;
    };
    let mut expected: BTreeMap<String, Value> = BTreeMap::new();
    for line in text.lines() {
        let event = serde_json::from_str::<Value>(line).unwrap()["event"].take();
        // Some samples have made-up gids, the same for each; the first one counts.
        expected
            .entry(event["gid"].as_str().unwrap().to_owned())
            .or_insert(event);
    }
    let repeated = text.lines().count() - expected.len();
    let installation = Installation::new();
    let (finished, summary) = ingest(&installation, &file.display().to_string()).await;
    assert_eq!(finished.code(), 0, "{finished:#?}");
    assert_eq!(
        (&summary["stored"], &summary["quarantined"]),
        (&json!(expected.len()), &json!(0))
    );
    assert_eq!(summary["duplicates"], repeated);
    let server = Server::start(&installation).await;
    assert_eq!(stored(&server).await, expected);
    assert!(server.stop().await.success());
    let (_, again) = ingest(&installation, &file.display().to_string()).await;
    assert_eq!(
        (&again["stored"], &again["duplicates"]),
        (&json!(0), &json!(text.lines().count()))
    );
}

#[tokio::test]
async fn what_was_refused_can_be_tried_again() {
    let installation = Installation::new();
    // One that is a few seconds beyond the limit of a day ahead, and one that is far beyond it.
    let later = now() + TimeDelta::hours(24) + TimeDelta::seconds(15);
    let soon_possible = with("1", "created_at", json!(later.to_rfc3339()));
    let never = with("2", "created_at", json!("2999-01-01T00:00:00.000Z"));
    let file = installation.write("early.jsonl", format!("{soon_possible}\n{never}\n"));
    let (finished, summary) = ingest(&installation, &file).await;
    assert_eq!(
        (finished.code(), &summary["quarantined"]),
        (1, &json!(2)),
        "{summary:#}"
    );
    let replay = ["sources", "quarantine", "replay", "--source", "files"];
    eventually("the first event's time to come", async || {
        met(now(), |now| *now + TimeDelta::hours(24) > later)
    })
    .await;
    let replayed = installation.run(&replay).await;
    assert_eq!(replayed.code(), 1, "{replayed:#?}");
    assert!(
        replayed.stdout.contains("1 stored, 1 refused as before"),
        "{replayed:#?}"
    );
    assert!(
        replayed.stderr.contains("more than a day ahead"),
        "{replayed:#?}"
    );
    assert_eq!(installation.gids("true").await, ["1"]);
    let list = ["sources", "quarantine", "list", "--format", "json"];
    let left = installation.run(&list).await.json();
    assert_eq!(left.as_array().unwrap().len(), 1);
    assert_eq!(left[0]["gid"], "2");
}

#[tokio::test]
async fn what_can_not_be_read_is_an_error() {
    let installation = Installation::new();
    let missing = installation.outside("missing.jsonl").display().to_string();
    let refused = installation
        .run(&["ingest", &missing, "--source", "files"])
        .await
        .bad();
    assert_eq!(
        refused.trim_end(),
        format!("error: reading `{missing}`\n  because: No such file or directory (os error 2)")
    );
    let folder = installation.outside("").display().to_string();
    let refused = installation
        .run(&["ingest", &folder, "--source", "files"])
        .await
        .bad();
    assert!(refused.contains("Is a directory"), "{refused}");
}

#[tokio::test]
async fn pages_of_the_api_and_standard_input_are_read_too() {
    let installation = Installation::new();
    let page = json!({"data": [event("1"), event("2")], "next_page": {"offset": "abc"}});
    let file = installation.write("page.json", format!("{page:#}"));
    let (finished, summary) = ingest(&installation, &file).await;
    assert_eq!(
        (finished.code(), &summary["stored"]),
        (0, &json!(2)),
        "{summary:#}"
    );
    let piped = installation.write("piped.jsonl", format!("{}\n{}\n", event("2"), event("3")));
    let program = PROGRAM;
    let script = "exec \"$1\" ingest - --source files < \"$2\"";
    let mut command = installation.wrapped("sh", &["-c", script, "sh", program, &piped]);
    let output = command.output().await.unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        told.trim_end(),
        "2 events read: 1 stored, 1 there already, 0 refused",
        "{output:?}"
    );
    assert_eq!(installation.gids("true").await, ["1", "2", "3"]);
    let server = Server::start(&installation).await;
    let (status, _) = server
        .send(server.request(Method::GET, "/api/v1/sources/files"))
        .await;
    assert_eq!(status, 200);
    assert!(server.stop().await.success());
}

#[tokio::test]
async fn numbers_come_back_as_they_were_written() {
    const NUMBERS: &str =
        "{\"long\":12345678901234567890.000000000001,\"great\":1e400,\"zero\":-0.0}";
    let installation = Installation::new();
    let line = text(
        "1",
        "{\"actor_type\"",
        &format!("{{\"numbers\":{NUMBERS},\"actor_type\""),
    );
    let file = installation.write("numbers.jsonl", &line);
    let (finished, _) = ingest(&installation, &file).await;
    assert_eq!(finished.code(), 0, "{finished:#?}");
    let server = Server::start(&installation).await;
    let answer = server
        .request(Method::GET, "/api/v1/events")
        .send()
        .await
        .unwrap();
    let answer = answer.text().await.unwrap();
    assert!(answer.contains(NUMBERS), "{answer}");
    assert!(server.stop().await.success());
}

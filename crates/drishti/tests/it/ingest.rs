//! Files of events: good ones are stored, bad ones are set aside, and the summary and the status say so.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Finished, Installation, Server};

const MEGABYTE: usize = 1_000_000;

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

/// A line of a hostile file, and what is to be said of it; `None` where it is a good event.
struct Line {
    bytes: Vec<u8>,
    refused: Option<&'static str>,
}

fn good(event: impl ToString) -> Line {
    Line {
        bytes: event.to_string().into_bytes(),
        refused: None,
    }
}

fn bad(bytes: impl AsRef<[u8]>, reason: &'static str) -> Line {
    Line {
        bytes: bytes.as_ref().to_vec(),
        refused: Some(reason),
    }
}

fn with(gid: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut event = event(gid);
    change(&mut event);
    event
}

/// The same event with something else in its text.
fn text(gid: &str, from: &str, to: &str) -> String {
    let text = event(gid).to_string();
    assert!(text.contains(from), "{text}");
    text.replace(from, to)
}

fn hostile() -> Vec<Line> {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let deep = |gid: &str, depth| {
        text(
            gid,
            "\"context_type\":\"web\"",
            &format!("\"context_type\":{}", nested(depth)),
        )
    };
    let without = |key: &str| {
        with("1", |event| {
            drop(event.as_object_mut().unwrap().remove(key))
        })
    };
    let set = |key: &str, value: Value| with("1", |event| event[key] = value);
    let mut invalid_utf_8 = event("1").to_string().into_bytes();
    let place = invalid_utf_8
        .windows(4)
        .position(|window| window == b"Noor")
        .unwrap();
    invalid_utf_8[place] = 0xff;
    let mut with_nul = event("1").to_string().into_bytes();
    with_nul[place] = 0;
    vec![
        good(event("101")),
        bad(
            set("details", json!({"text": "x".repeat(10 * MEGABYTE)})).to_string(),
            "at most 1048576 are allowed",
        ),
        good(with("102", |event| {
            event["details"] = json!({"text": "x".repeat(MEGABYTE)})
        })),
        bad(deep("1", 1_000), "nested more than 64 deep"),
        good(deep("103", 60)),
        bad(without("gid").to_string(), "`gid` is missing"),
        bad(without("created_at").to_string(), "`created_at` is missing"),
        bad(without("event_type").to_string(), "`event_type` is missing"),
        bad(without("actor").to_string(), "`actor` is missing"),
        bad(set("gid", json!(1_234)).to_string(), "`gid` is a number"),
        bad(set("gid", json!("")).to_string(), "`gid` has 0 characters"),
        bad(
            set("created_at", json!(1_772_442_900)).to_string(),
            "`created_at` is a number",
        ),
        bad(
            set("created_at", json!("yesterday")).to_string(),
            "`created_at` is `yesterday`",
        ),
        bad(
            set("created_at", json!("1999-01-01T00:00:00.000Z")).to_string(),
            "before Asana existed",
        ),
        bad(
            set("created_at", json!("2999-01-01T00:00:00.000Z")).to_string(),
            "more than a day ahead",
        ),
        bad(
            set("event_type", json!(["user_login_succeeded"])).to_string(),
            "`event_type` is an array",
        ),
        bad(
            set("actor", json!("Noor Quist")).to_string(),
            "`actor` is a string",
        ),
        good(with("104", |event| {
            event["resource"] = json!([1, "two"]);
            event["context"] = json!("a string");
            event["details"] = json!(3.25);
            event["event_category"] = json!({"nested": true});
        })),
        good(text(
            "105",
            "\"context_type\"",
            "\"unheard_of\":{\"n\":12345678901234567890.000000000001},\"context_type\"",
        )),
        bad(
            text("1", "\"gid\":\"1\"", "\"gid\":\"1\",\"gid\":\"2\""),
            "duplicate key `gid`",
        ),
        bad(
            text(
                "1",
                "\"actor_type\"",
                "\"email\":\"other@example.com\",\"actor_type\"",
            ),
            "duplicate key `email`",
        ),
        bad(with_nul, "control character"),
        good(text("106", "Noor Quist", "Noor\\u0000Quist \\ud83d\\ude00")),
        bad(invalid_utf_8, "not valid UTF-8"),
        bad("{\"gid\":\"1\",\"crea", "not valid JSON"),
        bad("null", "expected an object"),
        bad("\"just a string\"", "expected an object"),
        bad("this is not JSON at all", "is no JSON"),
        good(format!("{}\r", event("107"))),
        good(event("108")),
    ]
}

#[tokio::test]
async fn hostile_events_harm_nobody() {
    let lines = hostile();
    let mut content = b"\xef\xbb\xbf".to_vec();
    for line in &lines {
        content.extend_from_slice(&line.bytes);
        content.push(b'\n');
    }
    let cut = event("1").to_string();
    content.extend_from_slice(&cut.as_bytes()[..cut.len() - 9]);
    let installation = Installation::new();
    let file = installation.write("hostile.jsonl", &content);
    let (finished, summary) = ingest(&installation, &file).await;

    assert_eq!(finished.code(), 1);
    let expected: Vec<(usize, &str)> = (1..)
        .zip(&lines)
        .filter_map(|(number, line)| Some((number, line.refused?)))
        .chain([(lines.len() + 1, "the input ends in the middle of it")])
        .collect();
    let stored_lines = lines.len() + 1 - expected.len();
    assert_eq!(summary["read"], lines.len() + 1, "{summary:#}");
    assert_eq!(summary["stored"], stored_lines, "{summary:#}");
    assert_eq!(summary["quarantined"], expected.len(), "{summary:#}");
    let incomplete = summary["incomplete"].as_str().unwrap();
    assert!(
        incomplete.contains("it ends in the middle of what began on line"),
        "{summary:#}"
    );

    let list = [
        "sources",
        "quarantine",
        "list",
        "--source",
        "files",
        "--format",
        "json",
    ];
    let entries = installation.run(&list).await.json();
    let entries = entries.as_array().unwrap();
    assert_eq!(entries.len(), expected.len(), "{entries:#?}");
    for (entry, (number, reason)) in entries.iter().zip(&expected) {
        assert_eq!(
            (&entry["line"], &entry["origin"]),
            (&json!(number), &json!("hostile.jsonl")),
            "{entry:#}"
        );
        assert!(
            entry["reason"].as_str().unwrap().contains(reason),
            "{reason}: {entry:#}"
        );
    }
    for (problem, (number, reason)) in summary["problems"]
        .as_array()
        .unwrap()
        .iter()
        .zip(&expected)
    {
        assert_eq!(problem["line"], *number);
        assert!(
            problem["reason"].as_str().unwrap().contains(reason),
            "{problem:#}"
        );
    }

    let server = Server::start(&installation).await;
    let found = stored(&server).await;
    assert!(server.stop().await.success());
    let whole: Vec<Value> = lines
        .iter()
        .filter(|line| line.refused.is_none())
        .map(|line| serde_json::from_slice(&line.bytes).unwrap())
        .collect();
    assert_eq!(found.len(), whole.len());
    for event in whole {
        let gid = event["gid"].as_str().unwrap();
        assert_eq!(found.get(gid), Some(&event), "{gid}");
    }
}

#[tokio::test]
async fn what_was_refused_can_be_tried_again() {
    let installation = Installation::new();
    // An hour before the limit of a day ahead passes, and far beyond it.
    let later =
        crate::harness::now() + chrono::TimeDelta::hours(24) + chrono::TimeDelta::seconds(6);
    let soon_possible = with("1", |event| event["created_at"] = json!(later.to_rfc3339()));
    let never = with("2", |event| {
        event["created_at"] = json!("2999-01-01T00:00:00.000Z")
    });
    let file = installation.write("early.jsonl", format!("{soon_possible}\n{never}\n"));
    let (finished, summary) = ingest(&installation, &file).await;
    assert_eq!(
        (finished.code(), &summary["quarantined"]),
        (1, &json!(2)),
        "{summary:#}"
    );
    let replay = ["sources", "quarantine", "replay", "--source", "files"];
    crate::harness::eventually("the first event's time to come", async || {
        crate::harness::met(crate::harness::now(), |now| {
            *now + chrono::TimeDelta::hours(24) > later
        })
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
    let program = crate::harness::PROGRAM;
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

//! A file of events that try everything.

use serde_json::{Value, json};

use super::{event, ingest, stored, text, with};
use crate::harness::{Installation, Server};

const MEGABYTE: usize = 1_000_000;

/// A line of a hostile file, and what is to be said of it; `None` where it is a good event.
struct Line {
    bytes: Vec<u8>,
    refused: Option<&'static str>,
}

fn good(event: &impl ToString) -> Line {
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

fn sizes() -> Vec<Line> {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let deep = |gid: &str, depth| {
        let context = format!("\"context_type\":{}", nested(depth));
        text(gid, "\"context_type\":\"web\"", &context)
    };
    let long = |gid: &str, length| with(gid, "details", json!({"text": "x".repeat(length)}));
    vec![
        good(&event("101")),
        bad(
            long("1", 10 * MEGABYTE).to_string(),
            "at most 1048576 are allowed",
        ),
        good(&long("102", MEGABYTE)),
        bad(deep("1", 1_000), "nested more than 64 deep"),
        good(&deep("103", 60)),
    ]
}

fn keys() -> Vec<Line> {
    let without = |key: &str, reason| {
        let mut event = event("1");
        event.as_object_mut().unwrap().remove(key);
        bad(event.to_string(), reason)
    };
    let set = |key: &str, value, reason| bad(with("1", key, value).to_string(), reason);
    vec![
        without("gid", "`gid` is missing"),
        without("created_at", "`created_at` is missing"),
        without("event_type", "`event_type` is missing"),
        without("actor", "`actor` is missing"),
        set("gid", json!(1_234), "`gid` is a number"),
        set("gid", json!(""), "`gid` has 0 characters"),
        set(
            "created_at",
            json!(1_772_442_900),
            "`created_at` is a number",
        ),
        set(
            "created_at",
            json!("yesterday"),
            "`created_at` is `yesterday`",
        ),
        set(
            "created_at",
            json!("1999-01-01T00:00:00.000Z"),
            "before Asana existed",
        ),
        set(
            "created_at",
            json!("2999-01-01T00:00:00.000Z"),
            "more than a day ahead",
        ),
        set(
            "event_type",
            json!(["user_login_succeeded"]),
            "`event_type` is an array",
        ),
        set("actor", json!("Noor Quist"), "`actor` is a string"),
        good(&with("104", "resource", json!([1, "two"]))),
        good(&with("105", "context", json!("a string"))),
        good(&with("106", "details", json!(3.25))),
        good(&with("107", "event_category", json!({"nested": true}))),
        good(&text(
            "108",
            "\"context_type\"",
            "\"unheard_of\":{\"n\":1234567890.25},\"context_type\"",
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
    ]
}

fn bytes() -> Vec<Line> {
    let broken = |byte| {
        let mut text = event("1").to_string().into_bytes();
        let place = text
            .windows(4)
            .position(|window| window == b"Noor")
            .unwrap();
        text[place] = byte;
        text
    };
    vec![
        bad(broken(0), "control character"),
        good(&text(
            "109",
            "Noor Quist",
            "Noor\\u0000Quist \\ud83d\\ude00",
        )),
        bad(broken(0xff), "not valid UTF-8"),
        bad("{\"gid\":\"1\",\"crea", "not valid JSON"),
        bad("null", "expected an object"),
        bad("\"just a string\"", "expected an object"),
        bad("this is not JSON at all", "is no JSON"),
        good(&format!("{}\r", event("110"))),
        good(&event("111")),
    ]
}

/// The lines as a file: with a byte order mark, and with an event at its end that is cut.
fn file(lines: &[Line]) -> Vec<u8> {
    let mut content = b"\xef\xbb\xbf".to_vec();
    for line in lines {
        content.extend_from_slice(&line.bytes);
        content.push(b'\n');
    }
    let cut = event("1").to_string();
    content.extend_from_slice(&cut.as_bytes()[..cut.len() - 9]);
    content
}

fn assert_told(found: &Value, number: usize, reason: &str) {
    assert_eq!(found["line"], number, "{found:#}");
    assert!(
        found["reason"].as_str().unwrap().contains(reason),
        "{reason}: {found:#}"
    );
}

#[tokio::test]
async fn hostile_events_harm_nobody() {
    let lines: Vec<Line> = [sizes(), keys(), bytes()].into_iter().flatten().collect();
    let installation = Installation::new();
    let (finished, summary) = ingest(
        &installation,
        &installation.write("hostile.jsonl", file(&lines)),
    )
    .await;
    let expected: Vec<(usize, &str)> = (1..)
        .zip(&lines)
        .filter_map(|(number, line)| Some((number, line.refused?)))
        .chain([(lines.len() + 1, "the input ends in the middle of it")])
        .collect();
    assert_eq!(finished.code(), 1);
    assert_eq!(summary["read"], lines.len() + 1, "{summary:#}");
    assert_eq!(
        summary["stored"],
        lines.len() + 1 - expected.len(),
        "{summary:#}"
    );
    assert_eq!(summary["quarantined"], expected.len(), "{summary:#}");
    let incomplete = summary["incomplete"].as_str().unwrap();
    assert!(
        incomplete.contains("it ends in the middle of what began on line"),
        "{summary:#}"
    );
    for (problem, (number, reason)) in summary["problems"]
        .as_array()
        .unwrap()
        .iter()
        .zip(&expected)
    {
        assert_told(problem, *number, reason);
    }

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
    assert_eq!(
        entries.as_array().map(Vec::len),
        Some(expected.len()),
        "{entries:#}"
    );
    for (entry, (number, reason)) in entries.as_array().unwrap().iter().zip(&expected) {
        assert_told(entry, *number, reason);
        assert_eq!(entry["origin"], "hostile.jsonl");
    }

    let server = Server::start(&installation).await;
    let found = stored(&server).await;
    assert!(server.stop().await.success());
    let whole = lines.iter().filter(|line| line.refused.is_none());
    assert_eq!(found.len(), whole.clone().count());
    for line in whole {
        let event: Value = serde_json::from_slice(&line.bytes).unwrap();
        assert_eq!(found.get(event["gid"].as_str().unwrap()), Some(&event));
    }
}

//! Policies that are written here: added, replaced, removed, tried before they are in force.

use reqwest::Method;
use reqwest::header::IF_MATCH;
use serde_json::{Value, json};

use crate::app::{Answer, App};

const POLICIES: &str = "/api/v1/policies";
const OWN: &str = "/api/v1/policies/own.deletions";

fn text(level: &str) -> String {
    format!(
        "title: Task deleted\nlogsource: {{product: asana, service: audit}}\ndetection:\n  selection: {{event_type: task_deleted}}\n  \
         condition: selection\nlevel: {level}\ndrishti:\n  name: own.deletions\n"
    )
}

fn deletion(gid: u64, who: u64) -> String {
    format!(
        r#"{{"gid":"{gid}","created_at":"2026-03-10T08:{gid:02}:00.000Z","event_type":"task_deleted","actor":{{"actor_type":"user","gid":"{who}","email":"p{who}@example.org"}}}}"#
    )
}

async fn write(app: &App, method: Method, path: &str, tag: &str, text: &str) -> Answer {
    let request = app.request(method, path).json(&json!({ "text": text }));
    app.send(request.header(IF_MATCH, tag)).await
}

#[tokio::test]
async fn a_policy_is_written_replaced_and_removed() {
    let app = App::start().await;
    let added = app.post(POLICIES, &json!({"text": text("low")})).await;
    assert_eq!(
        (added.status, &added.headers["etag"]),
        (201, &"\"1\"".parse().unwrap())
    );
    assert_eq!(added.ok()["policy"]["origin"], "own");
    let again = app.post(POLICIES, &json!({"text": text("low")})).await;
    assert_eq!(again.problem(409), "policy_exists");
    // It speaks about what comes from now on.
    app.ingest("acme", &[deletion(1, 1)]).await;
    let alerts = app.get("/api/v1/alerts?policy=own.deletions").await.ok();
    assert_eq!(alerts["alerts"][0]["severity"], "low");

    let replaced = write(&app, Method::PUT, OWN, "\"1\"", &text("high")).await;
    assert_eq!(replaced.headers["etag"], "\"2\"");
    assert_eq!(replaced.ok()["policy"]["severity"], "high");
    let late = write(&app, Method::PUT, OWN, "\"1\"", &text("medium")).await;
    assert_eq!(late.problem(412), "revision_conflict");
    let other = text("high").replace("own.deletions", "own.other");
    let renamed = write(&app, Method::PUT, OWN, "*", &other).await;
    assert_eq!(renamed.problem(422), "invalid_policy");
    let raw = app.get(&format!("{OWN}/text")).await;
    assert_eq!(
        (raw.text.as_str(), &raw.headers["etag"]),
        (text("high").as_str(), &"\"2\"".parse().unwrap())
    );
    assert_eq!(
        raw.headers["content-disposition"],
        "attachment; filename=\"own.deletions.yml\""
    );

    let changes = app.get(&format!("{OWN}/changes")).await.ok();
    let newest = &changes["changes"][0];
    assert_eq!(
        (&newest["action"], &newest["before"]),
        (&json!("replaced"), &Value::Null)
    );
    let lines = newest["difference"]["lines"].as_array().unwrap();
    let gone: Vec<_> = lines
        .iter()
        .filter(|line| line["after"].is_null())
        .collect();
    assert_eq!((gone.len(), &gone[0]["text"]), (1, &json!("level: low")));

    let request = app.request(Method::DELETE, OWN).header(IF_MATCH, "\"2\"");
    assert_eq!(app.send(request).await.status, 204);
    assert_eq!(app.get(OWN).await.problem(404), "no_such_policy");
    let audit = app.get("/api/v1/audit?kind=policy").await.ok();
    assert_eq!(audit["entries"][0]["action"], "removed");
    assert_eq!(audit["entries"][0]["before"]["text"], text("high"));
    app.stop().await;
}

#[tokio::test]
async fn what_comes_with_the_program_is_copied_not_replaced() {
    let app = App::start().await;
    let shipped = format!("{POLICIES}/test.export");
    let text = app.get(&shipped).await.ok()["text"]
        .as_str()
        .unwrap()
        .to_owned();
    let taken = app.post(POLICIES, &json!({ "text": text })).await;
    assert_eq!(taken.problem(409), "policy_exists");
    let changed = text.replace("level: high", "level: low");
    let replaced = write(&app, Method::PUT, &shipped, "*", &changed).await;
    assert_eq!(replaced.problem(409), "policy_not_own");
    let removed = app.send(app.request(Method::DELETE, &shipped)).await;
    assert_eq!(removed.problem(409), "policy_not_own");
    let missing = write(&app, Method::PUT, OWN, "*", &self::text("low")).await;
    assert_eq!(missing.problem(404), "no_such_policy");
    let copy = changed.replace("test.export", "own.export");
    assert_eq!(
        app.post(POLICIES, &json!({ "text": copy })).await.status,
        201
    );
    app.stop().await;
}

#[tokio::test]
async fn what_could_not_be_in_force_is_refused_with_its_line() {
    let app = App::start().await;
    let large = format!("# {}\n{}", "x".repeat(256 << 10), text("low"));
    for (text, words) in [
        ("", "empty"),
        ("title: [\n", "line"),
        (
            &text("low").replace("  name: own.deletions\n", "  mode: alert\n"),
            "has no name",
        ),
        (&text("low").replace("level: low", "level: awful"), "line 6"),
        (
            &text("low").replace("own.deletions", "Own Deletions"),
            "is no name",
        ),
        (
            &text("low").replace("own.deletions", "counts"),
            "line 8: no policy can be called `counts`",
        ),
        (
            "title: x\ndrishti:\n  name: own.x\n  detector: mass_deletion\n  parameters: {minimum: 0}\n",
            "line 5",
        ),
        (large.as_str(), "larger than"),
    ] {
        let refused = app.post(POLICIES, &json!({ "text": text })).await;
        assert_eq!(refused.problem(422), "invalid_policy", "{words}");
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(words), "{words}: {detail}");
    }
    assert_eq!(
        app.get(POLICIES).await.ok()["policies"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    app.stop().await;
}

#[tokio::test]
async fn a_draft_is_tried_on_the_past() {
    let app = App::start().await;
    let lines = [deletion(1, 1), deletion(2, 2), deletion(3, 2)];
    app.ingest("acme", &lines).await;
    let asks = text("low").replace("task_deleted}", "task_deleted, ip.country|neq: DE}");
    let path = "/api/v1/policies/previews";
    let silent = app.post(path, &json!({"text": asks, "days": 7})).await.ok();
    assert_eq!(
        (&silent["matches"], &silent["looked_at"]),
        (&json!(0), &json!(3))
    );
    assert_eq!(
        silent["lacking"],
        json!([{"field": "ip.country", "events": 3}])
    );
    let tried = app
        .post(path, &json!({"text": text("low"), "source": "acme"}))
        .await
        .ok();
    assert_eq!(
        (&tried["matches"], &tried["alerts"], &tried["read_until"]),
        (&json!(3), &json!(2), &Value::Null)
    );
    assert_eq!(
        tried["days"],
        json!({"2026-03-10": {"alerts": 2, "matches": 3}})
    );
    let entities = tried["entities"].as_array().unwrap();
    assert_eq!(
        (
            entities.len(),
            &entities[0]["name"],
            &entities[0]["matches"]
        ),
        (2, &json!("p2@example.org"), &json!(2))
    );
    assert_eq!(tried["samples"][1]["events"], json!(["2", "3"]));
    let nothing = app.post(path, &json!({"text": "title: x"})).await;
    assert_eq!(nothing.problem(422), "invalid_policy");
    let long = app
        .post(path, &json!({"text": text("low"), "days": 0}))
        .await;
    assert_eq!(long.problem(400), "invalid_body");
    // Nothing of it is kept.
    assert_eq!(app.get("/api/v1/alerts").await.ok()["alerts"], json!([]));
    app.stop().await;
}

#[tokio::test]
async fn what_policies_are_written_with_is_told() {
    let app = App::start().await;
    let told = app.get("/api/v1/policies/vocabulary").await.ok();
    let named = |list: &str, name: &str| {
        let mut all = told[list].as_array().unwrap().iter();
        all.find(|one| one["name"] == name).unwrap().clone()
    };
    let category = named("fields", "ip.category");
    assert!(
        category["values"]
            .as_array()
            .unwrap()
            .contains(&json!("vpn"))
    );
    let detector = named("detectors", "mass_deletion");
    let mut parameters = detector["parameters"].as_array().unwrap().iter();
    let minimum = parameters.find(|one| one["name"] == "minimum").unwrap();
    assert_eq!(
        (&minimum["kind"], &minimum["default"]),
        (&json!("count"), &json!(100))
    );
    app.stop().await;
}

#[tokio::test]
async fn a_policy_is_written_once_however_often_it_is_sent() {
    let app = App::start().await;
    let send = async || {
        let request = app.request(Method::POST, POLICIES);
        let request = request.json(&json!({"text": text("low")}));
        app.send(request.header("idempotency-key", "one")).await
    };
    let (first, second) = (send().await, send().await);
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(second.headers["idempotency-replayed"], "true");
    assert_eq!(second.headers["etag"], first.headers["etag"]);
    app.stop().await;
}

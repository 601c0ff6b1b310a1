//! Policies: shown, set, checked and tried.

use reqwest::Method;
use reqwest::header::IF_MATCH;
use serde_json::{Value, json};

use crate::app::{Answer, App};

const POLICY: &str = "/api/v1/policies/test.export";

fn export(gid: u64, who: u64) -> String {
    format!(
        r#"{{"gid":"{gid}","created_at":"2026-03-10T08:{gid:02}:00.000Z","event_type":"workspace_export_started","actor":{{"actor_type":"user","gid":"{who}","email":"p{who}@example.org"}}}}"#
    )
}

async fn patch(app: &App, tag: Option<&str>, body: &Value) -> Answer {
    let mut request = app.request(Method::PATCH, POLICY).json(body);
    if let Some(tag) = tag {
        request = request.header(IF_MATCH, tag);
    }
    app.send(request).await
}

#[tokio::test]
async fn a_policy_is_shown_and_set() {
    let app = App::start().await;
    let list = app.get("/api/v1/policies").await.ok();
    assert_eq!(list["policies"][0]["name"], "test.export");
    assert_eq!(list["policies"][0]["is_changed"], false);
    let shown = app.get(POLICY).await;
    assert_eq!(shown.headers["etag"], "\"0\"");
    let shown = shown.ok();
    assert!(shown["text"].as_str().unwrap().contains("test.export"));
    assert_eq!(shown["parameters"], Value::Null);

    let set = json!({"mode": "record", "severity": "low", "daily_cap": 5, "scope": {"exclude": {"roles": ["admin"]}}});
    let answer = patch(&app, Some("\"0\""), &set).await;
    assert_eq!(answer.headers["etag"], "\"1\"");
    let answer = answer.ok();
    assert_eq!(answer["policy"]["mode"], "record");
    assert_eq!(answer["policy"]["severity"], "low");
    assert_eq!(answer["settings"]["daily_cap"], 5);
    assert_eq!(answer["scope"]["exclude"]["roles"], json!(["admin"]));
    let late = patch(&app, Some("\"0\""), &json!({"mode": "off"})).await;
    assert_eq!(late.problem(412), "revision_conflict");
    // Null gives back to the file, what is left out stays.
    let back = patch(&app, None, &json!({"mode": null, "scope": null}))
        .await
        .ok();
    assert_eq!(back["policy"]["mode"], "alert");
    assert_eq!(back["settings"]["daily_cap"], 5);
    assert_eq!(back["settings"]["scope"], Value::Null);
    let changes = app.get(&format!("{POLICY}/changes")).await.ok();
    let changes = changes["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 2);
    assert_eq!(changes[0]["author"], "api token");
    for (body, code) in [
        (json!({"mode": "loud"}), (400, "invalid_body")),
        (json!({"daily_cap": 0}), (422, "invalid_setting")),
        (
            json!({"parameters": {"sensitivity": 3}}),
            (422, "invalid_setting"),
        ),
        (
            json!({"scope": {"include": {"roles": ["king"]}}}),
            (422, "invalid_setting"),
        ),
        (json!({"paused": true}), (400, "invalid_body")),
        (json!({"name": "other"}), (400, "invalid_body")),
    ] {
        let refused = patch(&app, None, &body).await;
        assert_eq!(
            (refused.status, refused.problem(code.0).as_str()),
            code,
            "{body}"
        );
    }
    let missing = app.get("/api/v1/policies/none").await;
    assert_eq!(missing.problem(404), "no_such_policy");
    app.stop().await;
}

#[tokio::test]
async fn a_paused_policy_says_so_and_is_let_go_on() {
    let app = App::start().await;
    let now = app.services.clock().now();
    let paused = app
        .services
        .ledger()
        .pause_policy("test.export", "it matched 100,001 times", now);
    paused.await.unwrap();
    let list = app.get("/api/v1/policies").await.ok();
    assert_eq!(
        list["policies"][0]["paused"]["why"],
        "it matched 100,001 times"
    );
    for body in [json!({"paused": false}), json!({})] {
        let stale = patch(&app, Some("\"7\""), &body).await;
        assert_eq!(stale.problem(412), "revision_conflict", "{body}");
    }
    let resumed = patch(&app, None, &json!({"paused": false})).await.ok();
    assert_eq!(resumed["policy"]["paused"], Value::Null);
    app.stop().await;
}

#[tokio::test]
async fn a_draft_is_checked() {
    let app = App::start().await;
    let text = app.get(POLICY).await.ok()["text"]
        .as_str()
        .unwrap()
        .to_owned();
    let changed = text.replace(
        "{event_type: workspace_export_started}",
        "{event_type: workspace_export_started, actor.gid: '2'}",
    ) + "  tests:\n    - {name: two, fires: true, events: [{event_type: workspace_export_started, actor: {gid: '2'}}]}\n    - {name: one, fires: true, events: [{event_type: workspace_export_started, actor: {gid: '1'}}]}\n";
    let checked = app
        .post("/api/v1/policies/checks", &json!({"text": changed}))
        .await
        .ok();
    assert_eq!(
        (&checked["is_valid"], &checked["name"]),
        (&json!(true), &json!("test.export")),
        "{checked}"
    );
    let passed: Vec<bool> = checked["tests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|test| test["passed"].as_bool().unwrap())
        .collect();
    assert_eq!(passed, [true, false]);
    let broken = app
        .post("/api/v1/policies/checks", &json!({"text": "title: ["}))
        .await
        .ok();
    assert_eq!(
        (&broken["is_valid"], &broken["name"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(broken["remarks"][0]["level"], "error");
    let out_of_range = "title: x\ndrishti:\n  name: own.x\n  detector: mass_deletion\n  parameters:\n    minimum: 0\n";
    let body = json!({"text": out_of_range});
    let checked = app.post("/api/v1/policies/checks", &body).await.ok();
    assert_eq!(checked["is_valid"], false);
    let mut remarks = checked["remarks"].as_array().unwrap().iter();
    let fault = remarks.find(|remark| remark["level"] == "error").unwrap();
    assert_eq!(
        (&fault["line"], &fault["code"]),
        (&json!(6), &json!("unusable"))
    );

    app.stop().await;
}

#[tokio::test]
async fn a_policy_and_a_changed_version_are_tried_on_the_past() {
    let app = App::start().await;
    app.ingest("acme", &[export(1, 1), export(2, 2), export(3, 2)])
        .await;
    let text = app.get(POLICY).await.ok()["text"]
        .as_str()
        .unwrap()
        .to_owned();
    let only_one = "{event_type: workspace_export_started, actor.gid: '2'}";
    let changed = text.replace("{event_type: workspace_export_started}", only_one);
    let backtest = format!("{POLICY}/backtest");
    let tried = app.post(&backtest, &json!({})).await.ok();
    assert_eq!((&tried["events"], &tried["alerts"]), (&json!(3), &json!(2)));
    assert_eq!(tried["difference"], Value::Null);
    let tried = app
        .post(
            &backtest,
            &json!({"days": 7, "source": "acme", "text": changed}),
        )
        .await
        .ok();
    let difference = &tried["difference"];
    assert_eq!(
        (&tried["alerts"], &difference["removed_count"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        difference["removed"][0]["title"],
        "p1@example.org started an export"
    );
    for (body, status, code) in [
        (json!({"days": 0}), 400, "invalid_body"),
        (json!({"source": "a/b"}), 400, "invalid_parameter"),
        (json!({"text": "title: ["}), 422, "invalid_policy"),
        (json!({"text": ""}), 422, "invalid_policy"),
    ] {
        assert_eq!(
            app.post(&backtest, &body).await.problem(status),
            code,
            "{body}"
        );
    }
    let missing = app.post("/api/v1/policies/none/backtest", &json!({})).await;
    assert_eq!(missing.problem(404), "no_such_policy");
    let counts = app
        .get("/api/v1/policies/counts?days=30&policy=test.export")
        .await
        .ok();
    assert_eq!(counts["counts"][0]["matches"], 3);
    let verdicts = json!([{"policy": "test.export", "open": 2, "true_positive": 0, "benign": 0, "false_positive": 0}]);
    assert_eq!(counts["verdicts"], verdicts);
    assert_eq!(
        app.get("/api/v1/policies/counts?days=0").await.problem(400),
        "invalid_parameter"
    );
    app.stop().await;
}

//! Alerts, from detection to resolution.

use drishti_model::{Role, SourceScope};
use reqwest::Method;
use reqwest::header::IF_MATCH;
use serde_json::{Value, json};

use crate::app::{Answer, App};

const ALERTS: &str = "/api/v1/alerts";

/// Exports by so many people, a minute between them.
fn exports(people: u64) -> Vec<String> {
    (1..=people)
        .map(|who| {
            format!(
                r#"{{"gid":"{who}","created_at":"2026-03-10T08:{who:02}:00.000Z","event_type":"workspace_export_started","actor":{{"actor_type":"user","gid":"{who}","name":"<img onerror> {who}","email":"p{who}@example.org"}}}}"#
            )
        })
        .collect()
}

async fn with_alerts(people: u64) -> App {
    let app = App::start().await;
    app.ingest("acme", &exports(people)).await;
    app
}

async fn change(app: &App, id: &str, tag: Option<&str>, body: &Value) -> Answer {
    let mut request = app
        .request(Method::PATCH, &format!("{ALERTS}/{id}"))
        .json(body);
    if let Some(tag) = tag {
        request = request.header(IF_MATCH, tag);
    }
    app.send(request).await
}

fn ids(page: &Value) -> Vec<String> {
    let alerts = page["alerts"].as_array().unwrap().iter();
    alerts
        .map(|alert| alert["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn alerts_are_listed_page_by_page_and_counted() {
    let app = with_alerts(5).await;
    let mut seen = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut parameters = vec![("limit", "2")];
        parameters.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page = app.query(ALERTS, &parameters).await.ok();
        seen.extend(ids(&page));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    let all = app.get(ALERTS).await.ok();
    assert_eq!(seen, ids(&all));
    assert_eq!(seen.len(), 5);
    let newest = &all["alerts"][0];
    assert_eq!(newest["title"], "p5@example.org started an export");
    assert_eq!(newest["entity"]["name"], "p5@example.org");
    app.stop().await;
}

#[tokio::test]
async fn filters_of_alerts_hold_for_lists_and_counts() {
    let app = with_alerts(5).await;
    let fitting = async |parameters: &[(&str, &str)]| {
        let page = app.query(ALERTS, parameters).await.ok();
        let counts = app
            .query(&format!("{ALERTS}/counts"), parameters)
            .await
            .ok();
        let counted: u64 = counts["states"]
            .as_object()
            .unwrap()
            .values()
            .filter_map(Value::as_u64)
            .sum();
        let listed = ids(&page).len();
        assert_eq!(counted, listed as u64, "{parameters:?}");
        listed
    };
    for (parameters, expected) in [
        (&[("state", "new"), ("state", "resolved")][..], 5),
        (&[("state", "resolved")], 0),
        (&[("severity_min", "high")], 5),
        (&[("severity_min", "critical")], 0),
        (&[("severity", "critical"), ("severity", "high")], 5),
        (&[("severity", "low")], 0),
        (&[("policy", "test.export"), ("source", "acme")], 5),
        (&[("policy", "none"), ("policy", "test.export")], 5),
        (&[("assignee", "-"), ("assignee", "mara")], 5),
        (&[("event", "3")], 1),
        (&[("event", "99")], 0),
        (&[("entity", "3")], 1),
        (&[("assignee", "-")], 5),
        (&[("assignee", "mara")], 0),
        (
            &[
                ("from", "2026-03-10T08:02:00Z"),
                ("to", "2026-03-10T08:04:00Z"),
            ],
            2,
        ),
        (&[("text", "P4@EXAMPLE")], 1),
        (
            &[
                ("capped", "false"),
                ("suppressed", "false"),
                ("withdrawn", "false"),
            ],
            5,
        ),
    ] {
        assert_eq!(fitting(parameters).await, expected, "{parameters:?}");
    }
    for (parameter, value) in [
        ("state", "done"),
        ("severity_min", "awful"),
        ("severity", "awful"),
        ("from", "yesterday"),
        ("order", "best"),
        ("capped", "maybe"),
        ("polcy", "x"),
    ] {
        let refused = app.query(ALERTS, &[(parameter, value)]).await;
        assert_eq!(refused.problem(400), "invalid_parameter", "{parameter}");
        assert!(refused.text.contains(parameter), "{}", refused.text);
    }
    let refused = app.query(ALERTS, &[("cursor", "AAAA")]).await;
    assert_eq!(refused.problem(400), "invalid_cursor");
    app.stop().await;
}

#[tokio::test]
async fn an_alert_is_looked_at_and_resolved() {
    let app = with_alerts(1).await;
    let id = ids(&app.get(ALERTS).await.ok()).remove(0);
    let shown = app.get(&format!("{ALERTS}/{}", id.get(..8).unwrap())).await;
    assert_eq!(shown.headers["etag"], "\"1\"");
    let story = shown.ok();
    assert_eq!(story["event_gids"], json!(["1"]));
    assert!(story["explanation"]["seen"].is_string(), "{story}");
    let looked = change(
        &app,
        &id,
        Some("\"1\""),
        &json!({"state": "in_review", "assignee": "mara"}),
    )
    .await;
    assert_eq!(looked.headers["etag"], "\"2\"");
    assert_eq!(looked.ok()["alert"]["assignee"], "mara");
    let late = change(&app, &id, Some("\"1\""), &json!({"comment": "who was it?"})).await;
    assert_eq!(late.problem(412), "revision_conflict");
    for body in [
        json!({"state": "resolved"}),
        json!({"state": "resolved", "classification": "harmless"}),
        json!({"state": "gone"}),
        json!({"classification": "benign"}),
        json!({"stat": "new"}),
    ] {
        let refused = change(&app, &id, None, &body).await;
        let code = refused.problem(400);
        assert!(
            ["invalid_body", "invalid_parameter"].contains(&code.as_str()),
            "{body}"
        );
    }
    let long = json!({"comment": "x".repeat(10_001)});
    assert_eq!(
        change(&app, &id, None, &long).await.problem(422),
        "invalid_setting"
    );
    let resolved = json!({"state": "resolved", "classification": "benign", "reason": "planned", "assignee": "", "comment": "asked her"});
    let story = change(&app, &id, None, &resolved).await.ok();
    let alert = &story["alert"];
    assert_eq!(
        (
            &alert["state"],
            &alert["classification"],
            &alert["reason"],
            &alert["assignee"]
        ),
        (
            &json!("resolved"),
            &json!("benign"),
            &json!("planned"),
            &Value::Null
        )
    );
    let history = story["history"].as_array().unwrap();
    assert!(history.iter().any(|entry| entry["comment"] == "asked her"));
    assert!(history.iter().all(|entry| entry["author"] == "api token"));
    for unknown in ["ffffffff", "ff", "______", "%25"] {
        let missing = app.get(&format!("{ALERTS}/{unknown}")).await;
        assert_eq!(missing.problem(404), "no_such_alert", "{unknown}");
    }
    app.stop().await;
}

#[tokio::test]
async fn many_are_changed_at_once_and_none_keeps_the_others() {
    let app = with_alerts(3).await;
    let ids = ids(&app.get(ALERTS).await.ok());
    let alerts = json!([
        {"id": ids[0]},
        {"id": ids[1], "revision": 7},
        {"id": "nobody knows"},
        {"id": ids[2], "revision": 1}
    ]);
    let changes = format!("{ALERTS}/changes");
    let body = json!({"alerts": alerts, "change": {"state": "in_review"}});
    let outcomes = app.post(&changes, &body).await.ok();
    let outcomes = outcomes["outcomes"].as_array().unwrap();
    let states: Vec<&str> = outcomes
        .iter()
        .map(|outcome| outcome["alert"]["state"].as_str().unwrap_or("-"))
        .collect();
    assert_eq!(states, ["in_review", "-", "-", "in_review"]);
    let problem = outcomes[1]["problem"].as_str().unwrap();
    assert!(problem.contains("revision"), "{problem}");
    for alerts in [json!([]), json!(vec![json!({"id": "a"}); 1_001])] {
        let body = json!({"alerts": alerts, "change": {"state": "new"}});
        assert_eq!(app.post(&changes, &body).await.problem(400), "invalid_body");
    }
    app.stop().await;
}

#[tokio::test]
async fn counts_name_policies_people_and_days() {
    let app = with_alerts(3).await;
    let id = ids(&app.get(ALERTS).await.ok()).remove(0);
    change(&app, &id, None, &json!({"assignee": "mara"}))
        .await
        .ok();
    let counts = app.get(&format!("{ALERTS}/counts")).await.ok();
    assert_eq!(counts["policy_titles"]["test.export"], "Export started");
    assert_eq!(counts["assignees"], json!({"-": 2, "mara": 1}));
    assert_eq!(counts["days"], json!({"2026-03-10": 3}));
    assert_eq!(counts["day_severities"], json!({"2026-03-10": {"high": 3}}));
    app.stop().await;
}

#[tokio::test]
async fn the_events_of_an_alert_are_listed_page_by_page() {
    let app = App::start().await;
    let event = |minute: u32| {
        format!(
            r#"{{"gid":"{minute}","created_at":"2026-03-10T08:{minute:02}:00.000Z","event_type":"workspace_export_started","actor":{{"actor_type":"user","gid":"1","email":"p@example.org"}}}}"#
        )
    };
    app.ingest("acme", &[1, 2, 3, 4, 5].map(event)).await;
    app.ingest("other", &[event(3)]).await;
    let page = app.query(ALERTS, &[("source", "acme")]).await.ok();
    let [id] = &ids(&page)[..] else {
        panic!("{page}")
    };
    let path = format!("{ALERTS}/{id}/events");
    let mut gids = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut parameters = vec![("limit", "2")];
        parameters.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page = app.query(&path, &parameters).await.ok();
        for entry in page["events"].as_array().unwrap() {
            assert_eq!(entry["source"], "acme");
            gids.push(entry["event"]["gid"].as_str().unwrap().to_owned());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(gids, ["5", "4", "3", "2", "1"]);
    let refused = app.get(&format!("{path}?cursor=x")).await;
    assert_eq!(refused.problem(400), "invalid_cursor");
    let missing = app.get(&format!("{ALERTS}/ffffffff/events")).await;
    assert_eq!(missing.problem(404), "no_such_alert");
    let both = app.query(ALERTS, &[("event", "3")]).await.ok();
    assert_eq!(ids(&both).len(), 2);

    // Whoever may see `other` only sees nothing of it.
    let scope = SourceScope::of(Some([crate::app::name("other")]));
    app.add_operator("mara", Role::Viewer, scope).await;
    let cookie = app.sign_in("mara").await;
    let hidden = app.send(app.request_of(&cookie, Method::GET, &path)).await;
    assert_eq!(hidden.problem(404), "no_such_alert");
    app.stop().await;
}

#[tokio::test]
async fn alerts_are_given_to_those_who_may_work_on_them() {
    let app = App::start().await;
    app.ingest("acme", &[]).await;
    let acme = || SourceScope::of(Some([crate::app::name("acme")]));
    let other = SourceScope::of(Some([crate::app::name("other")]));
    for (name, role, scope) in [
        ("ada", Role::Admin, SourceScope::All),
        ("ben", Role::Analyst, acme()),
        ("cem", Role::Analyst, other),
        ("dora", Role::Viewer, SourceScope::All),
        ("emil", Role::Viewer, acme()),
    ] {
        app.add_operator(name, role, scope).await;
    }
    let path = format!("{ALERTS}/assignees");
    let names = |answer: Answer| -> Vec<String> {
        let found = answer.ok();
        let names = found["assignees"].as_array().unwrap().iter();
        names
            .map(|of| of["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(app.get(&path).await), ["ada", "ben", "cem"]);
    let cookie = app.sign_in("emil").await;
    let narrow = app.send(app.request_of(&cookie, Method::GET, &path)).await;
    assert_eq!(names(narrow), ["ada", "ben"]);
    app.stop().await;
}

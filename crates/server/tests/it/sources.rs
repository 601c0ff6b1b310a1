//! The life of a source, from its addition to its removal.

use chrono::TimeDelta;
use drishti_model::{AccountStatus, HealthEvent, HealthSeverity, HealthStatus, SourceState};
use reqwest::Method;
use reqwest::header::IF_MATCH;
use serde_json::{Value, json};

use crate::app::{ASANA_TOKEN, Answer, App, name, now};
use crate::asana;

const SOURCES: &str = "/api/v1/sources";

async fn with_source(api_url: &str) -> App {
    let app = App::start().await;
    let body = json!({
        "name": "Asana – main",
        "workspace_gid": "1201",
        "token": ASANA_TOKEN,
        "api_url": api_url,
        "description": "the whole organisation",
        "category": "saas/asana",
        "fields": {"team": "security"},
        "collect": {"poll_interval_seconds": 30}
    });
    let created = app.post(SOURCES, &body).await;
    assert_eq!(created.status, 201, "{}", created.text);
    app
}

const SOURCE: &str = "/api/v1/sources/Asana%20%E2%80%93%20main";

async fn patch(app: &App, tag: Option<&str>, body: &Value) -> Answer {
    let mut request = app.request(Method::PATCH, SOURCE).json(body);
    if let Some(tag) = tag {
        request = request.header(IF_MATCH, tag);
    }
    app.send(request).await
}

#[tokio::test]
async fn a_source_is_shown_as_it_was_added() {
    let app = with_source("https://app.asana.com/api/1.0").await;
    let answer = app.get(SOURCE).await;
    let source = answer.ok();
    assert_eq!(answer.headers["etag"], "\"1\"");
    assert_eq!(source["name"], "Asana – main");
    assert_eq!(source["workspace_gid"], "1201");
    assert_eq!(source["has_token"], true);
    assert_eq!(source["fields"], json!({"team": "security"}));
    assert_eq!(source["collect"]["poll_interval_seconds"], 30);
    assert_eq!(source["collect"]["backfill_days"], 90);
    assert_eq!(source["status"]["state"], "Pending");
    assert_eq!(source["lag_seconds"], Value::Null);
    assert_eq!(app.get(SOURCES).await.ok()["sources"], json!([source]));
    let coverage = app.get(&format!("{SOURCE}/coverage")).await.ok();
    assert_eq!(coverage, source["coverage"]);
    assert_eq!(
        app.get("/api/v1/coverage").await.ok()["sources"],
        json!([coverage])
    );
    app.stop().await;
}

#[tokio::test]
async fn names_and_settings_are_checked() {
    let app = with_source("https://app.asana.com/api/1.0").await;
    let again = app.post(SOURCES, &json!({"name": "Asana – main"})).await;
    assert_eq!(again.problem(409), "source_exists");
    for body in [
        json!({"name": ""}),
        json!({"name": "a/b"}),
        json!({"name": " a"}),
        json!({"name": "a\u{0}b"}),
        json!({"name": "x".repeat(129)}),
        json!({"name": "x", "workspace_gid": "twelve"}),
        json!({"name": "x", "api_url": "nowhere"}),
        json!({"name": "x", "collect": {"concurrent_reads": 51}}),
    ] {
        assert_eq!(
            app.post(SOURCES, &body).await.problem(422),
            "invalid_setting",
            "{body}"
        );
    }
    for body in [
        json!({"name": "x", "collect": {"polling": 1}}),
        json!({"name": "x", "fields": {"a": 1}}),
        json!({"name": "x", "has_token": true}),
    ] {
        assert_eq!(
            app.post(SOURCES, &body).await.problem(400),
            "invalid_body",
            "{body}"
        );
    }
    for path in [
        "/api/v1/sources/nobody",
        "/api/v1/sources/nobody/coverage",
        "/api/v1/sources/nobody/quarantine",
    ] {
        assert_eq!(app.get(path).await.problem(404), "no_such_source", "{path}");
    }
    for path in ["restart", "pause", "resume", "test", "quarantine/replay"] {
        let path = format!("/api/v1/sources/nobody/{path}");
        assert_eq!(
            app.post(&path, &json!({})).await.problem(404),
            "no_such_source",
            "{path}"
        );
    }
    for path in [
        "/api/v1/sources/a%2Fb",
        "/api/v1/sources/%00",
        "/api/v1/sources/%FF",
        "/api/v1/sources/%20a",
    ] {
        assert_eq!(
            app.get(path).await.problem(400),
            "invalid_parameter",
            "{path}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn a_change_leaves_the_rest_and_the_token_alone() {
    let app = with_source("https://app.asana.com/api/1.0").await;
    let change = json!({"description": "other", "collect": {"overlap_seconds": 600, "drop_off_on_weekends": true}});
    let changed = patch(&app, None, &change).await;
    assert_eq!(changed.headers["etag"], "\"2\"");
    let source = changed.ok();
    assert_eq!(source["description"], "other");
    assert_eq!(source["category"], "saas/asana");
    assert_eq!(source["fields"], json!({"team": "security"}));
    assert_eq!(source["collect"]["overlap_seconds"], 600);
    assert_eq!(source["collect"]["poll_interval_seconds"], 30);
    assert_eq!(source["collect"]["drop_off_on_weekends"], true);
    let token = async || {
        app.services
            .ledger()
            .token(&name("Asana – main"))
            .await
            .unwrap()
            .unwrap()
    };
    assert_eq!(token().await.expose(), ASANA_TOKEN);
    patch(
        &app,
        None,
        &json!({"token": "", "collect": {"drop_off_on_weekends": null}}),
    )
    .await
    .ok();
    assert_eq!(token().await.expose(), ASANA_TOKEN);
    let learned = app.get(SOURCE).await.ok();
    assert_eq!(learned["collect"]["drop_off_on_weekends"], Value::Null);
    patch(&app, None, &json!({"token": "2/1201/88:another"}))
        .await
        .ok();
    assert_eq!(token().await.expose(), "2/1201/88:another");
    let refused = patch(&app, None, &json!({"collect": {"overlap_seconds": 0}})).await;
    assert_eq!(refused.problem(422), "invalid_setting");
    for body in [
        json!({"name": "new"}),
        json!({"collect": {"nothing": 1}}),
        json!([]),
    ] {
        assert_eq!(patch(&app, None, &body).await.problem(400), "invalid_body");
    }
    app.stop().await;
}

#[tokio::test]
async fn nobody_overwrites_what_he_has_not_seen() {
    let app = with_source("https://app.asana.com/api/1.0").await;
    let change = |text: &str| json!({"description": text});
    assert_eq!(patch(&app, Some("\"1\""), &change("one")).await.status, 200);
    assert_eq!(
        patch(&app, Some("\"1\""), &change("late"))
            .await
            .problem(412),
        "revision_conflict"
    );
    assert_eq!(app.get(SOURCE).await.ok()["description"], "one");
    assert_eq!(patch(&app, Some("*"), &change("two")).await.status, 200);
    for tag in ["1", "W/\"3\"", "\"3\", \"4\"", "\"x\"", ""] {
        assert_eq!(
            patch(&app, Some(tag), &change("bad")).await.problem(400),
            "invalid_parameter",
            "{tag}"
        );
    }
    let delete = async |tag: &str| {
        let request = app.request(Method::DELETE, SOURCE).header(IF_MATCH, tag);
        app.send(request).await
    };
    assert_eq!(delete("\"1\"").await.problem(412), "revision_conflict");
    assert_eq!(delete("\"3\"").await.status, 204);
    assert_eq!(delete("\"3\"").await.problem(404), "no_such_source");
    app.stop().await;
}

#[tokio::test]
async fn a_source_is_paused_resumed_restarted_and_removed() {
    let app = with_source("https://app.asana.com/api/1.0").await;
    let post = async |action: &str| {
        app.post(&format!("{SOURCE}/{action}"), &json!({}))
            .await
            .ok()
    };
    assert_eq!(post("pause").await["desired"], "paused");
    assert_eq!(post("resume").await["desired"], "running");
    post("restart").await;
    let source = app
        .services
        .source(&name("Asana – main"))
        .await
        .unwrap()
        .source;
    assert_eq!(source.restart_generation, 1);
    let removed = app.send(app.request(Method::DELETE, SOURCE)).await;
    assert_eq!((removed.status, removed.text.as_str()), (204, ""));
    assert_eq!(app.get(SOURCE).await.problem(404), "no_such_source");
    assert_eq!(app.get(SOURCES).await.ok(), json!({"sources": []}));
    app.stop().await;
}

#[tokio::test]
async fn a_source_that_somebody_works_on_is_removed_by_them() {
    let app = with_source("https://app.asana.com/api/1.0").await;
    let ledger = app.services.ledger();
    let minute = TimeDelta::minutes(1);
    ledger
        .acquire_lease(&name("Asana – main"), "other:2", minute, now())
        .await
        .unwrap()
        .unwrap();
    let removed = app.send(app.request(Method::DELETE, SOURCE)).await;
    assert_eq!(removed.status, 202);
    assert_eq!(removed.json()["desired"], "removed");
    app.stop().await;
}

#[tokio::test]
async fn a_source_named_like_a_route_is_still_itself() {
    let app = App::start().await;
    for name in ["import", "sumo", "test", "openapi.json", "50% \"off\"?#&+"] {
        assert_eq!(
            app.post(SOURCES, &json!({"name": name})).await.status,
            201,
            "{name}"
        );
        let mut url = reqwest::Url::parse(&app.url(SOURCES)).unwrap();
        url.path_segments_mut().unwrap().push(name);
        assert_eq!(app.get(url.path()).await.ok()["name"], name);
        let paused = app.post(&format!("{}/pause", url.path()), &json!({})).await;
        assert_eq!(paused.ok()["desired"], "paused", "{name}");
    }
    app.stop().await;
}

#[tokio::test]
async fn without_a_workspace_each_that_the_token_sees_becomes_a_source() {
    let app = App::start().await;
    let api_url = asana::start().await;
    let order = |token: &str| json!({"name": "all", "token": token, "api_url": api_url});
    assert_eq!(
        app.post(SOURCES, &order("0/wrong")).await.problem(422),
        "asana_refused"
    );
    let created = app.post(SOURCES, &order(ASANA_TOKEN)).await;
    assert_eq!(created.status, 201);
    let sources = created.json();
    let shown = |key: &str| {
        [&sources["sources"][0][key], &sources["sources"][1][key]]
            .map(|value| value.as_str().unwrap().to_owned())
    };
    assert_eq!(shown("name"), ["all-1201", "all-1202"]);
    assert_eq!(shown("workspace_gid"), ["1201", "1202"]);
    app.stop().await;
}

#[tokio::test]
async fn a_connection_test_tells_the_parts_apart() {
    let app = with_source(&asana::start().await).await;
    let test = app.post(&format!("{SOURCE}/test"), &json!({})).await.ok();
    assert_eq!(test["ok"], false);
    let part = |index: usize| {
        let part = &test["capabilities"][index];
        (
            part["name"].as_str().unwrap(),
            part["ok"].as_bool().unwrap(),
            part["status"].as_u64(),
        )
    };
    assert_eq!(part(0), ("token", true, Some(200)));
    assert_eq!(part(1), ("workspace", true, Some(200)));
    assert_eq!(part(2), ("audit_log", false, Some(402)));
    assert_eq!(part(3), ("users", false, Some(402)));
    app.ingest("files only", &[]).await;
    let answer = app
        .post("/api/v1/sources/files%20only/test", &json!({}))
        .await;
    assert_eq!(answer.problem(409), "source_incomplete");
    app.stop().await;
}

#[tokio::test]
async fn sumo_logics_json_makes_a_source() {
    let app = App::start().await;
    let document = json!({
        "api.version": "v1",
        "source": {
            "config": {
                "name": "From Sumo",
                "description": "moved",
                "category": "saas/asana",
                "fields": {"_siemForward": false},
                "personalAccessToken": ASANA_TOKEN,
                "workspaceID": "1201"
            },
            "schemaRef": {"type": "Asana"},
            "sourceType": "Universal"
        }
    });
    let created = app.post("/api/v1/sources/import/sumo", &document).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let source = &created.json()["sources"][0];
    assert_eq!(source["name"], "From Sumo");
    assert_eq!(source["category"], "saas/asana");
    assert_eq!(source["has_token"], true);
    let mut masked = document.clone();
    masked["source"]["config"]["personalAccessToken"] = json!("********");
    let refused = app.post("/api/v1/sources/import/sumo", &masked).await;
    assert_eq!(refused.problem(422), "invalid_setting");
    app.stop().await;
}

#[tokio::test]
async fn quarantined_events_are_listed_and_replayed() {
    let app = App::start().await;
    let mut early = crate::sample::events(1).remove(0);
    early["created_at"] = json!("2026-03-12T00:00:00.000Z");
    let lines = [
        "broken".to_owned(),
        early.to_string(),
        "{\"gid\":\"5\"}".to_owned(),
    ];
    app.ingest("acme", &lines).await;
    let path = "/api/v1/sources/acme/quarantine";
    let whole = app.get(path).await.ok();
    let entries = whole["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[1]["gid"], early["gid"]);
    assert_eq!(entries[1]["line"], 2);
    assert_eq!(entries[1]["origin"], "events.jsonl");
    let first = app.get(&format!("{path}?limit=2")).await.ok();
    let after = first["next_after"].as_i64().unwrap();
    let second = app.get(&format!("{path}?limit=2&after={after}")).await.ok();
    assert_eq!(second["entries"], json!([entries[2]]));
    assert_eq!(second["next_after"], Value::Null);

    let replay = async |body: Value| app.post(&format!("{path}/replay"), &body).await.ok();
    let refused = replay(json!({"ids": [entries[1]["id"]]})).await;
    assert_eq!(
        (&refused["accepted"], &refused["still_refused_total"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(refused["still_refused"][0]["id"], entries[1]["id"]);
    app.clock.advance(TimeDelta::days(1));
    let replayed = replay(json!({})).await;
    assert_eq!(
        (&replayed["accepted"], &replayed["stored"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(replayed["still_refused_total"], 2);
    let gid = early["gid"].as_str().unwrap();
    let found = app.query("/api/v1/events", &[("gid", gid)]).await.ok();
    assert_eq!(found["events"][0]["event"], early);
    app.stop().await;
}

#[tokio::test]
async fn health_events_are_listed_newest_first() {
    let app = with_source("https://app.asana.com/api/1.0").await;
    for minute in 0..5 {
        let event = HealthEvent {
            source: name("Asana – main"),
            at: now() + TimeDelta::minutes(minute),
            state: SourceState::Collecting,
            status: HealthStatus::Healthy,
            severity: HealthSeverity::Information,
            kind: None,
            name: format!("Step{minute}"),
            reason: "it goes on".to_owned(),
            advice: String::new(),
        };
        app.services.ledger().record_health(&event).await.unwrap();
    }
    let path = "/api/v1/health-events";
    let names = |page: &Value| -> Vec<String> {
        let events = page["health_events"].as_array().unwrap().iter();
        events
            .map(|event| event["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = app
        .query(path, &[("source", "Asana – main"), ("limit", "3")])
        .await
        .ok();
    assert_eq!(names(&first), ["Step4", "Step3", "Step2"]);
    let before = first["next_before"].to_string();
    let second = app
        .query(path, &[("limit", "3"), ("before", &before)])
        .await
        .ok();
    assert_eq!(names(&second), ["Step1", "Step0"]);
    assert_eq!(second["next_before"], Value::Null);
    assert!(names(&app.query(path, &[("source", "nobody")]).await.ok()).is_empty());
    for (parameter, value) in [
        ("source", "a/b"),
        ("before", "x"),
        ("before", "99999999999999999999"),
    ] {
        assert_eq!(
            app.query(path, &[(parameter, value)]).await.problem(400),
            "invalid_parameter"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn accounts_are_listed_page_by_page() {
    let app = with_source("https://app.asana.com/api/1.0").await;
    let ledger = app.services.ledger();
    let sync = ledger
        .begin_account_sync(&name("Asana – main"), now())
        .await
        .unwrap();
    let accounts: Vec<drishti_model::Account> = (0..5)
        .map(|number| drishti_model::Account {
            user_gid: format!("700{number}"),
            name: (number != 3).then(|| format!("Person {number}")),
            email: Some(format!("{number}@example.org")),
            role: drishti_model::AccountRole::from_flags(number == 0, number == 1, false),
            status: AccountStatus::Active,
            joined_at: None,
        })
        .collect();
    ledger.store_accounts(&sync, &accounts).await.unwrap();
    ledger.finish_account_sync(sync, now()).await.unwrap();
    let path = "/api/v1/accounts";
    let gids = |page: &Value| -> Vec<String> {
        let accounts = page["accounts"].as_array().unwrap().iter();
        accounts
            .map(|account| account["user_gid"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = app.query(path, &[("limit", "3")]).await.ok();
    assert_eq!(gids(&first), ["7000", "7001", "7002"]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = app
        .query(path, &[("limit", "3"), ("cursor", cursor)])
        .await
        .ok();
    assert_eq!(gids(&second), ["7003", "7004"]);
    assert_eq!(second["accounts"][0]["name"], Value::Null);
    assert_eq!(
        gids(&app.query(path, &[("role", "guest")]).await.ok()),
        ["7001"]
    );
    assert!(gids(&app.query(path, &[("status", "gone")]).await.ok()).is_empty());
    for (parameter, value) in [
        ("role", "king"),
        ("status", "1"),
        ("source", "a/b"),
        ("limit", "-1"),
    ] {
        assert_eq!(
            app.query(path, &[(parameter, value)]).await.problem(400),
            "invalid_parameter"
        );
    }
    assert_eq!(
        app.query(path, &[("cursor", "x")]).await.problem(400),
        "invalid_cursor"
    );
    app.stop().await;
}

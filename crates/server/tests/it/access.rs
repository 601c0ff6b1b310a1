//! Who gets in: every operation of the document is tried by strangers, with wrong tokens, and by every role.

use drishti_model::{Role, SourceScope};
use drishti_server::{PERMISSIONS, Permission};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HOST};
use serde_json::{Value, json};

use crate::app::{API_TOKEN, ASANA_TOKEN, Answer, App};

/// An address of an operation, about a source that is there or about the operator `name`.
fn address(path: &str, name: &str) -> String {
    let name = if path.contains("/operators/") {
        name
    } else {
        "acme"
    };
    path.replace("{name}", name)
        .replace("{id}", "1")
        .replace("{address}", "192.0.2.7")
        .replace("{person}", "nobody")
        .replace("{collector}", "1")
        .replace("{source}", "1")
}

fn operations() -> impl Iterator<Item = (&'static Permission, Method)> {
    PERMISSIONS
        .iter()
        .map(|row| (row, row.method.parse().unwrap()))
}

#[tokio::test]
async fn nothing_but_the_open_operations_is_answered_to_strangers() {
    let app = App::start().await;
    app.ingest("acme", &[]).await;
    for (row, method) in operations() {
        let path = address(row.path, "mara");
        let request = || {
            app.request_without_token(method.clone(), &path)
                .json(&json!({}))
        };
        let requests = [
            request(),
            request().bearer_auth("wrong"),
            request().bearer_auth(format!("drishti_{}", "A".repeat(43))),
            request().bearer_auth(""),
            request().basic_auth("user", Some(API_TOKEN)),
            request().header(AUTHORIZATION, API_TOKEN),
            request().query(&[("token", API_TOKEN), ("access_token", API_TOKEN)]),
            request().header("cookie", format!("token={API_TOKEN}")),
            request().header("cookie", format!("drishti_session={API_TOKEN}")),
        ];
        for request in requests {
            let answer = app.send(request).await;
            if row.least.is_none() {
                // Where there is no provider to sign in with, there is nothing.
                assert!(matches!(answer.status, 200 | 400 | 404), "{method} {path}");
            } else {
                assert_eq!(answer.refusal(401), "unauthorized", "{method} {path}");
                assert!(
                    answer.headers["www-authenticate"]
                        .to_str()
                        .unwrap()
                        .starts_with("Bearer")
                );
            }
        }
    }
    assert!(app.services.source(&crate::app::name("acme")).await.is_ok());
    app.stop().await;
}

#[tokio::test]
async fn every_operation_takes_its_role_and_no_less() {
    let app = App::start().await;
    app.ingest("acme", &[]).await;
    for role in Role::ALL {
        app.add_operator(role.as_str(), role, SourceScope::All)
            .await;
    }
    for role in Role::ALL {
        let name = role.as_str();
        let mut cookie = app.sign_in(name).await;
        for (row, method) in operations() {
            let Some(least) = row.least else { continue };
            // Admins do anything, and this is about what others may: theirs comes last, so that nothing is gone before.
            let path = address(row.path, name);
            let request = app.request_of(&cookie, method.clone(), &path);
            let answer = app.send(request.json(&json!({}))).await;
            if role.reaches(least) {
                assert!(
                    !matches!(answer.status, 401 | 403),
                    "{name}: {method} {path}: {}",
                    answer.text
                );
            } else {
                assert_eq!(answer.refusal(403), "forbidden", "{name}: {method} {path}");
            }
            if row.path == "/api/v1/session" && method == Method::DELETE {
                cookie = app.sign_in(name).await;
            }
        }
    }
    app.stop().await;
}

/// Two sources with an alert each, and operators who may see `acme` only.
async fn with_two_sources() -> App {
    let app = App::start().await;
    let event = |gid: u32| {
        format!(
            r#"{{"gid":"{gid}","created_at":"2026-03-10T08:00:00.000Z","event_type":"workspace_export_started","actor":{{"actor_type":"user","gid":"{gid}","email":"p{gid}@example.org"}}}}"#
        )
    };
    app.ingest("acme", &[event(1)]).await;
    app.ingest("other", &[event(2), "broken".to_owned()]).await;
    let scope = SourceScope::of(Some([crate::app::name("acme")]));
    for role in [Role::Admin, Role::Viewer] {
        app.add_operator(role.as_str(), role, scope.clone()).await;
    }
    app
}

async fn send(app: &App, cookie: &str, method: Method, path: &str, body: Value) -> Answer {
    let request = app.request_of(cookie, method, path);
    app.send(request.json(&body)).await
}

#[tokio::test]
async fn lists_and_counts_show_what_is_in_the_scope() {
    let app = with_two_sources().await;
    let cookie = app.sign_in("admin").await;
    for (path, entries, found) in [
        ("/api/v1/sources", "sources", Some(1)),
        ("/api/v1/coverage", "sources", Some(1)),
        ("/api/v1/events", "events", Some(1)),
        ("/api/v1/alerts", "alerts", Some(1)),
        ("/api/v1/accounts", "accounts", Some(0)),
        ("/api/v1/people", "people", Some(1)),
        ("/api/v1/people?text=p2", "people", Some(0)),
        ("/api/v1/people?source=other", "people", Some(0)),
        ("/api/v1/risks", "risks", Some(1)),
        ("/api/v1/risks?source=other", "risks", Some(0)),
        ("/api/v1/people/1/places?source=acme", "places", None),
        ("/api/v1/health-events", "health_events", None),
        ("/api/v1/events?source=other", "events", Some(0)),
        ("/api/v1/alerts?source=other", "alerts", Some(0)),
    ] {
        let answer = send(&app, &cookie, Method::GET, path, json!({})).await;
        let listed = answer.ok()[entries].as_array().unwrap().len();
        assert_eq!(listed, found.unwrap_or(listed), "{path}");
        assert!(!answer.text.contains("other"), "{path}: {}", answer.text);
    }
    let counts = send(
        &app,
        &cookie,
        Method::GET,
        "/api/v1/alerts/counts",
        json!({}),
    )
    .await;
    assert_eq!(counts.ok()["states"]["new"], 1, "{}", counts.text);
    let path = "/api/v1/events/histogram";
    let histogram = send(&app, &cookie, Method::GET, path, json!({})).await;
    assert_eq!(histogram.ok()["bars"][0]["count"], 1);
    app.stop().await;
}

#[tokio::test]
async fn what_is_not_in_the_scope_is_not_there() {
    let app = with_two_sources().await;
    let all = app.get("/api/v1/alerts").await.ok();
    let id_of = |source: &str| {
        let mut alerts = all["alerts"].as_array().unwrap().iter();
        let alert = alerts.find(|alert| alert["source"] == source);
        alert.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (own, others) = (id_of("acme"), id_of("other"));
    let cookie = app.sign_in("admin").await;
    let alert = format!("/api/v1/alerts/{others}");
    for (method, path, code) in [
        (Method::GET, "/api/v1/sources/other", "no_such_source"),
        (Method::DELETE, "/api/v1/sources/other", "no_such_source"),
        (
            Method::GET,
            "/api/v1/sources/other/quarantine",
            "no_such_source",
        ),
        (
            Method::GET,
            "/api/v1/sources/other/quarantine/1/raw",
            "no_such_source",
        ),
        (Method::GET, &alert, "no_such_alert"),
        (Method::GET, "/api/v1/people/2", "no_such_person"),
        (
            Method::GET,
            "/api/v1/people/p2@example.org",
            "no_such_person",
        ),
        (Method::GET, "/api/v1/people/2/places", "no_such_person"),
        (
            Method::GET,
            "/api/v1/people/1?source=other",
            "no_such_person",
        ),
        (Method::GET, "/api/v1/risks/2", "no_such_person"),
        (Method::PATCH, &alert, "no_such_alert"),
    ] {
        let answer = send(&app, &cookie, method, path, json!({"comment": "seen"})).await;
        assert_eq!(answer.problem(404), code, "{path}");
    }
    let both = json!({"alerts": [{"id": others}, {"id": own}], "change": {"comment": "seen"}});
    let changed = send(&app, &cookie, Method::POST, "/api/v1/alerts/changes", both).await;
    let changed = changed.ok();
    assert_eq!(changed["outcomes"][0]["alert"], json!(null));
    assert_eq!(changed["outcomes"][1]["alert"]["id"], own);
    // What can't be narrowed is refused, whatever the role.
    for (row, method) in operations().filter(|(row, _)| !row.is_narrowed) {
        let path = address(row.path, "viewer");
        let answer = send(&app, &cookie, method.clone(), &path, json!({})).await;
        assert_eq!(answer.refusal(403), "forbidden", "{method} {path}");
    }
    let password = json!({"password": "another long password"});
    let path = "/api/v1/operators/viewer/password";
    let refused = send(&app, &cookie, Method::POST, path, password).await;
    assert_eq!(refused.problem(403), "forbidden");
    app.stop().await;
}

#[tokio::test]
async fn no_address_below_the_api_tells_a_stranger_what_is_there() {
    let app = App::start().await;
    for path in ["/api/v1/nothing", "/api/v1/sources/acme/nothing"] {
        let answer = app.send(app.request_without_token(Method::GET, path)).await;
        assert_eq!(answer.problem(401), "unauthorized", "{path}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_server_on_loopback_answers_to_its_own_names_only() {
    let app = App::start().await;
    let status = async |path: &str, host: &str| {
        let request = app.request(Method::GET, path).header(HOST, host);
        app.send(request).await.status
    };
    for path in ["/api/v1/sources", "/healthz", "/metrics", "/", "/nothing"] {
        assert_eq!(status(path, "attacker.example").await, 421, "{path}");
        assert_eq!(
            status(path, "localhost.attacker.example:80").await,
            421,
            "{path}"
        );
    }
    for host in ["localhost", "localhost:4000", "127.0.0.1", "[::1]:9"] {
        assert_eq!(status("/api/v1/sources", host).await, 200, "{host}");
    }
    app.stop().await;

    let public = App::start_with(false).await;
    let request = public.request(Method::GET, "/api/v1/sources");
    let answer = public.send(request.header(HOST, "drishti.example")).await;
    assert_eq!(answer.status, 200);
    public.stop().await;
}

#[tokio::test]
async fn refusals_do_not_repeat_what_may_be_a_token() {
    let app = App::start().await;
    app.ingest("acme", &[]).await;
    for body in [
        json!(ASANA_TOKEN),
        json!([ASANA_TOKEN]),
        json!({"name": "x", "token": {"value": ASANA_TOKEN}}),
        json!({"name": "x", "token": [ASANA_TOKEN]}),
        json!({"name": "x", "collect": ASANA_TOKEN, "token": ASANA_TOKEN}),
        json!({"name": "a/b", "token": ASANA_TOKEN}),
        json!({"name": "x", "token": ASANA_TOKEN, "fields": ASANA_TOKEN}),
        json!({"name": "x", "workspace_gid": "no-gid", "token": ASANA_TOKEN}),
        json!({"name": "x", "workspace_gid": "1201", "token": ASANA_TOKEN, "api_url": "ftp://example.org"}),
        json!({"name": "acme", "workspace_gid": "1201", "token": ASANA_TOKEN}),
        json!({"source": {"config": {"name": "x", "personalAccessToken": ASANA_TOKEN}}}),
    ] {
        for (method, path) in [
            (Method::POST, "/api/v1/sources"),
            (Method::POST, "/api/v1/sources/import/sumo"),
            (Method::PATCH, "/api/v1/sources/acme"),
        ] {
            let answer = app
                .send(app.request(method.clone(), path).json(&body))
                .await;
            assert!(
                (400..500).contains(&answer.status),
                "{method} {path} {}",
                answer.text
            );
        }
    }
    let cut = format!("{{\"name\": \"x\", \"token\": \"{ASANA_TOKEN}");
    let request = app.request(Method::POST, "/api/v1/sources");
    let request = request.header("content-type", "application/json").body(cut);
    assert_eq!(app.send(request).await.problem(400), "invalid_body");
    app.stop().await;
}

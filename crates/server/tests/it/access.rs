//! Who gets in: every operation of the document is tried without a token and with wrong ones.

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HOST};
use serde_json::json;

use crate::app::{API_TOKEN, ASANA_TOKEN, App};
use crate::schema::Document;

/// Every operation and an address of it, and whether it is open to all. An operation that is missing here fails the test.
const OPERATIONS: [(&str, &str, &str, bool); 48] = [
    ("GET", "/api/v1/accounts", "/api/v1/accounts", false),
    ("GET", "/api/v1/alerts", "/api/v1/alerts", false),
    (
        "GET",
        "/api/v1/alerts/counts",
        "/api/v1/alerts/counts",
        false,
    ),
    (
        "POST",
        "/api/v1/alerts/changes",
        "/api/v1/alerts/changes",
        false,
    ),
    ("GET", "/api/v1/alerts/{id}", "/api/v1/alerts/abcdef", false),
    (
        "PATCH",
        "/api/v1/alerts/{id}",
        "/api/v1/alerts/abcdef",
        false,
    ),
    ("GET", "/api/v1/coverage", "/api/v1/coverage", false),
    ("GET", "/api/v1/events", "/api/v1/events", false),
    (
        "GET",
        "/api/v1/events/facets",
        "/api/v1/events/facets",
        false,
    ),
    (
        "GET",
        "/api/v1/events/histogram",
        "/api/v1/events/histogram",
        false,
    ),
    (
        "GET",
        "/api/v1/health-events",
        "/api/v1/health-events",
        false,
    ),
    (
        "GET",
        "/api/v1/addresses/{address}",
        "/api/v1/addresses/192.0.2.7",
        false,
    ),
    ("GET", "/api/v1/policies", "/api/v1/policies", false),
    (
        "GET",
        "/api/v1/policies/counts",
        "/api/v1/policies/counts",
        false,
    ),
    (
        "POST",
        "/api/v1/policies/checks",
        "/api/v1/policies/checks",
        false,
    ),
    (
        "GET",
        "/api/v1/policies/{name}",
        "/api/v1/policies/none",
        false,
    ),
    (
        "PATCH",
        "/api/v1/policies/{name}",
        "/api/v1/policies/none",
        false,
    ),
    (
        "GET",
        "/api/v1/policies/{name}/changes",
        "/api/v1/policies/none/changes",
        false,
    ),
    (
        "POST",
        "/api/v1/policies/{name}/backtest",
        "/api/v1/policies/none/backtest",
        false,
    ),
    ("POST", "/api/v1/query", "/api/v1/query", false),
    ("GET", "/api/v1/ranges", "/api/v1/ranges", false),
    ("POST", "/api/v1/ranges", "/api/v1/ranges", false),
    ("PUT", "/api/v1/ranges/{name}", "/api/v1/ranges/none", false),
    (
        "DELETE",
        "/api/v1/ranges/{name}",
        "/api/v1/ranges/none",
        false,
    ),
    (
        "GET",
        "/api/v1/recorded-matches",
        "/api/v1/recorded-matches",
        false,
    ),
    ("GET", "/api/v1/risks", "/api/v1/risks", false),
    (
        "GET",
        "/api/v1/risks/{person}",
        "/api/v1/risks/nobody",
        false,
    ),
    ("GET", "/api/v1/suppressions", "/api/v1/suppressions", false),
    (
        "POST",
        "/api/v1/suppressions",
        "/api/v1/suppressions",
        false,
    ),
    (
        "POST",
        "/api/v1/suppressions/{id}/end",
        "/api/v1/suppressions/1/end",
        false,
    ),
    ("GET", "/api/v1/openapi.json", "/api/v1/openapi.json", true),
    ("GET", "/api/v1/sources", "/api/v1/sources", false),
    ("POST", "/api/v1/sources", "/api/v1/sources", false),
    (
        "POST",
        "/api/v1/sources/import/sumo",
        "/api/v1/sources/import/sumo",
        false,
    ),
    (
        "GET",
        "/api/v1/sources/{name}",
        "/api/v1/sources/acme",
        false,
    ),
    (
        "PATCH",
        "/api/v1/sources/{name}",
        "/api/v1/sources/acme",
        false,
    ),
    (
        "DELETE",
        "/api/v1/sources/{name}",
        "/api/v1/sources/acme",
        false,
    ),
    (
        "GET",
        "/api/v1/sources/{name}/coverage",
        "/api/v1/sources/acme/coverage",
        false,
    ),
    (
        "POST",
        "/api/v1/sources/{name}/pause",
        "/api/v1/sources/acme/pause",
        false,
    ),
    (
        "GET",
        "/api/v1/sources/{name}/quarantine",
        "/api/v1/sources/acme/quarantine",
        false,
    ),
    (
        "GET",
        "/api/v1/sources/{name}/quarantine/{id}/raw",
        "/api/v1/sources/acme/quarantine/1/raw",
        false,
    ),
    (
        "POST",
        "/api/v1/sources/{name}/quarantine/replay",
        "/api/v1/sources/acme/quarantine/replay",
        false,
    ),
    (
        "POST",
        "/api/v1/sources/{name}/restart",
        "/api/v1/sources/acme/restart",
        false,
    ),
    (
        "POST",
        "/api/v1/sources/{name}/resume",
        "/api/v1/sources/acme/resume",
        false,
    ),
    (
        "POST",
        "/api/v1/sources/{name}/test",
        "/api/v1/sources/acme/test",
        false,
    ),
    ("GET", "/healthz", "/healthz", true),
    ("GET", "/metrics", "/metrics", true),
    ("GET", "/readyz", "/readyz", true),
];

#[test]
fn the_table_has_every_operation() {
    let mut described: Vec<(String, String, bool)> = Document::new()
        .operations()
        .into_iter()
        .map(|(method, path, is_open)| (method.to_string(), path, is_open))
        .collect();
    let mut listed: Vec<(String, String, bool)> = OPERATIONS
        .iter()
        .map(|&(method, path, _, is_open)| (method.to_owned(), path.to_owned(), is_open))
        .collect();
    described.sort_unstable();
    listed.sort_unstable();
    assert_eq!(described, listed);
}

#[tokio::test]
async fn nothing_but_the_open_operations_is_answered_without_the_token() {
    let app = App::start().await;
    app.ingest("acme", &[]).await;
    for (method, _, path, is_open) in OPERATIONS {
        let method: Method = method.parse().unwrap();
        let request = || {
            app.request_without_token(method.clone(), path)
                .json(&json!({}))
        };
        let requests = [
            request(),
            request().bearer_auth("wrong"),
            request().bearer_auth(""),
            request().basic_auth("user", Some(API_TOKEN)),
            request().header(AUTHORIZATION, API_TOKEN),
            request().query(&[("token", API_TOKEN), ("access_token", API_TOKEN)]),
            request().header("cookie", format!("token={API_TOKEN}")),
        ];
        for request in requests {
            let answer = app.send(request).await;
            if is_open {
                assert_eq!(answer.status, 200, "{method} {path}");
            } else {
                assert_eq!(answer.problem(401), "unauthorized", "{method} {path}");
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
